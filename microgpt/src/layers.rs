//! The layers of a GPT, each a few equations.
//!
//! `T` positions of a document are one axis of every layer: training runs all of them at once,
//! generation one new position against the keys and values of those before it.

use crate::array::{Array, Matrix};
use crate::real::Real;
use crate::shape::Dim;
use crate::value::Value;

/// Token and position embedding: `[positions, embd]`.
///
/// `token` holds one id a position; the first of them is at position `past` of the document.
///
/// # Panics
///
/// If an id is not below the vocabulary, or a position not below the rows of `wpe`.
#[must_use]
#[track_caller]
pub fn embedding<'t, V: Dim, P: Dim, E: Dim, T: Real>(
    wte: Matrix<'t, V, E, T>,
    wpe: Matrix<'t, P, E, T>,
    token: &[usize],
    past: usize,
) -> Matrix<'t, usize, E, T> {
    expr!([wte[token[t], i] + wpe[t + {past}, i] for t, i])
}

/// A linear map of every position, without bias: `[positions, out]` from `w: [out, in]`.
#[must_use]
#[track_caller]
pub fn linear<'t, P: Dim, O: Dim, I: Dim, T: Real>(
    w: Matrix<'t, O, I, T>,
    x: Matrix<'t, P, I, T>,
) -> Matrix<'t, P, O, T> {
    expr!([sum(w[o, i] * x[t, i] for i) for t, o])
}

/// Each position divided by its root mean square, without gain (Zhang 2019, arXiv:1910.07467).
///
/// # Panics
///
/// If there is nothing to take the mean of.
#[must_use]
#[track_caller]
pub fn rmsnorm<P: Dim, E: Dim, T: Real>(x: Matrix<'_, P, E, T>) -> Matrix<'_, P, E, T> {
    expr! {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] for t, i]
    }
}

/// Causal attention of several heads at once (Vaswani 2017, arXiv:1706.03762): `[positions,
/// heads, width]`, from queries of the new positions and keys and values of all of them.
///
/// The first query is at position `past`: it sees `past + 1` keys.
///
/// # Panics
///
/// If there are fewer than `past` and the number of queries together of keys or values.
#[must_use]
#[track_caller]
pub fn attention<'t, P: Dim, S: Dim, H: Dim, J: Dim, T: Real>(
    q: Array<'t, (P, H, J), T>,
    k: Array<'t, (S, H, J), T>,
    v: Array<'t, (S, H, J), T>,
    past: usize,
) -> Array<'t, (P, H, J), T> {
    expr! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s in 0..=t + past];
        let top   = [max(score[h, t, s] for s in 0..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in 0..=t + past];
        let total = [sum(e[h, t, s] for s in 0..=t + past) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in 0..=t + past) for t, h, j]
    }
}

/// The rectifier of every element.
#[must_use]
#[track_caller]
pub fn relu<P: Dim, E: Dim, T: Real>(x: Matrix<'_, P, E, T>) -> Matrix<'_, P, E, T> {
    expr!([relu(x[t, i]) for t, i])
}

/// The square of the rectifier of every element (So 2021, arXiv:2109.08668).
#[must_use]
#[track_caller]
pub fn squared_relu<P: Dim, E: Dim, T: Real>(x: Matrix<'_, P, E, T>) -> Matrix<'_, P, E, T> {
    expr!([relu(x[t, i])^2 for t, i])
}

/// The sum of what a block computed and what went into it.
#[must_use]
#[track_caller]
pub fn residual<'t, P: Dim, E: Dim, T: Real>(
    x: Matrix<'t, P, E, T>,
    before: Matrix<'t, P, E, T>,
) -> Matrix<'t, P, E, T> {
    expr!([x[t, i] + before[t, i] for t, i])
}

/// The mean over positions of `-ln` of the probability that softmax gives to the target, in nats.
///
/// # Panics
///
/// If there is no position, not one target each, or a target is not below the vocabulary.
#[must_use]
#[track_caller]
pub fn cross_entropy<'t, P: Dim, V: Dim, T: Real>(
    logits: Matrix<'t, P, V, T>,
    target: &[usize],
) -> Value<'t, T> {
    expr! {
        let top   = [max(logits[t, i] for i) for t];
        let total = [sum(exp(logits[t, i] - stop(top[t])) for i) for t];
        mean(ln(total[t]) + stop(top[t]) - logits[t, target[t]] for t)
    }
}
