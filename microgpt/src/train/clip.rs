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
    let (whole, limit) = (norm(gradients), T::of(limit));
    if whole == T::infinity() {
        return clip_large(gradients, limit);
    }
    if whole > limit {
        let scale = limit / whole;
        for g in gradients {
            *g *= scale;
        }
    }
}

/// The same of gradients whose squares are too large for the precision: those of their shares of the greatest are not.
/// An infinite gradient stays, to be noticed.
#[cold]
fn clip_large<T: Real>(gradients: &mut [T], limit: T) {
    let greatest = gradients.iter().fold(T::zero(), |greatest, g| greatest.max(g.abs()));
    let shares: Vec<T> = gradients.iter().map(|&g| g / greatest).collect();
    let whole = norm(&shares);
    if greatest < T::infinity() && whole > limit / greatest {
        for (g, share) in gradients.iter_mut().zip(shares) {
            *g = share * (limit / whole);
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

    fn large<T: Real>(size: f64) {
        let numbers = [3.0, -4.0, 0.0, 12.0].map(|number| T::of(number * size));
        let mut gradients = numbers;
        clip(&mut gradients, 6.5);
        for (after, expected) in gradients.iter().zip([1.5, -2.0, 0.0, 6.0]) {
            assert!((after.as_f64() - expected).abs() < 1e-6, "{gradients:?}");
        }
        // A limit beyond the norm changes nothing, and what is infinite stays so.
        let mut gradients = numbers;
        clip(&mut gradients, size * 14.0);
        assert_eq!(gradients.map(T::as_f64), numbers.map(T::as_f64));
        let mut gradients = [T::one(), T::infinity()];
        clip(&mut gradients, 1.0);
        assert_eq!(gradients.map(T::as_f64), [1.0, f64::INFINITY]);
    }

    #[test]
    fn squares_beyond_the_precision_are_clipped_too() {
        large::<f32>(1e25);
        large::<f64>(1e200);
    }
}
