//! Training: one example per step, or the mean of several.

use std::collections::BTreeSet;
use std::ops::Range;

use thiserror::Error;

#[cfg(feature = "mpi")]
use super::Tree;
use super::clip::clip;
#[cfg(feature = "mpi")]
use super::exchange::Exchange;
use super::frozen::{Frozen, size};
use super::gradients::Gradients;
use super::micro_batches::micro_batches;
use super::pull::Pull;
#[cfg(feature = "threads")]
use super::replicas::Replicas;
use super::{Optimiser, Rule, Schedule};
use crate::model::{Instance, Loss};
#[cfg(feature = "mpi")]
use crate::ranks::{Ranks, RanksError};
use crate::real::Real;
use crate::tape::{NotFinite, Quantity};

/// How a model trains: for how long, and how its optimiser moves it. The defaults are microgpt.py's.
///
/// ```
/// use microgpt::{Rule, Schedule, Training};
///
/// let training = Training {
///     steps: 5000,
///     learning_rate: 3e-3,
///     schedule: Schedule::Cosine { warm_up: 100, floor: 0.1 },
///     rule: Rule::Adam { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1 },
///     clip: Some(1.0),
/// };
/// training.check()?;
/// assert_eq!(training.learning_rate_at(49), 1.5e-3);
/// # Ok::<(), microgpt::train::Unusable>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "checkpoint",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Training {
    /// The number of steps.
    pub steps: usize,
    /// The highest learning rate, which the schedule scales down.
    pub learning_rate: f64,
    /// How the learning rate changes from step to step.
    pub schedule: Schedule,
    /// How the optimiser moves the parameters.
    pub rule: Rule,
    /// The greatest norm of a step's gradient; a longer one is scaled down.
    pub clip: Option<f64>,
}

impl Training {
    /// microgpt.py's.
    pub const GIST: Self = Self {
        steps: 1000,
        learning_rate: 0.01,
        schedule: Schedule::Linear,
        rule: Rule::GIST,
        clip: None,
    };
}

impl Default for Training {
    /// That of the gist.
    fn default() -> Self {
        Self::GIST
    }
}

/// A number with which nothing can train.
///
/// ```
/// use microgpt::Training;
///
/// let training = Training { learning_rate: -0.1, ..Training::default() };
/// let error = training.check().unwrap_err();
/// assert_eq!(error.to_string(), "the learning rate (-0.1) must be a number, 0 or more");
/// ```
#[derive(Clone, Copy, Error, PartialEq)]
#[error("{name} ({number}) must be {must}")]
pub struct Unusable {
    /// What it is.
    pub name: &'static str,
    /// The number.
    pub number: f64,
    /// What it must be.
    pub must: &'static str,
}

impl Training {
    /// Whether every number is one that can train.
    ///
    /// # Errors
    ///
    /// With the first number that does not.
    pub fn check(&self) -> Result<(), Unusable> {
        let share = |name, number| (name, number, (0.0..1.0).contains(&number), SHARE);
        let any = |name, number: f64| (name, number, number >= 0.0 && number.is_finite(), ANY);
        let mut all = vec![any("the learning rate", self.learning_rate)];
        match self.rule {
            Rule::Adam { beta1, beta2, epsilon, weight_decay } => all.extend([
                share("beta1", beta1),
                share("beta2", beta2),
                any("epsilon", epsilon),
                any("the weight decay", weight_decay),
            ]),
            Rule::Sgd { momentum } => all.push(share("the momentum", momentum)),
        }
        if let Schedule::Cosine { floor, .. } = self.schedule {
            all.push(("the floor", floor, (0.0..=1.0).contains(&floor), "from 0 to 1"));
        }
        if let Some(clip) = self.clip {
            all.push(("the greatest norm", clip, clip > 0.0 && clip.is_finite(), "above 0"));
        }
        match all.into_iter().find(|&(_, _, is_right, _)| !is_right) {
            Some((name, number, _, must)) => Err(Unusable { name, number, must }),
            None => Ok(()),
        }
    }

