//! Which optimiser a training has.

use std::ops::Range;

use super::adam::{self, Adam};
use super::sgd::Sgd;
use crate::array::Vector;
use crate::real::Real;

/// Which optimiser moves the parameters, and its figures.
///
/// ```
/// use microgpt::{Rule, Training};
///
/// let training = Training { rule: Rule::Sgd { momentum: 0.9 }, ..Training::default() };
/// assert!(training.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "checkpoint",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub enum Rule {
    /// [`Adam`].
    Adam {
        /// The decay of the mean of gradients.
        beta1: f64,
        /// The decay of the mean of squared gradients.
        beta2: f64,
        /// What is added to the root of the second mean.
        epsilon: f64,
        /// The share of each parameter that a step takes off, times the learning rate.
        weight_decay: f64,
    },
    /// [`Sgd`].
    Sgd {
        /// The share of the velocity that stays.
        momentum: f64,
    },
}

impl Rule {
    /// microgpt.py's.
    pub const GIST: Self = {
        let [beta1, beta2, epsilon] = adam::GIST;
        Self::Adam { beta1, beta2, epsilon, weight_decay: 0.0 }
    };
}

impl Default for Rule {
    fn default() -> Self {
        Self::GIST
    }
}

/// An optimiser with what it remembers of each parameter.
///
/// ```
/// use microgpt::{Optimiser, Rule, Tape};
///
/// let tape = Tape::new();
/// let w = tape.vector(vec![3.0]);
/// let mut optimiser = Optimiser::new(Rule::Sgd { momentum: 0.5 });
/// w.update_gradients(|gradients| gradients[0] = 1.0);
/// optimiser.step(w, 0.1);
/// assert_eq!(optimiser.remembered(), [("sgd.velocity", &[1.0][..])]);
/// // Another goes on where this one is.
/// let again = Optimiser::new(Rule::Sgd { momentum: 0.5 }).resumed(1, vec![vec![1.0]]);
/// assert_eq!(again, optimiser);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Optimiser<T> {
    /// Adam.
    Adam(Adam<T>),
    /// Descent with momentum.
    Sgd(Sgd<T>),
}

impl<T: Real> Optimiser<T> {
    /// An optimiser before its first step.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        match rule {
            Rule::Adam { beta1, beta2, epsilon, weight_decay } => {
                Self::Adam(Adam::new(beta1, beta2, epsilon).weight_decay(weight_decay))
            }
            Rule::Sgd { momentum } => Self::Sgd(Sgd::new(momentum)),
        }
    }

    /// Moves the parameters against their gradients, and sets the gradients to zero.
    ///
    /// # Panics
    ///
    /// If the number of parameters is not that of the steps before.
    #[track_caller]
    pub fn step(&mut self, parameters: Vector<'_, usize, T>, learning_rate: f64) {
        match self {
            Self::Adam(adam) => adam.step(parameters, learning_rate),
            Self::Sgd(sgd) => sgd.step(parameters, learning_rate),
        }
    }

    /// [`step`](Optimiser::step) of some parts of a block; of the rest it remembers nothing.
    #[track_caller]
    pub(super) fn step_of(
        &mut self,
        block: Vector<'_, usize, T>,
        parts: &[Range<usize>],
        learning_rate: f64,
    ) {
        match self {
            Self::Adam(adam) => adam.step_of(block, parts, learning_rate),
            Self::Sgd(sgd) => sgd.step_of(block, parts, learning_rate),
        }
    }

    /// What it remembers, for a rule with other figures. One of another kind remembers other things: there is none.
    pub(super) fn by(self, rule: Rule) -> Option<Self> {
        match (Self::new(rule), self) {
            (Self::Adam(new), Self::Adam(old)) => Some(Self::Adam(old.by(new))),
            (Self::Sgd(new), Self::Sgd(old)) => Some(Self::Sgd(old.by(new))),
            _ => None,
        }
    }

    /// Whether it is one that the rule makes, by whatever figures.
    #[cfg(feature = "checkpoint")]
    pub(crate) fn is_by(&self, rule: Rule) -> bool {
        matches!(
            (rule, self),
            (Rule::Adam { .. }, Self::Adam(_)) | (Rule::Sgd { .. }, Self::Sgd(_))
        )
    }

    /// What it remembers of every parameter that it moves, by name: empty before the first step.
    #[must_use]
    pub fn remembered(&self) -> Vec<(&'static str, &[T])> {
        match self {
            Self::Adam(adam) => {
                let (mean, square) = adam.means();
                vec![(MEAN, mean), (SQUARE, square)]
            }
            Self::Sgd(sgd) => vec![(VELOCITY, sgd.velocity())],
        }
    }

    /// The optimiser after this many steps, with what it remembered: [`remembered`](Self::remembered)
    /// says in which order.
    ///
    /// # Panics
    ///
    /// If it remembers another number of things, or not as much of one as of the other.
    #[must_use]
    #[track_caller]
    pub fn resumed(self, steps: u64, remembered: Vec<Vec<T>>) -> Self {
        let expected = self.remembered().len();
        let found = remembered.len();
        let mut each = remembered.into_iter();
        match (self, each.next(), each.next(), each.next()) {
            (Self::Adam(adam), Some(mean), Some(square), None) => {
                Self::Adam(adam.resumed(steps, mean, square))
            }
            (Self::Sgd(sgd), Some(velocity), None, None) => Self::Sgd(sgd.resumed(steps, velocity)),
            _ => panic!("this optimiser remembers {expected} things, not {found}"),
        }
    }
}

const MEAN: &str = "adam.mean";
/// What is remembered under this name is never negative.
pub(crate) const SQUARE: &str = "adam.square";
const VELOCITY: &str = "sgd.velocity";
