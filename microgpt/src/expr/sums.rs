//! Sums in lanes.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::loops::{accumulate, barrier, column, cut, map};
use super::tuning::{BLOCK, LANES};
use crate::real::Real;
use crate::shape::Dim;

/// A sum under way, in lanes: whole vectors, and the same bits on every machine that has FMA.
///
/// All its methods take a reference, as generated code has one: a method that a trait of the user gives all types would
/// else come first.
#[derive(Clone, Copy)]
pub struct Sum<T>([T; LANES]);

impl<T: Real> Sum<T> {
    /// The empty sum.
    #[inline(always)]
    pub fn new() -> Self {
        Self([T::zero(); LANES])
    }

    /// The sum of which these are the lanes.
    #[inline(always)]
    pub(crate) fn of(lanes: [T; LANES]) -> Self {
        Self(lanes)
    }

    /// Adds one row: `step` takes the sum so far, the position and an element of each of `rows`.
    #[inline(always)]
    pub fn row<const K: usize>(
        &mut self,
        len: usize,
        rows: [&[T]; K],
        step: impl Fn(T, usize, [T; K]) -> T,
    ) {
        barrier();
        let rows = cut(rows, 0, len);
        let whole = len / LANES * LANES;
        for start in (0..whole).step_by(LANES) {
            let chunks = cut(rows, start, LANES);
            for (lane, sum) in self.0.iter_mut().enumerate() {
                *sum = step(*sum, start + lane, column(chunks, lane));
            }
        }
        for lane in 0..len - whole {
            self.0[lane] = step(self.0[lane], whole + lane, column(rows, whole + lane));
        }
    }

    /// Adds one term: `step` takes the sum so far.
    #[inline(always)]
    pub fn term(&mut self, step: impl FnOnce(T) -> T) {
        self.0[0] = step(self.0[0]);
    }

    /// The sum over a range of which `work` adds the terms: a long one in blocks, whose sums are added.
    #[inline(always)]
    pub fn in_blocks(range: Range<usize>, mut work: impl FnMut(&mut Self, Range<usize>)) -> Self {
        let mut sum = Self::new();
        for (number, block) in blocks(range).enumerate() {
            let mut part = Self::new();
            work(&mut part, block);
            if number == 0 {
                sum = part;
            } else {
                for (lane, part) in sum.0.iter_mut().zip(part.0) {
                    *lane += part;
                }
            }
        }
        sum
    }

    /// The sum of the lanes, pairwise.
    #[inline(always)]
    pub fn total(&mut self) -> T {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// The parts of a range that are summed by themselves.
#[inline(always)]
pub(crate) fn blocks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    (start..end).step_by(BLOCK).map(move |first| first..end.min(first + BLOCK))
}

impl<T: Real> Default for Sum<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A row of sums under way: the first lane of each, then the second of each, and so on.
pub struct Sums<'a, T> {
    lanes: &'a mut [T],
    len: usize,
}

impl<T: Real> Sums<'_, T> {
    /// Adds a term to each: `step` takes the sum so far, the position in the row and an element of each
    /// of `rows`. The place of the term in the sum is its place in a [`Sum::row`].
    #[inline(always)]
    pub fn add<const K: usize>(
        &mut self,
        place: usize,
        rows: [&[T]; K],
        step: impl Fn(T, usize, [T; K]) -> T,
    ) {
        accumulate(&mut self.lanes[place % LANES * self.len..][..self.len], rows, step);
    }
}

/// Writes a row of sums, or adds it, each the same bits as a [`Sum`] of its terms.
#[inline(always)]
pub fn sum_rows<D: Dim, T: Real>(
    axis: D,
    out: &mut [T],
    add: bool,
    terms: impl FnOnce(&mut Sums<'_, T>),
) {
    let len = axis.len();
    axis.rows::<T, LANES>(|lanes| {
        terms(&mut Sums { lanes, len });
        let lanes: [&[T]; LANES] = rows_of(lanes, len);
        if add {
            accumulate(out, lanes, |sum, _, lanes| sum + Sum(lanes).total());
        } else {
            map(out, lanes, |_, lanes| Sum(lanes).total());
        }
    });
}

/// The rows that lie one after the other.
#[inline(always)]
fn rows_of<T, const K: usize>(elements: &[T], len: usize) -> [&[T]; K] {
    let mut rows: [&[T]; K] = [&[]; K];
    for row in 0..K {
        rows[row] = &elements[row * len..][..len];
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::loops::tests::POINTS;
    use super::*;
    use crate::shape::Const;

    #[test]
    fn a_row_of_sums_has_the_bits_of_each() {
        fn check<D: Dim>(axis: D, terms: usize) {
            let len = axis.len();
            let mut row = vec![3.0; len];
            for add in [false, true] {
                let before = row.clone();
                sum_rows(axis, &mut row, add, |sums| {
                    for term in 0..terms {
                        sums.add(term, [&POINTS[term..]], |sum, _, [x]| sum + x / 3.0);
                    }
                });
                for (at, (sum, before)) in row.iter().zip(before).enumerate() {
                    let mut own = Sum::new();
                    own.row(terms, [&POINTS[at..]], |sum, _, [x]| sum + x / 3.0);
                    assert_eq!(*sum, if add { before + own.total() } else { own.total() });
                }
            }
        }
        for terms in [0, 1, 7, 8, 9, 20] {
            check(Const::<4>, terms);
            check(5, terms);
        }
    }
}
