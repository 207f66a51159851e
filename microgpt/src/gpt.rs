//! The GPT of microgpt.py: parameters, and one forward pass for training and generation.

use thiserror::Error;

use crate::array::{Array, Matrix, Numbers, Vector};
use crate::layers::{
    attention, attention_weights, cross_entropy, embedding, linear, relu, residual, rmsnorm,
    squared_relu, weighted_cross_entropy,
};
use crate::preset::Preset;
use crate::random::PythonRandom;
use crate::real::Real;
use crate::shape::{Const, Dim};
use crate::tape::Tape;
use crate::value::Value;

/// The sizes of a model; the defaults are microgpt.py's.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "checkpoint",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Config {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "checkpoint", derive(serde::Serialize, serde::Deserialize))]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `max(x, 0)²`
    SquaredRelu,
}

impl Config {
    /// microgpt.py's sizes for this many tokens.
    #[must_use]
    pub fn new(vocabulary: usize) -> Self {
        Preset::GIST.config(vocabulary)
    }

    /// Whether the sizes make a model.
    ///
    /// # Errors
    ///
    /// If they do not.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (name, size) in [
            ("vocabulary", self.vocabulary),
            ("n_embd", self.n_embd),
            ("n_head", self.n_head),
            ("block_size", self.block_size),
        ] {
            if size == 0 {
                return Err(ConfigError::Zero(name));
            }
            if size > MAX_SIZE {
                return Err(ConfigError::TooLarge { name, size });
            }
        }
        if !(self.std >= 0.0 && self.std.is_finite()) {
            return Err(ConfigError::Std(self.std));
        }
        if !self.n_embd.is_multiple_of(self.n_head) {
            return Err(ConfigError::Heads { n_embd: self.n_embd, n_head: self.n_head });
        }
        Ok(())
    }

    /// The number of all parameters.
    fn count(&self) -> Result<usize, ConfigError> {
        let [vocabulary, layers, embd, block] =
            [self.vocabulary, self.n_layer, self.n_embd, self.block_size].map(|size| size as u128);
        // `check` has a limit for all but the layers, so that only they can be too many to count.
        let layers = layers.saturating_mul(12 * embd * embd);
        let parameters = layers.saturating_add((2 * vocabulary + block) * embd);
        match usize::try_from(parameters) {
            Ok(count) if count <= MAX_PARAMETERS => Ok(count),
            _ => Err(ConfigError::TooMany { parameters }),
        }
    }

    /// Name and shape, rows first, of every parameter in the order in which they are drawn.
    pub(crate) fn parameters(&self) -> Vec<(String, [usize; 2])> {
        let (embd, hidden) = (self.n_embd, 4 * self.n_embd);
        let mut all = vec![
            ("wte".to_owned(), [self.vocabulary, embd]),
            ("wpe".to_owned(), [self.block_size, embd]),
            ("lm_head".to_owned(), [self.vocabulary, embd]),
        ];
        for layer in 0..self.n_layer {
            for (name, shape) in [
                (ATTN_WQ, [embd, embd]),
                (ATTN_WK, [embd, embd]),
                (ATTN_WV, [embd, embd]),
                (ATTN_WO, [embd, embd]),
                (MLP_FC1, [hidden, embd]),
                (MLP_FC2, [embd, hidden]),
            ] {
                all.push((format!("layer{layer}.{name}"), shape));
            }
        }
        all
    }
}

const ATTN_WQ: &str = "attn_wq";
const ATTN_WK: &str = "attn_wk";
const ATTN_WV: &str = "attn_wv";
const ATTN_WO: &str = "attn_wo";
const MLP_FC1: &str = "mlp_fc1";
const MLP_FC2: &str = "mlp_fc2";

/// Sizes beyond this overflow a tape.
const MAX_SIZE: usize = 1 << 24;

/// More parameters than this leave a tape no room for what is computed with them.
const MAX_PARAMETERS: usize = 1 << 30;

/// Why a [`Config`] is not a model.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size that must be positive is 0.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A size that no memory holds.
    #[error("{name} ({size}) is more than {MAX_SIZE}")]
    TooLarge {
        /// Which size.
        name: &'static str,
        /// How large.
        size: usize,
    },
    /// Sizes that make more parameters than a tape holds.
    #[error("a model of these sizes has {parameters} parameters, more than {MAX_PARAMETERS}")]
    TooMany {
        /// The number that the sizes say.
        parameters: u128,
    },
    /// Sizes that this machine has no memory for.
    #[error("there is no memory for a model of {parameters} parameters and its training")]
    Memory {
        /// The number that the sizes say.
        parameters: usize,
    },
    /// The initial parameters have no such deviation.
    #[error("std ({0}) must be a number, 0 or more")]
    Std(f64),
    /// The heads do not divide the width.
    #[error("n_embd ({n_embd}) must be a multiple of n_head ({n_head})")]
    Heads {
        /// The width.
        n_embd: usize,
        /// The number of heads.
        n_head: usize,
    },
    /// The weights given are not as many as the sizes say.
    #[error("a model of these sizes has {expected} weights, not {found}")]
    Weights {
        /// The number that the sizes say.
        expected: usize,
        /// The number given.
        found: usize,
    },
}

