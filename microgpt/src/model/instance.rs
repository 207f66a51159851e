//! A model with its parameters on a tape.

use std::collections::HashSet;
use std::error::Error;
use std::f64::consts::LN_2;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::context::{Context, forward};
use super::parameters::{Declaration, Ledger, Parameters};
use super::{LanguageModel, Loss, Model};
use crate::array::{Matrix, Vector};
use crate::random::PythonRandom;
use crate::real::Real;
use crate::tape::Tape;
use crate::value::Value;

/// More parameters than this leave a tape no room for what is computed with them.
pub(super) const MAX_PARAMETERS: usize = 1 << 30;

/// Why there is no such model.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let sizes = Gpt { n_head: 3, ..Gpt::new(27) };
/// let error = Instance::new(&tape, sizes, &mut PythonRandom::new(42)).unwrap_err();
/// assert_eq!(error.to_string(), "n_embd (16) must be a multiple of n_head (3)");
/// ```
#[derive(Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A size that must be positive is 0.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A size that no memory holds.
    #[error("{name} ({size}) is more than {most}")]
    TooLarge {
        /// Which size.
        name: &'static str,
        /// How large.
        size: usize,
        /// The largest possible.
        most: usize,
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
    /// A standard deviation that is none.
    #[error("{name} ({number}) must be a number, 0 or more")]
    Deviation {
        /// Which number.
        name: &'static str,
        /// What it is.
        number: f64,
    },
    /// A size that does not divide another.
    #[error("{whole_name} ({whole}) must be a multiple of {part_name} ({part})")]
    Multiple {
        /// What is divided.
        whole_name: &'static str,
        /// How large it is.
        whole: usize,
        /// By what.
        part_name: &'static str,
        /// How large that is.
        part: usize,
    },
    /// Two parameters have one name.
    #[error("two parameters are called `{0}`")]
    Twice(String),
    /// The numbers given are not as many as the parameters have.
    #[error("a model of these sizes has {expected} parameters, not {found}")]
    Parameters {
        /// The number that the sizes say.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// What a model of another crate says against its sizes.
    #[error(transparent)]
    Refused(#[from] Box<dyn Error + Send + Sync>),
}

/// One of a model's parameters, as the model declared it.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
/// let first = &gpt.parameters()[0];
/// assert_eq!((first.name.as_str(), first.size()), ("wte", 27 * 16));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The lengths of its axes.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// The number of its elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A model with its parameters on a tape, in one block.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
/// assert_eq!(gpt.block().size(), 4192);
/// let tokens = [26, 0, 1, 26];
/// gpt.loss(&[&tokens]).backward();
/// assert!(gpt.weights().wte.grad().iter().any(|&gradient| gradient != 0.0));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
pub struct Instance<'t, M: Model, T: Real = f64> {
    model: M,
    weights: M::Weights<'t, T>,
    block: Vector<'t, usize, T>,
    parameters: Arc<[Parameter]>,
}

/// The parameters that a model declares, and the number of their numbers.
pub(crate) fn declared<M: Model, T: Real>(
    model: &M,
    tape: &Tape<T>,
) -> Result<(Vec<Declaration>, usize), ModelError> {
    model.check()?;
    let mut ledger = Ledger::List { tape, declared: Vec::new() };
    model.weights(&mut Parameters::new(&mut ledger));
    let declared = match ledger {
        Ledger::List { declared, .. } => declared,
        Ledger::Block { .. } => Vec::new(),
    };
    let mut names = HashSet::new();
    let mut all = declared.iter().map(|one| &one.parameter.name);
    if let Some(name) = all.find(|name| !names.insert(name.as_str())) {
        return Err(ModelError::Twice(name.clone()));
    }
    let size = |one: &Declaration| {
        let lens = one.parameter.shape.iter();
        lens.fold(1, |size: u128, &len| size.saturating_mul(len as u128))
    };
    let parameters = declared.iter().map(size).fold(0, u128::saturating_add);
    match usize::try_from(parameters) {
        Ok(count) if count <= MAX_PARAMETERS => Ok((declared, count)),
        _ => Err(ModelError::TooMany { parameters }),
    }
}

impl<'t, M: Model, T: Real> Instance<'t, M, T> {
    /// A model whose parameters are drawn, in the order of their declarations.
    ///
    /// # Errors
    ///
    /// If the sizes do not make a model, or one that this machine has no memory for.
    #[track_caller]
    pub fn new(tape: &'t Tape<T>, model: M, random: &mut PythonRandom) -> Result<Self, ModelError> {
        let (declared, count) = declared(&model, tape)?;
        let mut numbers = Vec::new();
        // Training keeps a gradient and two means beside each parameter. Where there is no room for
        // them, that is better known at once.
        let room = Vec::<T>::new().try_reserve_exact(4 * count);
        let room = room.and_then(|()| numbers.try_reserve_exact(count));
        room.map_err(|_| ModelError::Memory { parameters: count })?;
        for one in &declared {
            let size = one.parameter.size();
            numbers.extend((0..size).map(|_| T::of(one.beginning.draw(random))));
        }
        Ok(Self::of_declared(model, declared, tape.vector(numbers)))
    }

    /// A model whose parameters are these numbers, in the order of their declarations.
    ///
    /// # Errors
    ///
    /// If the sizes do not make a model, or one of another number of parameters.
    #[track_caller]
    pub fn with_parameters(block: Vector<'t, usize, T>, model: M) -> Result<Self, ModelError> {
        let (declared, expected) = declared(&model, block.tape())?;
        if block.size() != expected {
            return Err(ModelError::Parameters { expected, found: block.size() });
        }
        Ok(Self::of_declared(model, declared, block))
    }

    #[track_caller]
    fn of_declared(model: M, declared: Vec<Declaration>, block: Vector<'t, usize, T>) -> Self {
        let parameters: Arc<[_]> = declared.into_iter().map(|one| one.parameter).collect();
        let weights = weights_in(&model, block, &parameters);
        Self { model, weights, block, parameters }
    }

    /// The sizes.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The parameters as the model holds them.
    #[must_use]
    pub fn weights(&self) -> &M::Weights<'t, T> {
        &self.weights
    }

    /// All parameters as one block, for an optimiser.
    #[must_use]
    pub fn block(&self) -> Vector<'t, usize, T> {
        self.block
    }

    /// What the parameters are, in the order in which they lie in the [`block`](Instance::block).
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The [`parameters`](Instance::parameters), for [`weights_in`].
    pub(crate) fn listed(&self) -> &Arc<[Parameter]> {
        &self.parameters
    }

    /// The elements of one parameter, row-major, if there is one of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Vector<'t, usize, T>> {
        let mut start = 0;
        for parameter in self.parameters.iter() {
            if parameter.name == name {
                return Some(self.block.block(start, (parameter.size(),)));
            }
            start += parameter.size();
        }
        None
    }

    /// The tape that holds the parameters.
    #[must_use]
    pub fn tape(&self) -> &'t Tape<T> {
        self.block.tape()
    }

    /// The sum of the losses of several examples; for a [`LanguageModel`], of the mean loss of each
    /// document, in nats per token.
    ///
    /// # Panics
    ///
    /// If an example is none that the model can learn from.
    #[must_use]
    #[track_caller]
    pub fn loss(&self, examples: &[&M::Example]) -> Value<'t, T>
    where
        M: Loss,
    {
        self.model.loss(self.tape(), &self.weights, examples)
    }

    /// [`loss`](Instance::loss) as a number, without gradients; the tape is as long after it as before.
    ///
    /// # Panics
    ///
    /// As [`loss`](Instance::loss).
    #[must_use]
    #[track_caller]
    pub fn evaluate(&self, examples: &[&M::Example]) -> T
    where
        M: Loss,
    {
        let tape = self.tape();
        let mark = tape.mark();
        let loss = tape.inference(|| self.loss(examples).data());
        tape.rewind(mark);
        loss
    }
}

