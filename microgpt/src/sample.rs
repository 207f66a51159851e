//! Generation: new documents, token by token, one after the other or many side by side.
//!
//! A [`Sampler`] draws one document after the other, [`Streams`] many at a time, which is faster per
//! document. Both keep a cache on the model's tape, so that a token costs one position of the forward pass; it is
//! lost if the tape is rewound to before it. What all documents begin with, the prefix, is BOS and a prompt: the model
//! looks at it once, and again when a value on its tape was updated, as a train step does.

mod prefix;
mod rows;
mod sampler;
mod sampling;
mod streams;

#[cfg(feature = "mpi")]
pub(crate) use prefix::require_room;
pub use sampler::{Choice, SampleError, Sampler};
pub use sampling::Sampling;
pub use streams::Streams;