/// A parameter of the model: a matrix on the tape, under microgpt.py's name for it.
#[derive(Clone, Debug)]
pub struct Parameter<'t, T: Real> {
    /// The key in microgpt.py's `state_dict`.
    pub name: String,
    /// Rows are outputs.
    pub matrix: Matrix<'t, usize, usize, T>,
}

/// A GPT whose parameters are on a tape.
#[derive(Debug)]
pub struct Gpt<'t, T: Real = f64> {
    config: Config,
    weights: Vector<'t, usize, T>,
    parameters: Vec<Parameter<'t, T>>,
    /// The positions of a document, so that no step makes them.
    places: Vec<usize>,
}

/// The matrices of one layer.
struct Layer<'t, E: Dim, M: Dim, T: Real> {
    attn_wq: Matrix<'t, E, E, T>,
    attn_wk: Matrix<'t, E, E, T>,
    attn_wv: Matrix<'t, E, E, T>,
    attn_wo: Matrix<'t, E, E, T>,
    mlp_fc1: Matrix<'t, M, E, T>,
    mlp_fc2: Matrix<'t, E, M, T>,
}

/// The axes of a model: `Const` where its sizes have a compiled path, `usize` for all others.
#[derive(Clone, Copy)]
struct Axes<E, H, J, M> {
    embd: E,
    heads: H,
    width: J,
    hidden: M,
}

/// The keys and values of the positions before, for generation token by token.
///
/// They are plain numbers: no gradient flows to the positions before.
#[derive(Clone, Debug)]
pub struct Cache<T> {
    keys: Vec<Vec<T>>,
    values: Vec<Vec<T>>,
    len: usize,
}

impl<T: Real> Cache<T> {
    /// The number of positions before.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the document begins here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all positions, to begin another document.
    pub fn clear(&mut self) {
        self.len = 0;
        for block in self.keys.iter_mut().chain(&mut self.values) {
            block.clear();
        }
    }
}

/// The new positions behind those that the cache holds, as one array.
fn extended<'t, H: Dim, J: Dim, T: Real>(
    cached: &mut Vec<T>,
    new: Array<'t, (usize, H, J), T>,
) -> Array<'t, (usize, H, J), T> {
    let (_, heads, width) = new.shape();
    new.with_data(|new| cached.extend_from_slice(new));
    let positions = cached.len() / (heads.len() * width.len());
    new.tape().array((positions, heads, width), cached)
}

/// Attention within each of several documents of these lengths, one after the other.
#[track_caller]
fn attention_of_each<'t, H: Dim, J: Dim, T: Real>(
    q: Array<'t, (usize, H, J), T>,
    k: Array<'t, (usize, H, J), T>,
    v: Array<'t, (usize, H, J), T>,
    lens: &[usize],
) -> Array<'t, (usize, H, J), T> {
    let (_, heads, width) = q.shape();
    let mut first = 0;
    let each = lens.iter().map(|&len| {
        let of = |x: Array<'t, _, T>| x.block(first, (len, heads, width));
        let document = [q, k, v].map(of);
        first += len * heads.len() * width.len();
        let [q, k, v] = document;
        attention(q, k, v, 0)
    });
    let each: Vec<_> = each.collect();
    q.tape().concatenate(&each, q.shape())
}

impl<'t, T: Real> Gpt<'t, T> {
    /// A model with Gaussian parameters, drawn in the order of microgpt.py.
    ///
    /// # Errors
    ///
    /// If the sizes do not make a model.
    pub fn new(
        tape: &'t Tape<T>,
        config: Config,
        random: &mut PythonRandom,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let count = config.count()?;
        let mut weights = Vec::new();
        // Training keeps a gradient and two means beside each weight. Where there is no room for
        // them, that is better known at once.
        let room = Vec::<T>::new().try_reserve_exact(4 * count);
        let room = room.and_then(|()| weights.try_reserve_exact(count));
        room.map_err(|_| ConfigError::Memory { parameters: count })?;
        for (name, [rows, columns]) in config.parameters() {
            let zero = config.zero_init && (name.ends_with(ATTN_WO) || name.ends_with(MLP_FC2));
            let std = if zero { 0.0 } else { config.std };
            weights.extend((0..rows * columns).map(|_| T::of(random.gauss(0.0, std))));
        }
        Self::with_weights(tape.vector(weights), config)
    }

