//! Generation: new documents, token by token.

use crate::gpt::{Cache, Gpt};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// Draws documents from a [`Gpt`]: an endless iterator of token ids, without BOS.
#[derive(Debug)]
pub struct Sampler<'g, 't, T: Real = f64> {
    gpt: &'g Gpt<'t, T>,
    random: PythonRandom,
    bos: usize,
    temperature: f64,
    cache: Cache<T>,
}

impl<'g, 't, T: Real> Sampler<'g, 't, T> {
    /// Sampling at a temperature above 0: below 1 likely tokens become likelier.
    #[must_use]
    pub fn new(gpt: &'g Gpt<'t, T>, bos: usize, temperature: f64, random: PythonRandom) -> Self {
        Self { gpt, random, bos, temperature, cache: gpt.cache() }
    }

    /// Draws one document of at most `block_size` tokens.
    ///
    /// # Errors
    ///
    /// If the model's probabilities are not numbers.
    pub fn sample(&mut self) -> Result<Vec<usize>, RandomError> {
        self.cache.clear();
        let mut document = Vec::new();
        let mut token = self.bos;
        for _ in 0..self.gpt.config().block_size {
            let weights = self.weights(token);
            token = self.random.choices(&weights)?;
            if token == self.bos {
                break;
            }
            document.push(token);
        }
        Ok(document)
    }

    /// The probability of each token to follow.
    fn weights(&mut self, token: usize) -> Vec<f64> {
        let tape = self.gpt.tape();
        let mark = tape.mark();
        let logits = tape.inference(|| self.gpt.logits(&[token], Some(&mut self.cache)));
        let logits: Vec<f64> =
            logits.with_data(|logits| logits.iter().map(|logit| logit.as_f64()).collect());
        tape.rewind(mark);
        let temperature = self.temperature;
        let probabilities = expr! {
            let top = max(logits[i] for i);
            let e   = [exp((logits[i] - top) / temperature) for i];
            [e[i] / sum(e[j] for j) for i]
        };
        probabilities.into_vec()
    }
}

impl<T: Real> Iterator for Sampler<'_, '_, T> {
    type Item = Result<Vec<usize>, RandomError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.sample())
    }
}
