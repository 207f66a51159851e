//! What is refused before anything is trained or overwritten, and what is said besides.

use super::{directory, names, printed, refused};

#[test]
fn a_file_that_is_read_is_not_written() {
    let here = directory("onto_itself", &[("d.txt", b"anna\nbob\n"), ("input.txt", b"eve\n")]);
    printed(&here, &["--steps", "1", "--samples", "0", "--save", "m"]);
    std::fs::create_dir(here.join("sub")).expect("a directory");
    std::fs::hard_link(here.join("d.txt"), here.join("hard")).expect("a link");
    let mut spellings = vec!["d.txt", "./d.txt", "sub/../d.txt", "hard"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("d.txt", here.join("soft")).expect("a link");
        std::os::unix::fs::symlink("new", here.join("to_new")).expect("a link");
        spellings.push("soft");
        let error = refused(&here, &["--save", "to_new", "--losses", "new"]);
        assert!(error.contains("--losses new: --save writes this file too"), "{error}");
    }
    for flag in ["--save", "--losses", "--plot"] {
        for spelling in spellings.iter().filter(|one| flag != "--plot" || !one.contains('.')) {
            let error = refused(&here, &["--data", "d.txt", flag, spelling]);
            assert!(error.contains("this is the file that --data reads"), "{error}");
        }
    }
    assert!(refused(&here, &["--save", "input.txt"]).contains("the file of the documents"));
    for flag in ["--losses", "--plot"] {
        assert!(refused(&here, &["--resume", "m", flag, "m"]).contains("--resume reads"));
    }
    for flag in ["--losses", "--plot", "--save"] {
        assert!(refused(&here, &["--load", "m", flag, "./m"]).contains("--load reads"));
    }
    for (one, other) in [("--save", "--losses"), ("--plot", "--losses"), ("--save", "--plot")] {
        let error = refused(&here, &[one, "new", other, "sub/../new"]);
        assert!(error.contains("writes this file too"), "{error}");
    }
    assert_eq!(std::fs::read(here.join("d.txt")).expect("a file"), b"anna\nbob\n");
    assert_eq!(std::fs::read(here.join("input.txt")).expect("a file"), b"eve\n");
    // A training goes on in its own file.
    printed(&here, &["--resume", "m", "--save", "m", "--samples", "0"]);
}

#[test]
fn what_cannot_be_written_is_known_before_the_first_step() {
    let here = directory("unwritable", &[("notes.csv", b"dear diary\n")]);
    let long = "1000000000";
    for flag in ["--save", "--losses", "--plot"] {
        for no_file in [".", "/dev/null", "none/file"] {
            let error = refused(&here, &["--steps", long, flag, no_file]);
            assert!(error.starts_with(&format!("error: {flag} {no_file}: ")), "{error}");
        }
    }
    // The kernel's files: no other can be made beside them, whoever asks.
    #[cfg(target_os = "linux")]
    for flag in ["--save", "--losses", "--plot"] {
        let error = refused(&here, &["--steps", long, flag, "/proc/self/model"]);
        assert!(error.starts_with(&format!("error: {flag} /proc/self/model: ")), "{error}");
    }
    for name in ["p.png", "p.svg.pdf"] {
        let error = refused(&here, &["--steps", long, "--plot", name]);
        assert!(error.contains(&format!("--plot {name}: the picture is SVG")), "{error}");
    }
    printed(&here, &["--steps", "1", "--samples", "0", "--save", "m"]);
    for other in [&["--resume", "m"][..], &["--steps", long]] {
        let error = refused(&here, &[&["--losses", "notes.csv"], other].concat());
        assert!(error.contains("--losses notes.csv: its first line is not"), "{error}");
    }
    assert_eq!(std::fs::read(here.join("notes.csv")).expect("a file"), b"dear diary\n");
}

#[test]
fn sizes_that_no_machine_has_are_one_line() {
    let here = directory("sizes", &[]);
    for (flag, value, must) in [
        ("--threads", "20000", "from 1 to 1024"),
        ("--threads", "99999999999999999999", "from 1 to 1024"),
        ("--batch", "1000000000000", "from 1 to 1000000"),
        ("--n-layer", "1000000000", "--n-layer (1000000000) is more than"),
        ("--n-layer", "18446744073709551615", "is more than"),
        ("--n-embd", "262144", "parameters, more than"),
        ("--n-embd", "1000000", "parameters, more than"),
        ("--n-embd", "1000000000000", "--n-embd (1000000000000) is more than"),
        ("--n-head", "1000000000000", "--n-head (1000000000000) is more than"),
        ("--block-size", "1000000000000", "--block-size (1000000000000) is more than"),
        ("--save-after", "1e300", "seconds"),
    ] {
        let error = refused(&here, &[flag, value, "--save", "m"]);
        assert!(error.contains(must) && error.contains(flag), "{error}");
    }
}

