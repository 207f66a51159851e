//! Whatever ends a run, what was asked to be saved is saved, and loads.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::{directory, printed, refused};

/// Its number, which an exit status tells.
const SIGTERM: i32 = 15;

const LONG: [&str; 2] = ["--steps", "100000000"];

/// The program as a terminal starts it. What started the tests may ignore signals, as `nohup` does, and those are
/// inherited.
fn program() -> Command {
    static FROM: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let by_default = vec!["env", "--default-signal"];
        let works = Command::new("env").args(["--default-signal", "true"]).output();
        if works.is_ok_and(|output| output.status.success()) { by_default } else { Vec::new() }
    });
    let mut words = FROM.iter().copied().chain([env!("CARGO_BIN_EXE_names")]);
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words);
    command
}

pub fn start(here: &Path, args: &[&str]) -> Child {
    program()
        .args(args)
        .current_dir(here)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

/// A run that has come as far as a line with this.
fn started(here: &Path, args: &[&str], until: &str) -> (Child, BufReader<impl Read + use<>>) {
    let mut run = start(here, args);
    let mut out = BufReader::new(run.stdout.take().expect("a pipe"));
    let mut text = String::new();
    while !text.contains(until) {
        assert!(out.read_line(&mut text).expect("a line") > 0, "{text}");
    }
    (run, out)
}

pub fn signal(run: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", run.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing happens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_signal_ends_training_and_the_rest_goes_on() {
    let here = directory("signals", &[]);
    for (name, number) in [("int", "INT"), ("term", "TERM"), ("hup", "HUP")] {
        let args = [&LONG[..], &["--samples", "2", "--save", name]].concat();
        let (mut run, mut out) = started(&here, &args, "mean loss");
        signal(&run, number);
        let mut text = String::new();
        out.read_to_string(&mut text).expect("the rest");
        assert!(run.wait().expect("it ends").success());
        assert!(text.contains("stopped after step "), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("sample ")).count(), 2);
        printed(&here, &["--load", name, "--samples", "1"]);
    }
}

/// The second signal is of a user who does not want to wait, here for samples without end.
#[test]
fn a_second_signal_ends_at_once() {
    let here = directory("second", &[]);
    let args = [&LONG[..], &["--samples", "1000000000", "--save", "m"]].concat();
    let (mut run, mut out) = started(&here, &args, "mean loss");
    signal(&run, "TERM");
    let mut line = String::new();
    while !line.starts_with("sample") {
        line.clear();
        out.read_line(&mut line).expect("a line");
    }
    signal(&run, "TERM");
    assert_eq!(run.wait().expect("it ends").code(), Some(128 + SIGTERM));
    printed(&here, &["--load", "m", "--samples", "1"]);
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let here = directory("nohup", &[]);
    let mut run = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_names")])
        .args([&LONG[..], &["--samples", "0"]].concat())
        .current_dir(&here)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell runs");
    let mut out = BufReader::new(run.stdout.take().expect("a pipe")).lines();
    let mut steps =
        || out.by_ref().find(|line| line.as_ref().is_ok_and(|line| line.contains("mean loss")));
    steps();
    if cfg!(target_os = "linux") {
        signal(&run, "HUP");
        std::thread::sleep(Duration::from_millis(50));
        for _ in 0..5 {
            assert!(steps().is_some(), "it goes on");
        }
    }
    signal(&run, "TERM");
    while steps().is_some() {}
    assert!(run.wait().expect("it ends").success());
}

#[test]
fn a_closed_pipe_loses_nothing() {
    let here = directory("closed", &[]);
    let steps = ["--steps", "2000", "--samples", "5"];
    printed(&here, &[&steps[..], &["--save", "whole", "--losses", "whole.csv"]].concat());
    let args = [&steps[..], &["--save", "closed", "--losses", "closed.csv"]].concat();
    let (mut run, out) = started(&here, &args, "vocab size");
    drop(out);
    assert!(run.wait().expect("it ends").success());
    let read = |name: &str| std::fs::read(here.join(name)).expect("a file");
    assert_eq!(read("whole"), read("closed"));
    assert_eq!(read("whole.csv"), read("closed.csv"));
    // Where nothing is to be saved, nobody waits.
    let (mut run, out) = started(&here, &LONG, "mean loss");
    drop(out);
    assert!(run.wait().expect("it ends").success());
}

/// All that is written to it fails, as on a full disk.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error_after_all_is_saved() {
    let here = directory("full", &[]);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let run = Command::new(env!("CARGO_BIN_EXE_names"))
        .args(["--steps", "200", "--save", "m"])
        .current_dir(&here)
        .stdout(full)
        .output()
        .expect("the program runs");
    let error = String::from_utf8(run.stderr).expect("text");
    assert_eq!(run.status.code(), Some(2), "{error}");
    assert!(error.starts_with("error: standard output: No space left"), "{error}");
    printed(&here, &["--load", "m", "--samples", "1"]);
}

#[test]
fn a_run_is_saved_now_and_then() {
    let here = directory("now_and_then", &[]);
    let args = [&LONG[..], &["--save", "m", "--save-after", "0.02"]].concat();
    let mut run = start(&here, &args);
    wait_until(|| here.join("m").exists());
    let first = std::fs::read(here.join("m")).expect("a file");
    wait_until(|| std::fs::read(here.join("m")).is_ok_and(|now| now != first));
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
    printed(&here, &["--load", "m", "--samples", "1"]);
}

#[test]
fn numbers_that_go_bad_are_not_saved() {
    let here = directory("diverged", &[]);
    printed(&here, &["--steps", "20", "--samples", "0", "--save", "m"]);
    let good = std::fs::read(here.join("m")).expect("a file");
    // At once: the file that is there is better than anything of this run.
    let bad = ["--steps", "500", "--learning-rate", "1e300", "--save", "m", "--save-every", "1"];
    let error = refused(&here, &bad);
    assert!(
        error.contains("the loss is NaN") && error.contains("m has the state after step"),
        "{error}"
    );
    printed(&here, &["--load", "m", "--samples", "0"]);
    std::fs::write(here.join("m"), &good).expect("a file");
    for more in [&[][..], &["--check-finite"], &["--save-after", "0"], &["--stop-at", "1"]] {
        let bad = [&["--steps", "500", "--learning-rate", "1e308", "--save", "m"], more].concat();
        let run = super::names(&here, &bad);
        let error = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(error.lines().count() <= 1, "{error}");
        printed(&here, &["--load", "m", "--samples", "0"]);
    }
}

#[test]
fn a_file_that_may_grow_no_further_is_an_error() {
    let here = directory("limit", &[]);
    let limited = "ulimit -f 20; exec \"$0\" --steps 30 --samples 0 --save m";
    let mut run = Command::new("sh");
    run.args(["-c", limited, env!("CARGO_BIN_EXE_names")]);
    let output = run.current_dir(&here).output().expect("a shell");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--save m"), "{error}");
    assert_eq!(std::fs::read_dir(&here).expect("a directory").count(), 0);
}
