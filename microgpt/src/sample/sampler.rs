//! One document after the other.

use thiserror::Error;

use super::Sampling;
use super::prefix::{Prefix, look_at};
use super::sampling::Choosing;
use crate::model::{Context, Instance, LanguageModel};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// Why there is no sample.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Sampler, Sampling, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(42))?;
/// let sampler = Sampler::new(&gpt, 4, Sampling::default(), PythonRandom::new(1));
/// let error = sampler.with_prompt(&[0; 16]).unwrap_err();
/// assert_eq!(error.to_string(), "a prompt of 16 tokens leaves no room in a block of 16");
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Clone, Error, PartialEq)]
#[non_exhaustive]
pub enum SampleError {
    /// The model's probabilities are not numbers.
    #[error("the model's probabilities are not numbers: {0}")]
    Probabilities(#[from] RandomError),
    /// A temperature that is no number, or below 0.
    #[error("a temperature is 0 or more, not {0}")]
    Temperature(f64),
    /// A top-p that is not between 0 and 1.
    #[error("top-p is a share from 0 to 1, not {0}")]
    TopP(f64),
    /// A prompt that leaves no position for another token.
    #[error("a prompt of {tokens} tokens leaves no room in a block of {block_size}")]
    Prompt {
        /// Its length.
        tokens: usize,
        /// The number of positions.
        block_size: usize,
    },
}

/// Whether a token can be drawn with these numbers.
pub(super) fn check(sampling: Sampling) -> Result<(), SampleError> {
    let Sampling { temperature, top_p, .. } = sampling;
    if temperature.is_nan() || temperature < 0.0 {
        return Err(SampleError::Temperature(temperature));
    }
    match top_p.filter(|share| !(0.0..=1.0).contains(share)) {
        Some(share) => Err(SampleError::TopP(share)),
        None => Ok(()),
    }
}

/// One step of generation: the token, and the probabilities that it was drawn from.
///
/// ```
/// use microgpt::{Gpt, Instance, PythonRandom, Sampler, Sampling, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(42))?;
/// let mut sampler = Sampler::new(&gpt, 4, Sampling::default(), PythonRandom::new(1));
/// for choice in sampler.explained()? {
///     assert!(choice.probabilities[choice.token] > 0.0);
///     assert!((choice.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub token: usize,
    /// The probability of each token, after temperature, top-k and top-p.
    pub probabilities: Vec<f64>,
}

/// Draws documents from a language model: an endless iterator of token ids, without BOS.
///
/// A prompt, if there is one, begins each of them. The cache lies on the model's tape. The [module](crate::sample) says when the
/// model looks at a prompt.
///
/// ```
/// use microgpt::{CharTokenizer, Gpt, Instance, PythonRandom, Sampler, Sampling, Tape};
///
/// let tokenizer = CharTokenizer::new(["ada", "bob"]);
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(tokenizer.vocabulary()), &mut PythonRandom::new(42))?;
/// let random = PythonRandom::new(1);
/// let mut sampler = Sampler::new(&gpt, tokenizer.bos(), Sampling::default(), random);
/// let name = tokenizer.decode(&sampler.sample()?);
/// assert!(name.len() <= 16 && name.chars().all(|c| "abdo".contains(c)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sampler<'m, 't, M: LanguageModel, T: Real = f64> {
    model: &'m Instance<'t, M, T>,
    random: PythonRandom,
    prefix: Prefix<T>,
    cache: Context<'t, T>,
    choosing: Choosing<T>,
}

impl<'m, 't, M: LanguageModel, T: Real> Sampler<'m, 't, M, T> {
    /// Sampling of documents that begin and end with `bos`. The cache is made here, on the model's tape, and
    /// is lost if the tape is rewound to before it.
    #[must_use]
    pub fn new(
        model: &'m Instance<'t, M, T>,
        bos: usize,
        sampling: Sampling,
        random: PythonRandom,
    ) -> Self {
        let cache = Context::cache(model, 1);
        let (prefix, choosing) = (Prefix::new(bos, sampling), Choosing::new(sampling));
        Self { model, random, prefix, cache, choosing }
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

    /// Draws one document of at most `block_size` tokens, the prompt included and BOS not.
    ///
    /// # Errors
    ///
    /// If the temperature or top-p is out of its range, or the model's probabilities are not numbers.
    ///
    /// # Panics
    ///
    /// If BOS is not below the vocabulary.
    pub fn sample(&mut self) -> Result<Vec<usize>, SampleError> {
        let mut document = Vec::with_capacity(self.model.model().block_size().min(1024));
        document.extend_from_slice(self.prefix.prompt());
        self.generate(|token, _| document.push(token))?;
        if document.last() == Some(&self.prefix.bos()) {
            document.pop();
        }
        Ok(document)
    }

    /// Draws one document, and returns for each token after the prompt what it was drawn from. The last
    /// token is BOS, unless the block was full before.
    ///
    /// # Errors
    ///
    /// As [`Sampler::sample`].
    pub fn explained(&mut self) -> Result<Vec<Choice>, SampleError> {
        let mut choices = Vec::new();
        self.generate(|token, probabilities| {
            choices.push(Choice { token, probabilities: probabilities.to_vec() });
        })?;
        Ok(choices)
    }

    /// Draws one document; `keep` takes each token after the prompt with what it was chosen of.
    fn generate(&mut self, mut keep: impl FnMut(usize, &[f64])) -> Result<(), SampleError> {
        check(self.choosing.sampling)?;
        let Self { model, random, prefix, cache, choosing } = self;
        let (tape, bos) = (model.tape(), prefix.bos());
        let mark = tape.mark();
        tape.inference(|| {
            prefix.look_at(model, cache);
            let mut token = prefix.begin(0, cache, random)?;
            keep(token, prefix.probabilities());
            for _ in prefix.prompt().len() + 1..model.model().block_size() {
                if token == bos {
                    break;
                }
                look_at(model, &[token], cache, choosing);
                tape.rewind(mark);
                token = choosing.choose(random)?;
                keep(token, choosing.probabilities());
            }
            Ok(())
        })
    }
}

impl<M: LanguageModel, T: Real> Iterator for Sampler<'_, '_, M, T> {
    type Item = Result<Vec<usize>, SampleError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.sample())
    }
}
