//! What tokens and positions become vectors by.

use crate::array::{Array, Matrix, Numbers};
use crate::real::Real;
use crate::shape::Dim;

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
