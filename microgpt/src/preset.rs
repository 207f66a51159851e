//! The published versions of microgpt.py, with all that tells them apart.

use crate::gpt::{Activation, Config};
use crate::trainer::Training;

/// A published version of microgpt.py: its model, how it trains and how it samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The name on the command line.
    pub name: &'static str,
    /// The sizes of the model, but for the vocabulary.
    model: Config,
    /// How it trains.
    pub training: Training,
    /// The temperature at which it samples.
    pub temperature: f64,
}

impl Preset {
    /// The gist, and the default of everything here.
    pub const GIST: Self = Self {
        name: "gist",
        model: Config {
            vocabulary: 0,
            n_layer: 1,
            n_embd: 16,
            n_head: 4,
            block_size: 16,
            activation: Activation::Relu,
            std: 0.08,
            zero_init: false,
        },
        training: Training {
            steps: 1000,
            learning_rate: 0.01,
            beta1: 0.85,
            beta2: 0.99,
            epsilon: 1e-8,
        },
        temperature: 0.5,
    };

    /// The version before: shorter documents, squared rectifiers, and maps to the residual stream that
    /// begin at zero.
    pub const EARLY: Self = Self {
        name: "early",
        model: Config {
            block_size: 8,
            activation: Activation::SquaredRelu,
            std: 0.02,
            zero_init: true,
            ..Self::GIST.model
        },
        training: Training { steps: 500, beta1: 0.9, beta2: 0.95, ..Self::GIST.training },
        temperature: 0.6,
    };

    /// All of them, the default first.
    pub const ALL: [Self; 2] = [Self::GIST, Self::EARLY];

    /// The version of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name == name)
    }

    /// Its model for this many tokens.
    #[must_use]
    pub fn config(&self, vocabulary: usize) -> Config {
        Config { vocabulary, ..self.model }
    }
}
