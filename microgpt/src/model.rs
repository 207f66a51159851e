//! Models: what has parameters, and learns.
//!
//! A model is its sizes, a plain value. Its parameters are declared by name; an [`Instance`] holds
//! them on a tape. What a model needs besides is there once, for all of them: drawing and loading
//! ([`Parameters`]), training ([`Trainer`](crate::Trainer)), sampling ([`Sampler`](crate::Sampler)),
//! files (`Checkpoint`). [Writing a model](crate::guide::models) writes one from nothing.
//!
//! | trait | what it asks for | what it gives |
//! |---|---|---|
//! | [`Model`] | the parameters, by name | an [`Instance`] on a tape, checkpoints |
//! | [`Loss`] | a number to minimise | training: [`Trainer`](crate::Trainer) |
//! | [`LanguageModel`] | logits of the next token | [`Loss`], validation loss, sampling |

use crate::array::{Matrix, Vector};
use crate::layers::{cross_entropy, weighted_cross_entropy};
use crate::real::Real;
use crate::tape::Tape;
use crate::value::Value;

mod batch;
mod context;
pub mod gpt;
mod instance;
mod parameters;

pub use batch::Batch;
use batch::counted;
pub use context::Context;
use context::forward;
#[cfg(feature = "checkpoint")]
pub(crate) use instance::declared;
pub(crate) use instance::weights_in;
pub use instance::{Instance, ModelError, Parameter, ValidationLoss};
pub use parameters::Parameters;

/// A matrix among the parameters: rows are outputs.
pub type Weight<'t, T> = Matrix<'t, usize, usize, T>;

/// A vector among the parameters.
pub type Bias<'t, T> = Vector<'t, usize, T>;

/// The sizes of a model, which say what parameters it has.
///
/// A model is `Clone` because a checkpoint keeps it, and `Send + Sync` because threads share it.
///
/// ```
/// use microgpt::model::{Bias, Loss, Model, Parameters, Weight};
/// use microgpt::{Instance, PythonRandom, Real, Tape, Trainer, Training, Value, expr};
///
/// /// A line through points.
/// #[derive(Clone)]
/// struct Line;
///
/// struct Weights<'t, T: Real> {
///     slope: Bias<'t, T>,
///     offset: Bias<'t, T>,
/// }
///
/// impl Model for Line {
///     type Weights<'t, T: Real> = Weights<'t, T>;
///
///     fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
///         Weights { slope: p.gauss("slope", (1,), 1.0), offset: p.constant("offset", (1,), 0.0) }
///     }
/// }
///
/// impl Loss for Line {
///     type Example = [f64; 2];
///
///     fn loss<'t, T: Real>(
///         &self,
///         _: &'t Tape<T>,
///         w: &Weights<'t, T>,
///         points: &[&[f64; 2]],
///     ) -> Value<'t, T> {
///         let [x, y]: [Vec<T>; 2] =
///             [0, 1].map(|axis| points.iter().map(|point| T::of(point[axis])).collect());
///         expr!(sum((w.slope[0] * x[n] + w.offset[0] - y[n])^2 for n))
///     }
/// }
///
/// let tape = Tape::new();
/// let line = Instance::new(&tape, Line, &mut PythonRandom::new(1))?;
/// let mut trainer = Trainer::new(&line, Training { steps: 300, learning_rate: 0.1, ..Training::default() });
/// let points = [&[0.0, 1.0], &[1.0, 3.0], &[2.0, 5.0]];
/// for _ in 0..300 {
///     trainer.step(&points)?;
/// }
/// assert!((line.weights().slope.data()[0] - 2.0).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Model: Clone + Send + Sync {
    /// The parameters, on a tape.
    type Weights<'t, T: Real>;

    /// Declares every parameter, in the order in which they are drawn.
    ///
    /// It is called several times, before there are numbers and after, and must declare the same each time, in the same
    /// order: what it declares follows from the sizes alone. An [`Instance`] panics where a later call declares another
    /// parameter than the first.
    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Self::Weights<'t, T>;

    /// Whether the sizes make a model; asked before anything else.
    ///
    /// # Errors
    ///
    /// If they do not: [`ModelError`] has variants for the usual reasons, and
    /// [`Refused`](ModelError::Refused) for any other.
    fn check(&self) -> Result<(), ModelError> {
        Ok(())
    }

    /// The number of tokens, if it is a model of tokens: the tokenizer of its checkpoint must have as
    /// many, and its logits as many columns. None unless the model says otherwise.
    fn vocabulary(&self) -> Option<usize> {
        None
    }

    /// The size of a micro-batch, in [positions](Loss::positions): a batch that has more is divided, and
    /// each micro-batch goes through one forward pass. Threads take micro-batches. 128 unless the model
    /// says otherwise.
    fn micro_batch(&self) -> usize {
        128
    }
}

