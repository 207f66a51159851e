//! Greatest and least values.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use super::loops::{accumulate, barrier, column, cut, map};
use super::tuning::LANES;
use crate::real::Real;

/// The greatest of what `step` makes of an element of each of `rows`; of no position it is -∞.
///
/// It is NaN if one of them is. Of 0 and -0 it may be either.
#[inline(always)]
pub fn greatest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, T::neg_infinity(), |x, best| x > best)
}

/// As [`greatest`], the least.
#[inline(always)]
pub fn smallest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, T::infinity(), |x, best| x < best)
}

#[inline(always)]
fn best_in_lanes<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
    of_nothing: T,
    is_better: impl Fn(T, T) -> bool,
) -> T {
    if len == 0 {
        return of_nothing;
    }
    barrier();
    let rows = cut(rows, 0, len);
    if const { size_of::<T>() > size_of::<f64>() } {
        // A number with a derivative: of several that are equal it is that of the first.
        return best_in_turn(len, rows, step, of_nothing, is_better);
    }
    let better = |best, x| if is_better(x, best) { x } else { best };
    let mut lanes = [of_nothing; LANES];
    // A NaN is not better than anything. It is in the sum, which costs less than to ask each.
    let mut sums = [T::zero(); LANES];
    let whole = len / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let chunks = cut(rows, start, LANES);
        for lane in 0..LANES {
            let x = step(start + lane, column(chunks, lane));
            lanes[lane] = better(lanes[lane], x);
            sums[lane] += x;
        }
    }
    let (mut best, mut sum) = (of_nothing, T::zero());
    if whole > 0 {
        // By halves: one step is over before the next begins.
        let mut half = LANES;
        while half > 1 {
            half /= 2;
            for lane in 0..half {
                lanes[lane] = better(lanes[lane], lanes[half + lane]);
                let other = sums[half + lane];
                sums[lane] += other;
            }
        }
        (best, sum) = (lanes[0], sums[0]);
    }
    for position in whole..len {
        let x = step(position, column(rows, position));
        best = better(best, x);
        sum += x;
    }
    // Infinities of both signs make a NaN of the sum, too.
    if sum.is_nan() { best_in_turn(len, rows, step, of_nothing, is_better) } else { best }
}

/// The first of equals, or the first NaN.
#[cold]
#[inline(never)]
fn best_in_turn<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
    of_nothing: T,
    is_better: impl Fn(T, T) -> bool,
) -> T {
    let mut best = Best::new();
    for position in 0..len {
        let x = step(position, column(rows, position));
        best.take(position, x, |best| is_better(x, best));
    }
    best.value(of_nothing)
}

/// Takes the greater of what a row holds and what `step` makes of an element of each of `rows`, the
/// one there of two that are equal; or what it makes, if that is the first.
#[inline(always)]
pub fn greater<T: Real, const K: usize>(
    out: &mut [T],
    first: bool,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    better(out, first, rows, step, |x, best| x > best);
}

/// As [`greater`], the lesser of both.
#[inline(always)]
pub fn lesser<T: Real, const K: usize>(
    out: &mut [T],
    first: bool,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    better(out, first, rows, step, |x, best| x < best);
}

#[inline(always)]
fn better<T: Real, const K: usize>(
    out: &mut [T],
    first: bool,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
    is_better: impl Fn(T, T) -> bool,
) {
    if first {
        return map(out, rows, step);
    }
    accumulate(out, rows, |best, position, elements| {
        let x = step(position, elements);
        if is_better(x, best) || x.is_nan() { x } else { best }
    });
}

/// The greatest of some values, or the least: the first of several that are equal, or the first NaN.
///
/// All its methods take a reference, as those of [`Sum`](super::sums::Sum) do.
#[derive(Clone, Copy)]
pub struct Best<T> {
    best: Option<(usize, T)>,
}

impl<T: Real> Best<T> {
    /// No value yet.
    #[inline(always)]
    pub fn new() -> Self {
        Self { best: None }
    }

    /// Takes a value into account, of which the greatest is asked for.
    #[inline(always)]
    pub fn max(&mut self, position: usize, x: T) {
        self.take(position, x, |best| x > best);
    }

    /// Takes a value into account, of which the least is asked for.
    #[inline(always)]
    pub fn min(&mut self, position: usize, x: T) {
        self.take(position, x, |best| x < best);
    }

    #[inline(always)]
    fn take(&mut self, position: usize, x: T, is_better: impl Fn(T) -> bool) {
        if self.best.is_none_or(|(_, best)| is_better(best) || (x.is_nan() && !best.is_nan())) {
            self.best = Some((position, x));
        }
    }

    /// The value, or that of no values at all.
    #[inline(always)]
    pub fn value(&mut self, of_nothing: T) -> T {
        self.best.map_or(of_nothing, |(_, value)| value)
    }

