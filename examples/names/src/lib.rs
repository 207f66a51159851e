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
mod team;
mod watch;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
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
use team::Team;
use watch::Watch;

/// The program: it reads the flags of the process, and exits with 2 where something is wrong.
pub fn main() -> ExitCode {
    let team = match Team::start() {
        Ok(team) => team,
        Err(error) => return failed(&error),
    };
    if !team.is_first() {
        output::be_silent();
    }
    if let Err(error) = same_program(&team) {
        return failed(&error);
    }
    let mut args = match Args::try_parse() {
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
        Err(error) => {
            if team.is_first() {
                let _ = error.print();
            }
            return ExitCode::SUCCESS;
        }
    };
    let out: Box<dyn Write> = if team.is_first() {
        Box::new(io::stdout().lock())
    } else {
        args.leave_files_to_another();
        Box::new(io::sink())
    };
    let mut out = Output::new(out);
    let done = match (args.completions, args.precision) {
        (Some(shell), _) => completions(&mut out, shell),
        (None, Precision::F64) => run::<f64>(&args, &team, &mut out),
        (None, Precision::F32) => run::<f32>(&args, &team, &mut out),
    };
    let done = done.map_err(|error| error.to_string());
    let written = out.end().map_err(|error| format!("standard output: {error}"));
    match done.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &str) -> ExitCode {
    say(&format!("error: {error}"));
    ExitCode::from(2)
}

