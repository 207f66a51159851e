//! Contractions in which one index runs in bounds that another one sets, as the positions that a
//! query sees do.
//!
//! Such a range is cut into rectangles, and each of them is a contraction: first what all values of the
//! other index have in common, then the rest of each half of them.

use std::ops::Range;

use super::contraction::{Factor, Target, contract};
use super::tuning::{FEW, LONG, WIDTH};
use crate::real::Real;
use crate::shape::Dim;

/// Which index is bounded, and by which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ragged {
    /// The columns by the row.
    Columns,
    /// The terms by the row.
    Terms,
    /// The rows by the term: each adds to what is there.
    Rows,
}

/// Whether a bounding index has so many values that rectangles pay.
#[inline(always)]
pub fn is_long<D: Dim>(bounding: D) -> bool {
    bounding.len() >= LONG
}

/// The least value at which a range begins. `ranges` rise or fall with the values of `bounding`.
#[inline(always)]
pub fn least(bounding: Range<usize>, ranges: impl Fn(usize) -> (usize, usize)) -> usize {
    ranges(bounding.start).0.min(ranges(bounding.end.max(1) - 1).0)
}

/// [`contract`] with bounds. `first` of the factors and the target is the position where the index
/// that bounds has its first value and the bounded one its `least`; `free` is the number of values of the
/// third index.
#[allow(clippy::too_many_arguments)] // generated code calls it, and names each
pub fn contract_ragged<T: Real, D: Dim>(
    ragged: Ragged,
    mut target: Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    free: D,
    bounding: Range<usize>,
    least: usize,
    ranges: impl Fn(usize) -> (usize, usize),
) {
    let free = free.len();
    if free == 0 && ragged != Ragged::Columns {
        return;
    }
    if ragged == Ragged::Terms && !target.add {
        for row in 0..bounding.len() {
            let first = target.first + row * target.stride;
            target.elements[first..][..free].fill(T::zero());
        }
        target.add = true;
    }
    let start = bounding.start;
    let range = |value: usize| {
        let (low, high) = ranges(start + value);
        low.max(least) - least..high.max(least) - least
    };
    let mut product = Product { ragged, target, left, right, free, range: &range };
    product.halves(0..bounding.len(), 0..0);
}

/// All values count from the first.
struct Product<'a, T> {
    ragged: Ragged,
    target: Target<'a, T>,
    left: Factor<'a, T>,
    right: Factor<'a, T>,
    free: usize,
    range: &'a dyn Fn(usize) -> Range<usize>,
}

/// What of a range lies before and behind a part of it that is done.
fn rest(all: Range<usize>, done: &Range<usize>) -> [Range<usize>; 2] {
    if done.is_empty() {
        return [all, 0..0];
    }
    [all.start..all.end.min(done.start), all.start.max(done.end)..all.end]
}

