//! The flags.
// Their docs are help texts, where backticks would show.
#![allow(clippy::doc_markdown)]

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};
use clap_complete::Shell;
use microgpt::{Activation, Gpt, Preset, Rule, Sampling, Training};

/// More threads than this are more than any machine has cores.
const MAX_THREADS: usize = 1024;
/// The caches of more streams than this leave no memory for anything else.
const MAX_STREAMS: usize = 65_536;
/// More documents than this in one step leave no memory for their tokens.
const MAX_BATCH: usize = 1_000_000;

const EXAMPLES: &str = "\
Examples:
  names
      Train on input.txt if it is there, else on built-in names, and print 20 new ones.
  names cities.txt --block-size 24 --steps 20000 --save cities.st
      Train on the lines of a file, and keep the model. Ctrl-C ends the training early.
  names cities.txt --resume cities.st --save cities.st
      Go on with a training that was stopped or killed.
  names --load cities.st --prompt Bar --temperature 0.8 --samples 5
      Print five names of a model that was kept, each of which begins with Bar.
  names --batch 16 --threads 2 --val-fraction 0.1 --plot losses.svg
      Learn 16 names a step on two threads, and draw the loss, of names held out too.
  names --load cities.st --samples 0 --score London Zzyzx
      Say how likely names are.
  mpirun -n 4 names --batch 256 --threads 2 --save m.st
      Divide each step among four processes of two threads, on one machine or several. Built with
      the feature mpi. Losses, files and samples are those of one process, to the bit.
  names --completions bash > ~/.local/share/bash-completion/completions/names
      Let the shell complete the flags.

A loss is given in nats and in bits, per token: a character, or the end of a name. Bits per
character share the cost of the end among the characters.

SIGINT (Ctrl-C), SIGTERM and SIGHUP end the training after the step, and the run goes on with what
was learnt; a second signal ends it at once. The exit status is 0 if all went well, also where the
training was ended by a signal or the output closed, and 2 where something is wrong.";

