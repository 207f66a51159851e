//! Training: one document a step, or the mean of several.

use thiserror::Error;

use crate::adam::Adam;
use crate::gpt::{Config, Gpt};
use crate::preset::Preset;
use crate::real::Real;
use crate::tape::NotFinite;
#[cfg(feature = "threads")]
use replicas::Replicas;

#[cfg(feature = "threads")]
mod replicas;

/// How a model trains: for how long, and how its optimiser moves it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "checkpoint",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Training {
    /// The number of steps over which the learning rate falls to 0.
    pub steps: usize,
    /// The learning rate of the first step.
    pub learning_rate: f64,
    /// The decay of the optimiser's mean of gradients.
    pub beta1: f64,
    /// The decay of its mean of squared gradients.
    pub beta2: f64,
    /// What it adds to the root of the second mean.
    pub epsilon: f64,
}

impl Default for Training {
    /// That of the gist.
    fn default() -> Self {
        Preset::GIST.training
    }
}

impl Training {
    /// What makes no sense in it, if anything does not.
    ///
    /// # Errors
    ///
    /// With what it is.
    pub fn check(&self) -> Result<(), String> {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(format!("{name} ({beta}) must be at least 0 and below 1"));
            }
        }
        for (name, number) in [("the learning rate", learning_rate), ("epsilon", epsilon)] {
            if !(number >= 0.0 && number.is_finite()) {
                return Err(format!("{name} ({number}) must be a number, 0 or more"));
            }
        }
        Ok(())
    }

    /// The learning rate of a step, the first of which is 0: it falls linearly, to 0 after the
    /// last.
    #[must_use]
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        let remaining = 1.0 - step as f64 / self.steps as f64;
        self.learning_rate * remaining.max(0.0)
    }
}

/// Why training stopped.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum TrainingError {
    /// The loss is not a number, or infinite.
    #[error("step {step}: the loss is {loss}; `Trainer::check_finite` tells where it comes from")]
    Loss {
        /// The step, of which the first is 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The first number that is not finite.
    #[error("step {step}: {found}")]
    NotFinite {
        /// The step, of which the first is 1.
        step: usize,
        /// What it is and where it came up.
        found: Box<NotFinite>,
    },
    /// A gradient of a parameter that overflowed as contributions were added up.
    #[error("step {step}: the gradient of `{name}` at {index:?} is {number}")]
    Parameter {
        /// The step, of which the first is 1.
        step: usize,
        /// The parameter.
        name: String,
        /// Row and column.
        index: [usize; 2],
        /// The number.
        number: f64,
    },
}

/// Why training cannot be divided among so many threads.
#[cfg(feature = "threads")]
#[derive(Clone, Debug, Error, PartialEq)]
#[error("training on {threads} threads: {reason}")]
pub struct ThreadsError {
    /// How many were asked for.
    pub threads: usize,
    /// What stands against it.
    pub reason: String,
}

/// Trains a [`Gpt`] with Adam and a learning rate that falls linearly to 0.
///
/// ```
/// use microgpt::{CharTokenizer, Config, Gpt, PythonRandom, Tape, Trainer, Training};
///
/// let tokenizer = CharTokenizer::new(["ada", "bob"]);
/// let tape = Tape::new();
/// let config = Config::new(tokenizer.vocabulary());
/// let gpt = Gpt::new(&tape, config, &mut PythonRandom::new(42))?;
/// let mut trainer = Trainer::new(&gpt, Training { steps: 20, ..Training::default() });
/// let document = tokenizer.encode("ada")?;
/// let first = trainer.learn(&document)?;
/// for _ in 1..20 {
///     trainer.learn(&document)?;
/// }
/// assert!(trainer.loss(&document) < first / 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer<'g, 't, T: Real = f64> {
    gpt: &'g Gpt<'t, T>,
    training: Training,
    adam: Adam<T>,
    step: usize,
    check_finite: bool,
    #[cfg(feature = "threads")]
    replicas: Option<Replicas<T>>,
}

