//! Attention: what a position takes from those before it.

use crate::array::Array;
use crate::real::Real;
use crate::shape::Dim;

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

/// What [`attention`] weighs the values with: `[heads, queries, keys]`, 0 for keys that a query
/// does not see.
///
/// # Panics
///
/// If there are too few keys.
#[must_use]
#[track_caller]
pub fn attention_weights<'t, P: Dim, S: Dim, H: Dim, J: Dim, T: Real>(
    q: Array<'t, (P, H, J), T>,
    k: Array<'t, (S, H, J), T>,
    past: usize,
) -> Array<'t, (H, P, usize), T> {
    expr! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s in 0..=t + past];
        let top   = [max(score[h, t, s] for s in 0..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in 0..=t + past];
        let total = [sum(e[h, t, s] for s in 0..=t + past) for h, t];
        [e[h, t, s] / total[h, t] for h, t, s in 0..=t + past]
    }
}

/// [`attention`] in which a position sees itself and the `window - 1` before it (Beltagy 2020,
/// arXiv:2004.05150).
///
/// # Panics
///
/// If the window is empty, or there are too few keys or values.
#[must_use]
#[track_caller]
pub fn sliding_window_attention<'t, P: Dim, S: Dim, H: Dim, J: Dim, T: Real>(
    q: Array<'t, (P, H, J), T>,
    k: Array<'t, (S, H, J), T>,
    v: Array<'t, (S, H, J), T>,
    past: usize,
    window: usize,
) -> Array<'t, (P, H, J), T> {
    expr! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s in t + past + 1 - window..=t + past];
        let top   = [max(score[h, t, s] for s in t + past + 1 - window..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in t + past + 1 - window..=t + past];
        let total = [sum(e[h, t, s] for s in t + past + 1 - window..=t + past) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in t + past + 1 - window..=t + past) for t, h, j]
    }
}

/// [`attention`] in which `R` query heads share each of `G` heads of keys and values (Ainslie
/// 2023, arXiv:2305.13245): `[positions, G, R, width]`.
///
/// # Panics
///
/// If there are too few keys or values.
#[must_use]
#[track_caller]
pub fn grouped_query_attention<'t, P: Dim, S: Dim, G: Dim, R: Dim, J: Dim, T: Real>(
    q: Array<'t, (P, G, R, J), T>,
    k: Array<'t, (S, G, J), T>,
    v: Array<'t, (S, G, J), T>,
    past: usize,
) -> Array<'t, (P, G, R, J), T> {
    expr! {
        let score = [sum(q[t, g, r, j] * k[s, g, j] for j) / sqrt(len(j)) for g, r, t, s in 0..=t + past];
        let top   = [max(score[g, r, t, s] for s in 0..=t + past) for g, r, t];
        let e     = [exp(score[g, r, t, s] - stop(top[g, r, t])) for g, r, t, s in 0..=t + past];
        let total = [sum(e[g, r, t, s] for s in 0..=t + past) for g, r, t];
        [sum(e[g, r, t, s] / total[g, r, t] * v[s, g, j] for s in 0..=t + past) for t, g, r, j]
    }
}

/// [`attention`] whose scores fall with the distance, by a slope for each head, in place of
/// position embeddings (Press 2021, arXiv:2108.12409).
///
/// # Panics
///
/// If there are too few keys or values, or not one slope for each head.
#[must_use]
#[track_caller]
pub fn alibi_attention<'t, P: Dim, S: Dim, H: Dim, J: Dim, T: Real>(
    q: Array<'t, (P, H, J), T>,
    k: Array<'t, (S, H, J), T>,
    v: Array<'t, (S, H, J), T>,
    slope: &[T],
    past: usize,
) -> Array<'t, (P, H, J), T> {
    expr! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) - slope[h] * (t + {T::of(past as f64)} - s) for h, t, s in 0..=t + past];
        let top   = [max(score[h, t, s] for s in 0..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in 0..=t + past];
        let total = [sum(e[h, t, s] for s in 0..=t + past) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in 0..=t + past) for t, h, j]
    }
}
