//! The layers of a GPT, each a few equations.
//!
//! `t` positions of a document are one axis of every layer: training runs all of them at once,
//! generation one new position against the keys and values of those before it.

mod attention;
mod convolution;
mod embedding;
mod linear;
mod loss;
mod norm;
mod pointwise;

pub use attention::{
    alibi_attention, attention, attention_weights, grouped_query_attention,
    sliding_window_attention,
};
pub use convolution::causal_conv1d;
pub use embedding::{embedding, rotary, sinusoidal_positions, token_embedding};
pub use linear::{linear, linear_with_bias};
pub use loss::{
    cross_entropy, log_softmax, smoothed_cross_entropy, softmax, weighted_cross_entropy,
};
pub use norm::{layernorm, rmsnorm, rmsnorm_with_gain};
pub use pointwise::{dropout, gelu, relu, squared_relu, swiglu};