/// The positions of a group of documents that go through one forward pass: as many as the model is
/// wide, so that a pass over its weights pays, but no fewer than this.
const GROUP: usize = 128;

/// Divides a batch into groups of much the same number of positions, in order.
///
/// It depends on the batch and the model, not on the threads: so do the bits of the gradients' sum.
fn groups<'d>(documents: &'d [&'d [usize]], config: &Config) -> Vec<&'d [&'d [usize]]> {
    let positions = |tokens: &[usize]| config.block_size.min(tokens.len().saturating_sub(1));
    let total: usize = documents.iter().map(|tokens| positions(tokens)).sum();
    // An even number of groups divides evenly among most numbers of threads.
    let count = match total.div_ceil(config.n_embd.max(GROUP)) {
        0 | 1 => 1,
        several => several.next_multiple_of(2).min(documents.len()),
    };
    let (mut groups, mut first, mut seen) = (Vec::with_capacity(count), 0, 0);
    for (at, tokens) in documents.iter().enumerate() {
        seen += positions(tokens);
        if seen * count >= total * (groups.len() + 1) || at + 1 == documents.len() {
            groups.push(&documents[first..=at]);
            first = at + 1;
        }
    }
    groups
}

/// What the groups of one step have in common.
#[derive(Clone, Copy)]
struct Pull<T> {
    /// The share of each document in the step's gradient.
    share: T,
    check_finite: bool,
    /// The step, of which the first is 1.
    step: usize,
}

impl<T: Real> Pull<T> {
    /// The sum of the losses of a group, after the share of its gradient was added to that of the
    /// weights.
    #[track_caller]
    fn back(self, gpt: &Gpt<'_, T>, documents: &[&[usize]]) -> Result<T, TrainingError> {
        let tape = gpt.tape();
        let mark = tape.mark();
        let loss = match documents {
            [tokens] => gpt.loss(tokens),
            documents => gpt.total_loss(documents),
        };
        loss.as_array().backward_with(&[self.share]);
        let watched = self.watch(gpt, loss.data());
        tape.rewind(mark);
        watched
    }

    fn watch(self, gpt: &Gpt<'_, T>, loss: T) -> Result<T, TrainingError> {
        let step = self.step;
        if self.check_finite {
            if let Some(found) = gpt.tape().not_finite() {
                return Err(TrainingError::NotFinite { step, found: Box::new(found) });
            }
            for parameter in gpt.parameters() {
                let gradient = parameter.matrix.grad();
                let (_, columns) = parameter.matrix.shape();
                if let Some(at) = gradient.iter().position(|number| !number.is_finite()) {
                    return Err(TrainingError::Parameter {
                        step,
                        name: parameter.name.clone(),
                        index: [at / columns, at % columns],
                        number: gradient[at].as_f64(),
                    });
                }
            }
        }
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(TrainingError::Loss { step, loss: loss.as_f64() })
        }
    }
}

impl<'g, 't, T: Real> Trainer<'g, 't, T> {
    /// Training from the first step.
    #[must_use]
    pub fn new(gpt: &'g Gpt<'t, T>, training: Training) -> Self {
        let adam = Adam::new(training.beta1, training.beta2, training.epsilon);
        Self {
            gpt,
            training,
            adam,
            step: 0,
            check_finite: false,
            #[cfg(feature = "threads")]
            replicas: None,
        }
    }

    /// Goes on after this many steps, with the optimiser as it was.
    #[must_use]
    pub fn resumed(mut self, step: usize, adam: Adam<T>) -> Self {
        self.step = step;
        self.adam = adam;
        self
    }

    /// Looks at every number of every step, and tells where the first came up that is not finite.
    /// Without it the loss alone is watched, which costs nothing.
    #[must_use]
    pub fn check_finite(mut self, check: bool) -> Self {
        self.check_finite = check;
        self
    }

    /// Divides each batch among this many threads, for the same bits as on one.
    ///
    /// # Errors
    ///
    /// If there is not one thread at least, or the system gives not so many.
    #[cfg(feature = "threads")]
    pub fn threads(mut self, threads: usize) -> Result<Self, ThreadsError> {
        self.replicas = match threads {
            0 => return Err(ThreadsError { threads, reason: "one thread at least".into() }),
            1 => None,
            several => Some(Replicas::new(several)?),
        };
        Ok(self)
    }

