//! Panels of a factor: some of its columns side by side, term after term.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::hint::black_box;

use super::Factor;
use crate::expr::loops::{barrier, move_some};
use crate::real::Real;

/// Four rows as four columns.
#[inline(always)]
pub(in crate::expr) fn turned<T: Copy>(a: [T; 4], b: [T; 4], c: [T; 4], d: [T; 4]) -> [[T; 4]; 4] {
    let column = |at: usize| [a[at], b[at], c[at], d[at]];
    [column(0), column(1), column(2), column(3)]
}

/// Fills a panel from the elements of a factor.
#[inline(always)]
pub(super) fn fill<T: Real, const COLUMNS: usize>(
    lines: &mut [[T; COLUMNS]],
    elements: &[T],
    factor: Factor<'_, T>,
    width: usize,
) {
    match factor {
        Factor { stride: 1, step, .. } => copy(lines, elements, step, width),
        Factor { stride, step: 1, .. } => transpose(lines, elements, stride, width),
        Factor { stride, step, .. } => gather(lines, elements, [stride, step], width),
    }
}

/// Fills a panel from columns that lie side by side.
#[inline(never)]
fn copy<T: Real, const COLUMNS: usize>(
    lines: &mut [[T; COLUMNS]],
    elements: &[T],
    step: usize,
    width: usize,
) {
    for (term, line) in lines.iter_mut().enumerate() {
        let source = &elements[term * step..];
        match source.first_chunk() {
            Some(whole) => *line = *whole,
            None => move_some(line, source, width),
        }
    }
}

/// Fills a panel from columns whose elements lie side by side.
///
/// Four by four, each block read before it is written.
#[inline(never)]
fn transpose<T: Real, const COLUMNS: usize>(
    lines: &mut [[T; COLUMNS]],
    elements: &[T],
    stride: usize,
    width: usize,
) {
    let terms = lines.len();
    let (whole_columns, whole_terms) = (width / 4 * 4, terms / 4 * 4);
    for column in (0..whole_columns).step_by(4) {
        let source = |next: usize| elements[(column + next) * stride..][..terms].as_chunks::<4>().0;
        let (a, b, c, d) = (source(0), source(1), source(2), source(3));
        let (blocks, _) = lines.as_chunks_mut::<4>();
        let (a, b, c, d) =
            (&a[..blocks.len()], &b[..blocks.len()], &c[..blocks.len()], &d[..blocks.len()]);
        for (at, block) in blocks.iter_mut().enumerate() {
            let mut turned = turned(a[at], b[at], c[at], d[at]);
            // One block by itself, or the compiler scatters those of several; and four numbers that fill
            // half a vector register are turned in registers only if they must lie in one piece.
            barrier();
            if const { size_of::<T>() == 4 } {
                turned = black_box(turned);
            }
            for term in 0..4 {
                *block[term][column..].first_chunk_mut().expect("four of the columns") =
                    turned[term];
            }
        }
    }
    if whole_terms < terms {
        gather(&mut lines[whole_terms..], &elements[whole_terms..], [stride, 1], whole_columns);
    }
    for column in whole_columns..width {
        let source = &elements[column * stride..][..terms];
        for term in 0..terms {
            lines[term][column] = source[term];
        }
    }
}

/// Fills a panel from columns in any other order.
#[inline(always)]
fn gather<T: Real, const COLUMNS: usize>(
    lines: &mut [[T; COLUMNS]],
    elements: &[T],
    [stride, step]: [usize; 2],
    width: usize,
) {
    for (term, line) in lines.iter_mut().enumerate() {
        for (column, to) in line[..width].iter_mut().enumerate() {
            *to = elements[term * step + column * stride];
        }
    }
}
