//! Linear maps of every position.

use crate::array::{Matrix, Vector};
use crate::real::Real;
use crate::shape::Dim;

/// A linear map of every position, without bias: `[positions, out]` from `w: [out, in]`.
#[must_use]
#[track_caller]
pub fn linear<'t, P: Dim, O: Dim, I: Dim, T: Real>(
    w: Matrix<'t, O, I, T>,
    x: Matrix<'t, P, I, T>,
) -> Matrix<'t, P, O, T> {
    expr!([sum(w[o, i] * x[t, i] for i) for t, o])
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
