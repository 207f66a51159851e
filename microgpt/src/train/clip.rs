//! The norm of a gradient, and its limit.

use crate::real::Real;

/// Sums in so many lanes, which add up side by side.
const LANES: usize = 8;

/// The root of the sum of the squares.
fn norm<T: Real>(gradients: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (chunks, rest) = gradients.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &g) in lanes.iter_mut().zip(chunk) {
            *lane = g.fma(g, *lane);
        }
    }
    let rest: T = rest.iter().map(|&g| g * g).sum();
    (lanes.into_iter().sum::<T>() + rest).sqrt()
}

/// Scales a gradient whose norm is greater than the limit down to it (Pascanu 2012, arXiv:1211.5063).
pub(super) fn clip<T: Real>(gradients: &mut [T], limit: f64) {
    let (norm, limit) = (norm(gradients), T::of(limit));
    if norm > limit {
        let scale = limit / norm;
        for g in gradients {
            *g *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_keeps_its_direction() {
        let mut gradients: Vec<f64> = (1..=11).map(f64::from).collect();
        let before = gradients.clone();
        clip(&mut gradients, 100.0);
        assert_eq!(gradients, before);
        clip(&mut gradients, 0.5);
        approx::assert_relative_eq!(norm(&gradients), 0.5, max_relative = 1e-15);
        for (after, before) in gradients.iter().zip(before) {
            approx::assert_relative_eq!(after / gradients[0], before, max_relative = 1e-14);
        }
    }
}
