//! Adam.

use std::ops::Range;
use std::slice;

use super::frozen::{remember, size, update_parts};
use crate::array::Vector;
use crate::real::Real;

/// Adam (Kingma 2014, arXiv:1412.6980) with the learning rate given at each step.
///
/// The defaults are microgpt.py's: betas 0.85 and 0.99, epsilon 1e-8.
///
/// ```
/// use microgpt::{Adam, Tape, expr};
///
/// let tape = Tape::new();
/// let x = tape.vector(vec![3.0]);
/// let mut adam = Adam::default();
/// for _ in 0..500 {
///     let mark = tape.mark();
///     expr!((x[0] - 1)^2).backward();
///     tape.rewind(mark);
///     adam.step(x, 0.05);
/// }
/// assert!((x.data()[0] - 1.0).abs() < 1e-3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adam<T> {
    /// The decay of the mean of gradients.
    pub beta1: f64,
    /// The decay of the mean of squared gradients.
    pub beta2: f64,
    /// What is added to the root of the second mean.
    pub epsilon: f64,
    /// The share of each parameter that a step takes off, times the learning rate.
    weight_decay: f64,
    steps: u64,
    mean: Vec<T>,
    square: Vec<T>,
}

/// microgpt.py's two decays and what it adds to the root.
pub(super) const GIST: [f64; 3] = [0.85, 0.99, 1e-8];

impl<T: Real> Default for Adam<T> {
    fn default() -> Self {
        let [beta1, beta2, epsilon] = GIST;
        Self::new(beta1, beta2, epsilon)
    }
}

impl<T: Real> Adam<T> {
    /// The optimiser before its first step, without weight decay.
    #[must_use]
    pub fn new(beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let (mean, square) = (Vec::new(), Vec::new());
        Self { beta1, beta2, epsilon, weight_decay: 0.0, steps: 0, mean, square }
    }

    /// With weight decay: each step takes this share, times the learning rate, off every parameter, which
    /// makes it `AdamW` (Loshchilov 2017, arXiv:1711.05101).
    #[doc(alias = "AdamW")]
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// The optimiser after this many steps, with the means that it had.
    ///
    /// # Panics
    ///
    /// If there are not as many of one mean as of the other.
    #[must_use]
    #[track_caller]
    pub fn resumed(self, steps: u64, mean: Vec<T>, square: Vec<T>) -> Self {
        assert!(
            mean.len() == square.len(),
            "{} means of gradients and {} of their squares",
            mean.len(),
            square.len()
        );
        Self { steps, mean, square, ..self }
    }

    /// What it remembers, for one with other figures.
    pub(super) fn by(self, figures: Self) -> Self {
        figures.resumed(self.steps, self.mean, self.square)
    }

    /// The number of steps that were made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The mean of gradients and that of their squares, one for each weight; none before the first
    /// step.
    #[must_use]
    pub fn means(&self) -> (&[T], &[T]) {
        (&self.mean, &self.square)
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

    /// [`step`](Adam::step) of some parts of a block; of the rest it remembers nothing.
    #[track_caller]
    pub(super) fn step_of(
        &mut self,
        block: Vector<'_, usize, T>,
        parts: &[Range<usize>],
        learning_rate: f64,
    ) {
        for numbers in [&mut self.mean, &mut self.square] {
            remember(numbers, size(parts));
        }
        self.steps += 1;
        if self.steps.is_multiple_of(TIDY) {
            tidy(&mut self.mean);
            tidy(&mut self.square);
        }
        let (beta1, beta2) = (T::of(self.beta1), T::of(self.beta2));
        let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
        // The corrections of both means are the same for all parameters: one root and one division
        // are left for each.
        let rate = T::of(learning_rate / (1.0 - power(self.beta1, self.steps)));
        let correction = T::of((1.0 - power(self.beta2, self.steps)).recip());
        let epsilon = T::of(self.epsilon);
        let decay = T::of(learning_rate * self.weight_decay);
        update_parts(block, parts, |weights, gradients, remembered| {
            if self.weight_decay != 0.0 {
                for w in &mut *weights {
                    *w -= decay * *w;
                }
            }
            let count = weights.len();
            let (gradients, means) =
                (&mut gradients[..count], &mut self.mean[remembered.clone()][..count]);
            let squares = &mut self.square[remembered][..count];
            for at in 0..count {
                let g = gradients[at];
                let mean = beta1.fma(means[at], rest1 * g);
                let square = beta2.fma(squares[at], rest2 * g * g);
                means[at] = mean;
                squares[at] = square;
                weights[at] -= rate * mean / ((square * correction).sqrt() + epsilon);
                gradients[at] = T::zero();
            }
        });
    }
}

/// Steps between two looks at the means.
const TIDY: u64 = 64;

/// 0 in the place of subnormal numbers. A mean that gets no more gradients ends in one, far below
/// anything that moves a parameter, and arithmetic with it takes a hundred times as long.
fn tidy<T: Real>(means: &mut [T]) {
    for mean in means {
        *mean = if mean.abs() < T::min_positive_value() { T::zero() } else { *mean };
    }
}

/// `base^steps`, as microgpt.py has it where the steps are not beyond what `powi` takes.
fn power(base: f64, steps: u64) -> f64 {
    i32::try_from(steps).map_or_else(|_| base.powf(steps as f64), |steps| base.powi(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[test]
    fn corrections_go_on_beyond_31_bits_of_steps() {
        let tape = Tape::new();
        let weights = tape.vector(vec![1.0]);
        for before in [(1 << 31) - 2, (1 << 31) - 1, 1 << 31, 1 << 33] {
            let forgets = 1e-10;
            let mut adam = Adam::new(0.9, 1.0 - forgets, 0.0).resumed(before, vec![0.0], vec![0.0]);
            weights.update(|weights, gradients| (weights[0], gradients[0]) = (1.0, 1.0));
            adam.step(weights, 1e-5);
            assert_eq!(adam.steps(), before + 1);
            // So slow a mean is still corrected by far.
            let corrected = forgets / -(adam.steps() as f64 * (-forgets).ln_1p()).exp_m1();
            let expected = 1.0 - 1e-5 * 0.1 / corrected.sqrt();
            approx::assert_relative_eq!(weights.data()[0], expected, max_relative = 1e-6);
        }
    }
}
