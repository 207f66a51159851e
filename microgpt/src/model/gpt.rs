//! The GPT of microgpt.py: its sizes, its parameters, and one forward pass for training and
//! generation.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{Context, Instance, LanguageModel, Model, ModelError, Parameters, Weight};
use crate::array::{Matrix, Numbers};
use crate::layers::{
    attention, attention_of_streams, attention_weights, embedding, linear, relu, rmsnorm,
    squared_relu,
};
use crate::real::Real;

/// The parameters of a [`Gpt`].
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
/// assert_eq!(gpt.weights().wte.shape(), (27, 16));
/// assert_eq!(gpt.weights().blocks[0].mlp_fc1.shape(), (64, 16));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Weights<'t, T: Real> {
    /// Token embeddings: `[vocabulary, n_embd]`.
    pub wte: Weight<'t, T>,
    /// Position embeddings: `[block_size, n_embd]`.
    pub wpe: Weight<'t, T>,
    /// The map from the residual stream to logits: `[vocabulary, n_embd]`.
    pub lm_head: Weight<'t, T>,
    /// Layer by layer.
    pub blocks: Vec<Block<'t, T>>,
}

/// The parameters of one layer: attention, `[n_embd, n_embd]` each, and an MLP, `[4 · n_embd, n_embd]` and
/// `[n_embd, 4 · n_embd]`. Rows are outputs.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
/// let block = &gpt.weights().blocks[0];
/// assert_eq!((block.attn_wq.shape(), block.mlp_fc1.shape()), ((16, 16), (64, 16)));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Debug)]
#[allow(missing_docs)] // the names of microgpt.py's `state_dict`
pub struct Block<'t, T: Real> {
    pub attn_wq: Weight<'t, T>,
    pub attn_wk: Weight<'t, T>,
    pub attn_wv: Weight<'t, T>,
    pub attn_wo: Weight<'t, T>,
    pub mlp_fc1: Weight<'t, T>,
    pub mlp_fc2: Weight<'t, T>,
}

impl Model for Gpt {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let Self { vocabulary, n_layer, n_embd, block_size, std, zero_init, .. } = *self;
        let onto_residual = if zero_init { 0.0 } else { std };
        Weights {
            wte: p.gauss("wte", (vocabulary, n_embd), std),
            wpe: p.gauss("wpe", (block_size, n_embd), std),
            lm_head: p.gauss("lm_head", (vocabulary, n_embd), std),
            blocks: (0..n_layer)
                .map(|layer| {
                    let mut p = p.within(&format!("layer{layer}"));
                    Block {
                        attn_wq: p.gauss("attn_wq", (n_embd, n_embd), std),
                        attn_wk: p.gauss("attn_wk", (n_embd, n_embd), std),
                        attn_wv: p.gauss("attn_wv", (n_embd, n_embd), std),
                        attn_wo: p.gauss("attn_wo", (n_embd, n_embd), onto_residual),
                        mlp_fc1: p.gauss("mlp_fc1", (4 * n_embd, n_embd), std),
                        mlp_fc2: p.gauss("mlp_fc2", (n_embd, 4 * n_embd), onto_residual),
                    }
                })
                .collect(),
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check_sizes()
    }

    fn vocabulary(&self) -> Option<usize> {
        Some(self.vocabulary)
    }

    fn micro_batch(&self) -> usize {
        // So that a pass over the weights pays.
        self.n_embd.max(128)
    }
}

impl LanguageModel for Gpt {
    fn block_size(&self) -> usize {
        self.block_size
    }

    #[track_caller]
    fn logits<'t, T: Real>(
        &self,
        weights: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        let by_head = (tokens.len(), self.n_head, self.n_embd / self.n_head);
        let heads = |x: Matrix<'t, usize, usize, T>| x.reshape(by_head);
        let activation = |x| match self.activation {
            Activation::Relu => relu(x),
            Activation::SquaredRelu => squared_relu(x),
        };
        let mut x = rmsnorm(embedding(weights.wte, weights.wpe, tokens, context.positions()));
        for w in &weights.blocks {
            let y = rmsnorm(x);
            let (q, k, v) = (linear(w.attn_wq, y), linear(w.attn_wk, y), linear(w.attn_wv, y));
            let (q, k, v) = (heads(q), heads(k), heads(v));
            let read = context.attend_in_streams(q, k, v, attention, attention_of_streams);
            x = x + linear(w.attn_wo, read.reshape(x.shape()));
            x = x + linear(w.mlp_fc2, activation(linear(w.mlp_fc1, rmsnorm(x))));
        }
        linear(weights.lm_head, x)
    }
}

