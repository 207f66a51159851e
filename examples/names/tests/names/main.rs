//! The program, run as a user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[cfg(unix)]
mod endings;
#[cfg(unix)]
mod kills;
#[cfg(feature = "mpi")]
mod ranks;
mod refused;

/// An empty directory to run in, with these files.
fn directory(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory for the test");
    for (file, contents) in files {
        std::fs::write(directory.join(file), contents).expect("a file for the test");
    }
    directory
}

fn names(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_names"))
        .args(args)
        .current_dir(directory)
        .output()
        .expect("the program runs")
}

/// What it prints when all is well.
fn printed(directory: &Path, args: &[&str]) -> String {
    let output = names(directory, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The one line of an error, with exit code 2.
fn refused(directory: &Path, args: &[&str]) -> String {
    let output = names(directory, args);
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    assert!(error.starts_with("error: "), "{args:?}: {error}");
    error
}

#[test]
fn it_trains_and_prints_samples() {
    let here = directory("built_in", &[]);
    let text = printed(&here, &["--steps", "150", "--samples", "3"]);
    assert!(text.contains("num docs: "), "{text}");
    assert!(text.contains("vocab size: 27\nnum params: 4192\n"), "{text}");
    assert!(text.contains("step  100 /  150 | mean loss "), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("sample ")).count(), 3);
    let again = printed(&here, &["--steps", "150", "--samples", "3"]);
    assert_eq!(text, again);
    assert_ne!(text, printed(&here, &["--steps", "150", "--samples", "3", "--seed", "-1"]));
}

#[test]
fn it_reads_input_txt_and_data_before_that() {
    let here = directory("inputs", &[("input.txt", b"ab\nba\n\nab\n"), ("other.txt", b"xyz\n")]);
    let text = printed(&here, &["--steps", "1", "--samples", "0"]);
    assert!(text.starts_with("num docs: 3\nvocab size: 3\n"), "{text}");
    let text = printed(&here, &["--steps", "0", "--samples", "1", "--data", "other.txt"]);
    assert!(text.starts_with("num docs: 1\nvocab size: 4\n"), "{text}");
}

#[test]
fn the_built_in_names_are_what_they_claim() {
    let names = include_str!("../../../names.txt");
    let distinct: std::collections::BTreeSet<&str> = names.lines().collect();
    assert_eq!(distinct.len(), names.lines().count());
    assert!(distinct.len() >= 2000);
    assert!(names.lines().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())));
    assert!(names.lines().all(|name| !name.is_empty()));
}

