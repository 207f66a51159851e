//! Arrays that lie with an axis of known length innermost, and what is multiplied within each of its
//! values: next to each other there.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::hint::black_box;

use super::contraction::turned;
use super::loops::{barrier, move_some};
use super::sums::Sum;
use super::tuning::{INTERLEAVED, LANES, LOCAL, SHORT};
use crate::real::Real;
use crate::shape::Dim;

/// Whether the arrays of an expression lie with this axis innermost, where the ranges of its rows reach
/// so far: its length is known and whole vectors, and those rows would be one or two.
#[inline(always)]
pub fn is_interleaved<D: Dim>(_: D, reach: usize) -> bool {
    matches!(D::FIXED, Some(len) if len.is_multiple_of(INTERLEAVED) && len <= LOCAL)
        && reach <= SHORT
}

/// Whether the type says how many numbers lie in so many rows, and they are few.
#[inline(always)]
fn are_few<R: Dim, C: Dim>(_: R, _: C) -> bool {
    matches!((R::FIXED, C::FIXED), (Some(rows), Some(columns)) if rows * columns <= LOCAL)
}

/// Works on rows that lie one after the other, in registers where they are few.
#[inline(always)]
pub fn local_rows<R: Dim, C: Dim, T: Real>(
    rows: R,
    columns: C,
    out: &mut [T],
    work: impl FnOnce(&mut [T]),
) {
    let len = rows.len() * columns.len();
    let out = &mut out[..len];
    if !are_few(rows, columns) {
        return work(out);
    }
    let mut few = [T::zero(); LOCAL];
    let local = &mut few[..out.len()];
    move_some(local, out, out.len());
    work(local);
    let count = out.len();
    move_some(out, local, count);
}

/// Adds to each row the product of one number of `left` and one row of `right`.
#[inline(always)]
pub fn add_multiples<R: Dim, C: Dim, T: Real>(
    rows: R,
    columns: C,
    out: &mut [T],
    left: &[T],
    right: &[T],
) {
    let (rows, columns) = (rows.len(), columns.len());
    barrier();
    let (out, left, right) = (&mut out[..rows * columns], &left[..rows], &right[..rows * columns]);
    for row in 0..rows {
        for at in row * columns..(row + 1) * columns {
            out[at] = left[row].fma(right[at], out[at]);
        }
    }
}

/// Writes for each row the product of a row of `left` and one of `right`, or adds it: the same bits as a
/// [`Sum::row`].
#[inline(always)]
pub fn dots<R: Dim, C: Dim, T: Real>(
    rows: R,
    columns: C,
    out: &mut [T],
    add: bool,
    left: &[T],
    right: &[T],
) {
    let (len, width) = (rows.len(), columns.len());
    barrier();
    let (out, left, right) = (&mut out[..len], &left[..len * width], &right[..len * width]);
    let write = |out: &mut T, dot: T| *out = if add { *out + dot } else { dot };
    if !(are_few(rows, columns) && width.is_power_of_two() && width <= LANES) {
        for row in 0..len {
            let (left, right) = (&left[row * width..][..width], &right[row * width..][..width]);
            let mut sum = Sum::new();
            sum.row(width, [left, right], |sum, _, [left, right]| left.fma(right, sum));
            write(&mut out[row], sum.total());
        }
        return;
    }
    if const { matches!(C::FIXED, Some(4)) } && len.is_multiple_of(4) {
        let lefts = left.as_chunks::<4>().0.as_chunks::<4>().0;
        let rights = right.as_chunks::<4>().0.as_chunks::<4>().0;
        for (block, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let mut products = [[T::zero(); 4]; 4];
            for row in 0..4 {
                for at in 0..4 {
                    products[row][at] =
                        lefts[block][row][at].fma(rights[block][row][at], T::zero());
                }
            }
            // Products first: else the compiler turns both factors, and not what becomes of them.
            let [a, b, c, d] = black_box(products);
            let [a, b, c, d] = turned(a, b, c, d);
            for row in 0..4 {
                // The lanes that are missing are 0, which -0 and 0 add up to.
                write(&mut out[row], ((a[row] + c[row]) + (b[row] + d[row])) + T::zero());
            }
        }
        return;
    }
    let mut sums = [T::zero(); LOCAL];
    for at in 0..len * width {
        sums[at] = left[at].fma(right[at], T::zero());
    }
    // The first half of each row takes the second, until one number is left.
    let mut width = width;
    while width > 1 {
        width /= 2;
        let mut halves = [T::zero(); LOCAL];
        for row in 0..len {
            for at in 0..width {
                halves[row * width + at] =
                    sums[2 * row * width + at] + sums[(2 * row + 1) * width + at];
            }
        }
        sums = halves;
    }
    for row in 0..len {
        // The lanes that are missing are 0, which -0 and 0 add up to.
        write(&mut out[row], if columns.len() < LANES { sums[row] + T::zero() } else { sums[row] });
    }
}

#[cfg(test)]
mod tests {
    use super::super::loops::{fma, tests::POINTS};
    use super::*;
    use crate::shape::Const;

    fn dot(left: &[f64], right: &[f64]) -> f64 {
        let mut sum = Sum::new();
        sum.row(left.len(), [left, right], |sum, _, [left, right]| fma(left, right, sum));
        sum.total()
    }

    #[test]
    fn dots_and_multiples_have_the_bits_of_each() {
        fn check<R: Dim, C: Dim>(rows: R, columns: C) {
            let (len, width) = (rows.len(), columns.len());
            let (left, right) = (&POINTS[1..=len * width], &POINTS[7..7 + len * width]);
            let mut out = POINTS[..len].to_vec();
            dots(rows, columns, &mut out, true, left, right);
            let mut multiples = POINTS[..len * width].to_vec();
            local_rows(rows, columns, &mut multiples, |row| {
                add_multiples(rows, columns, row, left, right);
            });
            for row in 0..len {
                let at = row * width..(row + 1) * width;
                assert_eq!(out[row], POINTS[row] + dot(&left[at.clone()], &right[at.clone()]));
                for at in at {
                    assert_eq!(multiples[at], fma(left[row], right[at], POINTS[at]));
                }
            }
        }
        check(Const::<4>, Const::<4>);
        check(Const::<4>, Const::<8>);
        check(Const::<8>, Const::<1>);
        check(Const::<4>, Const::<3>);
        check(Const::<4>, 6);
        check(3, 11);
    }
}
