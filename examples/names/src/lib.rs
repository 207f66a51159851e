//! Trains a GPT on names, one a line, and prints new ones: microgpt.py's program.
//!
//! `cargo run --release --example names -- --help` lists the flags.

mod args;
mod chart;
mod insight;
mod report;
mod start;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use microgpt::tokenizer::documents;
use microgpt::{CharTokenizer, Checkpoint, Gpt, PythonRandom, Real, Sampler, Tape, Trainer};

use args::{Args, Precision};
use report::Report;

/// Whether Ctrl-C was pressed: training stops after the step, and the rest of the run goes on.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// The program: it reads the flags of the process, and exits with 2 where something is wrong.
pub fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            // What is wrong, in one line; the usage is a `--help` away.
            let text = error.to_string();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
            eprintln!(
                "{}",
                lines.join(" ").trim_end_matches(" For more information, try '--help'.")
            );
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
    let found = start::checkpoint::<T>(args)?;
    let text = start::dataset(args.data.as_deref())?;
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
    // What cannot be done afterwards is better known before.
    start::check_files(args)?;
    let scored = insight::encoded(&tokenizer, &args.score)?;

    let notes = start::notes(args, &docs);
    let mut trainer = start::trainer(args, &gpt, found, &notes, &mut random)?;
    let save = |trainer: &Trainer<'_, '_, T>| match &args.save {
        None => Ok(()),
        Some(path) => {
            let checkpoint = Checkpoint::of_training(&gpt, &tokenizer, trainer, &random);
            let checkpoint = Checkpoint { notes: notes.clone(), ..checkpoint };
            checkpoint.save(path).map_err(|error| start::about(path, &error))
        }
    };
    let encoded = tokenizer.encode(&args.prompt)?;
    let prompt = &encoded[1..encoded.len() - 1];
    let mut sampler =
        Sampler::new(&gpt, tokenizer.bos(), args.sampling(), random.clone()).with_prompt(prompt)?;
    let (learnt, held_out) = start::split(args, &docs);
    let steps = trainer.training().steps;
    let mut report = Report::new(trainer.step(), steps, args)?;
    if steps > trainer.step() {
        ctrlc::set_handler(|| {
            if STOPPED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })?;
    }
    while trainer.step() < steps.min(args.stop_at.unwrap_or(steps)) {
        let learning_rate = trainer.learning_rate();
        let batch = start::batch(args, &tokenizer, learnt, trainer.step())?;
        let batch: Vec<&[usize]> = batch.iter().map(Vec::as_slice).collect();
        let loss = trainer.learn_batch(&batch).map_err(start::with_hint)?;
        let step = trainer.step();
        report.step(out, step, loss.as_f64(), learning_rate)?;
        if !held_out.is_empty() && (step.is_multiple_of(args.val_every) || step == steps) {
            report.held_out(out, step, start::mean_loss(&gpt, &tokenizer, held_out)?)?;
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

    for number in 1..=args.samples {
        writeln!(out, "sample {number:2}: {}", tokenizer.decode(&sampler.sample()?))?;
    }
    if args.explain {
        insight::explain(out, &gpt, &tokenizer, &mut sampler, prompt)?;
    }
    insight::score(out, &gpt, &scored)
}
