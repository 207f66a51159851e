//! Greatest and least values.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use super::loops::{LANES, accumulate, barrier, column, cut, map};
use crate::real::Real;

/// Whether a value is greater than the best so far, or no number. What is no number is never replaced.
#[inline(always)]
fn is_greater<T: Real>(x: T, best: T) -> bool {
    x > best || x.is_nan()
}

/// As [`is_greater`], less.
#[inline(always)]
fn is_less<T: Real>(x: T, best: T) -> bool {
    x < best || x.is_nan()
}

/// The greatest of what `step` makes of an element of each of `rows`; of no position it is -∞.
///
/// It is NaN if one of them is. Of 0 and -0 it may be either.
#[inline(always)]
pub fn greatest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, T::neg_infinity(), is_greater)
}

/// As [`greatest`], the least.
#[inline(always)]
pub fn smallest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, T::infinity(), is_less)
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
    let better = |best, x| if is_better(x, best) { x } else { best };
    let mut lanes = [step(0, column(rows, 0)); LANES];
    let whole = len / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let chunks = cut(rows, start, LANES);
        for lane in 0..LANES {
            lanes[lane] = better(lanes[lane], step(start + lane, column(chunks, lane)));
        }
    }
    let mut best = lanes[0];
    for lane in 1..LANES {
        best = better(best, lanes[lane]);
    }
    for position in whole..len {
        best = better(best, step(position, column(rows, position)));
    }
    best
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
    better(out, first, rows, step, is_greater);
}

/// As [`greater`], the lesser of both.
#[inline(always)]
pub fn lesser<T: Real, const K: usize>(
    out: &mut [T],
    first: bool,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    better(out, first, rows, step, is_less);
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
        if is_better(x, best) { x } else { best }
    });
}

/// The greatest of some values, or the least: the first of several that are equal, or the first NaN.
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

    /// Takes a value into account that is greater than all before.
    #[inline(always)]
    pub fn max(&mut self, position: usize, x: T) {
        if self.best.is_none_or(|(_, best)| is_greater(x, best) && !best.is_nan()) {
            self.best = Some((position, x));
        }
    }

    /// Takes a value into account that is less than all before.
    #[inline(always)]
    pub fn min(&mut self, position: usize, x: T) {
        if self.best.is_none_or(|(_, best)| is_less(x, best) && !best.is_nan()) {
            self.best = Some((position, x));
        }
    }

    /// The value, or that of no values at all.
    #[inline(always)]
    pub fn value(self, of_nothing: T) -> T {
        self.best.map_or(of_nothing, |(_, value)| value)
    }

    /// The position of the value, kept as a number; 0 of no values.
    #[inline(always)]
    pub fn position(self) -> T {
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

    /// The first of equals, and a NaN wherever it stands.
    #[test]
    fn the_best_in_lanes_is_the_best_in_turn() {
        for nan in [None, Some(0), Some(3), Some(12)] {
            for len in 1..30 {
                let mut points = POINTS;
                if let Some(at) = nan {
                    points[at] = f64::NAN;
                }
                let (mut most, mut least) = (Best::new(), Best::new());
                for (position, &x) in points[..len].iter().enumerate() {
                    most.max(position, x);
                    least.min(position, x);
                }
                let bits = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
                let found = greatest(len, [&points[..]], |_, [x]| x);
                assert_eq!(bits(found), bits(most.value(0.0)), "{nan:?}, {len}");
                let found = smallest(len, [&points[..]], |_, [x]| x);
                assert_eq!(bits(found), bits(least.value(0.0)), "{nan:?}, {len}");
                let mut row = [0.0];
                for position in 0..len {
                    greater(&mut row, position == 0, [&points[position..]], |_, [x]| x);
                }
                assert_eq!(bits(row[0]), bits(most.value(0.0)), "{nan:?}, {len}");
            }
        }
    }
}
