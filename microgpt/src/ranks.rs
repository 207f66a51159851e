//! Processes that work on one training, on one machine or several: MPI.
//!
//! [`Ranks`] are the processes that `mpirun` started. All of them run the same program, and make the same
//! calls in the same order. [`Trainer::ranks`](crate::Trainer::ranks) divides the batches among them, with the
//! bits of one process. [Distribution](crate::guide::distribution) says how to start it, why the bits are the
//! same, and what it costs.

mod evaluation;
mod group;

pub use evaluation::RankStreams;
pub(crate) use group::{Number, part};
pub use group::{Ranks, RanksError, Traffic};
/// The crate that speaks to MPI, for communicators of one's own.
pub use mpi;
