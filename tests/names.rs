//! The program `examples/names.rs`, run as a user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example's binary, which `cargo test` builds beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let target = test.parent().and_then(Path::parent).expect("tests are in target/*/deps");
    let program = target.join("examples").join(format!("names{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        // `cargo test --test names` builds no examples.
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--example", "names", "--profile", profile])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.expect("cargo runs").success());
    }
    program
}

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
    Command::new(program()).args(args).current_dir(directory).output().expect("the program runs")
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
    let names = include_str!("../examples/names.txt");
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
    for temperature in ["-1", "0", "nan", "inf", "warm"] {
        let error = refused(&here, &["--temperature", temperature]);
        assert!(error.contains("must be a number above 0"), "{error}");
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
