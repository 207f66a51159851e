//! Trains a GPT on names, one a line, and prints new ones: microgpt.py's program.
//!
//! `cargo run --release --example names -- --help` lists the flags.

mod names {
    pub mod args;
    pub mod chart;
    pub mod insight;
    pub mod report;
}

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use microgpt::checkpoint::Progress;
use microgpt::tokenizer::documents;
use microgpt::{
    CharTokenizer, Checkpoint, Gpt, PythonRandom, Real, Sampler, Tape, Trainer, Training,
};
use names::args::{Args, Precision};
use names::report::Report;
use names::{chart, insight};

/// The dataset when there is neither `--data` nor an `input.txt`.
const BUILT_IN: &str = include_str!("names.txt");

/// Whether Ctrl-C was pressed: training stops after the step, and the rest of the run goes on.
static STOPPED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            // The first line says what is wrong; the usage is a `--help` away.
            eprintln!("{}", error.to_string().lines().next().unwrap_or_default());
            std::process::exit(2);
        }
        error.exit()
    });
    let run = match args.precision {
        Precision::F64 => run::<f64>,
        Precision::F32 => run::<f32>,
    };
    let Err(error) = run(&args, &mut io::stdout().lock()) else { return ExitCode::SUCCESS };
    if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        // Whoever was reading has seen enough.
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {}", error.to_string().replace('\n', " "));
    ExitCode::from(2)
}

fn run<T: Real>(args: &Args, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let found = match args.load.as_deref().or(args.resume.as_deref()) {
        Some(path) => Some(Checkpoint::<T>::load(path).map_err(|e| named(path, &e))?),
        None => None,
    };
    let text = dataset(args.data.as_deref())?;
    let mut docs: Vec<&str> = documents(&text).collect();
    if docs.is_empty() {
        return Err("the dataset has no documents: it needs one on each line".into());
    }
    let mut random = PythonRandom::new(args.seed);
    random.shuffle(&mut docs);
    let tokenizer = match &found {
        Some(found) => found.tokenizer.clone(),
        None => CharTokenizer::new(docs.iter().copied()),
    };
    writeln!(out, "num docs: {}\nvocab size: {}", docs.len(), tokenizer.vocabulary())?;

    let tape = Tape::default();
    let gpt = match &found {
        Some(found) => found.model(&tape)?,
        None => Gpt::new(&tape, args.config(tokenizer.vocabulary()), &mut random)?,
    };
    writeln!(out, "num params: {}", gpt.weights().size())?;

    // What decides the order of the documents, for a run that goes on with it.
    let notes = [
        ("documents", format!("{:016x}", fingerprint(&docs))),
        ("val_fraction", args.val_fraction.to_string()),
    ];
    let notes = notes.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    let mut trainer = Trainer::new(&gpt, args.training());
    if let (Some(path), Some(found)) = (&args.resume, found) {
        let Some(progress) = found.progress else {
            return Err(format!("{}: it holds no training to go on with", path.display()).into());
        };
        if found.notes != notes {
            let other = "it was trained with other --data, --seed or --val-fraction";
            return Err(format!("{}: {other}", path.display()).into());
        }
        let Progress { training, step, adam, random: drawn } = progress;
        let steps = args.steps.unwrap_or(training.steps);
        trainer = Trainer::new(&gpt, Training { steps, ..training }).resumed(step, adam);
        random = drawn;
    }
    let mut trainer = trainer.check_finite(args.check_finite);

    let held_out = (docs.len() as f64 * args.val_fraction).ceil();
    let (learnt, held_out) = docs.split_at(docs.len() - (held_out as usize).min(docs.len() - 1));
    let steps = trainer.training().steps;
    let mut report = Report::new(trainer.step(), steps, args.losses.as_deref())?;
    if steps > trainer.step() {
        ctrlc::set_handler(|| {
            if STOPPED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })?;
    }
    let save = |trainer: &Trainer<'_, '_, T>| match &args.save {
        None => Ok(()),
        Some(path) => {
            let checkpoint = Checkpoint::of_training(&gpt, &tokenizer, trainer, &random);
            let checkpoint = Checkpoint { notes: notes.clone(), ..checkpoint };
            checkpoint.save(path).map_err(|error| named(path, &error))
        }
    };
    while trainer.step() < steps.min(args.stop_at.unwrap_or(steps)) {
        let (learning_rate, document) = (trainer.learning_rate(), trainer.step() % learnt.len());
        let loss = trainer.learn(&tokenizer.encode(learnt[document])?)?;
        let step = trainer.step();
        report.step(out, step, loss.as_f64(), learning_rate)?;
        if !held_out.is_empty() && (step.is_multiple_of(args.val_every) || step == steps) {
            report.held_out(out, step, mean_loss(&gpt, &tokenizer, held_out)?)?;
        }
        if args.save_every.is_some_and(|every| step.is_multiple_of(every)) {
            save(&trainer)?;
        }
        if STOPPED.load(Ordering::Relaxed) {
            break;
        }
    }
    report.finish()?;
    save(&trainer)?;
    if trainer.step() < steps {
        writeln!(out, "stopped after step {} of {steps}", trainer.step())?;
    }
    if io::stdout().is_terminal() {
        write!(out, "{}", chart::terminal(&report))?;
    }
    if let Some(path) = &args.plot {
        chart::svg(&report, path)?;
    }

    let encoded = tokenizer.encode(&args.prompt)?;
    let prompt = &encoded[1..encoded.len() - 1];
    let mut sampler =
        Sampler::new(&gpt, tokenizer.bos(), args.sampling(), random).with_prompt(prompt)?;
    for number in 1..=args.samples {
        writeln!(out, "sample {number:2}: {}", tokenizer.decode(&sampler.sample()?))?;
    }
    if args.explain {
        insight::explain(out, &gpt, &tokenizer, &mut sampler, prompt)?;
    }
    insight::score(out, &gpt, &tokenizer, &args.score)
}

/// The mean loss of documents that are not learnt, in nats a character.
fn mean_loss<T: Real>(
    gpt: &Gpt<'_, T>,
    tokenizer: &CharTokenizer,
    docs: &[&str],
) -> Result<f64, Box<dyn Error>> {
    let (mut sum, mut characters) = (0.0, 0);
    for doc in docs {
        let tokens = tokenizer.encode(doc)?;
        let counted = (tokens.len() - 1).min(gpt.config().block_size);
        sum += gpt.evaluate(&tokens).as_f64() * counted as f64;
        characters += counted;
    }
    Ok(sum / characters as f64)
}

/// The text of the dataset.
fn dataset(data: Option<&Path>) -> Result<String, String> {
    let default = Path::new("input.txt");
    let Some(path) = data.or_else(|| default.exists().then_some(default)) else {
        return Ok(BUILT_IN.to_owned());
    };
    std::fs::read_to_string(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// A number that tells documents in an order from others (FNV-1a).
fn fingerprint(docs: &[&str]) -> u64 {
    let bytes = docs.iter().flat_map(|doc| doc.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}
