//! The optimiser.

use crate::array::Vector;
use crate::real::Real;

/// Adam (Kingma 2014, arXiv:1412.6980) with the learning rate given at each step.
///
/// The defaults are microgpt.py's: betas 0.85 and 0.99, epsilon 1e-8.
#[derive(Clone, Debug)]
pub struct Adam<T> {
    /// The decay of the mean of gradients.
    pub beta1: f64,
    /// The decay of the mean of squared gradients.
    pub beta2: f64,
    /// What is added to the root of the second mean.
    pub epsilon: f64,
    steps: i32,
    mean: Vec<T>,
    square: Vec<T>,
}

impl<T: Real> Default for Adam<T> {
    fn default() -> Self {
        Self::new(0.85, 0.99)
    }
}

impl<T: Real> Adam<T> {
    /// The optimiser with these betas, before its first step.
    #[must_use]
    pub fn new(beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, epsilon: 1e-8, steps: 0, mean: Vec::new(), square: Vec::new() }
    }

    /// Moves the weights against their gradients, and sets the gradients to zero.
    ///
    /// # Panics
    ///
    /// If the number of weights is not that of the steps before.
    #[track_caller]
    pub fn step(&mut self, weights: Vector<'_, usize, T>, learning_rate: f64) {
        if self.steps == 0 {
            self.mean = vec![T::zero(); weights.size()];
            self.square = vec![T::zero(); weights.size()];
        }
        assert!(
            self.mean.len() == weights.size(),
            "this optimiser has moved {} weights before, not {}",
            self.mean.len(),
            weights.size()
        );
        self.steps += 1;
        let (beta1, beta2) = (T::of(self.beta1), T::of(self.beta2));
        let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
        // The corrections of both means are the same for all weights: one root and one division
        // are left for each.
        let rate = T::of(learning_rate / (1.0 - self.beta1.powi(self.steps)));
        let correction = T::of((1.0 - self.beta2.powi(self.steps)).recip());
        let epsilon = T::of(self.epsilon);
        let (means, squares) = (&mut self.mean, &mut self.square);
        weights.update(|weights, gradients| {
            let moments = means.iter_mut().zip(squares);
            for ((weight, gradient), (mean, square)) in
                weights.iter_mut().zip(gradients).zip(moments)
            {
                let g = *gradient;
                *mean = beta1.fma(*mean, rest1 * g);
                *square = beta2.fma(*square, rest2 * g * g);
                *weight -= rate * *mean / ((*square * correction).sqrt() + epsilon);
                *gradient = T::zero();
            }
        });
    }
}
