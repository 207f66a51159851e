//! Trains a GPT on names, one a line, and prints new ones: microgpt.py's program.
//!
//! `cargo run --release --example names -- --help` lists the flags.

mod args;
mod bar;
mod chart;
mod dataset;
mod files;
mod insight;
mod losses;
mod output;
mod report;
mod saving;
mod signals;
mod start;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use microgpt::trainer::TrainingError;
use microgpt::{CharTokenizer, Checkpoint, Gpt, PythonRandom, Real, Sampler, Tape, Trainer};

use args::{Args, Precision};
use dataset::Dataset;
use output::{Output, say, shown};
use report::{Report, Screen};
use saving::{End, Saving};
use signals::Stop;

/// The program: it reads the flags of the process, and exits with 2 where something is wrong.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => {
            // What is wrong, in one line; the usage is a `--help` away.
            let text = error.to_string();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
            let text = lines.join(" ").replace(" tip: ", "; ");
            say(text.trim_end_matches(" For more information, try '--help'."));
            return ExitCode::from(2);
        }
        // Help, or the version.
        Err(error) => error.exit(),
    };
    let mut out = Output::new(io::stdout().lock());
    let done = match (args.completions, args.precision) {
        (Some(shell), _) => completions(&mut out, shell),
        (None, Precision::F64) => run::<f64>(&args, &mut out),
        (None, Precision::F32) => run::<f32>(&args, &mut out),
    };
    let done = done.map_err(|error| error.to_string());
    let written = out.end().map_err(|error| format!("standard output: {error}"));
    match done.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

fn completions(out: &mut impl Write, shell: clap_complete::Shell) -> Result<(), Box<dyn Error>> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Ok(out.write_all(&script)?)
}

fn run<T: Real>(args: &Args, out: &mut Output<impl Write>) -> Result<(), Box<dyn Error>> {
    // What cannot be done afterwards is better known before.
    files::check(args)?;
    let found = start::checkpoint::<T>(args)?;
    let data = Dataset::read(args)?;
    let mut docs = data.documents();
    let mut random = PythonRandom::new(args.seed);
    random.shuffle(&mut docs);
    let tokenizer = match &found {
        Some(found) => found.tokenizer.clone(),
        None => CharTokenizer::new(docs.iter().copied()),
    };
    writeln!(out, "num docs: {}\nvocab size: {}", docs.len(), tokenizer.vocabulary())?;

    let tape = Tape::default();
    let gpt = match &found {
        Some(found) => found.model(&tape),
        None => Gpt::new(&tape, args.config(tokenizer.vocabulary()), &mut random),
    };
    let gpt = gpt.map_err(|error| start::with_flags(&error))?;
    writeln!(out, "num params: {}", gpt.weights().size())?;
    let scored = insight::encoded(&tokenizer, &args.score)?;
    let prompt = start::encoded("--prompt", &args.prompt, &tokenizer)?;
    let prompt = &prompt[1..prompt.len() - 1];

    let mut notes = start::notes(args, &data, &docs);
    let mut trainer = start::trainer(args, &gpt, found, &mut notes, &mut random)?;
    let mut sampler = Sampler::new(&gpt, tokenizer.bos(), args.sampling(), random.clone())
        .with_prompt(prompt)
        .map_err(|error| format!("--prompt {}: {error}", args.prompt))?;
    if trainer.step() < trainer.training().steps {
        if let Some((_, path)) = args.checkpoint() {
            data.check_characters(&tokenizer, path)?;
        }
        start::say_what_has_no_effect(args);
        let may_change = args.checkpoint().is_none();
        if let Some(note) = dataset::too_long(&docs, gpt.config().block_size, may_change) {
            say(&note);
        }
    }
    let docs = dataset::cut(&docs, gpt.config().block_size);
    let run = Run { args, gpt: &gpt, tokenizer: &tokenizer, docs: &docs };
    let state = |trainer: &Trainer<'_, '_, T>| {
        let checkpoint = Checkpoint::of_training(&gpt, &tokenizer, trainer, &random);
        Checkpoint { notes: notes.clone(), ..checkpoint }
    };
    run.train(out, &mut trainer, &state)?;

    for number in 1..=args.samples {
        if out.is_closed() {
            break;
        }
        writeln!(out, "sample {number:2}: {}", shown(&tokenizer.decode(&sampler.sample()?)))?;
    }
    if args.explain {
        insight::explain(out, &gpt, &tokenizer, &mut sampler, prompt)?;
    }
    insight::score(out, &gpt, &scored)
}

