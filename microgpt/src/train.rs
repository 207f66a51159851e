//! Training: schedules, optimisers, and steps over batches.

mod adam;
mod clip;
mod micro_batches;
mod optimiser;
#[cfg(feature = "threads")]
mod replicas;
mod schedule;
mod sgd;
mod trainer;

pub use adam::Adam;
#[cfg(feature = "checkpoint")]
pub(crate) use optimiser::SQUARE;
pub use optimiser::{Optimiser, Rule};
pub use schedule::Schedule;
pub use sgd::Sgd;
#[cfg(feature = "threads")]
pub use trainer::ThreadsError;
pub use trainer::{Trainer, Training, TrainingError, Unusable};
