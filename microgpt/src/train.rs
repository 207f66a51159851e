//! Training: schedules, optimisers, and steps over batches.
//!
//! A [`Trainer`] makes the train steps of any model that has a [`Loss`](crate::Loss); [`Training`] says
//! how. The optimisers move any parameters, with a `Trainer` or without.

mod adam;
mod clip;
#[cfg(feature = "mpi")]
mod exchange;
mod frozen;
mod gradients;
mod micro_batches;
mod optimiser;
mod pull;
#[cfg(feature = "threads")]
mod replicas;
mod schedule;
mod sgd;
mod trainer;
mod tree;

pub use adam::Adam;
pub(crate) use micro_batches::micro_batches;
#[cfg(feature = "checkpoint")]
pub(crate) use optimiser::SQUARE;
pub use optimiser::{Optimiser, Rule};
pub use schedule::Schedule;
pub use sgd::Sgd;
#[cfg(feature = "threads")]
pub use trainer::ThreadsError;
pub use trainer::{Trainer, Training, TrainingError, Unusable};
pub use tree::Tree;
