//! The processes of a run: this one alone, or those that `mpirun` started.

use std::fmt::Debug;
use std::hash::Hash;

use microgpt::model::ValidationLoss;
use microgpt::sample::SampleError;
use microgpt::{Gpt, Instance, PythonRandom, Real, Sampling, Streams, Trainer};

#[cfg(feature = "mpi")]
use microgpt::Ranks;
#[cfg(not(feature = "mpi"))]
use alone::Ranks;

/// Processes that make the same run, each with a part of its work. The first one reads, prints and saves.
pub struct Team {
    ranks: Option<Ranks>,
}

/// Why a process ends without a word: another one has said what is wrong.
pub const OF_ANOTHER: &str = "another process has failed";

impl Team {
    /// All that were launched together, if this process is one of them.
    pub fn start() -> Result<Self, String> {
        let ranks = Ranks::launched().then(Ranks::start).transpose();
        let ranks = ranks.map_err(|error| error.to_string())?;
        Ok(Self { ranks })
    }

    pub fn is_first(&self) -> bool {
        self.ranks.as_ref().is_none_or(Ranks::is_first)
    }

    /// Whether there are others.
    pub fn has_others(&self) -> bool {
        self.ranks.as_ref().is_some_and(|ranks| ranks.size() > 1)
    }

    /// Whether it is so for any process.
    pub fn any(&self, is_so: bool) -> bool {
        self.ranks.as_ref().map_or(is_so, |ranks| ranks.any(is_so))
    }

    /// All processes have the same, or the error says which have not.
    pub fn compare(&self, what: &str, own: &(impl Hash + ?Sized)) -> Result<(), String> {
        let Some(ranks) = &self.ranks else { return Ok(()) };
        ranks.compare(what, own).map_err(|error| error.to_string())
    }

    /// What went well here, if it went well for all.
    pub fn agreed<T>(&self, done: Result<T, String>) -> Result<T, String> {
        if self.any(done.is_err()) { done.and(Err(OF_ANOTHER.to_owned())) } else { done }
    }

    /// What the first process reads, for all.
    pub fn read(
        &self,
        read: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>, String> {
        let own = if self.is_first() { read() } else { Ok(Vec::new()) };
        let mut bytes = self.agreed(own)?;
        if let Some(ranks) = &self.ranks {
            ranks.broadcast(&mut bytes);
        }
        Ok(bytes)
    }

    /// A trainer whose batches are divided among all.
    pub fn divide<'m, 't, T: Real>(
        &self,
        trainer: Trainer<'m, 't, Gpt, T>,
    ) -> Result<Trainer<'m, 't, Gpt, T>, String> {
        match &self.ranks {
            None => Ok(trainer),
            Some(ranks) => trainer.ranks(ranks).map_err(|error| error.to_string()),
        }
    }

    pub fn validation_loss<'d, T: Real>(
        &self,
        gpt: &Instance<'_, Gpt, T>,
        documents: impl IntoIterator<Item = &'d [usize]>,
    ) -> ValidationLoss {
        match &self.ranks {
            None => gpt.validation_loss(documents),
            Some(ranks) => ranks.validation_loss(gpt, documents),
        }
    }
}
