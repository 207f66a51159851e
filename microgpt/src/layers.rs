//! Layers, each a few equations: those of a GPT, recurrences, state spaces, convolutions, filters and losses over
//! sequences.
//!
//! `t` positions of a document are one axis of every layer: training runs all of them at once,
//! generation one new position against the keys and values of those before it, or from the last state.

mod attention;
mod convolution;
mod dynamic_programming;
mod embedding;
mod iteration;
mod linear;
mod linear_attention;
mod loss;
mod norm;
mod pointwise;
mod recurrent;
mod scan;
mod state_space;

pub use attention::{
    alibi_attention, attention, attention_of_streams, attention_weights, grouped_query_attention,
    sliding_window_attention,
};
pub use convolution::causal_conv1d;
pub use dynamic_programming::{crf_loss, ctc_loss, hidden_markov_log_likelihood};
pub use embedding::{embedding, rotary, sinusoidal_positions, token_embedding};
pub use iteration::pagerank;
pub use linear::{linear, linear_with_bias};
pub use linear_attention::{linear_attention, retention, wkv};
pub use loss::{
    cross_entropy, log_softmax, smoothed_cross_entropy, softmax, weighted_cross_entropy,
};
pub use norm::{layernorm, rmsnorm, rmsnorm_with_gain};
pub use pointwise::{dropout, gelu, relu, squared_relu, swiglu};
pub use recurrent::{gru, lstm, min_gru, rnn};
pub use scan::{
    cumulative_logsumexp, cumulative_product, cumulative_sum, exponential_moving_average,
};
pub use state_space::{kalman_filter, selective_scan};
