//! The layers of a GPT, each a few equations.
//!
//! `T` positions of a document are one axis of every layer: training runs all of them at once,
//! generation one new position against the keys and values of those before it.

use crate::array::{Array, Matrix, Numbers, Vector};
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

/// [`embedding`] of several documents, one after the other: each token says its position.
///
/// # Panics
///
/// If an id is not below the vocabulary, or a position not below the rows of `wpe`.
#[must_use]
#[track_caller]
pub fn embedding_at<'t, V: Dim, P: Dim, E: Dim, T: Real>(
    wte: Matrix<'t, V, E, T>,
    wpe: Matrix<'t, P, E, T>,
    token: &[usize],
    place: &[usize],
) -> Matrix<'t, usize, E, T> {
    expr!([wte[token[t], i] + wpe[place[t], i] for t, i])
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

/// [`cross_entropy`] with a weight for each position in the place of the mean.
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
        sum(weight[t] * (ln(total[t]) + stop(top[t]) - logits[t, target[t]]) for t)
    }
}

/// A linear map of every position, with a bias for each output.
#[must_use]
#[track_caller]
pub fn linear_with_bias<'t, P: Dim, O: Dim, I: Dim, T: Real>(
    w: Matrix<'t, O, I, T>,
    bias: Vector<'t, O, T>,
    x: Matrix<'t, P, I, T>,
) -> Matrix<'t, P, O, T> {
    expr!([sum(w[o, i] * x[t, i] for i) + bias[o] for t, o])
}

/// Token embedding alone, for models whose positions enter elsewhere: `[positions, embd]`.
///
/// # Panics
///
/// If an id is not below the vocabulary.
#[must_use]
#[track_caller]
pub fn token_embedding<'t, V: Dim, E: Dim, T: Real>(
    wte: Matrix<'t, V, E, T>,
    token: &[usize],
) -> Matrix<'t, usize, E, T> {
    expr!([wte[token[t], i] for t, i])
}

/// Fixed embeddings of positions `past..past + positions`: sines and cosines of wavelengths from
/// 2π to 10000 · 2π, in turn (Vaswani 2017, arXiv:1706.03762, section 3.5).
///
/// # Panics
///
/// If `width` is odd.
#[must_use]
#[track_caller]
pub fn sinusoidal_positions<T: Real>(
    positions: usize,
    width: usize,
    past: usize,
) -> Numbers<(usize, usize), T> {
    assert!(width.is_multiple_of(2), "sines and cosines come in pairs, not {width} in all");
    let (half, past) = (width / 2, T::of(past as f64));
    let pairs = expr! {
        let angle = [(t + past) / 10000^(i / len(i)) for t in 0..positions, i in 0..half];
        [if c == 0 { sin(angle[t, i]) } else { cos(angle[t, i]) } for t, i, c in 0..2]
    };
    Numbers::new((positions, width), pairs.into_vec())
}

/// Rotary position embedding of queries or keys whose width is split in two halves: `[positions,
/// heads, 2, half]` (Su 2021, arXiv:2104.09864). The first is at position `past`.
#[must_use]
#[track_caller]
pub fn rotary<P: Dim, H: Dim, C: Dim, J: Dim, T: Real>(
    x: Array<'_, (P, H, C, J), T>,
    past: usize,
) -> Array<'_, (P, H, C, J), T> {
    let (positions, half) = (x.shape().0.len(), x.shape().3.len());
    let past = T::of(past as f64);
    expr! {
        let angle  = [(t + past) * 10000^(-j / len(j)) for t in 0..positions, j in 0..half];
        let turned = [if c == 0 { -x[t, h, 1, j] } else { x[t, h, 0, j] } for t, h, c in 0..2, j];
        [x[t, h, c, j] * cos(angle[t, j]) + turned[t, h, c, j] * sin(angle[t, j]) for t, h, c, j]
    }
}

/// [`rmsnorm`] with a gain for each feature (Zhang 2019, arXiv:1910.07467).
///
/// # Panics
///
/// If there is nothing to take the mean of.
#[must_use]
#[track_caller]
pub fn rmsnorm_with_gain<'t, P: Dim, E: Dim, T: Real>(
    x: Matrix<'t, P, E, T>,
    gain: Vector<'t, E, T>,
) -> Matrix<'t, P, E, T> {
    expr! {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] * gain[i] for t, i]
    }
}

