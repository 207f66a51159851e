//! What all documents begin with: the model looks at it once, not for each of them.

use super::SampleError;
use super::sampling::Choosing;
use crate::model::{Context, Instance, LanguageModel};
use crate::real::Real;

/// BOS, and a prompt behind it.
#[derive(Debug)]
pub(super) struct Beginning {
    tokens: Vec<usize>,
    known: Option<Known>,
}

/// What follows a beginning, by the parameters as they were.
#[derive(Debug)]
struct Known {
    /// The number of updates of the model's tape.
    updates: u64,
    /// The probability of each token.
    probabilities: Vec<f64>,
}

impl Beginning {
    pub(super) fn new(bos: usize) -> Self {
        Self { tokens: vec![bos], known: None }
    }

    pub(super) fn with_prompt(
        &self,
        prompt: &[usize],
        block_size: usize,
    ) -> Result<Self, SampleError> {
        if prompt.len() >= block_size {
            return Err(SampleError::Prompt { tokens: prompt.len(), block_size });
        }
        Ok(Self { tokens: [&self.tokens[..1], prompt].concat(), known: None })
    }

    pub(super) fn bos(&self) -> usize {
        self.tokens[0]
    }

    pub(super) fn prompt(&self) -> &[usize] {
        &self.tokens[1..]
    }

    /// Finds what follows it, unless that is known and the parameters are what they were.
    #[track_caller]
    pub(super) fn find<'t, M: LanguageModel, T: Real>(
        &mut self,
        model: &Instance<'t, M, T>,
        cache: &mut Context<'t, T>,
        choosing: &mut Choosing<T>,
    ) {
        let updates = model.tape().updates();
        if self.known.as_ref().is_some_and(|known| known.updates == updates) {
            return;
        }
        // Where the model panics, nothing is known.
        self.known = None;
        cache.begin_all(|cache| look_at(model, &self.tokens, cache, choosing));
        let probabilities = choosing.probabilities().to_vec();
        self.known = Some(Known { updates, probabilities });
    }

    /// A stream begins another document, whose next token is chosen of what was found.
    #[track_caller]
    pub(super) fn restart<T: Real>(
        &self,
        stream: usize,
        cache: &mut Context<'_, T>,
        choosing: &mut Choosing<T>,
    ) {
        cache.restart_behind_beginning(stream);
        if let Some(known) = &self.known {
            choosing.look_again(&known.probabilities);
        }
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
    let tape = model.tape();
    let mark = tape.mark();
    let logits = tape.inference(|| model.logits(tokens, cache));
    let (positions, _) = logits.shape();
    logits.rows(positions - 1, 1).with_data(|logits| choosing.look_at(logits));
    tape.rewind(mark);
}