#[test]
fn bad_input_gets_one_line() {
    let here =
        directory("bad", &[("empty.txt", b""), ("blank.txt", b"\n \n"), ("bytes.txt", b"a\xff\n")]);
    assert!(refused(&here, &["--data", "missing.txt"]).contains("missing.txt: "));
    assert!(refused(&here, &["--data", "."]).contains("irectory"));
    assert!(refused(&here, &["--data", "empty.txt"]).contains("no documents"));
    assert!(refused(&here, &["--data", "blank.txt"]).contains("no documents"));
    assert!(refused(&here, &["--data", "bytes.txt"]).contains("UTF-8"));
    for temperature in ["-1", "nan", "inf", "warm"] {
        let error = refused(&here, &["--temperature", temperature]);
        assert!(error.contains("must be a number, 0 or more"), "{error}");
    }
    for (flag, value, must) in [
        ("--top-k", "0", "1 or more"),
        ("--top-p", "0", "above 0, at most 1"),
        ("--top-p", "1.5", "above 0, at most 1"),
        ("--val-fraction", "1", "from 0 to below 1"),
        ("--beta1", "1", "from 0 to below 1"),
        ("--n-layer", "0", "1 or more"),
        ("--preset", "late", "must be one of gist, early"),
        ("--precision", "f16", "f16"),
    ] {
        let error = refused(&here, &[flag, value]);
        assert!(error.contains(must), "{error}");
    }
    assert!(
        refused(&here, &["--n-head", "3"])
            .contains("--n-embd (16) must be a multiple of --n-head (3)")
    );
    assert!(refused(&here, &["--prompt", "Ä", "--steps", "0"]).contains("'Ä'"));
    assert!(refused(&here, &["--prompt", "aaaaaaaaaaaaaaaa", "--steps", "0"]).contains("no room"));
    // Before anything is trained, not after.
    let long = ["--steps", "100000000"];
    let early = |args: &[&str]| refused(&here, &[&long[..], args].concat());
    assert!(early(&["--score", "Ä"]).contains("Ä: the character 'Ä'"));
    assert!(early(&["--prompt", "Ä"]).contains("'Ä'"));
    assert!(
        early(&["--plot", "no/such/file"]).contains("no/such/file: there is no directory no/such")
    );
    assert!(early(&["--save", "."]).contains("--save .: not a file"));
    assert!(
        early(&["--save", "x", "--plot", "x"]).contains("--plot x: --save writes this file too")
    );
    assert!(refused(&here, &["--precision", "f16"]).contains("[possible values: f64, f32]"));
    assert!(refused(&here, &["--save-every", "1"]).contains("--save <FILE>"));
    for flag in ["--losses", "--plot", "--save"] {
        let error = refused(&here, &[flag, "no/such/file", "--steps", "1"]);
        assert!(error.contains("no/such/file: "), "{error}");
    }
    for flag in ["--steps", "--samples"] {
        for number in ["-1", "1.5", "many"] {
            let error = refused(&here, &[flag, number]);
            assert!(error.contains("must be a whole number"), "{error}");
        }
    }
    assert!(refused(&here, &["--seed", "x"]).contains("--seed"));
    assert!(refused(&here, &["--stepz", "1"]).contains("--stepz"));
    assert!(refused(&here, &["--data"]).contains("--data"));
}

/// The documents of a golden run as a file, the run's other figures as JSON.
fn golden(name: &str) -> (String, serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/golden").join(name);
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("the file")).expect("JSON");
    let docs = json["docs"].as_array().expect("documents");
    let docs = docs.iter().map(|doc| doc.as_str().expect("text").to_owned() + "\n").collect();
    (docs, json)
}

#[test]
fn it_prints_what_microgpt_py_does() {
    let run = |file: &str, flags: &[&str]| {
        let (docs, json) = golden(file);
        let here = directory(file, &[("docs.txt", docs.as_bytes())]);
        let config = &json["config"];
        let (steps, seed) = (config["steps"].to_string(), config["seed"].to_string());
        let samples = config["samples"].to_string();
        let common = ["--data", "docs.txt", "--losses", "losses.csv", "--steps", &steps];
        let args = [&common[..], &["--seed", &seed, "--samples", &samples], flags].concat();
        let text = printed(&here, &args);
        let samples: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("sample ").and_then(|line| line.split_once(": ")))
            .map(|(_, sample)| sample)
            .collect();
        let expected: Vec<_> = json["samples"].as_array().expect("samples").iter().collect();
        assert_eq!(samples, expected, "{file}");
        assert!(text.contains(&format!("num params: {}\n", json["num_params"])), "{file}: {text}");
        let losses = std::fs::read_to_string(here.join("losses.csv")).expect("losses");
        let rows = losses.lines().skip(1);
        let expected = json["losses"].as_array().expect("losses");
        assert_eq!(rows.clone().count(), expected.len());
        for (row, expected) in rows.zip(expected) {
            let loss: f64 = row.split(',').nth(1).and_then(|loss| loss.parse().ok()).expect("loss");
            assert!((loss - expected.as_f64().expect("a number")).abs() <= 1e-12, "{file}: {row}");
        }
    };
    run("gist.json", &[]);
    run("early.json", &["--preset", "early"]);
    run("two_layers.json", &["--n-layer", "2", "--n-embd", "24", "--n-head", "3"]);
    run("long_names.json", &[]);
    run("unicode.json", &[]);
}

