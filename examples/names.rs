//! Trains a GPT on names, one a line, and prints new ones: microgpt.py's program.
//!
//! `cargo run --release --example names -- --help` lists the flags.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use microgpt::tokenizer::documents;
use microgpt::{CharTokenizer, Config, Gpt, PythonRandom, Sampler, Tape, Trainer};

/// The dataset when there is neither `--data` nor an `input.txt`.
const BUILT_IN: &str = include_str!("names.txt");

/// Train a GPT on names, one a line, and print new ones.
#[derive(Parser)]
struct Args {
    /// Documents, one a line [default: input.txt if it is there, else built-in names]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Training steps, one document each
    #[arg(long, default_value_t = 1000, value_parser = whole, allow_negative_numbers = true)]
    steps: usize,
    /// Seed of everything random
    #[arg(long, default_value_t = 42, allow_negative_numbers = true)]
    seed: i64,
    /// Number of samples to print
    #[arg(long, default_value_t = 20, value_parser = whole, allow_negative_numbers = true)]
    samples: usize,
    /// Above 0; below 1, likely characters become likelier
    #[arg(long, default_value_t = 0.5, value_parser = positive, allow_negative_numbers = true)]
    temperature: f64,
}

fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "must be a whole number, 0 or more".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("must be a number above 0".to_owned()),
    }
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            // The first line says what is wrong; the usage is a `--help` away.
            eprintln!("{}", error.to_string().lines().next().unwrap_or_default());
            std::process::exit(2);
        }
        error.exit()
    });
    let Err(error) = run(&args, &mut io::stdout().lock()) else { return ExitCode::SUCCESS };
    if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        // Whoever was reading has seen enough.
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error}");
    ExitCode::from(2)
}

fn run(args: &Args, out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let text = dataset(args.data.as_deref())?;
    let mut docs: Vec<&str> = documents(&text).collect();
    if docs.is_empty() {
        return Err("the dataset has no documents: it needs one on each line".into());
    }
    let mut random = PythonRandom::new(args.seed);
    random.shuffle(&mut docs);
    writeln!(out, "num docs: {}", docs.len())?;
    let tokenizer = CharTokenizer::new(docs.iter().copied());
    writeln!(out, "vocab size: {}", tokenizer.vocabulary())?;

    let tape = Tape::new();
    let gpt = Gpt::new(&tape, Config::new(tokenizer.vocabulary()), &mut random)?;
    writeln!(out, "num params: {}", gpt.weights().size())?;

    let mut trainer = Trainer::new(&gpt, args.steps);
    let mut recent = 0.0;
    for step in 1..=args.steps {
        let loss = trainer.learn(&tokenizer.encode(docs[(step - 1) % docs.len()])?);
        recent += loss;
        if step % 100 == 0 || step == args.steps {
            let count = (step - 1) % 100 + 1;
            writeln!(
                out,
                "step {step:4} / {:4} | mean loss {:.4}",
                args.steps,
                recent / count as f64
            )?;
            recent = 0.0;
        }
    }

    let sampler = Sampler::new(&gpt, tokenizer.bos(), args.temperature, random);
    for (number, sample) in sampler.take(args.samples).enumerate() {
        writeln!(out, "sample {:2}: {}", number + 1, tokenizer.decode(&sample?))?;
    }
    Ok(())
}

/// The text of the dataset.
fn dataset(data: Option<&Path>) -> Result<String, String> {
    let default = Path::new("input.txt");
    let Some(path) = data.or_else(|| default.exists().then_some(default)) else {
        return Ok(BUILT_IN.to_owned());
    };
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