    /// How it trains.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The number of steps that were made.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// The optimiser.
    #[must_use]
    pub fn adam(&self) -> &Adam<T> {
        &self.adam
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.training.learning_rate_at(self.step)
    }

    /// Learns one document, given as tokens with BOS on both sides; returns its loss before, in
    /// nats a token.
    ///
    /// # Errors
    ///
    /// If the loss is not finite, or with [`check_finite`](Trainer::check_finite) any number; the
    /// parameters are then as they were.
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens, or an id is not below the vocabulary.
    #[track_caller]
    pub fn learn(&mut self, tokens: &[usize]) -> Result<T, TrainingError> {
        let loss = self.pull(T::one()).back(self.gpt, &[tokens]);
        self.finish(loss)
    }

    /// Learns several documents in one step, by the mean of their gradients; returns the mean of
    /// their losses.
    ///
    /// Documents go through the model in groups, each in one forward pass. Which they are follows
    /// from the batch and the model, and the groups' gradients are added in order: the bits are the same
    /// for any number of `threads`.
    ///
    /// # Errors
    ///
    /// As [`Trainer::learn`].
    ///
    /// # Panics
    ///
    /// As [`Trainer::learn`], and if there is no document.
    #[track_caller]
    pub fn learn_batch(&mut self, documents: &[&[usize]]) -> Result<T, TrainingError> {
        assert!(!documents.is_empty(), "a batch has one document at least");
        let share = T::of(documents.len() as f64).recip();
        let groups = groups(documents, self.gpt.config());
        let pull = self.pull(share);
        let losses = match &groups[..] {
            [documents] => pull.back(self.gpt, documents),
            groups => self.pull_back(pull, groups),
        };
        self.finish(losses.map(|losses| losses * share))
    }

    fn pull(&self, share: T) -> Pull<T> {
        Pull { share, check_finite: self.check_finite, step: self.step + 1 }
    }

    /// The sum of the losses of all groups, whose gradients are added in order.
    #[track_caller]
    fn pull_back(&mut self, pull: Pull<T>, groups: &[&[&[usize]]]) -> Result<T, TrainingError> {
        #[cfg(feature = "threads")]
        if let Some(replicas) = &mut self.replicas {
            return replicas.pull_back(pull, self.gpt, groups);
        }
        self.pull_back_in_turn(pull, groups)
    }

    /// Sums up the gradients of all groups, each from 0 as on a thread of its own.
    #[track_caller]
    fn pull_back_in_turn(&self, pull: Pull<T>, groups: &[&[&[usize]]]) -> Result<T, TrainingError> {
        let weights = self.gpt.weights();
        let mut gradients = vec![T::zero(); weights.size()];
        let mut losses = T::zero();
        for documents in groups {
            losses += pull.back(self.gpt, documents)?;
            weights.update_gradients(|own| {
                for (sum, own) in gradients.iter_mut().zip(own) {
                    *sum += *own;
                    *own = T::zero();
                }
            });
        }
        weights.update_gradients(|own| own.copy_from_slice(&gradients));
        Ok(losses)
    }

    /// Moves the weights, unless something went wrong: then they stay as they are.
    fn finish(&mut self, loss: Result<T, TrainingError>) -> Result<T, TrainingError> {
        if loss.is_ok() {
            self.adam.step(self.gpt.weights(), self.learning_rate());
            self.step += 1;
        } else {
            self.gpt.weights().update_gradients(|gradients| gradients.fill(T::zero()));
        }
        loss
    }

    /// The loss of a document that is not learnt, in nats a token.
    ///
    /// # Panics
    ///
    /// As [`Trainer::learn`].
    #[must_use]
    #[track_caller]
    pub fn loss(&self, tokens: &[usize]) -> T {
        self.gpt.evaluate(tokens)
    }
}