#[test]
fn a_flag_overrides_its_preset() {
    let here = directory("override", &[("input.txt", b"ab\nba\n")]);
    let params = |args: &[&str]| {
        let text = printed(&here, &[&["--steps", "0", "--samples", "0"], args].concat());
        let line = text.lines().find(|line| line.starts_with("num params: ")).expect("a line");
        line["num params: ".len()..].parse::<usize>().expect("a number")
    };
    // 2 V E + B E + 12 E² a layer
    assert_eq!(params(&[]), 2 * 3 * 16 + 16 * 16 + 12 * 256);
    assert_eq!(params(&["--preset", "early"]), 2 * 3 * 16 + 8 * 16 + 12 * 256);
    assert_eq!(params(&["--preset", "early", "--block-size", "5"]), 2 * 3 * 16 + 5 * 16 + 12 * 256);
    assert_eq!(params(&["--n-layer", "2", "--n-embd", "32"]), 2 * 3 * 32 + 16 * 32 + 24 * 1024);
}

#[test]
fn a_resumed_run_is_the_one_that_never_stopped() {
    let here = directory("resumed", &[]);
    let common = ["--val-fraction", "0.01", "--samples", "5", "--val-every", "20"];
    let run = |args: &[&str]| printed(&here, &[&common[..], args].concat());
    let samples = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("sample "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let whole = run(&["--steps", "60", "--losses", "whole.csv", "--save", "whole"]);
    let half = run(&["--steps", "60", "--stop-at", "25", "--save", "half"]);
    assert!(half.contains("stopped after step 25 of 60\n"), "{half}");
    let rest = run(&["--resume", "half", "--losses", "rest.csv", "--save", "rest"]);
    let read = |name: &str| std::fs::read(here.join(name)).expect("a file");
    assert_eq!(read("whole"), read("rest"));
    assert_eq!(samples(&whole), samples(&rest));
    let (whole, rest) = (read("whole.csv"), read("rest.csv"));
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
    };
    assert_eq!(lines(&whole)[26..], lines(&rest)[1..]);
    // Losses are added to a file that is there.
    run(&["--steps", "60", "--stop-at", "25", "--save", "again", "--losses", "again.csv"]);
    run(&["--resume", "again", "--losses", "again.csv"]);
    assert_eq!(lines(&whole), lines(&read("again.csv")));
    run(&["--steps", "6", "--batch", "3", "--stop-at", "2", "--save", "three"]);
    let error = refused(&here, &["--resume", "three", "--val-fraction", "0.01"]);
    assert!(error.contains("--resume three: it was trained with --batch 3, not 1"), "{error}");
    // Other documents, or another order of them, are not those that it was trained on.
    let error = refused(&here, &["--resume", "half", "--seed", "7"]);
    let others = "half: it was trained with --seed 42, not 7; --val-fraction 0.01, not 0\n";
    assert!(error.ends_with(others), "{error}");
    std::fs::write(here.join("few.txt"), "anna\nbob\n").expect("a file");
    let error = refused(&here, &["--resume", "half", "--val-fraction", "0.01", "few.txt"]);
    assert!(error.contains("half: it was trained with the built-in names ("), "{error}");
    assert!(error.contains(" documents), not few.txt (2)"), "{error}");
    assert!(refused(&here, &["--resume", "half", "--n-layer", "2"]).contains("--n-layer"));
    let other =
        refused(&here, &["--resume", "half", "--val-fraction", "0.01", "--precision", "f32"]);
    assert!(other.contains("another precision: add `--precision f64`"), "{other}");
}