/// The loss of documents that the model was not trained on, in two units.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let zeros = Gpt { std: 0.0, ..Gpt::new(4) };
/// let gpt = Instance::new(&tape, zeros, &mut PythonRandom::new(42))?;
/// // Four tokens are equally likely: 2 bits for each. "ab" is three tokens, for it ends, and two
/// // characters.
/// let loss = gpt.validation_loss([&[3, 0, 1, 3][..]]);
/// assert!((loss.nats_per_token - 4f64.ln()).abs() < 1e-12);
/// assert!((loss.bits_per_character - 3.0).abs() < 1e-12);
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValidationLoss {
    /// The mean of `-ln p` over all tokens: characters and ends of documents.
    pub nats_per_token: f64,
    /// The same sum in bits, over the number of characters: what the ends cost is shared among them.
    pub bits_per_character: f64,
}

impl<'t, M: LanguageModel, T: Real> Instance<'t, M, T> {
    /// The logits of the token that follows each of `tokens`: `[tokens, vocabulary]`.
    ///
    /// # Panics
    ///
    /// If an id is not below the vocabulary, or the positions exceed the block size, or the model gives other than a row
    /// for each token and a column for each of its vocabulary.
    #[must_use]
    #[track_caller]
    pub fn logits(
        &self,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        forward(&self.model, &self.weights, tokens, context)
    }

    /// The validation loss: the mean over all tokens of some documents, each of which begins and ends
    /// with the token that does. Nothing is trained.
    ///
    /// # Panics
    ///
    /// If there is no document, or as [`loss`](Instance::loss).
    #[must_use]
    #[track_caller]
    pub fn validation_loss<'d>(
        &self,
        documents: impl IntoIterator<Item = &'d [usize]>,
    ) -> ValidationLoss {
        let nats = |document: &'d [usize]| (document, self.nats(document));
        ValidationLoss::of(&self.model, documents.into_iter().map(nats))
    }

    /// The sum of `-ln p` over the tokens of a document.
    #[track_caller]
    pub(crate) fn nats(&self, document: &[usize]) -> f64 {
        self.evaluate(&[document]).as_f64() * self.model.positions(document) as f64
    }
}

impl ValidationLoss {
    /// The loss of documents of which each has its sum of `-ln p`.
    #[track_caller]
    pub(crate) fn of<'d>(
        model: &impl LanguageModel,
        documents: impl Iterator<Item = (&'d [usize], f64)>,
    ) -> Self {
        let (mut nats, mut tokens, mut characters) = (0.0, 0, 0);
        for (document, own) in documents {
            let counted = model.positions(document);
            nats += own;
            tokens += counted;
            characters += counted.min(document.len() - 2);
        }
        assert!(tokens > 0, "a validation loss is of one document at least");
        Self {
            nats_per_token: nats / tokens as f64,
            bits_per_character: nats / LN_2 / characters as f64,
        }
    }
}

/// The parameters of a model in a block that has their number; it must declare them as they were listed.
#[track_caller]
pub(crate) fn weights_in<'t, M: Model, T: Real>(
    model: &M,
    block: Vector<'t, usize, T>,
    listed: &Arc<[Parameter]>,
) -> M::Weights<'t, T> {
    let mut ledger = Ledger::Block { block, taken: 0, listed: Arc::clone(listed), next: 0 };
    let weights = model.weights(&mut Parameters::new(&mut ledger));
    ledger.finish();
    weights
}

impl<M: Model + fmt::Debug, T: Real> fmt::Debug for Instance<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("model", &self.model)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
