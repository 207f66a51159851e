//! The processes of a run: this one alone, or those that `mpirun` started.

use std::hash::Hash;

#[cfg(feature = "mpi")]
use microgpt::Ranks;
use microgpt::model::ValidationLoss;
use microgpt::sample::SampleError;
use microgpt::{Gpt, Instance, PythonRandom, Real, Sampling, Streams, Trainer};

#[cfg(not(feature = "mpi"))]
use alone::Ranks;

#[cfg(not(feature = "mpi"))]
mod alone;

/// Processes that make the same run, each with a part of its work. The first one reads, prints and saves.
pub struct Team {
    ranks: Option<Ranks>,
}

/// Draws so many documents more.
type Draw<'m> = dyn FnMut(usize) -> Result<Vec<Vec<usize>>, SampleError> + 'm;

/// The error of a process that has none itself. Only the first speaks, and it has its own or this.
const OF_ANOTHER: &str = "another process of this run has failed";

impl Team {
    /// All that were launched together, if this process is one of them.
    pub fn start() -> Result<Self, String> {
        let ranks = Ranks::launched().then(Ranks::start).transpose();
        ranks.map(|ranks| Self { ranks }).map_err(in_text)
    }

    pub fn is_first(&self) -> bool {
        self.ranks.as_ref().is_none_or(Ranks::is_first)
    }

    pub fn has_others(&self) -> bool {
        self.ranks.as_ref().is_some_and(|ranks| ranks.size() > 1)
    }

    /// Whether a launcher passes on what this process prints.
    pub fn is_relayed(&self) -> bool {
        self.ranks.is_some()
    }

    /// Whether it is so for any process.
    pub fn any(&self, is_so: bool) -> bool {
        self.ranks.as_ref().map_or(is_so, |ranks| ranks.any(is_so))
    }

    /// All processes have the same, or the error says which have not.
    pub fn compare(&self, what: &str, own: &(impl Hash + ?Sized)) -> Result<(), String> {
        let Some(ranks) = &self.ranks else { return Ok(()) };
        ranks.compare(what, own).map_err(in_text)
    }

    /// What went well here, if it went well for all.
    pub fn agreed<T>(&self, done: Result<T, String>) -> Result<T, String> {
        let failed = self.any(done.is_err());
        done.and_then(|done| if failed { Err(OF_ANOTHER.to_owned()) } else { Ok(done) })
    }

    /// What the first process reads, for all.
    pub fn read(&self, read: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
        let mut bytes = self.agreed(if self.is_first() { read() } else { Ok(Vec::new()) })?;
        if let Some(ranks) = &self.ranks {
            ranks.broadcast(&mut bytes);
        }
        Ok(bytes)
    }

    /// A trainer whose batches are divided among all.
    #[cfg_attr(not(feature = "mpi"), allow(clippy::unnecessary_wraps))]
    pub fn divide<'m, 't, T: Real>(
        &self,
        trainer: Trainer<'m, 't, Gpt, T>,
    ) -> Result<Trainer<'m, 't, Gpt, T>, String> {
        match &self.ranks {
            None => Ok(trainer),
            #[cfg(feature = "mpi")]
            Some(ranks) => trainer.ranks(ranks).map_err(in_text),
            #[cfg(not(feature = "mpi"))]
            Some(none) => match *none {},
        }
    }

    pub fn validation_loss<'d, T: Real>(
        &self,
        gpt: &Instance<'_, Gpt, T>,
        documents: impl IntoIterator<Item = &'d [usize]>,
    ) -> ValidationLoss {
        match &self.ranks {
            None => gpt.validation_loss(documents),
            #[cfg(feature = "mpi")]
            Some(ranks) => ranks.validation_loss(gpt, documents),
            #[cfg(not(feature = "mpi"))]
            Some(none) => match *none {},
        }
    }

    /// Documents that begin with a prompt and are drawn side by side, in streams that all processes share.
    pub fn streams<'m, 't: 'm, T: Real>(
        &self,
        gpt: &'m Instance<'t, Gpt, T>,
        bos: usize,
        prompt: &[usize],
        sampling: Sampling,
        generators: Vec<PythonRandom>,
    ) -> Result<Box<Draw<'m>>, SampleError> {
        match &self.ranks {
            None => {
                let streams = Streams::new(gpt, bos, sampling, generators);
                let mut streams = streams.with_prompt(prompt)?;
                Ok(Box::new(move |count| streams.sample(count)))
            }
            #[cfg(feature = "mpi")]
            Some(ranks) => {
                let streams = ranks.streams(gpt, bos, sampling, generators);
                let mut streams = streams.with_prompt(prompt)?;
                Ok(Box::new(move |count| streams.sample(count)))
            }
            #[cfg(not(feature = "mpi"))]
            Some(none) => match *none {},
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` has it
fn in_text(error: impl ToString) -> String {
    error.to_string()
}