    /// The learning rate of a step, the first of which is 0.
    #[must_use]
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        self.learning_rate * self.schedule.share(step, self.steps)
    }
}

const SHARE: &str = "at least 0 and below 1";
const ANY: &str = "a number, 0 or more";

/// Why training stopped.
///
/// ```
/// use microgpt::train::TrainingError;
/// use microgpt::{Gpt, Instance, Tape, Trainer, Training};
///
/// let tape = Tape::new();
/// let gpt = Instance::with_parameters(tape.vector(vec![f64::NAN; 4192]), Gpt::new(27))?;
/// let error = Trainer::new(&gpt, Training::default()).step(&[&[26, 0, 26]]).unwrap_err();
/// assert!(matches!(error, TrainingError::Loss { step: 1, .. }));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Error, PartialEq)]
#[non_exhaustive]
pub enum TrainingError {
    /// Nothing is trained with these numbers.
    #[error(transparent)]
    Training(#[from] Unusable),
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
    /// A parameter that was not finite before the step, or whose gradient overflowed as contributions were added up.
    #[error("step {step}: the {quantity} of the parameter `{name}` at {index:?} is {number}")]
    Parameter {
        /// The step, of which the first is 1.
        step: usize,
        /// Whether it is the value or the gradient.
        quantity: Quantity,
        /// The parameter.
        name: String,
        /// Its index along each axis.
        index: Vec<usize>,
        /// The number.
        number: f64,
    },
}

/// Why training cannot be divided among so many threads.
///
/// ```
/// use microgpt::train::ThreadsError;
/// use microgpt::{Gpt, Instance, PythonRandom, Tape, Trainer, Training};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
/// let error = Trainer::new(&gpt, Training::default()).threads(0).unwrap_err();
/// assert!(matches!(error, ThreadsError::None));
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[cfg(feature = "threads")]
#[derive(Error)]
#[non_exhaustive]
pub enum ThreadsError {
    /// None were asked for.
    #[error("training on 0 threads: one thread at least")]
    None,
    /// The system does not give as many.
    #[error("training on {threads} threads: {error}")]
    System {
        /// How many were asked for.
        threads: usize,
        /// What it says.
        error: rayon::ThreadPoolBuildError,
    },
}

/// Trains a model, step by step.
///
/// ```
/// use microgpt::{CharTokenizer, Gpt, Instance, PythonRandom, Tape, Trainer, Training};
///
/// let tokenizer = CharTokenizer::new(["ada", "bob"]);
/// let tape = Tape::new();
/// let model = Gpt::new(tokenizer.vocabulary());
/// let gpt = Instance::new(&tape, model, &mut PythonRandom::new(42))?;
/// let mut trainer = Trainer::new(&gpt, Training { steps: 20, ..Training::default() });
/// let document = tokenizer.encode("ada")?;
/// let first = trainer.step(&[&document])?;
/// for _ in 1..20 {
///     trainer.step(&[&document])?;
/// }
/// assert!(gpt.evaluate(&[&document]) < first / 2.0);
/// assert_eq!(trainer.steps(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer<'m, 't, M: Loss, T: Real = f64> {
    model: &'m Instance<'t, M, T>,
    training: Training,
    /// Looked at once: a step does not allocate.
    usable: Result<(), Unusable>,
    optimiser: Optimiser<T>,
    frozen: Frozen,
    steps: usize,
    check_finite: bool,
    gradients: Gradients<T>,
    #[cfg(feature = "threads")]
    replicas: Option<Replicas<T>>,
    #[cfg(feature = "mpi")]
    exchange: Option<Exchange<T>>,
}

