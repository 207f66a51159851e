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
use microgpt::train::TrainingError;
use microgpt::{
    CharTokenizer, Checkpoint, Gpt, Instance, LanguageModel, PythonRandom, Real, Sampler, Tape,
    Trainer,
};

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
        Some(Checkpoint { tokenizer: Some(tokenizer), .. }) => tokenizer.clone(),
        _ => CharTokenizer::new(docs.iter().copied()),
    };
    writeln!(out, "num docs: {}\nvocab size: {}", docs.len(), tokenizer.vocabulary())?;

    let tape = Tape::default();
    let gpt = match &found {
        Some(found) => found.instance(&tape),
        None => Instance::new(&tape, args.gpt(tokenizer.vocabulary()), &mut random),
    };
    let gpt = gpt.map_err(|error| start::with_flags(&error))?;
    writeln!(out, "num params: {}", gpt.block().size())?;
    let scored = insight::encoded(&tokenizer, &args.score)?;
    let prompt = start::encoded("--prompt", &args.prompt, &tokenizer)?;
    let prompt = &prompt[1..prompt.len() - 1];

    let mut notes = start::notes(args, &data, &docs);
    let mut trainer = start::trainer(args, &gpt, found, &mut notes, &mut random)?;
    let mut sampler = Sampler::new(&gpt, tokenizer.bos(), args.sampling(), random.clone())
        .with_prompt(prompt)
        .map_err(|error| format!("--prompt {}: {error}", args.prompt))?;
    let block_size = gpt.model().block_size();
    // Who only samples need not have the characters of this data.
    let mut tokens = Vec::new();
    if trainer.steps() < trainer.training().steps {
        if let Some((_, path)) = args.checkpoint() {
            data.check_characters(&tokenizer, path)?;
        }
        start::say_what_has_no_effect(args);
        let may_change = args.checkpoint().is_none();
        if let Some(note) = dataset::too_long(&docs, block_size, may_change) {
            say(&note);
        }
        tokens = dataset::encoded(&docs, &tokenizer, block_size)?;
    }
    let run = Run { args, gpt: &gpt, docs: &tokens };
    let state = |trainer: &Trainer<'_, '_, Gpt, T>| {
        let checkpoint = Checkpoint::of_training(trainer, Some(&tokenizer), &random);
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
    gpt: &'a Instance<'t, Gpt, T>,
    docs: &'a [Vec<usize>],
}

impl<T: Real> Run<'_, '_, T> {
    /// Trains to the end or until it is stopped, and leaves all files written.
    fn train(
        &self,
        out: &mut Output<impl Write>,
        trainer: &mut Trainer<'_, '_, Gpt, T>,
        state: &impl Fn(&Trainer<'_, '_, Gpt, T>) -> Checkpoint<Gpt, T>,
    ) -> Result<(), Box<dyn Error>> {
        let (args, steps) = (self.args, trainer.training().steps);
        let until = steps.min(args.stop_at.unwrap_or(steps));
        let mut report = Report::new(trainer.steps(), steps, until, args)?;
        // Without a step nothing can be lost.
        let trains = trainer.steps() < until;
        if trainer.steps() >= steps
            && let Some(note) = start::nothing_to_train(args, trainer.steps(), steps)
        {
            say(&note);
        }
        let stop = trains.then(Stop::on_signals).transpose()?;
        let mut saving = Saving::new(args, trainer.steps());
        let (mut end, mut batch) = (End::Well, Vec::new());
        while trainer.steps() < until && !stop.as_ref().is_some_and(Stop::asked) {
            if out.is_closed() && !args.writes_files() {
                break;
            }
            let step = self.step(out, trainer, &mut batch, &mut report, &mut saving, state);
            if let Err(stopped) = step {
                end = stopped;
                break;
            }
        }
        if trains && matches!(end, End::Well) {
            end = self.end_of(trainer);
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
        if trainer.steps() < steps {
            writeln!(out, "stopped after step {} of {steps}", trainer.steps())?;
        }
        // Times are others each time: what is read by a program has none.
        if let Some(summary) = report.summary(trainer.steps()).filter(|_| screen != Screen::None) {
            writeln!(out, "{summary}")?;
        }
        if screen == Screen::Drawn {
            write!(out, "{}", chart::terminal(&report))?;
        }
        Ok(())
    }

    /// Whether the last step left a model that is any good: the loss of a step is of the parameters
    /// before it.
    fn end_of(&self, trainer: &Trainer<'_, '_, Gpt, T>) -> End {
        let (learnt, _) = dataset::split(self.args, self.docs);
        let mut next = Vec::new();
        dataset::batch(self.args, learnt, trainer.steps(), &mut next);
        let (step, loss) = (trainer.steps(), self.gpt.evaluate(&next[..1]).as_f64());
        if loss.is_finite() {
            End::Well
        } else {
            End::Diverged(start::with_hint(TrainingError::Loss { step: step + 1, loss }))
        }
    }

    fn step<'d>(
        &'d self,
        out: &mut impl Write,
        trainer: &mut Trainer<'_, '_, Gpt, T>,
        batch: &mut Vec<&'d [usize]>,
        report: &mut Report,
        saving: &mut Saving<'_, T>,
        state: &impl Fn(&Trainer<'_, '_, Gpt, T>) -> Checkpoint<Gpt, T>,
    ) -> Result<(), End> {
        let Self { args, gpt, docs } = self;
        let (learnt, held_out) = dataset::split(args, docs);
        let steps = trainer.training().steps;
        let learning_rate = trainer.learning_rate();
        dataset::batch(args, learnt, trainer.steps(), batch);
        let loss = trainer.step(batch).map_err(|error| End::Diverged(start::with_hint(error)))?;
        let step = trainer.steps();
        report.step(out, step, loss.as_f64(), learning_rate).map_err(End::Failed)?;
        if !held_out.is_empty() && (step.is_multiple_of(args.val_every(steps)) || step == steps) {
            report.held_out(out, step, gpt.validation_loss(held_out.iter().map(Vec::as_slice)));
        }
        saving.after_step(step, report, || state(trainer)).map_err(End::Failed)
    }
}
