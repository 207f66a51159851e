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
        // What rounding left of a mean is seen when it is taken off: the mean of the rest is added.
        let about = [mean(x[t, i] for i) for t];
        let mean  = [stop(about[t]) + mean(x[t, i] - stop(about[t]) for i) for t];
        let scale = [(mean((x[t, i] - mean[t])^2 for i) + 1e-5)^-0.5 for t];
        [(x[t, i] - mean[t]) * scale[t] * gain[i] + bias[i] for t, i]
    }
}