    /// The position of the value, kept as a number; 0 of no values.
    #[inline(always)]
    pub fn position(&mut self) -> T {
        T::of_position(self.best.map_or(0, |(position, _)| position))
    }
}

impl<T: Real> Default for Best<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// `a` where the index is at the position of a maximum, else 0.
#[inline(always)]
pub fn where_at<T: Real>(index: usize, position: T, a: T) -> T {
    if index == position.position() { a } else { T::zero() }
}

#[cfg(test)]
mod tests {
    use super::super::loops::tests::POINTS;
    use super::*;
    use crate::dual::Dual;

    fn in_turn<T: Real>(values: &[T]) -> [Best<T>; 2] {
        let (mut most, mut least) = (Best::new(), Best::new());
        for (position, &x) in values.iter().enumerate() {
            most.max(position, x);
            least.min(position, x);
        }
        [most, least]
    }

    /// The first of equals, and a NaN wherever it stands.
    #[test]
    fn the_best_in_lanes_is_the_best_in_turn() {
        let bits = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
        for nan in [None, Some(0), Some(3), Some(8), Some(12), Some(25)] {
            for len in 1..30 {
                let mut points = POINTS;
                if let Some(at) = nan {
                    points[at] = f64::NAN;
                    // Another one does not hide the first.
                    points[27] = f64::NAN;
                }
                let [mut most, mut least] = in_turn(&points[..len]);
                let first_nan = points[..len].iter().position(|x| x.is_nan());
                assert_eq!(most.value(0.0).is_nan(), first_nan.is_some());
                if let Some(first) = first_nan {
                    assert_eq!(
                        [most, least].map(|mut best| best.position().position()),
                        [first; 2]
                    );
                }
                let found = greatest(len, [&points[..]], |_, [x]| x);
                assert_eq!(bits(found), bits(most.value(0.0)), "{nan:?}, {len}");
                let found = smallest(len, [&points[..]], |_, [x]| x);
                assert_eq!(bits(found), bits(least.value(0.0)), "{nan:?}, {len}");
                let (mut high, mut low) = ([0.0], [0.0]);
                for position in 0..len {
                    greater(&mut high, position == 0, [&points[position..]], |_, [x]| x);
                    lesser(&mut low, position == 0, [&points[position..]], |_, [x]| x);
                }
                assert_eq!(bits(high[0]), bits(most.value(0.0)), "{nan:?}, {len}");
                assert_eq!(bits(low[0]), bits(least.value(0.0)), "{nan:?}, {len}");
            }
        }
    }

    #[test]
    fn the_derivative_is_that_of_the_first_of_equals() {
        for len in 1..30 {
            let tied: Vec<_> =
                (0..len).map(|at| Dual::new(f64::from(at % 3 / 2), f64::from(at))).collect();
            let [mut most, mut least] = in_turn(&tied);
            let [nothing, found_most, found_least] = [
                Dual::constant(0.0),
                greatest(tied.len(), [&tied], |_, [x]| x),
                smallest(tied.len(), [&tied], |_, [x]| x),
            ];
            assert_eq!(found_most.tangent, most.value(nothing).tangent);
            assert_eq!(found_least.tangent, least.value(nothing).tangent);
            assert_eq!(least.value(nothing).tangent, 0.0);
        }
    }

    /// The gradient of a maximum flows to one position, however many there are.
    #[test]
    fn positions_are_told_apart_beyond_the_precision_of_their_numbers() {
        fn check<T: Real>(positions: &[usize]) {
            for &position in positions {
                let kept = T::of_position(position);
                assert!(kept.is_finite(), "{position} looks like a number that went bad");
                for &index in positions {
                    let flows = where_at(index, kept, T::one()) == T::one();
                    assert_eq!(flows, index == position, "{index} at {position}");
                }
            }
        }
        let single = [0, 1, 1 << 24, (1 << 24) + 1, 0x7f7f_ffff, 0x7f80_0000, 0x7fff_ffff];
        check::<f32>(&single);
        check::<f32>(&[0x8000_0000, 0xff00_0000 - 1, 0x7f80_0001]);
        check::<f64>(&[0, 1, 1 << 53, (1 << 53) + 1, usize::MAX >> 2, 0x7ff0_0000_0000_0000]);
        check::<Dual>(&single);
        let mut best = Best::<f32>::new();
        for position in (1 << 24)..(1 << 24) + 3 {
            best.max(position, 0.0);
        }
        let place = best.position();
        let flows = |position| where_at(position, place, 1.0_f32);
        assert_eq!([(1 << 24), (1 << 24) + 1, (1 << 24) + 2].map(flows), [1.0, 0.0, 0.0]);
    }
}