/// Train a GPT on names, one a line, and print new ones
///
/// This is Andrej Karpathy's microgpt.py, to the last digit: the same shuffle, initial parameters,
/// losses and samples for the same data and seed.
#[derive(Parser)]
#[command(name = "names", version, max_term_width = 100, allow_negative_numbers = true)]
#[command(after_help = "`names --help` says more, with examples.", after_long_help = EXAMPLES)]
pub struct Args {
    /// Documents, one a line [default: input.txt if it is there, else built-in names]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The same as FILE
    #[arg(long = "data", value_name = "FILE", conflicts_with = "file")]
    pub data_flag: Option<PathBuf>,
    /// Version of microgpt.py whose settings are the defaults of flags that say so
    #[arg(long, value_name = "NAME", default_value = Preset::GIST.name, value_parser = preset)]
    pub preset: Preset,
    #[arg(long, value_name = "N", value_parser = whole, help = by_preset(
        "Training steps, of one document or --batch of them, over which the learning rate falls to 0",
        |preset| preset.training.steps,
    ))]
    pub steps: Option<usize>,
    /// Seed of everything random, as in Python's random.seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: i64,
    /// Numbers that the model computes with
    #[arg(long, value_name = "TYPE", default_value = "f64")]
    pub precision: Precision,
    /// Print what makes this shell complete the flags, and do nothing else
    #[arg(long, value_name = "SHELL")]
    pub completions: Option<Shell>,

    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Layers, each attention and an MLP", |preset| preset.gpt(0).n_layer))]
    pub n_layer: Option<usize>,
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Width of the residual stream, in numbers", |preset| preset.gpt(0).n_embd))]
    pub n_embd: Option<usize>,
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Attention heads, which divide the width", |preset| preset.gpt(0).n_head))]
    pub n_head: Option<usize>,
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Positions of a document, its characters and its end", |preset| preset.gpt(0).block_size))]
    pub block_size: Option<usize>,
    #[arg(long, value_name = "NAME", value_parser = activation(), help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Nonlinearity of the MLP", |preset| preset.gpt(0).activation))]
    pub activation: Option<Activation>,
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Standard deviation of the initial parameters", |preset| preset.gpt(0).std))]
    pub std: Option<f64>,
    #[arg(long, value_name = "BOOL", help_heading = "Model", conflicts_with_all = ["load", "resume"],
        help = by_preset("Whether attn_wo and mlp_fc2 begin at zero", |preset| preset.gpt(0).zero_init))]
    pub zero_init: Option<bool>,

    /// Documents a step learns from, by the mean of their gradients
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = batch, help_heading = "Training")]
    pub batch: usize,
    /// Threads that divide the documents of a step, for the same bits as one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads, help_heading = "Training")]
    pub threads: usize,
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Training", conflicts_with = "resume",
        help = by_preset("Learning rate of the first step", |preset| preset.training.learning_rate))]
    pub learning_rate: Option<f64>,
    #[arg(long, value_name = "X", value_parser = below_one, help_heading = "Training", conflicts_with = "resume",
        help = by_preset("Decay of Adam's mean of gradients", |preset| beta(preset, 0)))]
    pub beta1: Option<f64>,
    #[arg(long, value_name = "X", value_parser = below_one, help_heading = "Training", conflicts_with = "resume",
        help = by_preset("Decay of Adam's mean of squares", |preset| beta(preset, 1)))]
    pub beta2: Option<f64>,
    /// Share of the documents that is held out and not learnt
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = below_one, help_heading = "Training")]
    pub val_fraction: f64,
    /// Steps between two validation losses [default: a tenth of the steps]
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Training")]
    pub val_every: Option<usize>,
    /// Look at every number of every step, and stop where the first is not finite
    #[arg(long, help_heading = "Training")]
    pub check_finite: bool,
    /// Stop after this step as Ctrl-C would, to go on another time with --resume
    #[arg(long, value_name = "STEP", value_parser = whole, help_heading = "Training")]
    pub stop_at: Option<usize>,

    /// Write step, loss (nats per token) and learning rate of each step, as CSV
    ///
    /// With --resume, the rows of a file that is there stay as far as the training that is resumed
    /// had come, and those that follow are written after them.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub losses: Option<PathBuf>,
    /// Draw the losses, as SVG
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub plot: Option<PathBuf>,
    /// Write the model and its training, as safetensors
    ///
    /// The file is written at the end, whatever ends the training, and now and then before. It is
    /// replaced as a whole, and only by a state that can be loaded again.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub save: Option<PathBuf>,
    /// Save after every so many steps too
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Files", requires = "save")]
    pub save_every: Option<usize>,
    /// Save when so many seconds have passed since the last time
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = "Files", requires = "save")]
    pub save_after: Duration,
    /// Begin with the model of this file; it trains only if --steps says so
    #[arg(long, value_name = "FILE", help_heading = "Files", conflicts_with = "resume")]
    pub load: Option<PathBuf>,
    /// Go on with the training of this file
    ///
    /// The bits are the same as if it had never stopped. Data, seed and batches must be the same as
    /// before; --save may write the same file.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub resume: Option<PathBuf>,

    /// Samples to print
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole, help_heading = "Samples")]
    pub samples: usize,
    /// Draw the samples in N streams side by side, which is faster for many
    ///
    /// Each stream has random numbers of its own; with 1 the samples are microgpt.py's. Processes
    /// share the streams.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = streams, help_heading = "Samples")]
    pub streams: usize,
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Samples", help = by_preset(
        "Below 1 likely characters become likelier; 0 takes the likeliest each time",
        |preset| preset.sampling.temperature,
    ))]
    pub temperature: Option<f64>,
    /// Choose among the N likeliest characters
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Samples")]
    pub top_k: Option<usize>,
    /// Choose among the likeliest characters that together have this probability
    #[arg(long, value_name = "P", value_parser = probability, help_heading = "Samples")]
    pub top_p: Option<f64>,
    /// Begin every sample with this
    #[arg(long, value_name = "TEXT", default_value = "", help_heading = "Samples")]
    pub prompt: String,
    /// Draw one sample more, and show what each character was chosen of and where attention looked
    #[arg(long, help_heading = "Samples")]
    pub explain: bool,
    /// Say how likely these names are, in the order of bits per character
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "Samples")]
    pub score: Vec<String>,
}

/// Numbers that a model computes with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    F64,
    F32,
}

fn activation() -> impl TypedValueParser<Value = Activation> {
    let names = PossibleValuesParser::new(Activation::ALL.map(Activation::name));
    names.try_map(|name| name.parse::<Activation>())
}

/// The two decays of a rule that has them.
fn betas(rule: Rule) -> Option<[f64; 2]> {
    match rule {
        Rule::Adam { beta1, beta2, .. } => Some([beta1, beta2]),
        Rule::Sgd { .. } => None,
    }
}

fn beta(preset: &Preset, number: usize) -> f64 {
    betas(preset.training.rule).map_or(0.0, |betas| betas[number])
}