/// What the steps of a training have in common.
struct Run<'a, 't, T: Real> {
    args: &'a Args,
    gpt: &'a Gpt<'t, T>,
    tokenizer: &'a CharTokenizer,
    docs: &'a [&'a str],
}

impl<T: Real> Run<'_, '_, T> {
    /// Trains to the end or until it is stopped, and leaves all files written.
    fn train(
        &self,
        out: &mut Output<impl Write>,
        trainer: &mut Trainer<'_, '_, T>,
        state: &impl Fn(&Trainer<'_, '_, T>) -> Checkpoint<T>,
    ) -> Result<(), Box<dyn Error>> {
        let (args, steps) = (self.args, trainer.training().steps);
        let until = steps.min(args.stop_at.unwrap_or(steps));
        let mut report = Report::new(trainer.step(), steps, until, args)?;
        // Without a step nothing can be lost.
        let trains = trainer.step() < until;
        if trainer.step() >= steps
            && let Some(note) = start::nothing_to_train(args, trainer.step(), steps)
        {
            say(&note);
        }
        let stop = trains.then(Stop::on_signals).transpose()?;
        let mut saving = Saving::new(args, trainer.step());
        let mut end = End::Well;
        while trainer.step() < until && !stop.as_ref().is_some_and(Stop::asked) {
            if out.is_closed() && !args.writes_files() {
                break;
            }
            if let Err(stopped) = self.step(out, trainer, &mut report, &mut saving, state) {
                end = stopped;
                break;
            }
        }
        if trains && matches!(end, End::Well) {
            end = self.end_of(trainer)?;
        }
        report.clear();
        let synced = report.sync();
        saving.finish(end, || state(trainer))?;
        synced?;
        if let Some(path) = &args.plot {
            chart::svg(&report, path)?;
        }
        if let Some(stop) = stop {
            stop.all_is_saved();
        }
        let screen = Screen::found();
        if trainer.step() < steps {
            writeln!(out, "stopped after step {} of {steps}", trainer.step())?;
        }
        // Times are others each time: what is read by a program has none.
        if let Some(summary) = report.summary(trainer.step()).filter(|_| screen != Screen::None) {
            writeln!(out, "{summary}")?;
        }
        if screen == Screen::Drawn {
            write!(out, "{}", chart::terminal(&report))?;
        }
        Ok(())
    }

    /// Whether the last step left a model that is any good: the loss of a step is of the weights
    /// before it.
    fn end_of(&self, trainer: &Trainer<'_, '_, T>) -> Result<End, Box<dyn Error>> {
        let (learnt, _) = dataset::split(self.args, self.docs);
        let next = dataset::batch(self.args, self.tokenizer, learnt, trainer.step())?;
        let (step, loss) = (trainer.step(), trainer.loss(&next[0]).as_f64());
        Ok(if loss.is_finite() {
            End::Well
        } else {
            End::Diverged(start::with_hint(TrainingError::Loss { step: step + 1, loss }))
        })
    }

    fn step(
        &self,
        out: &mut impl Write,
        trainer: &mut Trainer<'_, '_, T>,
        report: &mut Report,
        saving: &mut Saving<'_, T>,
        state: &impl Fn(&Trainer<'_, '_, T>) -> Checkpoint<T>,
    ) -> Result<(), End> {
        let Self { args, gpt, tokenizer, docs } = *self;
        let (learnt, held_out) = dataset::split(args, docs);
        let steps = trainer.training().steps;
        let learning_rate = trainer.learning_rate();
        let failed = |error: microgpt::tokenizer::UnknownCharacter| End::Failed(error.to_string());
        let batch = dataset::batch(args, tokenizer, learnt, trainer.step()).map_err(failed)?;
        let batch: Vec<&[usize]> = batch.iter().map(Vec::as_slice).collect();
        let learnt = trainer.learn_batch(&batch);
        let loss = learnt.map_err(|error| End::Diverged(start::with_hint(error)))?;
        let step = trainer.step();
        report.step(out, step, loss.as_f64(), learning_rate).map_err(End::Failed)?;
        if !held_out.is_empty() && (step.is_multiple_of(args.val_every(steps)) || step == steps) {
            let loss = dataset::held_out(gpt, tokenizer, held_out).map_err(failed)?;
            report.held_out(out, step, loss);
        }
        saving.after_step(step, report, || state(trainer)).map_err(End::Failed)
    }
}
