//! Validation and sampling, divided among ranks.

use super::group::{Ranks, part};
use crate::model::{Instance, LanguageModel, ValidationLoss};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;
use crate::sample::{SampleError, Sampling, Streams, require_room};

impl Ranks {
    /// [`Instance::validation_loss`], of which each rank computes a share of the documents. The bits are the
    /// same.
    ///
    /// # Panics
    ///
    /// As there.
    #[must_use]
    #[track_caller]
    pub fn validation_loss<'d, M: LanguageModel, T: Real>(
        &self,
        model: &Instance<'_, M, T>,
        documents: impl IntoIterator<Item = &'d [usize]>,
    ) -> ValidationLoss {
        let documents: Vec<&[usize]> = documents.into_iter().collect();
        let share = part(documents.len(), self.rank(), self.size());
        let own: Vec<f64> = documents[share].iter().map(|document| model.nats(document)).collect();
        let nats = self.gather(&own);
        ValidationLoss::of(model.model(), documents.into_iter().zip(nats))
    }

    /// [`Streams`] that are divided among the ranks.
    ///
    /// # Panics
    ///
    /// If there is no generator.
    #[must_use]
    #[track_caller]
    pub fn streams<'m, 't, M: LanguageModel, T: Real>(
        &self,
        model: &'m Instance<'t, M, T>,
        bos: usize,
        sampling: Sampling,
        mut generators: Vec<PythonRandom>,
    ) -> RankStreams<'m, 't, M, T> {
        assert!(!generators.is_empty(), "streams have one generator at least");
        let streams = generators.len();
        let share = part(streams, self.rank(), self.size());
        generators.truncate(share.end);
        generators.drain(..share.start);
        let own = !generators.is_empty();
        let own = own.then(|| Streams::new(model, bos, sampling, generators));
        RankStreams { ranks: self.clone(), model, streams, own }
    }
}

/// [`Streams`] of which each rank draws some: the documents are those of one process. [`Ranks::streams`] makes them, and
/// [`Streams`] has an example.
#[derive(Debug)]
pub struct RankStreams<'m, 't, M: LanguageModel, T: Real = f64> {
    ranks: Ranks,
    model: &'m Instance<'t, M, T>,
    /// The number of streams of all ranks.
    streams: usize,
    /// Those of this one.
    own: Option<Streams<'m, 't, M, T>>,
}

impl<M: LanguageModel, T: Real> RankStreams<'_, '_, M, T> {
    /// Begins every document with these tokens, which are those of all ranks.
    ///
    /// # Errors
    ///
    /// As [`Streams::with_prompt`], on all ranks.
    pub fn with_prompt(mut self, prompt: &[usize]) -> Result<Self, SampleError> {
        // Also where there is no stream: a rank that goes on would wait for those that do not.
        require_room(prompt, self.model.model().block_size())?;
        self.own = self.own.map(|own| own.with_prompt(prompt)).transpose()?;
        Ok(self)
    }

    /// Draws so many documents, as [`Streams::sample`] does; each rank gets all of them.
    ///
    /// # Errors
    ///
    /// If the model's probabilities are not numbers, on any rank.
    pub fn sample(&mut self, count: usize) -> Result<Vec<Vec<usize>>, SampleError> {
        let (streams, ranks) = (self.streams, &self.ranks);
        let shares = (0..ranks.size()).map(|rank| part(streams, rank, ranks.size()));
        // Each stream draws as many, and the first of them one more.
        let (rounds, more) = (count / streams, count % streams);
        let drawn = |first: usize, len: usize| rounds * len + more.saturating_sub(first).min(len);
        let share = part(streams, ranks.rank(), ranks.size());
        let own = match &mut self.own {
            Some(own) => own.sample(drawn(share.start, share.len())),
            None => Ok(Vec::new()),
        };
        if ranks.any(own.is_err()) {
            let of_another = RandomError::UnusableTotal(f64::NAN).into();
            return Err(own.err().unwrap_or(of_another));
        }
        let own = own?;
        let lens: Vec<u64> = own.iter().map(|document| document.len() as u64).collect();
        let tokens: Vec<u64> = own.iter().flatten().map(|&token| token as u64).collect();
        let (lens, tokens) = (ranks.gather(&lens), ranks.gather(&tokens));
        let (mut lens, mut tokens) = (lens.into_iter(), tokens.into_iter().map(to_usize));
        let mut documents = vec![Vec::new(); count];
        for share in shares {
            for number in 0..drawn(share.start, share.len()) {
                let (round, stream) = (number / share.len(), share.start + number % share.len());
                let len = lens.next().map_or(0, to_usize);
                documents[round * streams + stream] = tokens.by_ref().take(len).collect();
            }
        }
        Ok(documents)
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
