//! The flags.
// Their docs are help texts, where backticks would show.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use microgpt::{Activation, Config, Preset, Sampling, Training};

/// Train a GPT on names, one a line, and print new ones: microgpt.py, to the last digit.
#[derive(Parser)]
#[command(version, max_term_width = 100, allow_negative_numbers = true)]
pub struct Args {
    /// Documents, one a line [default: input.txt if it is there, else built-in names]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Version of microgpt.py whose settings are the defaults of all other flags
    #[arg(long, value_name = "NAME", default_value = Preset::GIST.name, value_parser = preset)]
    pub preset: Preset,
    /// Training steps, of one document or --batch of them, over which the learning rate falls to 0 [default: the
    /// preset's, gist: 1000, early: 500]
    #[arg(long, value_name = "N", value_parser = whole)]
    pub steps: Option<usize>,
    /// Seed of everything random, as in Python's random.seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: i64,
    /// Numbers that the model computes with
    #[arg(long, value_name = "TYPE", default_value = "f64")]
    pub precision: Precision,

    /// Layers, each attention and an MLP [default: 1]
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub n_layer: Option<usize>,
    /// Width of the residual stream, in numbers [default: 16]
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub n_embd: Option<usize>,
    /// Attention heads, which divide the width [default: 4]
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub n_head: Option<usize>,
    /// Positions of a document, in characters [default: the preset's, gist: 16, early: 8]
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub block_size: Option<usize>,
    /// Nonlinearity of the MLP [default: the preset's, gist: relu, early: relu2]
    #[arg(long, value_name = "NAME", help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub activation: Option<Nonlinearity>,
    /// Standard deviation of the initial parameters [default: the preset's, gist: 0.08, early:
    /// 0.02]
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub std: Option<f64>,
    /// Whether attn_wo and mlp_fc2 begin at zero [default: the preset's, gist: false, early: true]
    #[arg(long, value_name = "BOOL", help_heading = "Model", conflicts_with_all = ["load", "resume"])]
    pub zero_init: Option<bool>,

    /// Documents a step learns from, by the mean of their gradients
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive_whole, help_heading = "Training")]
    pub batch: usize,
    /// Threads that divide the documents of a step, for the same bits as one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive_whole, help_heading = "Training")]
    pub threads: usize,
    /// Learning rate of the first step [default: 0.01]
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Training", conflicts_with = "resume")]
    pub learning_rate: Option<f64>,
    /// Decay of Adam's mean of gradients [default: the preset's, gist: 0.85, early: 0.9]
    #[arg(long, value_name = "X", value_parser = below_one, help_heading = "Training", conflicts_with = "resume")]
    pub beta1: Option<f64>,
    /// Decay of Adam's mean of squares [default: the preset's, gist: 0.99, early: 0.95]
    #[arg(long, value_name = "X", value_parser = below_one, help_heading = "Training", conflicts_with = "resume")]
    pub beta2: Option<f64>,
    /// Share of the documents that is held out and not learnt
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = below_one, help_heading = "Training")]
    pub val_fraction: f64,
    /// Steps between two looks at the held-out documents
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = positive_whole, help_heading = "Training")]
    pub val_every: usize,
    /// Look at every number of every step, and stop where the first is not finite
    #[arg(long, help_heading = "Training")]
    pub check_finite: bool,
    /// Stop after this step as Ctrl-C would, to go on another time with --resume
    #[arg(long, value_name = "STEP", value_parser = whole, help_heading = "Training")]
    pub stop_at: Option<usize>,

    /// Write step, loss (nats a character) and learning rate of each step, as CSV; --resume adds to it
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub losses: Option<PathBuf>,
    /// Draw the losses, as SVG
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub plot: Option<PathBuf>,
    /// Write the model and its training, as safetensors, at the end or at Ctrl-C
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub save: Option<PathBuf>,
    /// And after every so many steps
    #[arg(long, value_name = "N", value_parser = positive_whole, help_heading = "Files", requires = "save")]
    pub save_every: Option<usize>,
    /// Begin with the model of this file; it trains only if --steps says so
    #[arg(long, value_name = "FILE", help_heading = "Files", conflicts_with = "resume")]
    pub load: Option<PathBuf>,
    /// Go on with the training of this file, with the same bits as if it had never stopped
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub resume: Option<PathBuf>,

    /// Samples to print
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole, help_heading = "Samples")]
    pub samples: usize,
    /// Below 1 likely characters become likelier; 0 takes the likeliest each time [default: the
    /// preset's, gist: 0.5, early: 0.6]
    #[arg(long, value_name = "X", value_parser = not_negative, help_heading = "Samples")]
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
    /// Say how likely these names are, in the order of bits a character
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "Samples")]
    pub score: Vec<String>,
}

/// Numbers that a model computes with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    F64,
    F32,
}

/// What the MLP applies between its two maps.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Nonlinearity {
    Relu,
    Relu2,
}

impl Args {
    /// The preset's model with what the flags say instead.
    pub fn config(&self, vocabulary: usize) -> Config {
        let preset = self.preset.config(vocabulary);
        Config {
            vocabulary,
            n_layer: self.n_layer.unwrap_or(preset.n_layer),
            n_embd: self.n_embd.unwrap_or(preset.n_embd),
            n_head: self.n_head.unwrap_or(preset.n_head),
            block_size: self.block_size.unwrap_or(preset.block_size),
            activation: self.activation.map_or(preset.activation, |name| match name {
                Nonlinearity::Relu => Activation::Relu,
                Nonlinearity::Relu2 => Activation::SquaredRelu,
            }),
            std: self.std.unwrap_or(preset.std),
            zero_init: self.zero_init.unwrap_or(preset.zero_init),
        }
    }

    /// The preset's training with what the flags say instead.
    pub fn training(&self) -> Training {
        let preset = self.preset.training;
        Training {
            // A model that was loaded trains only on demand.
            steps: self.steps.unwrap_or(if self.load.is_some() { 0 } else { preset.steps }),
            learning_rate: self.learning_rate.unwrap_or(preset.learning_rate),
            beta1: self.beta1.unwrap_or(preset.beta1),
            beta2: self.beta2.unwrap_or(preset.beta2),
            epsilon: preset.epsilon,
        }
    }

    /// How to choose the next character.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature.unwrap_or(self.preset.temperature),
            top_k: self.top_k,
            top_p: self.top_p,
        }
    }
}

fn preset(name: &str) -> Result<Preset, String> {
    let names = Preset::ALL.map(|preset| preset.name).join(", ");
    Preset::named(name).ok_or_else(|| format!("must be one of {names}"))
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