/// What a model minimises, over examples of one kind.
///
/// Every [`LanguageModel`] has one over documents: slices of tokens, with the token that begins and
/// ends a document on both sides. Another loss is that of a type around the model: [`Batch`] is what it begins with.
/// [`Model`] has an example of a loss over points.
pub trait Loss: Model {
    /// One of what it learns from: a labelled point, a document.
    type Example: ?Sized + Sync;

    /// The sum of the losses of several examples, in one forward pass for all of them. A train step
    /// divides by their number. `tape` is that of the weights, for what layers read of the examples.
    fn loss<'t, T: Real>(
        &self,
        tape: &'t Tape<T>,
        weights: &Self::Weights<'t, T>,
        examples: &[&Self::Example],
    ) -> Value<'t, T>;

    /// How much an example adds to a micro-batch: its positions, if it has any. 1 unless the model says
    /// otherwise.
    fn positions(&self, example: &Self::Example) -> usize {
        let _ = example;
        1
    }
}

/// A model that says what comes next: logits for every token, after each token of a document.
///
/// It has a [`Loss`] over documents, a [validation loss](Instance::validation_loss), and
/// [`Sampler`](crate::Sampler) and [`Streams`](crate::Streams) draw from it.
///
/// ```
/// use microgpt::layers::token_embedding;
/// use microgpt::model::Weight;
/// use microgpt::{
///     Context, Instance, LanguageModel, Matrix, Model, Parameters, PythonRandom, Real, Sampler, Sampling,
///     Tape,
/// };
///
/// /// The next token follows from the last alone: a table of logits.
/// #[derive(Clone)]
/// struct Bigram(usize);
///
/// impl Model for Bigram {
///     type Weights<'t, T: Real> = Weight<'t, T>;
///
///     fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weight<'t, T> {
///         p.gauss("table", (self.0, self.0), 0.1)
///     }
/// }
///
/// impl LanguageModel for Bigram {
///     fn block_size(&self) -> usize {
///         16
///     }
///
///     fn logits<'t, T: Real>(
///         &self,
///         table: &Weight<'t, T>,
///         tokens: &[usize],
///         _: &mut Context<'t, T>,
///     ) -> Matrix<'t, usize, usize, T> {
///         token_embedding(*table, tokens)
///     }
/// }
///
/// let tape = Tape::new();
/// let bigram = Instance::new(&tape, Bigram(5), &mut PythonRandom::new(1))?;
/// let mut sampler = Sampler::new(&bigram, 4, Sampling::default(), PythonRandom::new(2));
/// assert!(sampler.sample()?.iter().all(|&token| token < 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait LanguageModel: Model {
    /// The greatest number of positions of a document: longer ones are cut off in training, and
    /// sampling ends there.
    fn block_size(&self) -> usize;

    /// The logits of the token that follows each of `tokens`: `[tokens, vocabulary]`.
    ///
    /// The context knows what came before them, and which of them belong together. It is prepared by
    /// [`Instance::logits`], which is the way to call this; in a [`Loss`] of one's own, the context of a [`Batch`] is.
    /// Weights, tokens and context are all that logits depend on: what documents begin with is looked at once when many
    /// are drawn.
    ///
    /// # Panics
    ///
    /// If an id is not below the vocabulary, or the positions exceed the block size.
    fn logits<'t, T: Real>(
        &self,
        weights: &Self::Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T>;
}

/// The cross entropy of each token given those before it, in nats per token: the mean over a document,
/// the sum over documents. Only the first `block_size` predictions of a document count.
impl<M: LanguageModel> Loss for M {
    type Example = [usize];

    #[track_caller]
    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        weights: &M::Weights<'t, T>,
        documents: &[&[usize]],
    ) -> Value<'t, T> {
        if let [tokens] = documents {
            let count = counted(self.block_size(), tokens);
            let logits = forward(self, weights, &tokens[..count], &mut Context::document());
            return cross_entropy(logits, &tokens[1..=count]);
        }
        let batch = Batch::new(self.block_size(), documents);
        let logits = forward(self, weights, &batch.tokens, &mut batch.context());
        weighted_cross_entropy(logits, &batch.targets, &batch.shares())
    }

    fn positions(&self, tokens: &[usize]) -> usize {
        self.block_size().min(tokens.len().saturating_sub(1))
    }
}
