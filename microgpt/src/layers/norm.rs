//! Normalisation of every position.

use crate::array::{Matrix, Vector};
use crate::real::Real;
use crate::shape::Dim;

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
/// The mean is taken twice: the first is rounded, and of large numbers that are close to each other what
/// it is off by would be all that is left.
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
        let near  = [x[t, i] - stop(mean[t]) for t, i];
        let off   = [mean(near[t, i] for i) for t];
        let scale = [(mean((near[t, i] - off[t])^2 for i) + 1e-5)^-0.5 for t];
        [(near[t, i] - off[t]) * scale[t] * gain[i] + bias[i] for t, i]
    }
}