/// The sizes of a GPT; [`Gpt::new`] has those of microgpt.py.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let sizes = Gpt { n_layer: 2, n_embd: 32, ..Gpt::new(27) };
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, sizes, &mut PythonRandom::new(42))?;
/// assert_eq!(gpt.block().size(), (2 * 27 + 16) * 32 + 2 * 12 * 32 * 32);
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "checkpoint",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Gpt {
    /// The number of tokens, the one that begins and ends a document included.
    pub vocabulary: usize,
    /// The number of layers, each attention and an MLP.
    pub n_layer: usize,
    /// The width of the residual stream.
    pub n_embd: usize,
    /// The number of attention heads, which divide `n_embd`.
    pub n_head: usize,
    /// The greatest number of positions of a document.
    pub block_size: usize,
    /// What the MLP applies between its two maps.
    pub activation: Activation,
    /// The standard deviation of the initial parameters.
    pub std: f64,
    /// Whether the two maps that write to the residual stream begin at zero.
    pub zero_init: bool,
}

/// The nonlinearity of the MLP.
///
/// ```
/// use microgpt::Activation;
///
/// let activation: Activation = "relu2".parse()?;
/// assert_eq!(activation, Activation::SquaredRelu);
/// assert_eq!(activation.to_string(), "relu2");
/// # Ok::<(), microgpt::model::gpt::UnknownActivation>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "checkpoint", derive(serde::Serialize, serde::Deserialize))]
pub enum Activation {
    /// `relu`: `max(x, 0)`
    Relu,
    /// `relu2`: `max(x, 0)²`
    SquaredRelu,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Relu, Self::SquaredRelu];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::SquaredRelu => "relu2",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no activation has.
///
/// ```
/// let error = "swish".parse::<microgpt::Activation>().unwrap_err();
/// assert_eq!(error.to_string(), "no activation is called `swish`: there are `relu` and `relu2`");
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[error("no activation is called `{0}`: there are `relu` and `relu2`")]
pub struct UnknownActivation(pub String);

impl FromStr for Activation {
    type Err = UnknownActivation;

    fn from_str(name: &str) -> Result<Self, UnknownActivation> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| UnknownActivation(name.to_owned()))
    }
}

impl Gpt {
    /// microgpt.py's sizes for this many tokens.
    #[must_use]
    pub const fn new(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            n_layer: 1,
            n_embd: 16,
            n_head: 4,
            block_size: 16,
            activation: Activation::Relu,
            std: 0.08,
            zero_init: false,
        }
    }

    fn check_sizes(&self) -> Result<(), ModelError> {
        for (name, size, least, most) in [
            ("vocabulary", self.vocabulary, 1, MAX_SIZE),
            ("n_embd", self.n_embd, 1, MAX_SIZE),
            ("n_head", self.n_head, 1, MAX_SIZE),
            ("block_size", self.block_size, 1, MAX_SIZE),
            ("n_layer", self.n_layer, 0, MAX_LAYERS),
        ] {
            if size < least {
                return Err(ModelError::Zero(name));
            }
            if size > most {
                return Err(ModelError::TooLarge { name, size, most });
            }
        }
        if !(self.std >= 0.0 && self.std.is_finite()) {
            return Err(ModelError::Deviation { name: "std", number: self.std });
        }
        if !self.n_embd.is_multiple_of(self.n_head) {
            return Err(ModelError::Multiple {
                whole_name: "n_embd",
                whole: self.n_embd,
                part_name: "n_head",
                part: self.n_head,
            });
        }
        Ok(())
    }
}

/// Sizes beyond this overflow a tape.
const MAX_SIZE: usize = 1 << 24;

/// Each layer has names and handles, which take memory before any number does.
const MAX_LAYERS: usize = 1 << 16;

/// Attention weights of one layer: `[heads, positions, positions]`.
pub type AttentionWeights<T> = Numbers<(usize, usize, usize), T>;

impl<T: Real> Instance<'_, Gpt, T> {
    /// How much each position looks at each before it: for each layer the attention weights of
    /// every head, `[heads, positions, positions]`, which sum to 1 over the last axis.
    ///
    /// ```
    /// use microgpt::{Gpt, Instance, PythonRandom, Tape};
    ///
    /// let tape = Tape::new();
    /// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
    /// let layers = gpt.attention_weights(&[26, 0, 1]);
    /// assert_eq!(layers[0].shape(), (4, 3, 3));
    /// // The first position of the first head sees itself alone.
    /// assert_eq!(layers[0][[0, 0, 0]], 1.0);
    /// # Ok::<(), microgpt::model::ModelError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`Instance::logits`].
    #[must_use]
    #[track_caller]
    pub fn attention_weights(&self, tokens: &[usize]) -> Vec<AttentionWeights<T>> {
        let tape = self.tape();
        let mark = tape.mark();
        let Gpt { n_embd, n_head, .. } = *self.model();
        let by_head = (tokens.len(), n_head, n_embd / n_head);
        let mut context = Context::observed();
        let weights = tape.inference(|| {
            let _ = self.logits(tokens, &mut context);
            let layers = context.attended().iter();
            let weights = layers.map(|[q, k]| {
                let weights = attention_weights(q.reshape(by_head), k.reshape(by_head), 0);
                Numbers::new(weights.shape(), weights.data())
            });
            weights.collect()
        });
        tape.rewind(mark);
        weights
    }
}
