//! Many documents side by side.

use super::prefix::Prefix;
use super::sampler::check;
use super::sampling::Choosing;
use super::{SampleError, Sampling};
use crate::model::{Context, Instance, LanguageModel};
use crate::random::PythonRandom;
use crate::real::Real;

/// Draws documents from a language model side by side, as rows of one forward pass. The [module](crate::sample) says what it
/// keeps on the model's tape, and when the model looks at a prompt.
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
    prefix: Prefix<T>,
    generators: Vec<PythonRandom>,
    /// The document that each stream draws, so far.
    drafts: Vec<Vec<usize>>,
    cache: Context<'t, T>,
    choosing: Choosing<T>,
}

/// A stream that is at work: its number, that of the document that it draws, and the last token of it.
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
        let (prefix, choosing) = (Prefix::new(bos, sampling), Choosing::new(sampling));
        let drafts = vec![Vec::new(); generators.len()];
        Self { model, prefix, generators, drafts, cache, choosing }
    }

    /// Begins every document with these tokens.
    ///
    /// # Errors
    ///
    /// If they leave no position for another token.
    ///
    /// # Panics
    ///
    /// When it draws: if a token is not below the vocabulary.
    pub fn with_prompt(mut self, prompt: &[usize]) -> Result<Self, SampleError> {
        let block_size = self.model.model().block_size();
        self.prefix = self.prefix.with_prompt(prompt, block_size)?;
        Ok(self)
    }

    /// Draws so many documents: with `s` streams, document `n` is of stream `n` modulo `s`. Each has at most
    /// `block_size` tokens, the prompt included and BOS not.
    ///
    /// # Errors
    ///
    /// If the temperature or top-p is out of its range, or the model's probabilities are not numbers.
    ///
    /// # Panics
    ///
    /// If BOS or a token of the prompt is not below the vocabulary.
    pub fn sample(&mut self, count: usize) -> Result<Vec<Vec<usize>>, SampleError> {
        check(self.choosing.sampling)?;
        let mut documents = vec![Vec::new(); count];
        if count > 0 {
            self.model.tape().inference(|| self.draw(&mut documents))?;
        }
        Ok(documents)
    }

    fn draw(&mut self, documents: &mut [Vec<usize>]) -> Result<(), SampleError> {
        self.prefix.look_at(self.model, &mut self.cache);
        let streams = self.generators.len();
        let mut running: Vec<Running> = Vec::with_capacity(streams.min(documents.len()));
        for stream in 0..streams.min(documents.len()) {
            running.extend(self.begin(stream, stream, documents)?);
        }
        let mut tokens = Vec::with_capacity(running.len());
        let mut next = Vec::with_capacity(running.len());
        let mut longer = Vec::with_capacity(running.len());
        let tape = self.model.tape();
        let mark = tape.mark();
        while !running.is_empty() {
            tokens.clear();
            tokens.extend(running.iter().map(|one| one.token));
            self.cache.advance(running.iter().map(|one| one.stream));
            let all = self.model.logits(&tokens, &mut self.cache);
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
            // Those of one length stay side by side: loops over the positions of neighbours end alike, which processors
            // foresee.
            for (&one, &token) in running.iter().zip(&tokens) {
                if self.goes_on(one.stream, token) {
                    longer.push(Running { token, ..one });
                } else {
                    documents[one.document].clone_from(&self.drafts[one.stream]);
                    next.extend(self.begin(one.stream, one.document + streams, documents)?);
                }
            }
            next.append(&mut longer);
            running.clear();
            std::mem::swap(&mut running, &mut next);
        }
        Ok(())
    }

    /// Puts a token behind the document of a stream, unless it ends it; says whether there is room for another.
    fn goes_on(&mut self, stream: usize, token: usize) -> bool {
        let document = &mut self.drafts[stream];
        let ends = token == self.prefix.bos();
        if !ends {
            document.push(token);
        }
        !ends && document.len() < self.model.model().block_size()
    }

    /// A stream begins with a document, and ends it at once, and others behind it, where its first token does. Of no
    /// document left it comes to rest.
    fn begin(
        &mut self,
        stream: usize,
        first: usize,
        documents: &mut [Vec<usize>],
    ) -> Result<Option<Running>, SampleError> {
        for document in (first..documents.len()).step_by(self.generators.len()) {
            self.drafts[stream].clear();
            self.drafts[stream].extend_from_slice(self.prefix.prompt());
            let random = &mut self.generators[stream];
            let token = self.prefix.begin(stream, &mut self.cache, random)?;
            if self.goes_on(stream, token) {
                return Ok(Some(Running { stream, document, token }));
            }
            documents[document].clone_from(&self.drafts[stream]);
        }
        Ok(None)
    }
}
