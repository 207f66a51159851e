//! Errors as programs end with them: a `main` that returns one prints its `Debug`, so that is its sentence.

use std::fmt;

macro_rules! debug_is_display {
    ($($(#[$cfg:meta])? $error:ty,)+) => {$(
        $(#[$cfg])?
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

debug_is_display! {
    #[cfg(feature = "checkpoint")] crate::checkpoint::CheckpointError,
    #[cfg(feature = "checkpoint")] crate::checkpoint::FileError,
    crate::gradcheck::GradientError,
    crate::model::ModelError,
    crate::model::gpt::UnknownActivation,
    crate::preset::UnknownPreset,
    #[cfg(feature = "mpi")] crate::ranks::RanksError,
    crate::sample::SampleError,
    crate::random::RandomError,
    crate::tokenizer::RepeatedCharacter,
    crate::tokenizer::UnknownCharacter,
    #[cfg(feature = "threads")] crate::train::ThreadsError,
    crate::train::TrainingError,
    crate::train::Unusable,
}