#[test]
fn what_is_wrong_with_the_data_has_a_place() {
    let latin = [&b"anna\r\nbob\r\n"[..], b"caf\xe9\n"].concat();
    let here = directory("places", &[("latin.txt", &latin), ("ab.txt", b"ab\nba\n")]);
    let error = refused(&here, &["latin.txt"]);
    assert_eq!(error, "error: latin.txt: line 3, byte 4: 0xE9 is not UTF-8\n");
    let error = refused(&here, &["ab.txt", "--prompt", "ZbZz"]);
    assert!(error.contains("--prompt ZbZz: the characters 'Z', 'z' are not in the"), "{error}");
    let error = refused(&here, &["ab.txt", "--score", "ab", "aé"]);
    assert!(error.contains("--score aé: the character 'é' is not in the vocabulary"), "{error}");
    assert!(refused(&here, &["ab.txt", "--data", "ab.txt"]).contains("--data"));
    // A character that comes late is found early.
    printed(&here, &["ab.txt", "--samples", "0", "--steps", "2", "--save", "m"]);
    let late = "ab\n".repeat(999) + "\r\nba\naxb\n";
    std::fs::write(here.join("late.txt"), late).expect("a file");
    let error = refused(&here, &["late.txt", "--load", "m", "--steps", "1000000000"]);
    assert!(error.contains("late.txt: line 1002: the character 'x'"), "{error}");
    assert!(error.contains("not in the vocabulary of m"), "{error}");
}

#[test]
fn what_is_cut_or_has_no_effect_is_said() {
    let here = directory("notes", &[("d.txt", b"anna\nbobby\neve\n")]);
    let said = |args: &[&str]| {
        let output = names(&here, &[&["d.txt", "--steps", "1", "--samples", "0"], args].concat());
        assert!(output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    assert_eq!(said(&[]), "");
    assert_eq!(
        said(&["--block-size", "4", "--save", "m"]),
        "note: 2 of 3 documents are longer than a block of 4 and are cut; --block-size 6 holds all\n"
    );
    assert_eq!(said(&["--block-size", "6"]), "");
    assert!(said(&["--load", "m"]).contains("a new model with --block-size 6 holds all"));
    assert!(said(&["--threads", "2"]).contains("--threads 2 has no effect"));
    assert_eq!(said(&["--threads", "2", "--batch", "2"]), "");
}

#[test]
fn what_a_terminal_would_obey_is_shown_escaped() {
    let data = "\x1b[31m\n".repeat(3);
    let here = directory("escapes", &[("d.txt", data.as_bytes())]);
    let args = ["d.txt", "--steps", "50", "--explain", "--score", "\x1b[31m", "--samples", "3"];
    let text = printed(&here, &args);
    assert!(!text.contains('\x1b') && text.contains("\\u{1b}"), "{text}");
    let error = refused(&here, &["d.txt", "--prompt", "\x1b]0;x"]);
    assert!(!error.contains('\x1b'), "{error:?}");
    assert!(!refused(&here, &["\x1b[2J.txt"]).contains('\x1b'));
}

#[test]
fn help_says_how_and_the_version_has_the_name() {
    let here = directory("help", &[]);
    let (short, long) = (printed(&here, &["-h"]), printed(&here, &["--help"]));
    assert!(short.len() < long.len() && long.contains("\nExamples:\n"), "{long}");
    assert!(long.contains("[default: the preset's, gist: 1000, early: 500]"), "{long}");
    assert!(long.contains("[default: 0.01]") && long.contains("a tenth of the steps"), "{long}");
    assert!(printed(&here, &["--version"]).starts_with("names "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(&here, &["--completions", shell]).contains("val-fraction"));
    }
    let held_out = |args: &[&str]| {
        let text = printed(&here, &[&["--samples", "0", "--val-fraction", "0.001"], args].concat());
        text.lines().filter(|line| line.contains("validation loss")).count()
    };
    assert_eq!((held_out(&["--steps", "50"]), held_out(&["--steps", "3"])), (10, 3));
}

/// Four processes without MPI would each make the whole run, and write the same file.
#[cfg(not(feature = "mpi"))]
#[test]
fn several_processes_ask_for_the_feature() {
    let here = directory("launched", &[]);
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_names"))
        .env("OMPI_COMM_WORLD_SIZE", "4")
        .current_dir(&here)
        .output()
        .expect("the program runs");
    let error = String::from_utf8(run.stderr).expect("text");
    assert_eq!((run.status.code(), error.lines().count()), (Some(2), 1), "{error}");
    assert!(error.contains("without the feature `mpi`"), "{error}");
}