#[test]
fn a_loaded_model_samples_without_training() {
    let here = directory("loaded", &[]);
    printed(&here, &["--steps", "200", "--samples", "0", "--save", "model"]);
    let text = printed(&here, &["--load", "model", "--samples", "4", "--prompt", "mar"]);
    assert!(!text.contains("step"), "{text}");
    let samples: Vec<_> = text.lines().filter(|line| line.starts_with("sample ")).collect();
    assert_eq!(samples.len(), 4);
    assert!(samples.iter().all(|line| line.contains(": mar")), "{text}");
    let certain = printed(&here, &["--load", "model", "--samples", "3", "--temperature", "0"]);
    let certain: Vec<_> =
        certain.lines().filter_map(|line| line.split_once(": ")).skip(3).collect();
    assert!(certain.iter().all(|(_, sample)| *sample == certain[0].1), "{certain:?}");
    // One candidate alone is the likeliest too.
    for only in [["--top-k", "1"], ["--top-p", "0.000001"]] {
        let text = printed(&here, &[&["--load", "model", "--samples", "1"][..], &only].concat());
        assert!(text.ends_with(&format!(": {}\n", certain[0].1)), "{text}");
    }
    // Data of other characters is none that a run without steps learns from.
    std::fs::write(here.join("greek"), "αβγ\n").expect("a file");
    let whole = printed(&here, &["--load", "model", "--samples", "2", "--score", "anna"]);
    let other = printed(&here, &["greek", "--load", "model", "--samples", "2", "--score", "anna"]);
    assert_eq!(other.lines().filter(|line| line.starts_with("sample ")).count(), 2);
    assert_eq!(whole.lines().last(), other.lines().last());
    let error = refused(&here, &["greek", "--load", "model", "--steps", "1"]);
    assert!(error.contains("line 1: the character 'α' is not in the vocabulary"), "{error}");
    let trained = printed(&here, &["--load", "model", "--steps", "10", "--samples", "0"]);
    assert!(trained.contains("step   10 /   10"), "{trained}");
    std::fs::write(here.join("junk"), b"not a model at all").expect("a file");
    assert!(refused(&here, &["--load", "junk"]).contains("junk: not a safetensors file"));
    assert!(refused(&here, &["--load", "missing"]).contains("missing: "));
    assert!(refused(&here, &["--load", "."]).contains(".: not a file"));
    assert!(refused(&here, &["--load", "model", "--resume", "model"]).contains("--resume"));
}

#[test]
fn samples_are_drawn_side_by_side() {
    let here = directory("streams", &[]);
    printed(&here, &["--steps", "100", "--samples", "0", "--save", "m"]);
    let samples_of = |args: &[&str]| -> Vec<String> {
        let text = printed(&here, &[&["--load", "m"], args].concat());
        let lines = text.lines().filter(|line| line.starts_with("sample "));
        lines.map(str::to_owned).collect()
    };
    let samples =
        |streams: &str, count: &str| samples_of(&["--streams", streams, "--samples", count]);
    // Fewer are the first of more, also where they are not printed at once.
    let (few, many) = (samples("3", "20"), samples("3", "400"));
    assert_eq!((few.len(), many.len()), (20, 400));
    assert_eq!(few[..], many[..20]);
    assert_ne!(few, samples("4", "20"));
    let prompted = samples_of(&["--streams", "3", "--samples", "10", "--prompt", "ma"]);
    assert!(prompted.len() == 10 && prompted.iter().all(|line| line.contains(": ma")));
    assert!(prompted.iter().any(|line| line != &prompted[0]));
    let long = "ma".repeat(8);
    let error = refused(&here, &["--load", "m", "--streams", "3", "--prompt", &long]);
    assert!(error.contains("--prompt") && error.contains("no room"), "{error}");
}

#[test]
fn it_explains_and_scores() {
    let here = directory("explained", &[]);
    let args =
        ["--steps", "300", "--samples", "0", "--explain", "--score", "zqxj", "maria", "anna"];
    let text = printed(&here, &args);
    let explained = text.lines().find(|line| line.starts_with("explained: ")).expect("a line");
    let name = &explained["explained: ".len()..];
    let choices = text.lines().filter(|line| line.contains(" %   of  ")).count();
    assert!(choices == name.len() + 1 || choices == 16, "{text}");
    assert!(text.contains("attention of layer 0") && text.contains("head 3"), "{text}");
    assert!(text.contains('█'), "{text}");
    let scores: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("score: ")).collect();
    assert_eq!(scores.len(), 3);
    assert!(scores[2].starts_with("zqxj | "), "the least likely comes last: {scores:?}");
}

