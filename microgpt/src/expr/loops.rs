//! The loops that generated code is made of: numbers, and rows of elements.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::marker::PhantomData;

use crate::real::Real;

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

/// The same as one integer.
#[inline(always)]
pub fn signed_number<T: Real>(_: PhantomData<T>, n: isize) -> T {
    T::of(n as f64)
}

/// A bound of a range: `plus - minus`, or 0 if that is negative.
#[inline(always)]
pub fn minus(plus: usize, minus: usize) -> usize {
    plus.saturating_sub(minus)
}

/// Sets all elements of an array to 0.
#[inline(always)]
pub fn clear<T: Real>(array: &mut [T]) {
    array.fill(T::zero());
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

/// A number through which no derivative flows; see [`Real::stopped`].
#[inline(always)]
pub fn stopped<T: Real>(x: T) -> T {
    x.stopped()
}

/// An adjoint times a local gradient; see [`Real::pull`].
#[inline(always)]
pub fn pull<T: Real>(adjoint: T, local: T) -> T {
    adjoint.pull(local)
}

/// The same added to a gradient; see [`Real::pull_onto`].
#[inline(always)]
pub fn pull_onto<T: Real>(adjoint: T, local: T, gradient: T) -> T {
    adjoint.pull_onto(local, gradient)
}

/// An adjoint over a divisor; see [`Real::pull_over`].
#[inline(always)]
pub fn pull_over<T: Real>(adjoint: T, divisor: T) -> T {
    adjoint.pull_over(divisor)
}

/// Writes sums, or adds them to what is there: as many of them as there is room for.
#[inline(always)]
pub(super) fn put<T: Real, const COLUMNS: usize>(out: &mut [T], sums: [T; COLUMNS], add: bool) {
    if let (Some(out), false) = (out.first_chunk_mut(), add) {
        *out = sums;
    } else {
        for at in 0..out.len().min(COLUMNS) {
            out[at] = if add { out[at] + sums[at] } else { sums[at] };
        }
    }
}

/// Copies a few numbers, of which a call of `memcpy` would take longer.
#[inline(always)]
#[allow(clippy::manual_memcpy)]
pub(super) fn move_some<T: Real>(to: &mut [T], from: &[T], count: usize) {
    let (to, from) = (&mut to[..count], &from[..count]);
    for at in 0..count {
        to[at] = from[at];
    }
}

/// Stands between two rows, and does nothing.
///
/// Of a loop over short rows of a known length the compiler would make vectors across the rows,
/// with an element of each, gathered: some ten times slower than vectors along a row.
#[inline(always)]
pub(crate) fn barrier() {
    std::hint::black_box(());
}

/// A part of each row.
#[inline(always)]
pub(super) fn cut<T, const K: usize>(mut rows: [&[T]; K], start: usize, len: usize) -> [&[T]; K] {
    for row in &mut rows {
        *row = &row[start..start + len];
    }
    rows
}

/// An array from the first element of a row of this length on. A row without elements may begin
/// anywhere.
#[inline(always)]
pub fn from<T>(array: &[T], len: usize, first: impl FnOnce() -> usize) -> &[T] {
    if len == 0 { &[] } else { &array[first()..] }
}

/// As [`from`], to be written.
#[inline(always)]
pub fn from_mut<T>(array: &mut [T], len: usize, first: impl FnOnce() -> usize) -> &mut [T] {
    if len == 0 { &mut [] } else { &mut array[first()..] }
}

/// The elements of all rows at one position.
#[inline(always)]
pub(super) fn column<T: Real, const K: usize>(rows: [&[T]; K], position: usize) -> [T; K] {
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
    accumulate(out, rows, |_, position, elements| step(position, elements));
}

/// Adds to one row: `step` takes what is there, the position and an element of each of `rows`.
#[inline(always)]
pub fn accumulate<T: Real, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(T, usize, [T; K]) -> T,
) {
    // (`const`: else both are compiled for each row of each layer.)
    // One vector a pass: what the compiler makes of a row of any length begins with several at once,
    // which short rows never reach.
    if const { size_of::<T>() == 4 } {
        accumulate_in::<T, 8, K>(out, rows, step);
    } else {
        accumulate_in::<T, 4, K>(out, rows, step);
    }
}

#[inline(always)]
fn accumulate_in<T: Real, const VECTOR: usize, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(T, usize, [T; K]) -> T,
) {
    let len = out.len();
    barrier();
    let rows = cut(rows, 0, len);
    let (chunks, rest) = out.as_chunks_mut::<VECTOR>();
    let whole = chunks.len() * VECTOR;
    for (at, out) in chunks.iter_mut().enumerate() {
        let chunk = cut(rows, at * VECTOR, VECTOR);
        for lane in 0..VECTOR {
            out[lane] = step(out[lane], at * VECTOR + lane, column(chunk, lane));
        }
    }
    for (position, out) in rest.iter_mut().enumerate() {
        *out = step(*out, whole + position, column(rows, whole + position));
    }
}

#[cfg(test)]
pub(super) mod tests {
    /// Numbers without a pattern.
    pub const POINTS: [f64; 40] = {
        let mut points = [0.0; 40];
        let mut at = 0;
        while at < 40 {
            points[at] = ((at * 7919 + 5) % 31) as f64 / 7.0 - 2.0;
            at += 1;
        }
        points
    };
}
