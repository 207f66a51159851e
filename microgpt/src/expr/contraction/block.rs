//! Blocks of sums, which stay in registers while the terms advance.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use super::Factor;
use crate::expr::loops::{barrier, move_some};
use crate::real::Real;
use crate::shape::Dim;

/// All rows of some columns of the target.
pub(super) struct Block<'a, T> {
    pub(super) elements: &'a mut [T],
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) add: bool,
}

impl<T: Real> Block<'_, T> {
    /// Where the sizes are known, in code for them alone; one copy for all others.
    #[inline(always)]
    pub(super) fn sweep_as<const ROWS: usize, const COLUMNS: usize, C: Dim>(
        self,
        left: Factor<'_, T>,
        right: Factor<'_, T>,
        terms: usize,
    ) {
        if const { C::FIXED.is_some() } {
            self.sweep::<ROWS, COLUMNS>(left, right, terms);
        } else {
            self.sweep_any::<ROWS, COLUMNS>(left, right, terms);
        }
    }

    #[inline(never)]
    pub(super) fn sweep_any<const ROWS: usize, const COLUMNS: usize>(
        self,
        left: Factor<'_, T>,
        right: Factor<'_, T>,
        terms: usize,
    ) {
        self.sweep::<ROWS, COLUMNS>(left, right, terms);
    }

    #[inline(always)]
    pub(super) fn sweep<const ROWS: usize, const COLUMNS: usize>(
        self,
        left: Factor<'_, T>,
        right: Factor<'_, T>,
        terms: usize,
    ) {
        for first in (0..self.rows).step_by(ROWS) {
            let count = ROWS.min(self.rows - first);
            // What is missing of a whole block repeats its last row, and is not written.
            let mut rows = [first; ROWS];
            for next in 0..ROWS {
                rows[next] += next.min(count - 1);
            }
            let mut sums = [[T::zero(); COLUMNS]; ROWS];
            if self.add {
                for next in 0..ROWS {
                    let row = &self.elements[rows[next] * self.stride..];
                    sums[next] = read(row, self.width);
                }
            }
            let sums = multiply(sums, rows, left, right, terms);
            for next in 0..count {
                let row = &mut self.elements[rows[next] * self.stride..];
                write(row, self.width, sums[next]);
            }
        }
    }
}

// What follows is written with plain loops: of iterators and calls for each row the compiler does
// not make code that keeps all sums in registers.

#[inline(always)]
fn read<T: Real, const COLUMNS: usize>(elements: &[T], width: usize) -> [T; COLUMNS] {
    if width == COLUMNS {
        *elements.first_chunk().expect("a whole row")
    } else {
        let mut sums = [T::zero(); COLUMNS];
        move_some(&mut sums, elements, width);
        sums
    }
}

#[inline(always)]
fn write<T: Real, const COLUMNS: usize>(elements: &mut [T], width: usize, sums: [T; COLUMNS]) {
    if width == COLUMNS {
        *elements.first_chunk_mut().expect("a whole row") = sums;
    } else {
        move_some(elements, &sums, width);
    }
}

#[inline(always)]
fn multiply<T: Real, const ROWS: usize, const COLUMNS: usize>(
    mut sums: [[T; COLUMNS]; ROWS],
    rows: [usize; ROWS],
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    terms: usize,
) -> [[T; COLUMNS]; ROWS] {
    let lines = right.at(0, 0).chunks(right.step).take(terms).enumerate();
    if left.step == 1 {
        let mut factors = [&[][..]; ROWS];
        for row in 0..ROWS {
            factors[row] = &left.at(rows[row], 0)[..terms];
        }
        if right.step == COLUMNS {
            // Of a panel the compiler knows how far lines are apart, and asks for nothing inside of the loop.
            let lines = &right.at(0, 0).as_chunks::<COLUMNS>().0[..terms];
            for term in 0..terms {
                for row in 0..ROWS {
                    add_product(&mut sums[row], factors[row][term], &lines[term]);
                }
            }
            return sums;
        }
        for (term, line) in lines {
            let line = line.first_chunk().expect("a whole row");
            for row in 0..ROWS {
                add_product(&mut sums[row], factors[row][term], line);
            }
        }
    } else if left.stride == 1 && rows[ROWS - 1] - rows[0] == ROWS - 1 {
        for (term, line) in lines {
            let line: [T; COLUMNS] = *line.first_chunk().expect("a whole row");
            let factors = &left.at(rows[0], term)[..ROWS];
            for row in 0..ROWS {
                // Without it the factors become a vector, and the sums leave the registers.
                barrier();
                add_product(&mut sums[row], factors[row], &line);
            }
        }
    } else {
        for (term, line) in lines {
            let line: [T; COLUMNS] = *line.first_chunk().expect("a whole row");
            let factors = left.at(0, term);
            for row in 0..ROWS {
                add_product(&mut sums[row], factors[rows[row] * left.stride], &line);
            }
        }
    }
    sums
}

/// A single row from one column on, some whole panels at a time; returns how far they go.
#[inline(never)]
pub(super) fn row_by_panels<T: Real, const PANELS: usize, const COLUMNS: usize>(
    row: &mut [T],
    mut done: usize,
    left: Factor<'_, T>,
    lines: &[[T; COLUMNS]],
    terms: usize,
    add: bool,
) -> usize {
    while row.len() - done >= PANELS * COLUMNS {
        let lines = &lines[done / COLUMNS * terms..];
        let out = row[done..].as_chunks_mut::<COLUMNS>().0;
        let out = out.first_chunk_mut::<PANELS>().expect("whole panels");
        let mut sums = [[T::zero(); COLUMNS]; PANELS];
        let mut panels = [&[][..]; PANELS];
        for panel in 0..PANELS {
            panels[panel] = &lines[panel * terms..][..terms];
            if add {
                sums[panel] = out[panel];
            }
        }
        for (term, factor) in left.at(0, 0).iter().step_by(left.step).take(terms).enumerate() {
            for panel in 0..PANELS {
                add_product(&mut sums[panel], *factor, &panels[panel][term]);
            }
        }
        *out = sums;
        done += PANELS * COLUMNS;
    }
    done
}

#[inline(always)]
fn add_product<T: Real, const COLUMNS: usize>(
    sums: &mut [T; COLUMNS],
    factor: T,
    line: &[T; COLUMNS],
) {
    for column in 0..COLUMNS {
        sums[column] = factor.fma(line[column], sums[column]);
    }
}

// A panel's columns beyond the width hold anything: what comes of them is not written.
