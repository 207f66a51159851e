//! Generation: new documents, token by token, one after the other or many side by side.

mod sampler;
mod sampling;
mod streams;

pub use sampler::{Choice, SampleError, Sampler};
pub use sampling::Sampling;
pub use streams::Streams;
