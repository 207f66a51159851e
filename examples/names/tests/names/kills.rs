//! A run that is killed again and again ends as one that never was.

use std::path::Path;
use std::time::Duration;

use microgpt::PythonRandom;

use super::endings::{signal, start};
use super::{directory, printed};

/// So many signals reach a run while it is at work.
const KILLS: usize = 300;
const RUN: [&str; 7] = ["d.txt", "--samples", "3", "--batch", "2", "--val-fraction", "0.2"];
const MODEL: [&str; 8] = ["--steps", "3000", "--n-embd", "4", "--n-head", "2", "--block-size", "6"];

#[test]
fn a_run_killed_at_any_moment_goes_on_as_if_it_had_not_been() {
    let here = directory("kills", &[("d.txt", b"anna\nbob\ncarol\ndan\neve\nfred\n")]);
    let whole = ["--save", "whole", "--losses", "whole.csv", "--save-every", "100"];
    let expected = samples(&printed(&here, &[&RUN[..], &MODEL, &whole].concat()));
    let mut random = PythonRandom::new(3);
    let mut kills = 0;
    let mut runs = 0;
    while kills < KILLS {
        for file in ["m", "m.csv"] {
            let _ = std::fs::remove_file(here.join(file));
        }
        while !finished(&here, &expected, &mut random, &mut kills) {}
        runs += 1;
        let read = |name: &str| std::fs::read(here.join(name)).expect("a file");
        assert!(read("m") == read("whole"), "the files differ after {kills} kills");
        assert!(read("m.csv") == read("whole.csv"), "the losses differ after {kills} kills");
        let left: Vec<_> = std::fs::read_dir(&here).expect("a directory").flatten().collect();
        assert_eq!(left.len(), 5, "{left:?}");
    }
    println!("{kills} kills in {runs} runs");
}

/// Goes on from what is there, with a signal after a random time; whether it came to its end.
fn finished(
    here: &Path,
    expected: &[String],
    random: &mut PythonRandom,
    kills: &mut usize,
) -> bool {
    let files = ["--save", "m", "--losses", "m.csv", "--save-every", "100"];
    let from = if here.join("m").exists() { &["--resume", "m"][..] } else { &MODEL };
    let mut run = start(here, &[&RUN[..], &files, from].concat());
    std::thread::sleep(Duration::from_secs_f64(0.03 * random.random()));
    let name = match random.random() {
        x if x < 0.4 => "KILL",
        x if x < 0.6 => "TERM",
        x if x < 0.8 => "INT",
        _ => "HUP",
    };
    let at_work = run.try_wait().expect("a process").is_none();
    if at_work {
        signal(&run, name);
        *kills += 1;
    }
    let output = run.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("text");
    if output.status.success() && !text.contains("stopped after step") {
        assert_eq!(samples(&text), expected);
        return true;
    }
    // Before the handlers are there a signal ends the process, as it does any other; after the last
    // step, too, when a run that goes on says that nothing is left.
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.is_empty() || error.starts_with("note: nothing is left to train"), "{error}");
    false
}

fn samples(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with("sample ")).map(str::to_owned).collect()
}
