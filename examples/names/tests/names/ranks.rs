//! The program on several processes: the files of one, to the byte.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{directory, printed};

/// Ranks that wait leave the core to those of other tests.
const MPIRUN: [&str; 6] =
    ["--allow-run-as-root", "--oversubscribe", "-q", "--mca", "mpi_yield_when_idle", "1"];

fn mpirun(here: &Path, ranks: usize, args: &[&str]) -> Command {
    let mut command = Command::new("mpirun");
    command.args(MPIRUN).args(["-n", &ranks.to_string(), env!("CARGO_BIN_EXE_names")]);
    command.args(args).current_dir(here);
    command
}

fn text(bytes: &[u8]) -> String {
    // The launcher may pass lines on as a terminal has them.
    String::from_utf8_lossy(bytes).replace('\r', "")
}

/// What all ranks together print when all is well.
fn printed_by(here: &Path, ranks: usize, args: &[&str]) -> String {
    let done = mpirun(here, ranks, args).output().expect("mpirun is installed");
    assert!(done.status.success(), "{ranks} ranks: {}", text(&done.stderr));
    assert_eq!(text(&done.stderr), "", "{ranks} ranks");
    text(&done.stdout)
}

fn read(here: &Path, name: &str) -> Vec<u8> {
    std::fs::read(here.join(name)).expect("a file")
}

/// Six micro-batches a step, which three ranks divide evenly and four do not.
const RUN: [&str; 8] =
    ["--batch", "75", "--val-fraction", "0.002", "--samples", "9", "--streams", "5"];
const MODEL: [&str; 8] = ["--steps", "5", "--val-every", "2", "--n-embd", "4", "--n-head", "2"];

#[test]
fn any_number_of_ranks_and_threads_leaves_the_files_of_one_process() {
    for precision in ["f64", "f32"] {
        let here = directory(&format!("ranks_{precision}"), &[]);
        let run = [&RUN[..], &MODEL, &["--precision", precision]].concat();
        let files = ["--save", "one", "--losses", "one.csv"];
        let one = printed(&here, &[&run[..], &files].concat());
        for (ranks, threads) in [(1, "2"), (2, "1"), (3, "2"), (4, "1")] {
            let files = ["--save", "m", "--losses", "m.csv", "--threads", threads];
            assert_eq!(printed_by(&here, ranks, &[&run[..], &files].concat()), one);
            assert!(read(&here, "m") == read(&here, "one"), "{ranks} ranks, {precision}");
            assert!(read(&here, "m.csv") == read(&here, "one.csv"), "{ranks} ranks, {precision}");
        }
    }
}

#[test]
fn another_number_of_ranks_goes_on_with_the_same_bits() {
    let here = directory("ranks_resumed", &[]);
    let one = printed(&here, &[&RUN[..], &MODEL, &["--save", "one"]].concat());
    printed_by(&here, 3, &[&RUN[..], &MODEL, &["--save", "m", "--stop-at", "2"]].concat());
    let resume = ["--save", "m", "--resume", "m"];
    printed(&here, &[&RUN[..], &resume, &["--stop-at", "3"]].concat());
    let rest = printed_by(&here, 2, &[&RUN[..], &resume].concat());
    assert!(read(&here, "m") == read(&here, "one"));
    let samples = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("sample "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(&rest), samples(&one));
    assert_eq!(samples(&rest).len(), 9);
}

/// The one line of an error.
fn refused(done: &Output) -> String {
    let error = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_rank_of_another_program_or_other_flags_is_named() {
    let here = directory("ranks_differ", &[]);
    let differ = |program: &Path, flags: &[&str]| {
        let mut run = mpirun(&here, 2, &["--steps", "100000000"]);
        run.args([":", "-n", "1"]).arg(program).args(flags);
        refused(&run.output().expect("mpirun is installed"))
    };
    let names = Path::new(env!("CARGO_BIN_EXE_names"));
    let error = differ(names, &["--steps", "1"]);
    assert_eq!(error, "error: flags: rank 2 differs from rank 0\n");
    // The same program of another build: a byte more.
    let other = here.join("names");
    std::fs::copy(names, &other).expect("a copy");
    let mut file = std::fs::File::options().append(true).open(&other).expect("the copy");
    std::io::Write::write_all(&mut file, b"\n").expect("a byte");
    drop(file);
    let error = differ(&other, &["--steps", "100000000"]);
    assert_eq!(error, "error: executable: rank 2 differs from rank 0\n");
}

#[test]
fn what_is_wrong_is_said_once() {
    let here = directory("ranks_refused", &[]);
    let error = |args: &[&str]| refused(&mpirun(&here, 3, args).output().expect("mpirun"));
    assert!(error(&["--stepz", "1"]).contains("--stepz"));
    assert!(error(&["missing.txt"]).contains("missing.txt: "));
    assert!(error(&["--losses", "no/such/file"]).contains("there is no directory no/such"));
    let error = error(&["--batch", "40", "--learning-rate", "1e300", "--save", "m"]);
    assert!(error.contains("the loss is NaN") && error.contains("m is not written"), "{error}");
}

/// A run without end on three ranks that has come to its first save.
fn started(here: &Path) -> Child {
    let files = ["--save", "m", "--save-every", "1", "--samples", "1"];
    let args = [&["--steps", "100000000", "--batch", "40"][..], &files].concat();
    let mut command = mpirun(here, 3, &args);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let start = Instant::now();
    while !here.join("m").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing happens");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.expect("mpirun is installed")
}

fn kill(flags: &[&str], process: &str) {
    let done = Command::new("kill").args(flags).arg(process).status();
    assert!(done.expect("a command").success());
}

#[test]
fn a_signal_ends_all_after_the_step() {
    let here = directory("ranks_signals", &[]);
    for name in ["TERM", "INT"] {
        let _ = std::fs::remove_file(here.join("m"));
        let run = started(&here);
        kill(&["-s", name], &run.id().to_string());
        let done = run.wait_with_output().expect("it ends");
        let (out, error) = (text(&done.stdout), text(&done.stderr));
        assert!(out.contains("stopped after step ") && out.contains("sample  1: "), "{out}{error}");
        printed(&here, &["--load", "m", "--samples", "1"]);
    }
}

#[test]
fn the_death_of_a_rank_ends_the_run_with_one_line() {
    let here = directory("ranks_death", &[]);
    let run = started(&here);
    let children = format!("/proc/{0}/task/{0}/children", run.id());
    let children = std::fs::read_to_string(children).expect("the ranks");
    kill(&["-s", "KILL"], children.split_whitespace().last().expect("a rank"));
    let done = run.wait_with_output().expect("it ends");
    let error = text(&done.stderr);
    assert!(!done.status.success());
    assert_eq!(error.lines().count(), 1, "{error}");
    let said = "error: the run was told to end, and a process of it does not answer; m has the state after step ";
    assert!(error.starts_with(said), "{error}");
    printed(&here, &["--load", "m", "--samples", "1"]);
}