impl<'m, 't, M: Loss, T: Real> Trainer<'m, 't, M, T> {
    /// Training from the first step, on one thread. The gradients of the parameters should be 0, as they are
    /// on a new tape.
    #[must_use]
    pub fn new(model: &'m Instance<'t, M, T>, training: Training) -> Self {
        Self {
            model,
            training,
            usable: training.check(),
            optimiser: Optimiser::new(training.rule),
            frozen: Frozen::new(model.parameters(), BTreeSet::new()),
            steps: 0,
            check_finite: false,
            gradients: Gradients::default(),
            #[cfg(feature = "threads")]
            replicas: None,
            #[cfg(feature = "mpi")]
            exchange: None,
        }
    }

    /// Goes on after this many steps, with what the optimiser remembers. Its figures, as the betas of Adam, are those
    /// of the training. What was frozen is [frozen](Trainer::freeze) before. Of a file
    /// [`Progress::trainer`](crate::checkpoint::Progress::trainer) does all of it.
    ///
    /// # Panics
    ///
    /// If the training's rule makes another optimiser than this one, or it remembers more or fewer numbers than are
    /// trained.
    #[must_use]
    #[track_caller]
    pub fn resumed(mut self, steps: usize, optimiser: Optimiser<T>) -> Self {
        let rule = self.training.rule;
        let names = |optimiser: &Optimiser<T>| {
            optimiser.remembered().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        let found = names(&optimiser);
        let Some(optimiser) = optimiser.by(rule) else {
            panic!(
                "the optimiser remembers {found}, and that of the training's rule {}",
                names(&Optimiser::new(rule))
            )
        };
        self.steps = steps;
        self.optimiser = optimiser;
        self.require_remembered();
        self
    }

    /// Whether the optimiser remembers what is trained, if it remembers anything.
    #[track_caller]
    fn require_remembered(&self) {
        let trained = size(&self.frozen.moved);
        for (name, numbers) in self.optimiser.remembered() {
            assert!(
                numbers.is_empty() || numbers.len() == trained,
                "the optimiser remembers {} numbers as `{name}`, and {trained} are trained: a training that goes on \
                 freezes first what it froze before, and nothing else",
                numbers.len()
            );
        }
    }

    /// Freezes the parameters of these names, beside those that are frozen: they stay as they are, the optimiser
    /// remembers nothing of them, and their gradients are no part of the norm that is clipped. A training that goes on
    /// must freeze the same ones: [`frozen`](Trainer::frozen) says which, and a checkpoint keeps them.
    ///
    /// ```
    /// use microgpt::{Gpt, Instance, PythonRandom, Tape, Trainer, Training};
    ///
    /// let tape = Tape::new();
    /// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
    /// let before = gpt.weights().wte.data();
    /// let trainer = Trainer::new(&gpt, Training::default());
    /// let mut trainer = trainer.freeze(|name| name == "wte" || name.starts_with("layer0."));
    /// trainer.step(&[&[26, 0, 26]])?;
    /// assert_eq!(gpt.weights().wte.data(), before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no parameter of such a name, or none is left to train, or the optimiser has moved one of them before.
    #[must_use]
    #[track_caller]
    pub fn freeze(mut self, mut is_frozen: impl FnMut(&str) -> bool) -> Self {
        let names = || self.model.parameters().iter().map(|parameter| &parameter.name[..]);
        let mut frozen: BTreeSet<String> =
            names().filter(|name| is_frozen(name)).map(str::to_owned).collect();
        assert!(
            !frozen.is_empty(),
            "no parameter that is to be frozen: there are {}",
            names().collect::<Vec<_>>().join(", ")
        );
        frozen.append(&mut self.frozen.names.clone());
        self = self.with_frozen(frozen);
        assert!(!self.frozen.moved.is_empty(), "all parameters are frozen: none is left to train");
        self.require_remembered();
        self
    }

    /// Freezes these and no others.
    #[must_use]
    pub(crate) fn with_frozen(mut self, names: BTreeSet<String>) -> Self {
        self.frozen = Frozen::new(self.model.parameters(), names);
        self
    }

    /// Looks at every number of every step, and tells where the first came up that is not finite: in which parameter, or
    /// else in which equation.
    /// Without it the loss alone is watched, which costs nothing.
    #[must_use]
    pub fn check_finite(mut self, check: bool) -> Self {
        self.check_finite = check;
        self
    }

    /// Divides the micro-batches of each batch among this many threads, for the same bits as on one.
    ///
    /// # Errors
    ///
    /// If the number is 0, or the system does not give as many.
    #[cfg(feature = "threads")]
    pub fn threads(mut self, threads: usize) -> Result<Self, ThreadsError> {
        self.replicas = match threads {
            0 => return Err(ThreadsError::None),
            1 => None,
            several => Some(Replicas::new(several)?),
        };
        Ok(self)
    }

    /// Divides the micro-batches of each batch among processes, for the same bits as in one. Each process
    /// makes the same calls, with the whole batch, and divides what is its own among its `threads`.
    ///
    /// It is called after all others that say how to train, for the processes compare what they have so
    /// far.
    ///
    /// # Errors
    ///
    /// If the training, the model, its parameters or the optimiser of one process are not those of the
    /// first: each process then gets the same error. Or if the numbers are dual ones.
    #[cfg(feature = "mpi")]
    pub fn ranks(mut self, ranks: &Ranks) -> Result<Self, RanksError> {
        let Self { model, training, steps, check_finite, frozen, .. } = &self;
        ranks.compare("training", &format!("{training:?} {check_finite} {:?}", frozen.names))?;
        ranks.compare("model", &format!("{:?}", model.parameters()))?;
        let bits = |numbers: &[T]| -> Vec<u64> {
            numbers.iter().map(|number| number.as_f64().to_bits()).collect()
        };
        ranks.compare("parameters", &model.block().with_data(bits))?;
        let remembered = self.optimiser.remembered();
        let remembered: Vec<_> = remembered.iter().map(|(_, numbers)| bits(numbers)).collect();
        ranks.compare("optimiser", &(steps, remembered))?;
        self.exchange = Some(Exchange::new(ranks.clone())?);
        Ok(self)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &'m Instance<'t, M, T> {
        self.model
    }

    /// How it trains.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The number of steps that were made.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The names of the parameters that are frozen.
    #[must_use]
    pub fn frozen(&self) -> &BTreeSet<String> {
        &self.frozen.names
    }

    /// The optimiser.
    #[must_use]
    pub fn optimiser(&self) -> &Optimiser<T> {
        &self.optimiser
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.training.learning_rate_at(self.steps)
    }

    /// Makes a train step: moves the parameters by the mean of the gradients of a batch, and returns the
    /// mean of its losses as they were before.
    ///
    /// Examples go through the model in micro-batches, each in one forward pass. Which they are
    /// follows from the batch and the model, and their gradients are added in a
    /// [`Tree`](super::Tree): the bits are the same for any number of `threads`, and of `ranks`.
    ///
    /// # Errors
    ///
    /// If [the training](Training::check) cannot train, or the loss is not finite, or with
    /// [`check_finite`](Trainer::check_finite) any number; the parameters are then as they were.
    ///
    /// # Panics
    ///
    /// If there is no example, or one is none that the model can learn from: a document has two
    /// tokens at least, each below the vocabulary.
    #[track_caller]
    pub fn step(&mut self, examples: &[&M::Example]) -> Result<T, TrainingError> {
        assert!(!examples.is_empty(), "a train step has one example at least");
        self.usable?;
        let share = T::of(examples.len() as f64).recip();
        let check_finite = self.check_finite.then(|| self.model.parameters());
        let pull = Pull { share, check_finite, step: self.steps + 1 };
        pull.watch_parameters(self.model.block())?;
        let losses = if let [_] = examples {
            self.pull_back_at_once(pull, examples)
        } else {
            match &micro_batches(self.model.model(), examples)[..] {
                [examples] => self.pull_back_at_once(pull, examples),
                several => self.pull_back(pull, several),
            }
        };
        self.finish(losses.map(|losses| losses * share))
    }

    #[track_caller]
    fn pull_back_at_once(
        &self,
        pull: Pull<'_, T>,
        examples: &[&M::Example],
    ) -> Result<T, TrainingError> {
        let model = self.model;
        pull.back(model.model(), model.weights(), model.block(), examples)
    }

    /// The sum of the losses of all micro-batches, and of their gradients in the block.
    #[track_caller]
    fn pull_back(
        &mut self,
        pull: Pull<'_, T>,
        micro_batches: &[&[&M::Example]],
    ) -> Result<T, TrainingError> {
        #[cfg(feature = "mpi")]
        if let Some(mut exchange) = self.exchange.take() {
            let sum = self.pull_back_on_ranks(pull, micro_batches, &mut exchange);
            self.exchange = Some(exchange);
            return sum;
        }
        self.pull_back_subtree(pull, micro_batches, 0..micro_batches.len())
    }

    /// [`pull_back`](Trainer::pull_back) of this rank's share, and then of all.
    #[cfg(feature = "mpi")]
    #[track_caller]
    fn pull_back_on_ranks(
        &mut self,
        pull: Pull<'_, T>,
        micro_batches: &[&[&M::Example]],
        exchange: &mut Exchange<T>,
    ) -> Result<T, TrainingError> {
        let block = self.model.block();
        let tree = Tree::new(micro_batches.len());
        let ranks = exchange.ranks().clone();
        let share = |rank| tree.share(rank, ranks.size());
        let mut failed = false;
        for node in tree.subtrees(&share(ranks.rank())) {
            // The others wait for every sum, also where one makes no sense.
            let loss = self.pull_back_subtree(pull, micro_batches, node);
            failed |= loss.is_err();
            let loss = loss.unwrap_or(T::nan());
            block.update_gradients(|own| exchange.put(own, loss));
        }
        let loss = exchange.add_up(tree, block);
        // A sum that is no number is seen by all: only then do they ask each other.
        if loss.is_nan()
            && let Some(first) = ranks.first(failed)
        {
            block.update_gradients(|own| own.fill(T::zero()));
            // The same numbers make the same error here.
            for at in share(first) {
                self.pull_back_at_once(pull, micro_batches[at])?;
                block.update_gradients(|own| own.fill(T::zero()));
            }
        }
        Ok(loss)
    }

    /// [`pull_back`](Trainer::pull_back) of the micro-batches of a subtree, on the threads of this process.
    #[track_caller]
    fn pull_back_subtree(
        &mut self,
        pull: Pull<'_, T>,
        micro_batches: &[&[&M::Example]],
        node: Range<usize>,
    ) -> Result<T, TrainingError> {
        #[cfg(feature = "threads")]
        if let Some(replicas) = &mut self.replicas {
            return replicas.pull_back(pull, self.model, micro_batches, node);
        }
        let model = self.model;
        let (sizes, weights, block) = (model.model(), model.weights(), model.block());
        let mut leaf = |at: usize| pull.back(sizes, weights, block, micro_batches[at]);
        self.gradients.add_up(node, block, &mut leaf)
    }

    /// Moves the parameters, unless something went wrong: then they stay as they are.
    #[track_caller]
    fn finish(&mut self, loss: Result<T, TrainingError>) -> Result<T, TrainingError> {
        let block = self.model.block();
        if loss.is_ok() {
            block.update_gradients(|gradients| self.frozen.silence(gradients));
            if let Some(limit) = self.training.clip {
                block.update_gradients(|gradients| clip(gradients, limit));
            }
            let learning_rate = self.learning_rate();
            self.optimiser.step_of(block, &self.frozen.moved, learning_rate);
            self.steps += 1;
        } else {
            block.update_gradients(|gradients| gradients.fill(T::zero()));
        }
        loss
    }
}
