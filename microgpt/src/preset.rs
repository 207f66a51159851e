//! The published versions of microgpt.py, with all that tells them apart.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::model::gpt::{Activation, Gpt};
use crate::sample::Sampling;
use crate::train::{Rule, Training};

/// A published version of microgpt.py: its model, how it trains and how it samples.
///
/// ```
/// use microgpt::Preset;
///
/// let early: Preset = "early".parse()?;
/// assert_eq!(early.gpt(27).block_size, 8);
/// assert_eq!(early.to_string(), "early");
/// # Ok::<(), microgpt::preset::UnknownPreset>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The name on the command line.
    pub name: &'static str,
    /// The sizes of the model, but for the vocabulary.
    model: Gpt,
    /// How it trains.
    pub training: Training,
    /// How it samples.
    pub sampling: Sampling,
}

impl Preset {
    /// The gist, and the default of everything here.
    pub const GIST: Self = Self {
        name: "gist",
        model: Gpt::new(0),
        training: Training::GIST,
        sampling: Sampling::GIST,
    };

    /// The version before: shorter documents, squared rectifiers, and maps to the residual stream that
    /// begin at zero.
    pub const EARLY: Self = Self {
        name: "early",
        model: Gpt {
            block_size: 8,
            activation: Activation::SquaredRelu,
            std: 0.02,
            zero_init: true,
            ..Gpt::new(0)
        },
        training: Training {
            steps: 500,
            rule: Rule::Adam { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.0 },
            ..Training::GIST
        },
        sampling: Sampling { temperature: 0.6, ..Sampling::GIST },
    };

    /// All of them, the default first.
    pub const ALL: [Self; 2] = [Self::GIST, Self::EARLY];

    /// Its model for this many tokens.
    #[must_use]
    pub const fn gpt(&self, vocabulary: usize) -> Gpt {
        Gpt { vocabulary, ..self.model }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// A name that no preset has.
///
/// ```
/// let error = "late".parse::<microgpt::Preset>().unwrap_err();
/// assert_eq!(error.to_string(), "no preset is called `late`: there are `gist` and `early`");
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[error("no preset is called `{0}`: there are `gist` and `early`")]
pub struct UnknownPreset(pub String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        let found = Self::ALL.into_iter().find(|preset| preset.name == name);
        found.ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}
