//! `cargo bench --features mpi --bench ranks`: what a training step costs on one process and on two
//! ranks of this machine, as a Markdown table. It starts `mpirun` of itself. With `-- --test` each
//! measurement is of one step of a small model.

use std::process::Command;
use std::time::{Duration, Instant};

use microgpt::{Gpt, Instance, PythonRandom, Ranks, Tape, Trainer, Training};

type Failure = Box<dyn std::error::Error>;

const VOCABULARY: usize = 27;
const BLOCK: usize = 16;
const BATCH: usize = 64;
/// Each kind of run is started so often, in turn: a machine has better and worse minutes.
const ROUNDS: usize = 5;

/// Processes, and threads of each.
const KINDS: [(usize, usize); 3] = [(1, 1), (1, 2), (2, 1)];

/// The medians of one run.
#[derive(Clone, Copy)]
struct Measured {
    /// Seconds of a step.
    step: f64,
    /// Seconds of it in which the first rank exchanges gradients, or waits for it.
    exchange: f64,
    /// Bytes that the first rank sends in a step.
    bytes: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let short = arguments.iter().any(|argument| argument == "--test");
    if let [_, worker, n_embd, threads, steps] = &arguments[..]
        && worker == "worker"
    {
        return work(n_embd.parse()?, threads.parse()?, steps.parse()?);
    }
    println!(
        "| `n_embd` | parameters | ranks | threads of each | a step | exchange | sent by a rank | speed of one thread | of two threads |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let sizes: &[(usize, usize)] = if short { &[(16, 1)] } else { &[(64, 100), (256, 20)] };
    for &(n_embd, steps) in sizes {
        let rounds = if short { 1 } else { ROUNDS };
        let mut all: [Vec<Measured>; KINDS.len()] = Default::default();
        for _ in 0..rounds {
            for (runs, (ranks, threads)) in all.iter_mut().zip(KINDS) {
                runs.push(start(n_embd, ranks, threads, steps)?);
            }
        }
        let all = all.map(|runs| middle(&runs));
        let parameters = model(n_embd, &Tape::default(), |gpt| gpt.block().size());
        let [one, two_threads, _] = all.map(|measured| measured.step);
        for ((ranks, threads), Measured { step, exchange, bytes }) in KINDS.into_iter().zip(all) {
            println!(
                "| {n_embd} | {parameters} | {ranks} | {threads} | {:.2} ms | {:.2} ms, {:.1} % | {:.2} MB | {:.2} | {:.0} % |",
                step * 1e3,
                exchange * 1e3,
                100.0 * exchange / step,
                bytes / 1e6,
                one / step,
                100.0 * two_threads / step,
            );
        }
    }
    Ok(())
}

/// The median of each figure.
fn middle(runs: &[Measured]) -> Measured {
    let of = |figure: fn(&Measured) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Measured {
        step: of(|run| run.step),
        exchange: of(|run| run.exchange),
        bytes: of(|run| run.bytes),
    }
}

fn start(n_embd: usize, ranks: usize, threads: usize, steps: usize) -> Result<Measured, Failure> {
    let itself = std::env::current_exe()?;
    let mut command = if ranks == 1 {
        Command::new(itself)
    } else {
        let mut mpirun = Command::new("mpirun");
        mpirun.args(["--allow-run-as-root", "--oversubscribe", "-n", &ranks.to_string()]);
        mpirun.arg(itself);
        mpirun
    };
    let run =
        command.arg("worker").args([n_embd, threads, steps].map(|n| n.to_string())).output()?;
    let text = String::from_utf8_lossy(&run.stdout);
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match numbers[..] {
        [step, exchange, bytes] => Ok(Measured { step, exchange, bytes }),
        _ => Err(String::from_utf8_lossy(&run.stderr).into()),
    }
}

fn model<R>(n_embd: usize, tape: &Tape<f32>, then: impl FnOnce(&Instance<'_, Gpt, f32>) -> R) -> R {
    let sizes = Gpt { n_embd, block_size: BLOCK, ..Gpt::new(VOCABULARY) };
    then(&Instance::new(tape, sizes, &mut PythonRandom::new(1)).expect("the sizes of a model"))
}

/// One of the processes of a run; the first prints what it has measured.
fn work(n_embd: usize, threads: usize, steps: usize) -> Result<(), Failure> {
    let ranks = Ranks::launched().then(Ranks::start).transpose()?;
    model(n_embd, &Tape::default(), |gpt| {
        // Documents that fill the block.
        let token = |d: usize, t: usize| (t * 7 + d * 5) % VOCABULARY;
        let documents: Vec<Vec<usize>> =
            (0..BATCH).map(|d| (0..=BLOCK).map(|t| token(d, t)).collect()).collect();
        let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
        let training = Training { steps: 1_000_000, learning_rate: 1e-4, ..Training::default() };
        let mut trainer = Trainer::new(gpt, training).threads(threads)?;
        if let Some(ranks) = &ranks {
            trainer = trainer.ranks(ranks)?;
        }
        for _ in 0..steps.div_ceil(10) {
            trainer.step(&documents)?;
        }
        let traffic = || ranks.as_ref().map(Ranks::traffic).unwrap_or_default();
        let (mut times, mut exchanges, before) = (Vec::new(), Vec::new(), traffic());
        for _ in 0..steps {
            let (start, sent) = (Instant::now(), traffic());
            trainer.step(&documents)?;
            times.push(start.elapsed());
            exchanges.push(traffic().time.saturating_sub(sent.time));
        }
        if ranks.as_ref().is_none_or(Ranks::is_first) {
            let bytes = (traffic().bytes - before.bytes) as f64 / steps as f64;
            println!("{} {} {bytes}", median(times), median(exchanges));
        }
        Ok(())
    })
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
