//! Generation: new documents, token by token.

use thiserror::Error;

use crate::gpt::{Cache, Gpt};
use crate::preset::Preset;
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// How the next token is chosen from what the model thinks of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 1 leaves the probabilities as they are; below, likely tokens become likelier; at 0 the most
    /// likely is chosen each time, the first of equals, and nothing is drawn.
    pub temperature: f64,
    /// Only so many of the most likely tokens are considered.
    pub top_k: Option<usize>,
    /// Only the most likely tokens are considered that together have at least this probability.
    pub top_p: Option<f64>,
}

impl Default for Sampling {
    /// That of the gist: all tokens, at temperature 0.5.
    fn default() -> Self {
        Self { temperature: Preset::GIST.temperature, top_k: None, top_p: None }
    }
}

/// Why there is no sample.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SampleError {
    /// The model's probabilities are not numbers.
    #[error("the model's probabilities are not numbers: {0}")]
    Probabilities(#[from] RandomError),
    /// A prompt that leaves no position for another token.
    #[error("a prompt of {tokens} tokens leaves no room in a block of {block_size}")]
    Prompt {
        /// Its length.
        tokens: usize,
        /// The number of positions.
        block_size: usize,
    },
}

/// One step of generation: what was chosen, and what of.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub token: usize,
    /// The probability of each token, as the model and the sampling have it.
    pub probabilities: Vec<f64>,
}

/// Draws documents from a [`Gpt`]: an endless iterator of token ids, without BOS.
///
/// A prompt, if there is one, begins each of them.
#[derive(Debug)]
pub struct Sampler<'g, 't, T: Real = f64> {
    gpt: &'g Gpt<'t, T>,
    random: PythonRandom,
    bos: usize,
    prompt: Vec<usize>,
    sampling: Sampling,
    cache: Cache<T>,
    /// Those of the position that is next, in one place for all of them.
    logits: Vec<f64>,
}

impl<'g, 't, T: Real> Sampler<'g, 't, T> {
    /// Sampling of documents that begin and end with `bos`.
    #[must_use]
    pub fn new(gpt: &'g Gpt<'t, T>, bos: usize, sampling: Sampling, random: PythonRandom) -> Self {
        let (prompt, logits) = (Vec::new(), Vec::new());
        Self { gpt, random, bos, prompt, sampling, cache: gpt.cache(), logits }
    }

    /// Begins every document with these tokens.
    ///
    /// # Errors
    ///
    /// If they leave no position for another.
    pub fn with_prompt(mut self, prompt: &[usize]) -> Result<Self, SampleError> {
        let block_size = self.gpt.config().block_size;
        if prompt.len() >= block_size {
            return Err(SampleError::Prompt { tokens: prompt.len(), block_size });
        }
        self.prompt = prompt.to_vec();
        Ok(self)
    }

    /// Draws one document of at most `block_size` tokens.
    ///
    /// # Errors
    ///
    /// If the model's probabilities are not numbers.
    pub fn sample(&mut self) -> Result<Vec<usize>, SampleError> {
        let mut document = self.prompt.clone();
        self.generate(|token, _| document.push(token))?;
        if document.last() == Some(&self.bos) {
            document.pop();
        }
        Ok(document)
    }

    /// Draws one document, and keeps for each token after the prompt what it was chosen of. The
    /// last is BOS, unless the block was full before.
    ///
    /// # Errors
    ///
    /// As [`Sampler::sample`].
    pub fn explained(&mut self) -> Result<Vec<Choice>, SampleError> {
        let mut choices = Vec::new();
        self.generate(|token, probabilities| choices.push(Choice { token, probabilities }))?;
        Ok(choices)
    }

    /// Draws one document; `keep` takes each token after the prompt with what it was chosen of.
    fn generate(&mut self, mut keep: impl FnMut(usize, Vec<f64>)) -> Result<(), SampleError> {
        self.cache.clear();
        let beginning: Vec<usize> = [self.bos].into_iter().chain(self.prompt.clone()).collect();
        let mut probabilities = self.probabilities(&beginning);
        for left in (0..self.gpt.config().block_size - self.prompt.len()).rev() {
            let token = self.choose(&probabilities)?;
            keep(token, probabilities);
            if token == self.bos || left == 0 {
                break;
            }
            probabilities = self.probabilities(&[token]);
        }
        Ok(())
    }

    fn choose(&mut self, probabilities: &[f64]) -> Result<usize, SampleError> {
        if self.sampling.temperature > 0.0 {
            return Ok(self.random.choices(probabilities)?);
        }
        let certain = probabilities.iter().position(|&p| p == 1.0);
        certain.ok_or(SampleError::Probabilities(RandomError::UnusableTotal(f64::NAN)))
    }

    /// The probability of each token to follow these, which are new to the cache.
    fn probabilities(&mut self, tokens: &[usize]) -> Vec<f64> {
        let tape = self.gpt.tape();
        let mark = tape.mark();
        let logits = tape.inference(|| self.gpt.logits(tokens, Some(&mut self.cache)));
        let (positions, vocabulary) = logits.shape();
        let last = logits.block((positions - 1) * vocabulary, (vocabulary,));
        self.logits.clear();
        last.with_data(|logits| self.logits.extend(logits.iter().map(|logit| logit.as_f64())));
        tape.rewind(mark);
        self.sampling.probabilities(&self.logits)
    }
}

impl Sampling {
    /// The probability of each token, from its logit.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let temperature = self.temperature;
        if temperature == 0.0 {
            let mut best = 0;
            for (token, logit) in logits.iter().enumerate() {
                if *logit > logits[best] {
                    best = token;
                }
            }
            // A NaN among the logits leaves no token certain.
            let all = logits.iter().all(|logit| !logit.is_nan());
            return (0..logits.len()).map(|one| f64::from(u8::from(one == best && all))).collect();
        }
        let probabilities = expr! {
            let top = max(logits[i] for i);
            let e   = [exp((logits[i] - top) / temperature) for i];
            [e[i] / sum(e[j] for j) for i]
        };
        self.truncated(probabilities.into_vec())
    }

    /// The likeliest tokens alone, scaled up to a sum of 1.
    fn truncated(&self, mut probabilities: Vec<f64>) -> Vec<f64> {
        if self.top_k.is_none() && self.top_p.is_none() {
            return probabilities;
        }
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        // Stable: of equals the first stays.
        order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
        let mut kept = self.top_k.unwrap_or(order.len()).clamp(1, order.len());
        if let Some(top_p) = self.top_p {
            let mut together = 0.0;
            let enough = order.iter().position(|&token| {
                together += probabilities[token];
                together >= top_p
            });
            kept = kept.min(enough.map_or(order.len(), |last| last + 1));
        }
        for &token in &order[kept..] {
            probabilities[token] = 0.0;
        }
        let total: f64 = probabilities.iter().sum();
        expr!([probabilities[i] / total for i]).into_vec()
    }
}

impl<T: Real> Iterator for Sampler<'_, '_, T> {
    type Item = Result<Vec<usize>, SampleError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.sample())
    }
}