#[test]
fn files_of_losses_hold_what_was_measured() {
    let here = directory("files", &[]);
    let args = ["--steps", "30", "--samples", "0", "--val-fraction", "0.001", "--val-every", "10"];
    let text = printed(&here, &[&args[..], &["--losses", "l.csv", "--plot", "p.svg"]].concat());
    assert_eq!(
        text.lines().filter(|line| line.contains("bits per character")).count(),
        3,
        "{text}"
    );
    let csv = std::fs::read_to_string(here.join("l.csv")).expect("losses");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("step,loss,learning_rate"));
    let rows: Vec<Vec<f64>> = lines
        .map(|line| line.split(',').map(|number| number.parse().expect("a number")).collect())
        .collect();
    assert_eq!(rows.len(), 30);
    assert_eq!((rows[0][0], rows[0][2]), (1.0, 0.01));
    assert_eq!((rows[29][0], rows[29][2]), (30.0, 0.01 * (1.0 - 29.0 / 30.0)));
    let svg = std::fs::read_to_string(here.join("p.svg")).expect("a picture");
    for part in ["<svg", "nats per token", "bits per token", "step", "validation", "training"] {
        assert!(svg.contains(part), "{part}");
    }
}

#[test]
fn numbers_that_go_bad_are_found() {
    let here = directory("bad_numbers", &[]);
    let error = refused(&here, &["--learning-rate", "1e300", "--check-finite"]);
    let expected = ["step 2: the value of `", "` at [0", "] is inf, in the `expr!` at ", ".rs:"];
    assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    let error = refused(&here, &["--learning-rate", "1e300"]);
    assert!(error.contains("the loss is NaN; --check-finite tells"), "{error}");
}

#[test]
fn odd_datasets_are_read() {
    let long = "abc".repeat(10_000_000 / 3) + "\nab\n";
    let many = "ab\n".repeat(1_000_000);
    let here = directory(
        "odd",
        &[
            ("bom.txt", "\u{feff}ab\r\nba\r\n\r\nab".as_bytes()),
            ("mac.txt", b"ab\rba\rab\r"),
            ("control.txt", b"a\x01b\n\x1c\nb\x00a\n"),
            ("one.txt", b"a"),
            ("same.txt", b"aaaa\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"),
            ("gap.txt", b"ab\n\n  \n\t\nba\n"),
            ("long.txt", long.as_bytes()),
            ("many.txt", many.as_bytes()),
        ],
    );
    for (file, docs, vocabulary) in [
        ("bom.txt", 3, 3),
        ("mac.txt", 3, 3),
        ("control.txt", 2, 5),
        ("one.txt", 1, 2),
        ("same.txt", 2, 2),
        ("gap.txt", 2, 3),
        ("long.txt", 2, 4),
        ("many.txt", 1_000_000, 3),
    ] {
        let args = ["--data", file, "--steps", "3", "--samples", "1", "--val-fraction", "0.000001"];
        let text = printed(&here, &args);
        let start = format!("num docs: {docs}\nvocab size: {vocabulary}\n");
        assert!(text.starts_with(&start), "{file}: {text}");
        assert!(text.contains("sample  1: "), "{file}: {text}");
    }
}

#[test]
fn a_run_that_trains_nothing_says_so() {
    let here = directory("nothing", &[]);
    printed(&here, &["--steps", "3", "--save", "m", "--samples", "0"]);
    let said = |args: &[&str]| {
        let output = names(&here, &[args, &["--samples", "0"]].concat());
        assert!(output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    let note = "note: nothing is left to train: m is at step 3 of 2; more --steps go on\n";
    assert_eq!(said(&["--resume", "m", "--steps", "2"]), note);
    let note = "note: nothing is trained: a model of --load trains only with --steps\n";
    // What an earlier run has left stays.
    let kept = || ["l.csv", "p.svg"].map(|file| std::fs::read(here.join(file)).expect("a file"));
    said(&["--steps", "5", "--losses", "l.csv", "--plot", "p.svg"]);
    let earlier = kept();
    assert_eq!(said(&["--load", "m", "--losses", "l.csv", "--plot", "p.svg"]), note);
    said(&["--resume", "m", "--steps", "2", "--plot", "p.svg"]);
    assert_eq!(kept(), earlier);
    assert_eq!(said(&["--load", "m"]), "");
}
