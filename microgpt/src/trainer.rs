//! Training: one document a step.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::adam::Adam;
use crate::gpt::Gpt;
use crate::preset::Preset;
use crate::real::Real;
use crate::tape::NotFinite;

/// How a model trains: for how long, and how its optimiser moves it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

impl<'g, 't, T: Real> Trainer<'g, 't, T> {
    /// Training from the first step.
    #[must_use]
    pub fn new(gpt: &'g Gpt<'t, T>, training: Training) -> Self {
        let adam = Adam::new(training.beta1, training.beta2, training.epsilon);
        Self { gpt, training, adam, step: 0, check_finite: false }
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
        let loss = self.pull_back(tokens, T::one());
        self.finish(loss)
    }

    /// Learns several documents in one step, by the mean of their gradients; returns the mean of
    /// their losses. Each document's gradient is summed up by itself and they are added in their
    /// order, so that the bits do not depend on how the work was divided.
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
        if let [tokens] = documents {
            return self.learn(tokens);
        }
        let share = T::of(documents.len() as f64).recip();
        let weights = self.gpt.weights();
        let mut gradients = vec![T::zero(); weights.size()];
        let mut mean = T::zero();
        for tokens in documents {
            match self.pull_back(tokens, share) {
                Ok(loss) => mean += loss * share,
                error => return self.finish(error),
            }
            weights.update(|_, own| {
                for (sum, own) in gradients.iter_mut().zip(own) {
                    *sum += *own;
                    *own = T::zero();
                }
            });
        }
        weights.update(|_, own| own.copy_from_slice(&gradients));
        self.finish(Ok(mean))
    }

    /// Adds a share of one document's gradient to that of the weights.
    #[track_caller]
    fn pull_back(&self, tokens: &[usize], share: T) -> Result<T, TrainingError> {
        let tape = self.gpt.tape();
        let mark = tape.mark();
        let loss = self.gpt.loss(tokens);
        loss.as_array().backward_with(&[share]);
        let watched = self.watch(loss.data());
        tape.rewind(mark);
        watched
    }

    /// Moves the weights, unless something went wrong: then they stay as they are.
    fn finish(&mut self, loss: Result<T, TrainingError>) -> Result<T, TrainingError> {
        if loss.is_ok() {
            self.adam.step(self.gpt.weights(), self.learning_rate());
            self.step += 1;
        } else {
            self.gpt.weights().update(|_, gradients| gradients.fill(T::zero()));
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

    fn watch(&self, loss: T) -> Result<T, TrainingError> {
        let step = self.step + 1;
        if self.check_finite {
            if let Some(found) = self.gpt.tape().not_finite() {
                return Err(TrainingError::NotFinite { step, found: Box::new(found) });
            }
            for parameter in self.gpt.parameters() {
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
