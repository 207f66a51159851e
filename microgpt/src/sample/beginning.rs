//! What all documents begin with: the model looks at it once, not for each of them.

use super::sampling::Choosing;
use super::{SampleError, Sampling};
use crate::model::{Context, Instance, LanguageModel};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// BOS, and a prompt behind it.
#[derive(Debug)]
pub(super) struct Beginning<T> {
    tokens: Vec<usize>,
    /// The choice of the token that follows.
    choosing: Choosing<T>,
    /// The number of updates of the model's tape when it was looked at.
    known: Option<u64>,
}

impl<T: Real> Beginning<T> {
    pub(super) fn new(bos: usize, sampling: Sampling) -> Self {
        Self { tokens: vec![bos], choosing: Choosing::new(sampling), known: None }
    }

    pub(super) fn with_prompt(
        mut self,
        prompt: &[usize],
        block_size: usize,
    ) -> Result<Self, SampleError> {
        if prompt.len() >= block_size {
            return Err(SampleError::Prompt { tokens: prompt.len(), block_size });
        }
        self.tokens.truncate(1);
        self.tokens.extend_from_slice(prompt);
        self.known = None;
        Ok(self)
    }

    pub(super) fn bos(&self) -> usize {
        self.tokens[0]
    }

    pub(super) fn prompt(&self) -> &[usize] {
        &self.tokens[1..]
    }

    /// The probability of each token to follow.
    pub(super) fn probabilities(&self) -> &[f64] {
        self.choosing.probabilities()
    }

    /// Finds what follows, unless that is known and the parameters are what they were.
    #[track_caller]
    pub(super) fn find<'t, M: LanguageModel>(
        &mut self,
        model: &Instance<'t, M, T>,
        cache: &mut Context<'t, T>,
    ) {
        let tape = model.tape();
        let updates = tape.updates();
        if self.known == Some(updates) {
            return;
        }
        // Where the model panics, nothing is known.
        self.known = None;
        let mark = tape.mark();
        let Self { tokens, choosing, .. } = self;
        tape.inference(|| cache.begin_all(|cache| look_at(model, tokens, cache, choosing)));
        tape.rewind(mark);
        self.known = Some(updates);
    }

    /// A stream begins another document; draws the token that follows.
    #[track_caller]
    pub(super) fn restart(
        &mut self,
        stream: usize,
        cache: &mut Context<'_, T>,
        random: &mut PythonRandom,
    ) -> Result<usize, RandomError> {
        cache.restart_behind_beginning(stream);
        self.choosing.choose(random)
    }
}

/// Finds the probability of each token to follow these, which are new to the cache.
#[track_caller]
pub(super) fn look_at<'t, M: LanguageModel, T: Real>(
    model: &Instance<'t, M, T>,
    tokens: &[usize],
    cache: &mut Context<'t, T>,
    choosing: &mut Choosing<T>,
) {
    let logits = model.logits(tokens, cache);
    let (positions, _) = logits.shape();
    logits.rows(positions - 1, 1).with_data(|logits| choosing.look_at(logits));
}