    /// A model whose parameters are these, one after the other in the order of
    /// [`Gpt::parameters`].
    ///
    /// # Errors
    ///
    /// If the sizes do not make a model, or the number of weights is not theirs.
    pub fn with_weights(
        weights: Vector<'t, usize, T>,
        config: Config,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let expected = config.parameters().iter().map(|(_, [rows, columns])| rows * columns).sum();
        if weights.size() != expected {
            return Err(ConfigError::Weights { expected, found: weights.size() });
        }
        let mut start = 0;
        let parameters = config
            .parameters()
            .into_iter()
            .map(|(name, [rows, columns])| {
                let matrix = weights.block(start, (rows, columns));
                start += rows * columns;
                Parameter { name, matrix }
            })
            .collect();
        Ok(Self { config, weights, parameters, places: (0..config.block_size).collect() })
    }

    /// The sizes.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tape that holds the parameters.
    #[must_use]
    pub fn tape(&self) -> &'t Tape<T> {
        self.weights.tape()
    }

    /// All parameters as one block, for an optimiser.
    #[must_use]
    pub fn weights(&self) -> Vector<'t, usize, T> {
        self.weights
    }

    /// The parameters by name, in the order in which they were drawn.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter<'t, T>] {
        &self.parameters
    }

    /// An empty cache for generation.
    #[must_use]
    pub fn cache(&self) -> Cache<T> {
        let blocks = vec![Vec::new(); self.config.n_layer];
        Cache { keys: blocks.clone(), values: blocks, len: 0 }
    }

    /// The logits of the next token after each of `tokens`: `[tokens, vocabulary]`.
    ///
    /// With a cache, `tokens` follow the positions that it holds, and it then holds them too.
    ///
    /// # Panics
    ///
    /// If an id is not below the vocabulary, or the positions exceed the block size.
    #[must_use]
    #[track_caller]
    pub fn logits(
        &self,
        tokens: &[usize],
        cache: Option<&mut Cache<T>>,
    ) -> Matrix<'t, usize, usize, T> {
        self.logits_of(tokens, &[tokens.len()], cache)
    }

    /// The logits of several documents, one after the other, of which these are the lengths.
    #[track_caller]
    fn logits_of(
        &self,
        tokens: &[usize],
        lens: &[usize],
        cache: Option<&mut Cache<T>>,
    ) -> Matrix<'t, usize, usize, T> {
        let Config { n_embd, n_head, .. } = self.config;
        if (n_embd, n_head) == (16, 4) {
            let axes = Axes {
                embd: Const::<16>,
                heads: Const::<4>,
                width: Const::<4>,
                hidden: Const::<64>,
            };
            return self.forward(axes, tokens, lens, cache, |_, _| {});
        }
        let axes = Axes { embd: n_embd, heads: n_head, width: n_embd / n_head, hidden: 4 * n_embd };
        self.forward(axes, tokens, lens, cache, |_, _| {})
    }

    /// The mean loss, in nats, of predicting each token of a document from those before it.
    ///
    /// Only the first `block_size` predictions count.
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens, or an id is not below the vocabulary.
    #[must_use]
    #[track_caller]
    pub fn loss(&self, tokens: &[usize]) -> Value<'t, T> {
        assert!(tokens.len() > 1, "a document has two tokens at least, not {}", tokens.len());
        let count = self.config.block_size.min(tokens.len() - 1);
        cross_entropy(self.logits(&tokens[..count], None), &tokens[1..=count])
    }

    /// The sum of the losses of several documents, in nats a token, in one forward pass for all.
    ///
    /// # Panics
    ///
    /// As [`Gpt::loss`], of any of the documents.
    #[must_use]
    #[track_caller]
    pub fn total_loss(&self, documents: &[&[usize]]) -> Value<'t, T> {
        let tokens: usize = documents.iter().map(|tokens| tokens.len()).sum();
        let (mut inputs, mut targets) = (Vec::with_capacity(tokens), Vec::with_capacity(tokens));
        let (mut lens, mut weights) =
            (Vec::with_capacity(documents.len()), Vec::with_capacity(tokens));
        for tokens in documents {
            assert!(tokens.len() > 1, "a document has two tokens at least, not {}", tokens.len());
            let count = self.config.block_size.min(tokens.len() - 1);
            inputs.extend_from_slice(&tokens[..count]);
            targets.extend_from_slice(&tokens[1..=count]);
            lens.push(count);
            weights.extend(std::iter::repeat_n(T::of(count as f64).recip(), count));
        }
        weighted_cross_entropy(self.logits_of(&inputs, &lens, None), &targets, &weights)
    }

    /// [`Gpt::loss`] as a number, without a record of how it came about.
    ///
    /// # Panics
    ///
    /// As [`Gpt::loss`].
    #[must_use]
    #[track_caller]
    pub fn evaluate(&self, tokens: &[usize]) -> T {
        let tape = self.tape();
        let mark = tape.mark();
        let loss = tape.inference(|| self.loss(tokens).data());
        tape.rewind(mark);
        loss
    }

    /// How much each position looks at each before it: for each layer the attention weights of
    /// every head, `[heads, positions, positions]`, which sum to 1 over the last axis.
    ///
    /// # Panics
    ///
    /// As [`Gpt::logits`].
    #[must_use]
    #[track_caller]
    pub fn attention_weights(&self, tokens: &[usize]) -> Vec<Numbers<(usize, usize, usize), T>> {
        let Config { n_embd, n_head, .. } = self.config;
        let axes = Axes { embd: n_embd, heads: n_head, width: n_embd / n_head, hidden: 4 * n_embd };
        let mut weights = Vec::new();
        let tape = self.tape();
        let mark = tape.mark();
        tape.inference(|| {
            self.forward(axes, tokens, &[tokens.len()], None, |q, k| {
                let of_layer = attention_weights(q, k, 0);
                weights.push(Numbers::new(of_layer.shape(), of_layer.data()));
            })
        });
        tape.rewind(mark);
        weights
    }

    /// The documents of these lengths lie one after the other in `tokens`; a cache holds what was
    /// before the only one. `observe` sees the queries and keys of each layer.
    #[track_caller]
    fn forward<E: Dim, H: Dim, J: Dim, M: Dim>(
        &self,
        axes: Axes<E, H, J, M>,
        tokens: &[usize],
        lens: &[usize],
        mut cache: Option<&mut Cache<T>>,
        mut observe: impl FnMut(Array<'t, (usize, H, J), T>, Array<'t, (usize, H, J), T>),
    ) -> Matrix<'t, usize, usize, T> {
        let Config { vocabulary, block_size, .. } = self.config;
        let Axes { embd, heads, width, .. } = axes;
        let past = cache.as_ref().map_or(0, |cache| cache.len);
        let by_head = (tokens.len(), heads, width);
        let [wte, wpe, lm_head] = [0, 1, 2].map(|at| self.parameters[at].matrix);

        let wte = wte.reshape((vocabulary, embd));
        let wpe = wpe.reshape((block_size, embd));
        let mut packed = Vec::new();
        let place = match (lens, self.places.get(past..past + tokens.len())) {
            ([_], Some(place)) => place,
            ([_], None) => {
                packed.extend(past..past + tokens.len());
                &packed
            }
            (lens, _) => {
                packed.reserve_exact(tokens.len());
                packed.extend(lens.iter().flat_map(|&len| 0..len));
                &packed
            }
        };
        let mut x = rmsnorm(embedding(wte, wpe, tokens, place));
        for layer in 0..self.config.n_layer {
            let w = self.layer(layer, axes);
            let before = x;
            let x1 = rmsnorm(x);
            let q = linear(w.attn_wq, x1).reshape(by_head);
            let mut k = linear(w.attn_wk, x1).reshape(by_head);
            let mut v = linear(w.attn_wv, x1).reshape(by_head);
            if let Some(cache) = &mut cache {
                k = extended(&mut cache.keys[layer], k);
                v = extended(&mut cache.values[layer], v);
            }
            observe(q, k);
            let heads = match lens {
                [_] => attention(q, k, v, past),
                lens => attention_of_each(q, k, v, lens),
            };
            x = residual(linear(w.attn_wo, heads.reshape((tokens.len(), embd))), before);

            let before = x;
            let hidden = linear(w.mlp_fc1, rmsnorm(x));
            let hidden = match self.config.activation {
                Activation::Relu => relu(hidden),
                Activation::SquaredRelu => squared_relu(hidden),
            };
            x = residual(linear(w.mlp_fc2, hidden), before);
        }
        if let Some(cache) = cache {
            cache.len += tokens.len();
        }
        linear(lm_head.reshape((vocabulary, embd)), x)
    }

    fn layer<E: Dim, H: Dim, J: Dim, M: Dim>(
        &self,
        layer: usize,
        Axes { embd, hidden, .. }: Axes<E, H, J, M>,
    ) -> Layer<'t, E, M, T> {
        let at = |position: usize| self.parameters[3 + 6 * layer + position].matrix;
        Layer {
            attn_wq: at(0).reshape((embd, embd)),
            attn_wk: at(1).reshape((embd, embd)),
            attn_wv: at(2).reshape((embd, embd)),
            attn_wo: at(3).reshape((embd, embd)),
            mlp_fc1: at(4).reshape((hidden, embd)),
            mlp_fc2: at(5).reshape((embd, hidden)),
        }
    }
}
