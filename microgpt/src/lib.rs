#![forbid(unsafe_code)]
#![doc = include_str!("../../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
pub mod ops;
#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod derivatives;
pub mod dual;
mod errors;
#[doc(hidden)]
pub mod expr;
pub mod gradcheck;
pub mod guide {
    //! Guides, a page each, whose every example runs: [writing a layer](layers),
    //! [writing a model](models), [derivatives of derivatives](derivatives) and
    //! [training on several machines](distribution). [How do I write ...?](how_to) is an index of formulas.

    #[doc = include_str!("../../docs/writing-a-layer.md")]
    pub mod layers {}

    #[doc = include_str!("../../docs/how-to-write.md")]
    pub mod how_to {}

    #[doc = include_str!("../../docs/writing-a-model.md")]
    pub mod models {}

    #[doc = include_str!("../../docs/derivatives.md")]
    pub mod derivatives {}

    #[doc = include_str!("../../docs/distribution.md")]
    pub mod distribution {}
}
pub mod layers;
pub mod model;
pub mod preset;
#[cfg(feature = "mpi")]
pub mod ranks;
pub mod real;
pub mod sample;
pub mod tape;
pub mod text;
pub mod train;

#[doc(hidden)]
pub use microgpt_macros::{
    compile as __compile, explain as __explain, layer as __layer, op as __op,
};

#[cfg(feature = "checkpoint")]
pub use checkpoint::Checkpoint;
pub use model::gpt::{Activation, Gpt};
pub use model::{Context, Instance, LanguageModel, Loss, Model, Parameters};
pub use preset::Preset;
#[cfg(feature = "mpi")]
pub use ranks::Ranks;
pub use real::Real;
pub use sample::{Sampler, Sampling, Streams};
pub use tape::array::{Array, Matrix, Numbers, Vector};
pub use tape::shape::{Const, Dim, Shape};
pub use tape::value::Value;
pub use tape::{Mark, Tape, array, shape, value};
pub use text::random::{self, PythonRandom};
pub use text::tokenizer::{self, CharTokenizer};
pub use train::{Adam, Optimiser, Rule, Schedule, Sgd, Trainer, Training};