/// A help text with the default of each preset, or the one that they have in common.
fn by_preset<D: Display + PartialEq>(help: &str, default: impl Fn(&Preset) -> D) -> String {
    let [gist, early] = Preset::ALL.each_ref().map(&default);
    if gist == early {
        return format!("{help} [default: {gist}]");
    }
    let [first, second] = Preset::ALL.map(|preset| preset.name);
    format!("{help} [default: the preset's, {first}: {gist}, {second}: {early}]")
}

impl Args {
    /// The file of the documents, with the flag that names it; none for the built-in names.
    pub fn data(&self) -> Option<(&'static str, &Path)> {
        let input = Path::new("input.txt");
        let file = self.file.as_deref().map(|path| ("", path));
        let flag = self.data_flag.as_deref().map(|path| ("--data", path));
        flag.or(file).or_else(|| input.exists().then_some(("", input)))
    }

    /// The file that the run goes on with, with its flag.
    pub fn checkpoint(&self) -> Option<(&'static str, &Path)> {
        let load = self.load.as_deref().map(|path| ("--load", path));
        load.or_else(|| self.resume.as_deref().map(|path| ("--resume", path)))
    }

    /// Steps between two looks at the held-out documents, in a training of so many.
    pub fn val_every(&self, steps: usize) -> usize {
        self.val_every.unwrap_or((steps / 10).max(1))
    }

    /// Of several processes one writes the files.
    pub fn leave_files_to_another(&mut self) {
        (self.save, self.losses, self.plot) = (None, None, None);
    }

    /// Whether the run leaves more than what it prints.
    pub fn writes_files(&self) -> bool {
        self.save.is_some() || self.losses.is_some() || self.plot.is_some()
    }

    /// The preset's model with what the flags say instead.
    pub fn gpt(&self, vocabulary: usize) -> Gpt {
        let preset = self.preset.gpt(vocabulary);
        Gpt {
            vocabulary,
            n_layer: self.n_layer.unwrap_or(preset.n_layer),
            n_embd: self.n_embd.unwrap_or(preset.n_embd),
            n_head: self.n_head.unwrap_or(preset.n_head),
            block_size: self.block_size.unwrap_or(preset.block_size),
            activation: self.activation.unwrap_or(preset.activation),
            std: self.std.unwrap_or(preset.std),
            zero_init: self.zero_init.unwrap_or(preset.zero_init),
        }
    }

    /// The preset's training with what the flags say instead.
    pub fn training(&self) -> Training {
        let mut training = self.preset.training;
        // A model that was loaded trains only on demand.
        let steps = if self.load.is_some() { 0 } else { training.steps };
        training.steps = self.steps.unwrap_or(steps);
        training.learning_rate = self.learning_rate.unwrap_or(training.learning_rate);
        if let Rule::Adam { beta1, beta2, .. } = &mut training.rule {
            *beta1 = self.beta1.unwrap_or(*beta1);
            *beta2 = self.beta2.unwrap_or(*beta2);
        }
        training
    }

    /// How to choose the next character.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature.unwrap_or(self.preset.sampling.temperature),
            top_k: self.top_k,
            top_p: self.top_p,
        }
    }
}

fn preset(name: &str) -> Result<Preset, String> {
    let names = Preset::ALL.map(|preset| preset.name).join(", ");
    name.parse().map_err(|_| format!("must be one of {names}"))
}

fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "must be a whole number, 0 or more".to_owned())
}

fn positive_whole(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a whole number, 1 or more".to_owned()),
    }
}

fn at_most(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a whole number from 1 to {most}")),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    at_most(text, MAX_THREADS)
}

fn batch(text: &str) -> Result<usize, String> {
    at_most(text, MAX_BATCH)
}

fn streams(text: &str) -> Result<usize, String> {
    at_most(text, MAX_STREAMS)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let must = "must be a number of seconds, 0 or more";
    let seconds = not_negative(text).map_err(|_| must)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| must.to_owned())
}

fn number(text: &str, fits: impl Fn(f64) -> bool, must: &str) -> Result<f64, String> {
    text.parse().ok().filter(|&number| fits(number)).ok_or_else(|| format!("must be {must}"))
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |x| x >= 0.0 && x.is_finite(), "a number, 0 or more")
}

fn below_one(text: &str) -> Result<f64, String> {
    number(text, |x| (0.0..1.0).contains(&x), "a number from 0 to below 1")
}

fn probability(text: &str) -> Result<f64, String> {
    number(text, |x| x > 0.0 && x <= 1.0, "a number above 0, at most 1")
}
