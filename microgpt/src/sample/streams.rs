//! Many documents side by side.

use super::sampler::check;
use super::sampling::Choosing;
use super::{SampleError, Sampling};
use crate::model::{Context, Instance, LanguageModel};
use crate::random::PythonRandom;
use crate::real::Real;

/// Draws documents from a language model side by side, as rows of one forward pass.
///
/// Each stream has a generator of its own, and draws what a [`Sampler`](crate::Sampler) with that
/// generator draws, one document after the other. (Products of many rows round in another way than those of one: a
/// number drawn within some 10⁻¹⁵ of the bound between two tokens, in `f32` 10⁻⁷, may fall on the other side.)
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Sampler, Sampling, Streams, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(42))?;
/// let generators: Vec<_> = (0..8).map(PythonRandom::new).collect();
/// let mut streams = Streams::new(&gpt, 4, Sampling::default(), generators);
/// let names = streams.sample(20)?;
/// // The twentieth is the third of the fourth stream.
/// let mut fourth = Sampler::new(&gpt, 4, Sampling::default(), PythonRandom::new(3));
/// assert_eq!(names[19], fourth.nth(2).expect("endless")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Streams<'m, 't, M: LanguageModel, T: Real = f64> {
    model: &'m Instance<'t, M, T>,
    bos: usize,
    generators: Vec<PythonRandom>,
    cache: Context<'t, T>,
    choosing: Choosing<T>,
}

/// A stream that is at work: its number, the document that it draws, and its last token.
#[derive(Clone, Copy)]
struct Running {
    stream: usize,
    document: usize,
    token: usize,
}

impl<'m, 't, M: LanguageModel, T: Real> Streams<'m, 't, M, T> {
    /// A stream for each generator, of documents that begin and end with `bos`.
    ///
    /// # Panics
    ///
    /// If there is no generator.
    #[must_use]
    #[track_caller]
    pub fn new(
        model: &'m Instance<'t, M, T>,
        bos: usize,
        sampling: Sampling,
        generators: Vec<PythonRandom>,
    ) -> Self {
        assert!(!generators.is_empty(), "streams have one generator at least");
        let cache = Context::cache(model, generators.len());
        Self { model, bos, generators, cache, choosing: Choosing::new(sampling) }
    }

    /// Draws so many documents: with `s` streams, document `n` is of stream `n` modulo `s`. Each has at most
    /// `block_size` tokens, without BOS.
    ///
    /// # Errors
    ///
    /// If the temperature or top-p is out of its range, or the model's probabilities are not numbers.
    ///
    /// # Panics
    ///
    /// If BOS is not below the vocabulary.
    pub fn sample(&mut self, count: usize) -> Result<Vec<Vec<usize>>, SampleError> {
        check(self.choosing.sampling)?;
        let (streams, block_size) = (self.generators.len(), self.model.model().block_size());
        let mut documents = vec![Vec::new(); count];
        let mut running: Vec<Running> = (0..streams.min(count))
            .map(|stream| Running { stream, document: stream, token: self.bos })
            .collect();
        for one in &running {
            self.cache.restart(one.stream);
        }
        let mut tokens = Vec::with_capacity(running.len());
        let mut next = Vec::with_capacity(running.len());
        let tape = self.model.tape();
        while !running.is_empty() {
            tokens.clear();
            tokens.extend(running.iter().map(|one| one.token));
            self.cache.advance(running.iter().map(|one| one.stream));
            let mark = tape.mark();
            let all = tape.inference(|| self.model.logits(&tokens, &mut self.cache));
            let (_, vocabulary) = all.shape();
            let of_rows = running.iter().map(|one| one.stream);
            tokens.clear();
            let chosen = all.with_data(|logits| {
                let (choosing, generators) = (&mut self.choosing, &mut self.generators);
                let keep = |token| tokens.push(token);
                choosing.choose_each(logits, vocabulary, of_rows, generators, keep)
            });
            tape.rewind(mark);
            chosen?;
            for (one, &token) in running.iter_mut().zip(&tokens) {
                one.token = token;
                let document = &mut documents[one.document];
                let ends = token == self.bos;
                if !ends {
                    document.push(token);
                }
                if ends || document.len() == block_size {
                    // The stream goes on with its next document, if it has one.
                    self.cache.restart(one.stream);
                    (one.document, one.token) = (one.document + streams, self.bos);
                }
            }
            // Those of one length stay side by side: loops over the positions of neighbours end alike, which processors
            // foresee.
            let left = running.iter().filter(|one| one.document < count);
            let begins = |one: &&Running| documents[one.document].is_empty();
            next.clear();
            next.extend(left.clone().filter(begins));
            next.extend(left.filter(|one| !begins(one)));
            std::mem::swap(&mut running, &mut next);
        }
        Ok(documents)
    }
}
