//! Training: one document a step.

use crate::adam::Adam;
use crate::gpt::Gpt;
use crate::real::Real;

/// Trains a [`Gpt`] with Adam and a learning rate that falls linearly to 0.
#[derive(Debug)]
pub struct Trainer<'g, 't, T: Real = f64> {
    gpt: &'g Gpt<'t, T>,
    adam: Adam<T>,
    learning_rate: f64,
    steps: usize,
    step: usize,
}

impl<'g, 't, T: Real> Trainer<'g, 't, T> {
    /// Training of this many steps, with microgpt.py's settings: learning rate 0.01.
    #[must_use]
    pub fn new(gpt: &'g Gpt<'t, T>, steps: usize) -> Self {
        Self { gpt, adam: Adam::default(), learning_rate: 0.01, steps, step: 0 }
    }

    /// The same with another optimiser.
    #[must_use]
    pub fn with_adam(mut self, adam: Adam<T>) -> Self {
        self.adam = adam;
        self
    }

    /// The number of steps that were made.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Learns one document, given as tokens with BOS on both sides; returns its loss before, in
    /// nats a token.
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens, or an id is not below the vocabulary.
    #[track_caller]
    pub fn learn(&mut self, tokens: &[usize]) -> T {
        let tape = self.gpt.tape();
        let mark = tape.mark();
        let loss = self.gpt.loss(tokens);
        loss.backward();
        let remaining = 1.0 - self.step as f64 / self.steps as f64;
        self.adam.step(self.gpt.weights(), self.learning_rate * remaining.max(0.0));
        self.step += 1;
        let loss = loss.data();
        tape.rewind(mark);
        loss
    }
}