/// Each position minus its mean, over its standard deviation, with gain and bias (Ba 2016,
/// arXiv:1607.06450).
///
/// # Panics
///
/// If there is nothing to take the mean of.
#[must_use]
#[track_caller]
pub fn layernorm<'t, P: Dim, E: Dim, T: Real>(
    x: Matrix<'t, P, E, T>,
    gain: Vector<'t, E, T>,
    bias: Vector<'t, E, T>,
) -> Matrix<'t, P, E, T> {
    expr! {
        let mean  = [mean(x[t, i] for i) for t];
        let scale = [(mean((x[t, i] - mean[t])^2 for i) + 1e-5)^-0.5 for t];
        [(x[t, i] - mean[t]) * scale[t] * gain[i] + bias[i] for t, i]
    }
}

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
/// # Panics
///
/// If the rows are empty.
#[must_use]
#[track_caller]
pub fn log_softmax<P: Dim, V: Dim, T: Real>(x: Matrix<'_, P, V, T>) -> Matrix<'_, P, V, T> {
    expr!([x[t, i] - logsumexp(x[t, j] for j) for t, i])
}

/// [`cross_entropy`] over the positions that have a target, with a share `smoothing` of the
/// target's probability spread over all tokens (Szegedy 2015, arXiv:1512.00567, section 7).
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
        let all    = [logsumexp(logits[t, i] for i) for t];
        let hard   = [all[t] - logits[t, token[t]] for t];
        let spread = [all[t] - mean(logits[t, i] for i) for t];
        sum(counts[t] * ((1 - smoothing) * hard[t] + smoothing * spread[t]) for t) / total
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

/// The Gaussian error linear unit of every element (Hendrycks 2016, arXiv:1606.08415).
#[must_use]
#[track_caller]
pub fn gelu<P: Dim, E: Dim, T: Real>(x: Matrix<'_, P, E, T>) -> Matrix<'_, P, E, T> {
    expr!([gelu(x[t, i]) for t, i])
}

/// An MLP whose hidden layer is gated: `w_down · (silu(w_gate · x) * w_up · x)` (Shazeer 2020,
/// arXiv:2002.05202).
#[must_use]
#[track_caller]
pub fn swiglu<'t, P: Dim, M: Dim, E: Dim, T: Real>(
    w_gate: Matrix<'t, M, E, T>,
    w_up: Matrix<'t, M, E, T>,
    w_down: Matrix<'t, E, M, T>,
    x: Matrix<'t, P, E, T>,
) -> Matrix<'t, P, E, T> {
    expr! {
        let gate   = [sum(w_gate[m, i] * x[t, i] for i) for t, m];
        let up     = [sum(w_up[m, i] * x[t, i] for i) for t, m];
        let hidden = [silu(gate[t, m]) * up[t, m] for t, m];
        [sum(w_down[i, m] * hidden[t, m] for m) for t, i]
    }
}

/// Elements kept where the mask is 1 and scaled up for those where it is 0, `drop` of all on
/// average (Srivastava 2014). The mask is an operand: whoever calls draws it.
///
/// # Panics
///
/// If the mask has another shape.
#[must_use]
#[track_caller]
pub fn dropout<'t, P: Dim, E: Dim, T: Real>(
    x: Matrix<'t, P, E, T>,
    mask: &Numbers<(P, E), T>,
    drop: T,
) -> Matrix<'t, P, E, T> {
    expr!([x[t, i] * mask[t, i] / (1 - drop) for t, i])
}

/// A causal convolution over positions: `w: [out, in, taps]`, tap `k` reads `k` positions back,
/// and before the first position all is 0 (van den Oord 2016, arXiv:1609.03499).
#[must_use]
#[track_caller]
pub fn causal_conv1d<'t, P: Dim, O: Dim, I: Dim, K: Dim, T: Real>(
    w: Array<'t, (O, I, K), T>,
    x: Matrix<'t, P, I, T>,
) -> Matrix<'t, P, O, T> {
    let positions = x.shape().0;
    let y = expr!([sum(if t >= k { w[o, i, k] * x[t - k, i] } else { 0 } for i, k) for t in 0..{positions.len()}, o]);
    y.reshape((positions, y.shape().1))
}

/// Logits from the token embeddings themselves, for models that tie the two (Press 2016,
/// arXiv:1608.05859): `[positions, vocabulary]`.
#[must_use]
#[track_caller]
pub fn tied_logits<'t, P: Dim, V: Dim, E: Dim, T: Real>(
    wte: Matrix<'t, V, E, T>,
    x: Matrix<'t, P, E, T>,
) -> Matrix<'t, P, V, T> {
    linear(wte, x)
}
