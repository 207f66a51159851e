//! Documents that a loss is of.

use super::Context;
use crate::real::Real;

/// Documents one after the other, as one forward pass takes them: their tokens, and what follows each.
///
/// It is for a [`Loss`](crate::Loss) of one's own over documents: of its [context](Batch::context) a model's logits are
/// those of all documents, a row for each of the tokens.
///
/// ```
/// use microgpt::layers::smoothed_cross_entropy;
/// use microgpt::model::Batch;
/// use microgpt::{Gpt, Instance, LanguageModel, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(42))?;
/// let batch = Batch::new(16, &[&[4, 0, 1, 4], &[4, 2, 4]]);
/// assert_eq!((&batch.tokens[..], &batch.targets[..]), (&[4, 0, 1, 4, 2][..], &[0, 1, 4, 2, 4][..]));
/// assert_eq!(batch.lens, [3, 2]);
/// let logits = gpt.model().logits(gpt.weights(), &batch.tokens, &mut batch.context());
/// let loss = smoothed_cross_entropy(logits, &batch.targets, &batch.shares::<f64>(), 0.1);
/// assert!((loss.data() / 2.0 - 5f64.ln()).abs() < 0.1);
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The tokens of all documents, without the last of each.
    pub tokens: Vec<usize>,
    /// The token that follows each of them.
    pub targets: Vec<usize>,
    /// The number of tokens of each document.
    pub lens: Vec<usize>,
}

impl Batch {
    /// Documents with the token that begins and ends a document on both sides. Of each only the first `block_size`
    /// predictions count.
    ///
    /// # Panics
    ///
    /// If a document has fewer than two tokens.
    #[must_use]
    #[track_caller]
    pub fn new(block_size: usize, documents: &[&[usize]]) -> Self {
        let positions = documents.iter().map(|tokens| tokens.len()).sum();
        let (mut tokens, mut targets) =
            (Vec::with_capacity(positions), Vec::with_capacity(positions));
        let mut lens = Vec::with_capacity(documents.len());
        for document in documents {
            let count = counted(block_size, document);
            tokens.extend_from_slice(&document[..count]);
            targets.extend_from_slice(&document[1..=count]);
            lens.push(count);
        }
        Self { tokens, targets, lens }
    }

    /// What a forward pass of the tokens knows of them.
    #[must_use]
    pub fn context<'t, T: Real>(&self) -> Context<'t, T> {
        Context::packed(self.lens.iter().copied())
    }

    /// The share of each token in its document: a sum with these weights is that of the means over documents.
    #[must_use]
    pub fn shares<T: Real>(&self) -> Vec<T> {
        let mut shares = Vec::with_capacity(self.tokens.len());
        for &len in &self.lens {
            shares.extend(std::iter::repeat_n(T::of(len as f64).recip(), len));
        }
        shares
    }
}

/// The predictions that count in a document.
#[track_caller]
pub(super) fn counted(block_size: usize, document: &[usize]) -> usize {
    assert!(document.len() > 1, "a document has two tokens at least, not {}", document.len());
    block_size.min(document.len() - 1)
}
