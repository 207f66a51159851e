//! Probabilities, and losses by them.

use crate::array::Matrix;
use crate::real::Real;
use crate::shape::Dim;
use crate::value::Value;

/// Probabilities from logits, for each row (Bridle 1990).
///
/// # Panics
///
/// If the rows are empty.
#[must_use]
#[track_caller]
pub fn softmax<P: Dim, V: Dim, T: Real>(x: Matrix<'_, P, V, T>) -> Matrix<'_, P, V, T> {
    expr! {
        let top = [max(x[t, i] for i) for t];
        let e   = [exp(x[t, i] - stop(top[t])) for t, i];
        [e[t, i] / sum(e[t, j] for j) for t, i]
    }
}

/// The logarithms of [`softmax`], in nats.
///
/// Here and in the losses the greatest logit is subtracted before anything is added: beside large logits
/// the logarithm would be lost.
///
/// # Panics
///
/// If the rows are empty.
#[must_use]
#[track_caller]
pub fn log_softmax<P: Dim, V: Dim, T: Real>(x: Matrix<'_, P, V, T>) -> Matrix<'_, P, V, T> {
    expr! {
        let top   = [max(x[t, i] for i) for t];
        let below = [x[t, i] - stop(top[t]) for t, i];
        let total = [sum(exp(below[t, i]) for i) for t];
        [below[t, i] - ln(total[t]) for t, i]
    }
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
        mean(ln(total[t]) - (logits[t, target[t]] - stop(top[t])) for t)
    }
}

/// [`cross_entropy`] with a weight for each position in the place of the mean. A position of weight 0 is
/// ignored, whatever its logits are.
///
/// # Panics
///
/// If there is not one target and one weight each, or a target is not below the vocabulary.
#[must_use]
#[track_caller]
pub fn weighted_cross_entropy<'t, P: Dim, V: Dim, T: Real>(
    logits: Matrix<'t, P, V, T>,
    target: &[usize],
    weight: &[T],
) -> Value<'t, T> {
    expr! {
        let top   = [max(logits[t, i] for i) for t];
        let total = [sum(exp(logits[t, i] - stop(top[t])) for i) for t];
        let loss  = [ln(total[t]) - (logits[t, target[t]] - stop(top[t])) for t];
        sum(if weight[t] == 0 { 0 } else { weight[t] * loss[t] } for t)
    }
}

/// [`cross_entropy`] over the positions that have a target, with a share `smoothing` of the
/// target's probability spread over all tokens (Szegedy 2015, arXiv:1512.00567, section 7). A position
/// without a target is ignored, whatever its logits are.
///
/// # Panics
///
/// If there is not one target for each position, one is not below the vocabulary, or none is given.
#[must_use]
#[track_caller]
pub fn smoothed_cross_entropy<'t, P: Dim, V: Dim, T: Real>(
    logits: Matrix<'t, P, V, T>,
    target: &[Option<usize>],
    smoothing: T,
) -> Value<'t, T> {
    let token: Vec<usize> = target.iter().map(|target| target.unwrap_or(0)).collect();
    let counts: Vec<T> =
        target.iter().map(|target| T::of(f64::from(u8::from(target.is_some())))).collect();
    let total = counts.iter().copied().sum::<T>();
    assert!(total > T::zero(), "none of {} positions has a target", target.len());
    expr! {
        let top    = [max(logits[t, i] for i) for t];
        let below  = [logits[t, i] - stop(top[t]) for t, i];
        let sum    = [sum(exp(below[t, i]) for i) for t];
        let hard   = [ln(sum[t]) - below[t, token[t]] for t];
        let spread = [ln(sum[t]) - mean(below[t, i] for i) for t];
        // A share of nothing is nothing, also of an infinite loss.
        let target = [if smoothing == 1 { 0 } else { (1 - smoothing) * hard[t] } for t];
        let others = [if smoothing == 0 { 0 } else { smoothing * spread[t] } for t];
        sum(if counts[t] == 0 { 0 } else { target[t] + others[t] } for t) / total
    }
}
