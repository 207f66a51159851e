//! Stochastic gradient descent with momentum.

use std::ops::Range;
use std::slice;

use super::frozen::{remember, size, update_parts};
use crate::array::Vector;
use crate::real::Real;

/// Descent along the gradient, with a velocity that remembers those before (Sutskever 2013):
/// `v ← momentum · v + g`, `w ← w - learning rate · v`.
///
/// ```
/// use microgpt::{Sgd, Tape};
///
/// let tape = Tape::new();
/// let w = tape.vector(vec![3.0]);
/// let mut sgd = Sgd::new(0.5);
/// for _ in 0..2 {
///     w.update_gradients(|gradients| gradients[0] = 1.0);
///     sgd.step(w, 0.1);
/// }
/// assert!((w.data()[0] - (3.0 - 0.1 - 0.15)).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd<T> {
    momentum: f64,
    steps: u64,
    velocity: Vec<T>,
}

impl<T: Real> Sgd<T> {
    /// An optimiser before its first step. Momentum 0 is plain descent.
    #[must_use]
    pub fn new(momentum: f64) -> Self {
        Self { momentum, steps: 0, velocity: Vec::new() }
    }

    /// The optimiser after this many steps, with the velocity that it had.
    #[must_use]
    pub fn resumed(self, steps: u64, velocity: Vec<T>) -> Self {
        Self { steps, velocity, ..self }
    }

    /// What it remembers, for one with other figures.
    pub(super) fn by(self, figures: Self) -> Self {
        figures.resumed(self.steps, self.velocity)
    }

    /// The number of steps that were made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The velocity of each parameter; none before the first step.
    #[must_use]
    pub fn velocity(&self) -> &[T] {
        &self.velocity
    }

    /// Moves the parameters against their gradients, and sets the gradients to zero.
    ///
    /// # Panics
    ///
    /// If the number of parameters is not that of the steps before.
    #[track_caller]
    pub fn step(&mut self, parameters: Vector<'_, usize, T>, learning_rate: f64) {
        let all = 0..parameters.size();
        self.step_of(parameters, slice::from_ref(&all), learning_rate);
    }

    /// [`step`](Sgd::step) of some parts of a block; of the rest it remembers nothing.
    #[track_caller]
    pub(super) fn step_of(
        &mut self,
        block: Vector<'_, usize, T>,
        parts: &[Range<usize>],
        learning_rate: f64,
    ) {
        remember(&mut self.velocity, size(parts));
        self.steps += 1;
        let (momentum, rate) = (T::of(self.momentum), T::of(learning_rate));
        update_parts(block, parts, |weights, gradients, remembered| {
            let velocity = &mut self.velocity[remembered];
            for ((w, g), v) in weights.iter_mut().zip(gradients).zip(velocity) {
                *v = momentum.fma(*v, *g);
                *w -= rate * *v;
                *g = T::zero();
            }
        });
    }
}