/// Whether all processes are this program with these flags. What follows is then the same for all.
fn same_program(team: &Team) -> Result<(), String> {
    if team.has_others() {
        let program = std::env::current_exe().and_then(std::fs::read);
        team.compare("executable", &program.unwrap_or_default())?;
        team.compare("flags", &std::env::args_os().skip(1).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn completions(out: &mut impl Write, shell: clap_complete::Shell) -> Result<(), Box<dyn Error>> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Ok(out.write_all(&script)?)
}

fn run<T: Real>(
    args: &Args,
    team: &Team,
    out: &mut Output<impl Write>,
) -> Result<(), Box<dyn Error>> {
    // What cannot be done afterwards is better known before.
    team.agreed(if team.is_first() { files::check(args) } else { Ok(()) })?;
    let found = start::checkpoint_for_all::<T>(args, team)?;
    let data = Dataset::read_for_all(args, team)?;
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
    let gpt = team.agreed(gpt.map_err(|error| start::with_flags(&error)))?;
    writeln!(out, "num params: {}", gpt.block().size())?;
    let scored = insight::encoded(&tokenizer, &args.score)?;
    let prompt = start::encoded("--prompt", &args.prompt, &tokenizer)?;
    let prompt = &prompt[1..prompt.len() - 1];

    let mut notes = start::notes(args, &data, &docs);
    team.compare("dataset", &docs)?;
    let trainer = start::trainer(args, &gpt, found, &mut notes, &mut random);
    let mut trainer = team.divide(team.agreed(trainer)?)?;
    let mut sampler = Sampler::new(&gpt, tokenizer.bos(), args.sampling(), random.clone())
        .with_prompt(prompt)
        .map_err(|error| format!("--prompt {}: {error}", args.prompt))?;
    let block_size = gpt.model().block_size();
    // Who only samples need not have the characters of this data.
    let mut tokens = Vec::new();
    if trainer.steps() < trainer.training().steps {
        if let Some((_, path)) = args.checkpoint() {
            data.check_characters(args, &tokenizer, path)?;
        }
        start::say_what_has_no_effect(args);
        let may_change = args.checkpoint().is_none();
        if let Some(note) = dataset::too_long(&docs, block_size, may_change) {
            say(&note);
        }
        tokens = dataset::encoded(&docs, &tokenizer, block_size)?;
    }
    let run = Run { args, team, gpt: &gpt, docs: &tokens };
    let state = |trainer: &Trainer<'_, '_, Gpt, T>| {
        let checkpoint = Checkpoint::of_training(trainer, Some(&tokenizer), &random);
        Checkpoint { notes: notes.clone(), ..checkpoint }
    };
    run.train(out, &mut trainer, &state)?;

    if args.streams > 1 {
        run.sample_side_by_side(out, &tokenizer, prompt, random)?;
    }
    // What is drawn one after the other cannot be divided.
    if !team.is_first() {
        return Ok(());
    }
    if args.streams == 1 {
        for number in 1..=args.samples {
            if out.is_closed() {
                break;
            }
            print_sample(out, number, &tokenizer, &sampler.sample()?)?;
        }
    }
    if args.explain {
        insight::explain(out, &gpt, &tokenizer, &mut sampler, prompt)?;
    }
    insight::score(out, &gpt, &scored)
}

fn print_sample(
    out: &mut impl Write,
    number: usize,
    tokenizer: &CharTokenizer,
    tokens: &[usize],
) -> io::Result<()> {
    writeln!(out, "sample {number:2}: {}", shown(&tokenizer.decode(tokens)))
}

/// What ends a run in which a process waits for another too long.
const NO_ANSWER: &str = "the run was told to end, and a process of it does not answer";

/// So many samples of each stream are drawn before they are printed.
const ROUNDS: usize = 64;

/// What the steps of a training have in common.
struct Run<'a, 't, T: Real> {
    args: &'a Args,
    team: &'a Team,
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
        let (args, team, steps) = (self.args, self.team, trainer.training().steps);
        let until = steps.min(args.stop_at.unwrap_or(steps));
        let screen = Screen::found(team.is_relayed());
        let report = Report::new(trainer.steps(), steps, until, args, screen);
        let mut report = team.agreed(report)?;
        // Without a step nothing can be lost.
        let trains = trainer.steps() < until;
        if trainer.steps() >= steps
            && let Some(note) = start::nothing_to_train(args, trainer.steps(), steps)
        {
            say(&note);
        }
        let stop = trains.then(Stop::on_signals).transpose();
        let stop = team.agreed(stop.map_err(|error| error.to_string()))?;
        let mut saving = Saving::new(args, trainer.steps());
        let watch = stop.clone().filter(|_| team.has_others() && team.is_first());
        let watch = watch.map(|stop| Watch::start(stop, saving.last_words(NO_ANSWER)));
        let (mut end, mut batch) = (End::Well, Vec::new());
        while trainer.steps() < until {
            let asked = stop.as_ref().is_some_and(Stop::asked);
            let for_nobody = out.is_closed() && !args.writes_files();
            // All processes end after the same step.
            if team.any(asked || for_nobody || !matches!(end, End::Well)) {
                break;
            }
            let step = self.step(out, trainer, &mut batch, &mut report, &mut saving, state);
            if let Err(stopped) = step {
                end = stopped;
            }
        }
        drop(watch);
        if trains && matches!(end, End::Well) {
            end = self.end_of(trainer);
        }
        report.clear();
        let synced = report.sync();
        let saved = saving.finish(end, || state(trainer)).and(synced);
        let drawn = saved.and_then(|()| match &args.plot {
            Some(path) if trains => chart::svg(&report, path),
            _ => Ok(()),
        });
        team.agreed(drawn)?;
        if let Some(stop) = stop {
            stop.all_is_saved();
        }
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

    /// Draws and prints all samples, in streams that the processes share.
    fn sample_side_by_side(
        &self,
        out: &mut Output<impl Write>,
        tokenizer: &CharTokenizer,
        prompt: &[usize],
        mut random: PythonRandom,
    ) -> Result<(), Box<dyn Error>> {
        let Self { args, team, gpt, .. } = self;
        let seeds = (0..args.streams).map(|_| random.getrandbits(64));
        let generators = seeds.map(|seed| seed.map(PythonRandom::new));
        let generators = generators.collect::<Result<Vec<_>, _>>()?;
        let mut sample = team.streams(gpt, tokenizer.bos(), prompt, args.sampling(), generators)?;
        let mut printed = 0;
        while printed < args.samples && !team.any(out.is_closed()) {
            for tokens in sample((args.streams * ROUNDS).min(args.samples - printed))? {
                printed += 1;
                print_sample(out, printed, tokenizer, &tokens)?;
            }
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
            End::Diverged(start::not_finite(&format!("after step {step}"), loss))
        }
    }

    fn step<'d>(
        &'d self,
        out: &mut impl Write,
        trainer: &mut Trainer<'_, '_, Gpt, T>,
        batch: &mut Vec<&'d [usize]>,
        report: &mut Report,
        saving: &mut Saving<T>,
        state: &impl Fn(&Trainer<'_, '_, Gpt, T>) -> Checkpoint<Gpt, T>,
    ) -> Result<(), End> {
        let Self { args, team, gpt, docs } = self;
        let (learnt, held_out) = dataset::split(args, docs);
        let steps = trainer.training().steps;
        let learning_rate = trainer.learning_rate();
        dataset::batch(args, learnt, trainer.steps(), batch);
        let loss = trainer.step(batch).map_err(|error| End::Diverged(start::with_hint(error)))?;
        let step = trainer.steps();
        report.step(out, step, loss.as_f64(), learning_rate).map_err(End::Failed)?;
        if !held_out.is_empty() && (step.is_multiple_of(args.val_every(steps)) || step == steps) {
            let loss = team.validation_loss(gpt, held_out.iter().map(Vec::as_slice));
            report.held_out(out, step, loss);
        }
        saving.after_step(step, report, || state(trainer)).map_err(End::Failed)
    }
}
