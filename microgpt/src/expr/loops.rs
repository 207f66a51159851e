//! The loops that generated code is made of.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::marker::PhantomData;

use super::entry::empty;
use crate::real::Real;
use crate::shape::{Dim, LOCAL};

/// Whether the arrays of an expression lie with this axis innermost, where the ranges of its rows reach
/// so far: its length is known and whole vectors, and those rows would be one or two.
#[inline(always)]
pub fn is_interleaved<D: Dim>(_: D, reach: usize) -> bool {
    matches!(D::FIXED, Some(len) if len.is_multiple_of(LANES / 2) && len <= LOCAL)
        && reach <= 2 * LANES
}

/// A number of the language in the precision of the operands.
#[inline(always)]
pub fn constant<T: Real>(_: PhantomData<T>, x: f64) -> T {
    T::of(x)
}

/// An index or a length as a number.
#[inline(always)]
pub fn number<T: Real>(_: PhantomData<T>, n: usize) -> T {
    T::of(n as f64)
}

/// An integer that may be negative, as a number.
#[inline(always)]
pub fn difference<T: Real>(_: PhantomData<T>, plus: usize, minus: usize) -> T {
    T::of(plus as f64 - minus as f64)
}

/// A bound of a range: `plus - minus`, or 0 if that is negative.
#[inline(always)]
pub fn minus(plus: usize, minus: usize) -> usize {
    plus.saturating_sub(minus)
}

/// `a < b`.
#[inline(always)]
pub fn less<T: Real>(a: T, b: T) -> bool {
    a < b
}

/// `a <= b`.
#[inline(always)]
pub fn less_or_equal<T: Real>(a: T, b: T) -> bool {
    a <= b
}

/// `a == b`.
#[inline(always)]
pub fn equal<T: Real>(a: T, b: T) -> bool {
    a == b
}

/// `a · b + c`, fused where the target fuses.
#[inline(always)]
pub fn fma<T: Real>(a: T, b: T, c: T) -> T {
    a.fma(b, c)
}

/// A sum accumulates in this many lanes: whole vectors, and the same bits on every machine that
/// has FMA.
const LANES: usize = 8;

/// A sum under way.
#[derive(Clone, Copy)]
pub struct Sum<T>([T; LANES]);

impl<T: Real> Sum<T> {
    /// The empty sum.
    #[inline(always)]
    pub fn new() -> Self {
        Self([T::zero(); LANES])
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

    /// The sum of the lanes, pairwise.
    #[inline(always)]
    pub fn total(self) -> T {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
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

/// Numbers of rows of a known length that are worked on in registers.
const FEW: usize = 64;

/// Whether the type says how many numbers lie in so many rows, and they are few.
#[inline(always)]
fn are_few<R: Dim, C: Dim>(_: R, _: C) -> bool {
    matches!((R::FIXED, C::FIXED), (Some(rows), Some(columns)) if rows * columns <= FEW)
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
    let mut few = [T::zero(); FEW];
    let local = &mut few[..len];
    for (local, out) in local.iter_mut().zip(&*out) {
        *local = *out;
    }
    work(local);
    for (out, local) in out.iter_mut().zip(local) {
        *out = *local;
    }
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
            let [left, right] = [left, right].map(|factor| &factor[row * width..][..width]);
            let mut sum = Sum::new();
            sum.row(width, [left, right], |sum, _, [left, right]| left.fma(right, sum));
            write(&mut out[row], sum.total());
        }
        return;
    }
    let mut sums = [T::zero(); FEW];
    for at in 0..len * width {
        sums[at] = left[at] * right[at];
    }
    // The first half of each row takes the second, until one number is left.
    let mut width = width;
    while width > 1 {
        width /= 2;
        let mut halves = [T::zero(); FEW];
        for row in 0..len {
            for at in 0..width {
                halves[row * width + at] =
                    sums[2 * row * width + at] + sums[(2 * row + 1) * width + at];
            }
        }
        sums = halves;
    }
    for row in 0..len {
        write(&mut out[row], sums[row]);
    }
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

impl<T: Real> Default for Sum<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands between two rows, and does nothing.
///
/// Of a loop over short rows of a known length the compiler would make vectors across the rows,
/// with an element of each, gathered: some ten times slower than vectors along a row.
#[inline(always)]
pub(super) fn barrier() {
    std::hint::black_box(());
}

/// A part of each row.
#[inline(always)]
fn cut<T, const K: usize>(mut rows: [&[T]; K], start: usize, len: usize) -> [&[T]; K] {
    for row in &mut rows {
        *row = &row[start..start + len];
    }
    rows
}

/// The elements of all rows at one position.
#[inline(always)]
fn column<T: Real, const K: usize>(rows: [&[T]; K], position: usize) -> [T; K] {
    let mut elements = [T::zero(); K];
    for row in 0..K {
        elements[row] = rows[row][position];
    }
    elements
}

/// Writes one row: `step` takes the position and an element of each of `rows`.
#[inline(always)]
pub fn map<T: Real, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    let len = out.len();
    barrier();
    let rows = cut(rows, 0, len);
    for (position, out) in out.iter_mut().enumerate() {
        *out = step(position, column(rows, position));
    }
}

/// Writes one row as [`map`] does, in whole vectors where the arrays go on beyond it: `step` also
/// sees what follows, and what it makes of that is dropped.
///
/// For ops that cost many operations, and rows of a few elements.
#[inline(always)]
pub fn map_padded<T: Real, const K: usize>(
    out: &mut [T],
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    let (whole, end) = (len / LANES * LANES, len.next_multiple_of(LANES));
    if end == len || rows.iter().any(|row| row.len() < end) || out.len() < end {
        return map(&mut out[..len], rows, step);
    }
    for start in (0..end).step_by(LANES) {
        let mut results = [T::zero(); LANES];
        let chunks = cut(rows, start, LANES);
        for lane in 0..LANES {
            results[lane] = step(start + lane, column(chunks, lane));
        }
        let out: &mut [T; LANES] = out[start..].first_chunk_mut().expect("an array that goes on");
        if start < whole {
            *out = results;
            continue;
        }
        // All of them are computed: without this each would wait for its place to be looked at.
        let results = std::hint::black_box(results);
        let mut merged = *out;
        for lane in 0..LANES {
            merged[lane] = if start + lane < len { results[lane] } else { merged[lane] };
        }
        *out = merged;
    }
}

/// Adds to one row: `step` takes what is there, the position and an element of each of `rows`.
#[inline(always)]
pub fn accumulate<T: Real, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(T, usize, [T; K]) -> T,
) {
    let len = out.len();
    barrier();
    let rows = cut(rows, 0, len);
    for (position, out) in out.iter_mut().enumerate() {
        *out = step(*out, position, column(rows, position));
    }
}

