//! What the README and the guide show is what there is.

const README: &str = include_str!("../../README.md");

#[test]
fn the_model_of_the_readme_is_that_of_the_example() {
    let block = README.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut example = include_str!("../../examples/microgpt.rs").lines();
    for line in block.expect("a block").lines().filter(|line| !line.starts_with("use ")) {
        assert!(example.any(|one| one == line), "not there, or not in this order: {line}");
    }
}

#[test]
fn its_gradient_is_what_explain_says() {
    let text = microgpt::explain! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s in 0..=t];
        let top   = [max(score[h, t, s] for s in 0..=t) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in 0..=t];
        let total = [sum(e[h, t, s] for s in 0..=t) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in 0..=t) for t, h, j]
    };
    let derived = |line: &&str| line.starts_with("  ∂") && line.contains(" += ");
    let shown: Vec<&str> = README.lines().filter(derived).collect();
    // Further down each stands once more, above its loops.
    let gradients = text.split("loops of each").next().unwrap_or_default();
    assert_eq!(shown, gradients.lines().filter(derived).collect::<Vec<_>>());
}

#[test]
fn its_links_to_files_lead_to_files() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<&str> = README.split("/blob/main/").skip(1).collect();
    assert!(files.len() > 4);
    for file in files {
        let file = file.split([')', '#']).next().unwrap_or_default();
        assert!(root.join(file).is_file(), "{file}");
    }
    let places = README.split("| place | what |").nth(1).expect("a table");
    let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let rows: Vec<String> =
        places.lines().filter(|row| row.starts_with("| `")).map(first).collect();
    for row in rows {
        let mut folder = root.to_owned();
        for name in row.split('`').skip(1).step_by(2) {
            // A name alone stands beside the one before it.
            let place = if root.join(name).exists() { root.join(name) } else { folder.join(name) };
            assert!(place.exists(), "{name} of {row}");
            folder = place.parent().expect("a folder").to_owned();
        }
    }
}

/// A declaration as one line: what stands before its equations and the ranges of its indices.
fn signature(declaration: &str) -> String {
    let line = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = [" {", " where "].into_iter().filter_map(|end| line.find(end)).min();
    // A declaration of several lines has spaces within its brackets, and a last comma.
    line[..end.expect("equations")].replace("( ", "(").replace(", )", ")").replace(",)", ")")
}

#[test]
fn the_guide_has_the_signature_of_every_layer() {
    let guide = include_str!("../../docs/writing-a-model.md");
    let (_, table) = guide.split_once("| signature | what |").expect("a table of layers");
    let rows = table.lines().skip(1).take_while(|row| row.is_empty() || row.starts_with('|'));
    let mut listed: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("microgpt/src/layers");
    let mut declared = Vec::new();
    for file in std::fs::read_dir(folder).expect("the layers") {
        let source = std::fs::read_to_string(file.expect("a file").path()).expect("its text");
        declared.extend(source.split("pub fn ").skip(1).map(signature));
    }
    assert!(declared.len() > 40, "only {declared:?} were found");
    listed.sort_unstable();
    declared.sort_unstable();
    for declared in &declared {
        assert!(listed.contains(&&declared[..]), "not in the table: {declared}");
    }
    assert_eq!(listed, declared);
}
