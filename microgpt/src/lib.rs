#![forbid(unsafe_code)]
#![doc = include_str!("../../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
pub mod ops;
pub mod adam;
pub mod array;
#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod dual;
#[doc(hidden)]
pub mod expr;
pub mod gpt;
pub mod gradcheck;
#[doc = include_str!("../../docs/writing-a-layer.md")]
pub mod guide {}
pub mod layers;
pub mod preset;
pub mod random;
pub mod real;
pub mod sampler;
pub mod shape;
pub mod tape;
pub mod tokenizer;
pub mod trainer;
pub mod value;

#[doc(hidden)]
pub use microgpt_macros::{
    compile as __compile, explain as __explain, layer as __layer, op as __op,
};

pub use adam::Adam;
pub use array::{Array, Matrix, Numbers, Vector};
#[cfg(feature = "checkpoint")]
pub use checkpoint::Checkpoint;
pub use gpt::{Activation, Config, Gpt};
pub use preset::Preset;
pub use random::PythonRandom;
pub use real::Real;
pub use sampler::{Sampler, Sampling};
pub use shape::{Const, Dim, Shape};
pub use tape::{Mark, Tape};
pub use tokenizer::CharTokenizer;
pub use trainer::{Trainer, Training};
pub use value::Value;