/// The greatest of what `step` makes of an element of each of `rows`, of one position at least.
///
/// A NaN is not greater than anything, nor anything than a NaN that is the first.
#[inline(always)]
pub fn greatest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, |x, best| x > best)
}

/// As [`greatest`], the least.
#[inline(always)]
pub fn smallest<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) -> T {
    best_in_lanes(len, rows, step, |x, best| x < best)
}

#[inline(always)]
fn best_in_lanes<T: Real, const K: usize>(
    len: usize,
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
    is_better: impl Fn(T, T) -> bool,
) -> T {
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
        if is_better(x, best) { x } else { best }
    });
}

/// The greatest of some values, or the least: the first of several that are equal.
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
        if self.best.is_none_or(|(_, best)| x > best) {
            self.best = Some((position, x));
        }
    }

    /// Takes a value into account that is less than all before.
    #[inline(always)]
    pub fn min(&mut self, position: usize, x: T) {
        if self.best.is_none_or(|(_, best)| x < best) {
            self.best = Some((position, x));
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If there was none.
    #[track_caller]
    #[inline(always)]
    pub fn value(self, reduction: &str, index: &str) -> T {
        match self.best {
            Some((_, value)) => value,
            None => empty(reduction, index),
        }
    }

    /// The position of the value, as a number, to compare an index with.
    ///
    /// # Panics
    ///
    /// If there was none.
    #[track_caller]
    #[inline(always)]
    pub fn position(self, reduction: &str, index: &str) -> T {
        match self.best {
            Some((position, _)) => number(PhantomData, position),
            None => empty(reduction, index),
        }
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
    if number::<T>(PhantomData, index) == position { a } else { T::zero() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Const;

    const POINTS: [f64; 40] = {
        let mut points = [0.0; 40];
        let mut at = 0;
        while at < 40 {
            points[at] = ((at * 7919 + 5) % 31) as f64 / 7.0 - 2.0;
            at += 1;
        }
        points
    };

    fn dot(left: &[f64], right: &[f64]) -> f64 {
        let mut sum = Sum::new();
        sum.row(left.len(), [left, right], |sum, _, [left, right]| fma(left, right, sum));
        sum.total()
    }

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

    /// The first of equals, whatever a NaN is compared with, and the first NaN of all.
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
                assert_eq!(bits(found), bits(most.value("max", "i")), "{nan:?}, {len}");
                let found = smallest(len, [&points[..]], |_, [x]| x);
                assert_eq!(bits(found), bits(least.value("min", "i")), "{nan:?}, {len}");
                let mut row = [0.0];
                for position in 0..len {
                    greater(&mut row, position == 0, [&points[position..]], |_, [x]| x);
                }
                assert_eq!(bits(row[0]), bits(most.value("max", "i")), "{nan:?}, {len}");
            }
        }
    }
}
