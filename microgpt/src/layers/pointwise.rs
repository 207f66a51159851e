//! What is done to every element by itself, and the blocks made of it.

use crate::array::{Matrix, Numbers};
use crate::real::Real;
use crate::shape::Dim;

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

/// The sum of what a block computed and what went into it.
#[must_use]
#[track_caller]
pub fn residual<'t, P: Dim, E: Dim, T: Real>(
    x: Matrix<'t, P, E, T>,
    before: Matrix<'t, P, E, T>,
) -> Matrix<'t, P, E, T> {
    expr!([x[t, i] + before[t, i] for t, i])
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
