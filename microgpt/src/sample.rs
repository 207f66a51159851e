//! Generation: new documents, token by token, one after the other or many side by side.
//!
//! A [`Sampler`] draws one document after the other, [`Streams`] many at a time, which is faster per
//! document. Both keep a cache, so that a token costs one position of the forward pass. What all documents
//! begin with, BOS and a prompt, the model looks at once, and again when its parameters have changed.

mod beginning;
mod rows;
mod sampler;
mod sampling;
mod streams;

pub use sampler::{Choice, SampleError, Sampler};
pub use sampling::Sampling;
pub use streams::Streams;