impl<T: Real> Product<'_, T> {
    /// Some values of the bounding index, of whose ranges a part is done.
    fn halves(&mut self, bounding: Range<usize>, done: Range<usize>) {
        let (Some(last), count) = (bounding.clone().next_back(), bounding.len()) else { return };
        // The bounds are linear: what the ends have in common, all have.
        let (one, other) = ((self.range)(bounding.start), (self.range)(last));
        let common = one.start.max(other.start)..one.end.min(other.end);
        let done = if common.is_empty() {
            done
        } else {
            for part in rest(common.clone(), &done) {
                self.rectangle(&bounding, &part);
            }
            common
        };
        let hull = one.start.min(other.start)..one.end.max(other.end);
        let wide = || {
            let own: usize = bounding.clone().map(|value| (self.range)(value).len()).sum();
            self.ragged == Ragged::Columns && count > 1 && hull.len() * count > 2 * own.max(WIDTH)
        };
        if count > FEW || wide() {
            let middle = bounding.start + count / 2;
            self.halves(bounding.start..middle, done.clone());
            self.halves(middle..bounding.end, done);
        } else if self.ragged == Ragged::Columns {
            for part in rest(hull, &done) {
                for first in part.clone().step_by(WIDTH) {
                    self.columns(&bounding, &(first..part.end.min(first + WIDTH)));
                }
            }
        } else {
            for value in bounding {
                for part in rest((self.range)(value), &done) {
                    for bounded in part {
                        self.term(value, bounded);
                    }
                }
            }
        }
    }

    /// All of some values of the bounded index for some of the bounding one.
    fn rectangle(&mut self, bounding: &Range<usize>, bounded: &Range<usize>) {
        if bounded.is_empty() || bounding.is_empty() {
            return;
        }
        let (outer, inner) = (bounding.len(), bounded.len());
        let Self { ragged, target, left, right, free, .. } = self;
        let [rows, columns, terms] = match ragged {
            Ragged::Columns => [bounding.start, bounded.start, 0],
            Ragged::Terms => [bounding.start, 0, bounded.start],
            Ragged::Rows => [bounded.start, 0, bounding.start],
        };
        let target = Target {
            elements: &mut *target.elements,
            first: target.first + rows * target.stride + columns,
            ..*target
        };
        let from = |factor: &Factor<'_, T>, line: usize| {
            factor.first + line * factor.stride + terms * factor.step
        };
        let left = Factor { first: from(left, rows), ..*left };
        let right = Factor { first: from(right, columns), ..*right };
        let sizes = match ragged {
            Ragged::Columns => (outer, inner, *free),
            Ragged::Terms => (outer, *free, inner),
            Ragged::Rows => (inner, *free, outer),
        };
        contract(target, left, right, sizes);
    }

    /// Some columns of a few rows, of which each takes those in its range.
    fn columns(&mut self, rows: &Range<usize>, columns: &Range<usize>) {
        let Self { target, left, right, free, range, .. } = self;
        let mut sums = [T::zero(); FEW * WIDTH];
        let beside = Target { elements: &mut sums, first: 0, stride: WIDTH, add: false };
        let left = Factor { first: left.first + rows.start * left.stride, ..*left };
        let right = Factor { first: right.first + columns.start * right.stride, ..*right };
        contract(beside, left, right, (rows.len(), columns.len(), *free));
        for (row, sums) in rows.clone().zip(sums.chunks_exact(WIDTH)) {
            let own = range(row);
            for column in own.start.max(columns.start)..own.end.min(columns.end) {
                let element = &mut target.elements[target.first + row * target.stride + column];
                let sum = sums[column - columns.start];
                *element = if target.add { *element + sum } else { sum };
            }
        }
    }

    /// One term of one row.
    fn term(&mut self, bounding: usize, bounded: usize) {
        let (row, term) = match self.ragged {
            Ragged::Rows => (bounded, bounding),
            _ => (bounding, bounded),
        };
        let Self { target, left, right, free, .. } = self;
        let factor = left.elements[left.first + row * left.stride + term * left.step];
        let line = &right.elements[right.first + term * right.step..];
        let sums = &mut target.elements[target.first + row * target.stride..][..*free];
        if right.stride == 1 {
            for (sum, &element) in sums.iter_mut().zip(&line[..*free]) {
                *sum = factor.fma(element, *sum);
            }
        } else {
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = factor.fma(line[column * right.stride], *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::contraction::tests::whole_numbers as numbers;

    /// A contraction of these sizes, all of it or, one element after the other, what is in range.
    fn compare(
        ragged: Ragged,
        [outer, inner, free]: [usize; 3],
        ranges: impl Fn(usize) -> (usize, usize),
    ) {
        let [rows, columns, terms] = match ragged {
            Ragged::Columns => [outer, inner, free],
            Ragged::Terms => [outer, free, inner],
            Ragged::Rows => [inner, free, outer],
        };
        let (lefts, rights) = (numbers(rows * terms + 2, 1), numbers(columns * terms + 3, 2));
        let bounding = 5..5 + outer;
        let least = least(bounding.clone(), &ranges);
        for add in [false, true] {
            if ragged == Ragged::Rows && !add {
                continue;
            }
            for [left_stride, left_step] in [[terms, 1], [1, rows]] {
                for [right_stride, right_step] in [[terms, 1], [1, columns]] {
                    let left = Factor::new(&lefts, 2, left_stride, left_step);
                    let right = Factor::new(&rights, 3, right_stride, right_step);
                    let mut target = numbers(1 + rows * columns, 3);
                    let mut expected = target.clone();
                    if ragged == Ragged::Terms && !add {
                        expected[1..].fill(0.0);
                    }
                    for row in 0..rows {
                        for column in 0..columns {
                            let element = &mut expected[1 + row * columns + column];
                            let (o, b) = match ragged {
                                Ragged::Columns => (Some(row), Some(column)),
                                Ragged::Terms => (Some(row), None),
                                Ragged::Rows => (None, Some(row)),
                            };
                            let seen = |term: usize| {
                                let (low, high) = ranges(5 + o.unwrap_or(term));
                                (low..high).contains(&(least + b.unwrap_or(term)))
                            };
                            if ragged == Ragged::Columns && !add && terms > 0 && seen(0) {
                                *element = 0.0;
                            }
                            for term in (0..terms).filter(|&term| seen(term)) {
                                *element += lefts[2 + row * left_stride + term * left_step]
                                    * rights[3 + column * right_stride + term * right_step];
                            }
                        }
                    }
                    let out = Target { elements: &mut target, first: 1, stride: columns, add };
                    let around = bounding.clone();
                    contract_ragged(ragged, out, left, right, free, around, least, &ranges);
                    let sizes = [outer, inner, free];
                    assert_eq!(target, expected, "{ragged:?} {sizes:?} {left:?} {right:?} {add}");
                }
            }
        }
    }

    #[test]
    fn every_range_is_cut_without_gaps_or_overlaps() {
        for ragged in [Ragged::Columns, Ragged::Terms, Ragged::Rows] {
            for outer in [1, 2, 7, 8, 9, 31, 70] {
                for free in [1, 3, 16, 20] {
                    // Causal, with and without a past; a window; two windows with nothing in
                    // common; what is still to come; and nothing at all.
                    compare(ragged, [outer, outer, free], |o| (0, o - 4));
                    compare(ragged, [outer, outer + 10, free], |o| (3, o + 6));
                    compare(ragged, [outer, outer + 12, free], |o| (o - 5, o + 7));
                    compare(ragged, [outer, 3 * outer, free], |o| (3 * o, 3 * o + 2));
                    compare(ragged, [outer, outer, free], |o| (o - 5, outer));
                    compare(ragged, [outer, outer, free], |o| (o, o));
                }
            }
        }
    }
}
