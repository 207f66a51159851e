//! What all documents begin with: the model looks at it once, not for each of them.

use super::sampling::Choosing;
use super::{SampleError, Sampling};
use crate::model::{Context, Instance, LanguageModel};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// BOS, and a prompt behind it.
#[derive(Debug)]
pub(super) struct Prefix<T> {
    tokens: Vec<usize>,
    /// The choice of the token that follows.
    choosing: Choosing<T>,
    /// The number of updates of the model's tape when it was looked at.
    looked_at: Option<u64>,
}

impl<T: Real> Prefix<T> {
    pub(super) fn new(bos: usize, sampling: Sampling) -> Self {
        Self { tokens: vec![bos], choosing: Choosing::new(sampling), looked_at: None }
    }

    pub(super) fn with_prompt(
        mut self,
        prompt: &[usize],
        block_size: usize,
    ) -> Result<Self, SampleError> {
        require_room(prompt, block_size)?;
        self.tokens.truncate(1);
        self.tokens.extend_from_slice(prompt);
        self.looked_at = None;
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

    /// Lets the model look at it, on a tape that does not record, unless it has and the parameters are what they were.
    #[track_caller]
    pub(super) fn look_at<'t, M: LanguageModel>(
        &mut self,
        model: &Instance<'t, M, T>,
        cache: &mut Context<'t, T>,
    ) {
        let tape = model.tape();
        let updates = tape.updates();
        if self.looked_at == Some(updates) {
            // Else nothing would read them before the second token.
            model.block().require_alive();
            return;
        }
        let mark = tape.mark();
        cache.share_prefix(|cache| look_at(model, &self.tokens, cache, &mut self.choosing));
        tape.rewind(mark);
        self.looked_at = Some(updates);
    }

    /// Begins another document of a stream, and draws its first token.
    #[track_caller]
    pub(super) fn begin(
        &mut self,
        stream: usize,
        cache: &mut Context<'_, T>,
        random: &mut PythonRandom,
    ) -> Result<usize, RandomError> {
        cache.restart_behind_prefix(stream);
        self.choosing.choose(random)
    }
}

/// Whether a prompt leaves a position for another token.
pub(crate) fn require_room(prompt: &[usize], block_size: usize) -> Result<(), SampleError> {
    let tokens = prompt.len();
    if tokens < block_size { Ok(()) } else { Err(SampleError::Prompt { tokens, block_size }) }
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
