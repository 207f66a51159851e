//! Convolution over positions.

use crate::array::{Array, Matrix};
use crate::real::Real;
use crate::shape::Dim;

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
