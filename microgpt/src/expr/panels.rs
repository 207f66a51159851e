//! Matrices in panels, which a product of a single row reads.
//!
//! A linear layer of one token multiplies the token with each row of its matrix. Those sums run along
//! the rows; a vector register wants elements of different sums side by side:
//!
//! ```text
//! the matrix    a0 a1 a2 ..     a panel of four    a0 b0 c0 d0
//!               b0 b1 b2 ..                        a1 b1 c1 d1
//!               c0 c1 c2 ..                        a2 b2 c2 d2
//!               d0 d1 d2 ..                        ..
//!               e0 ..
//! ```
//!
//! To turn a matrix costs as much as to multiply by it, so a tape keeps what it turned until the values
//! change: a sampler multiplies by the same matrices for every token.

use std::cell::RefCell;
use std::ops::Range;

use super::loops::put;
use super::tuning::{LANES, PANEL as COLUMNS};
use crate::real::Real;

/// What lies below the record that is being made.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a, T> {
    /// The values.
    pub(crate) values: &'a [T],
    /// The panels of matrices among them, if nothing is recorded: in training the values change too often.
    pub(crate) panels: Option<&'a RefCell<Panels<T>>>,
}

impl<T> Below<'_, T> {
    /// What lies below plain numbers.
    pub(super) const NOTHING: Self = Self { values: &[], panels: None };
}

/// Where the lines of a matrix lie among the values, each as many elements long as a sum has terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) start: usize,
    /// From one line to the next.
    pub(super) stride: usize,
    pub(super) count: usize,
    pub(super) terms: usize,
}

impl Lines {
    fn end(self) -> usize {
        self.start + (self.count - 1) * self.stride + self.terms
    }
}

#[derive(Debug)]
struct Matrix<T> {
    lines: Lines,
    /// Whether it was asked for before, with these values.
    was_used: bool,
    /// Panel after panel, and in each term after term; nothing if they are not made.
    panels: Vec<T>,
}

/// The matrices that single rows were multiplied with.
#[derive(Debug)]
pub(crate) struct Panels<T> {
    /// In the order of where they begin, one for each place.
    matrices: Vec<Matrix<T>>,
    /// No matrix reaches further.
    end: usize,
}

impl<T> Default for Panels<T> {
    fn default() -> Self {
        Self { matrices: Vec::new(), end: 0 }
    }
}

impl<T: Real> Panels<T> {
    /// The panels of a matrix, from the second time on that it is asked for since its values changed.
    pub(super) fn find(&mut self, values: &[T], lines: Lines) -> Option<&[[T; COLUMNS]]> {
        let at = self.matrices.partition_point(|matrix| matrix.lines.start < lines.start);
        match self.matrices.get(at) {
            Some(matrix) if matrix.lines == lines && !matrix.panels.is_empty() => {}
            _ => self.make(at, values, lines)?,
        }
        Some(self.matrices[at].panels.as_chunks().0)
    }

    #[cold]
    fn make(&mut self, at: usize, values: &[T], lines: Lines) -> Option<()> {
        self.end = self.end.max(lines.end());
        let matrix = match self.matrices.get_mut(at) {
            Some(matrix) if matrix.lines.start == lines.start => matrix,
            _ => {
                self.matrices.insert(at, Matrix { lines, was_used: false, panels: Vec::new() });
                &mut self.matrices[at]
            }
        };
        let was_used = matrix.lines == lines && matrix.was_used;
        (matrix.lines, matrix.was_used) = (lines, true);
        matrix.panels.clear();
        if !was_used {
            return None;
        }
        matrix.panels.resize(lines.count.next_multiple_of(COLUMNS) * lines.terms, T::zero());
        turn(matrix.panels.as_chunks_mut().0, &values[lines.start..], lines);
        Some(())
    }

    /// The values of a block change.
    #[inline]
    pub(crate) fn forget(&mut self, block: Range<usize>) {
        if block.start < self.end {
            for Matrix { lines, was_used, panels } in &mut self.matrices {
                if lines.start < block.end && block.start < lines.end() {
                    *was_used = false;
                    // The memory stays, for the next values.
                    panels.clear();
                }
            }
        }
    }

    /// What lies above is gone.
    #[inline]
    pub(crate) fn rewind(&mut self, top: usize) {
        if top < self.end {
            self.matrices.retain(|matrix| matrix.lines.end() <= top);
            self.end = self.matrices.iter().map(|matrix| matrix.lines.end()).max().unwrap_or(0);
        }
    }

    /// The memory of the numbers, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let numbers = self.matrices.iter().map(|matrix| matrix.panels.capacity());
        numbers.sum::<usize>() * size_of::<T>()
    }
}

/// Fills panels; columns beyond the last line stay as they are.
fn turn<T: Real>(panels: &mut [[T; COLUMNS]], elements: &[T], lines: Lines) {
    for (number, panel) in panels.chunks_exact_mut(lines.terms).enumerate() {
        let first = number * COLUMNS;
        for column in 0..COLUMNS.min(lines.count - first) {
            let line = &elements[(first + column) * lines.stride..][..lines.terms];
            for (to, element) in panel.iter_mut().zip(line) {
                to[column] = *element;
            }
        }
    }
}

/// `out[c] = Σ left[k] · panels[k, c]`, or `+=`, in eight lanes for each column: the bits of a sum along a
/// line.
#[inline(always)]
pub(super) fn multiply<T: Real>(left: &[T], panels: &[[T; COLUMNS]], out: &mut [T], add: bool) {
    for (panel, out) in panels.chunks_exact(left.len()).zip(out.chunks_mut(COLUMNS)) {
        put(out, in_lanes(left, panel), add);
    }
}

#[inline(always)]
fn in_lanes<T: Real>(left: &[T], panel: &[[T; COLUMNS]]) -> [T; COLUMNS] {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (panel, panel_rest) = panel.as_chunks::<LANES>();
    let panel = &panel[..left.len()];
    let mut lanes = [[T::zero(); COLUMNS]; LANES];
    for chunk in 0..left.len() {
        for lane in 0..LANES {
            for column in 0..COLUMNS {
                lanes[lane][column] =
                    left[chunk][lane].fma(panel[chunk][lane][column], lanes[lane][column]);
            }
        }
    }
    if !left_rest.is_empty() {
        let panel_rest = &panel_rest[..left_rest.len()];
        // Not over the rest alone: a lane that is chosen at run time is none in a register.
        for lane in 0..LANES {
            if lane < left_rest.len() {
                for column in 0..COLUMNS {
                    lanes[lane][column] =
                        left_rest[lane].fma(panel_rest[lane][column], lanes[lane][column]);
                }
            }
        }
    }
    // As `Sum::total`, of vectors: called for each column, it takes the lanes out of their registers.
    let [a, b, c, d, e, f, g, h] = lanes;
    let mut sums = [T::zero(); COLUMNS];
    for at in 0..COLUMNS {
        sums[at] = ((a[at] + e[at]) + (c[at] + g[at])) + ((b[at] + f[at]) + (d[at] + h[at]));
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Matrix, Numbers};
    use crate::tape::Tape;

    const LINES: Lines = Lines { start: 2, stride: 3, count: 9, terms: 3 };

    fn values() -> Vec<f64> {
        (0..40).map(f64::from).collect()
    }

    #[test]
    fn a_matrix_is_turned_when_it_is_asked_for_again() {
        let (mut panels, values) = (Panels::default(), values());
        assert_eq!(panels.find(&values, LINES), None);
        let found = panels.find(&values, LINES).expect("the second time");
        // Line `c` begins at `2 + 3c`; the second panel has the ninth alone.
        let line = |term: usize| [0, 1, 2, 3, 4, 5, 6, 7].map(|c| (2 + 3 * c + term) as f64);
        assert_eq!(found[..3], [line(0), line(1), line(2)]);
        let last = |number| [number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(found[3..], [last(26.0), last(27.0), last(28.0)]);
        // Another matrix at the same place takes its place.
        let other = Lines { count: 2, ..LINES };
        assert_eq!(panels.find(&values, other), None);
        assert!(panels.find(&values, other).is_some());
        assert_eq!(panels.find(&values, LINES), None);
    }

    #[test]
    fn a_change_of_any_value_forgets_the_panels() {
        for (block, is_forgotten) in
            [(0..2, false), (0..3, true), (8..9, true), (28..40, true), (29..40, false)]
        {
            let (mut panels, values) = (Panels::default(), values());
            for _ in 0..2 {
                panels.find(&values, LINES);
            }
            panels.forget(block.clone());
            assert_eq!(panels.find(&values, LINES).is_none(), is_forgotten, "{block:?}");
        }
        for (top, is_forgotten) in [(0, true), (28, true), (29, false), (40, false)] {
            let (mut panels, values) = (Panels::default(), values());
            for _ in 0..2 {
                panels.find(&values, LINES);
            }
            panels.rewind(top);
            assert_eq!(panels.find(&values, LINES).is_none(), is_forgotten, "{top}");
        }
    }

    fn plain<T: Real>(x: Matrix<'_, usize, usize, T>) -> Numbers<(usize, usize), T> {
        Numbers::new(x.shape(), x.data())
    }

    /// What a layer of one row gives on a tape, and what the same numbers give beside any tape.
    fn compare<T: Real>() {
        let number = |at: usize| T::of(((at * 7919 + 13) % 101) as f64 / 50.0 - 1.0);
        for (outputs, inputs) in [(1, 1), (3, 5), (4, 8), (8, 16), (13, 17), (16, 64), (70, 131)] {
            let tape = Tape::<T>::default();
            let numbers: Vec<T> = (0..outputs * inputs).map(number).collect();
            let w = tape.array((outputs, inputs), &numbers);
            let kept = tape.zeros((outputs, inputs));
            let mark = tape.mark();
            for round in 0..12 {
                // Each way in which values change, between uses and unused.
                match round {
                    4 => w.update(|values, _| values.reverse()),
                    7 => {
                        let [from, to] = [w, kept].map(|one| (one.position(), one.size()));
                        tape.copy_parts(from, to, [(0, 0, outputs * inputs)]);
                    }
                    9 => kept.update(|values, _| values[0] = T::of(3.0)),
                    _ => {}
                }
                for w in [w, kept] {
                    let x: Vec<T> = (0..inputs).map(|at| number(at + 7 * round)).collect();
                    let x = tape.array((1, inputs), &x);
                    let on_tape = tape.inference(|| expr!([sum(w[o, i] * x[t, i] for i) for t, o]));
                    let (w, x) = (plain(w), plain(x));
                    let beside = expr!([sum(w[o, i] * x[t, i] for i) for t, o]);
                    assert_eq!(on_tape.data(), *beside, "{outputs} {inputs} {round}");
                    // What comes next lies where this did, and is another matrix.
                    let above = tape.array((outputs, inputs), &w);
                    above.update(|values, _| values[0] = number(round));
                    let on_tape =
                        tape.inference(|| expr!([sum(above[o, i] * x[t, i] for i) for t, o]));
                    let above = plain(above);
                    assert_eq!(on_tape.data(), *expr!([sum(above[o, i] * x[t, i] for i) for t, o]));
                    tape.rewind(mark);
                }
            }
        }
    }

    #[test]
    fn a_row_alone_has_the_same_bits_with_panels() {
        compare::<f32>();
        compare::<f64>();
    }

    /// Matrices that are parts of arrays: of each head, shifted, some of their columns, one after the other of
    /// another shape, and with more terms than are added up one by one.
    #[test]
    fn parts_of_arrays_have_the_same_bits_with_panels() {
        let number = |at: usize| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
        let tape = Tape::<f32>::default();
        let long = super::super::tuning::BLOCK + 37;
        let numbers: Vec<f32> = (0..5 * long).map(number).collect();
        let all = tape.array((5, long), &numbers);
        let heads = tape.array((3, 10, 9), &numbers[..270]);
        let wide = tape.array((10, 27), &numbers[..270]);
        let same = tape.array((27, 10), &numbers[..270]);
        let x = tape.array((1, long), &numbers[7..][..long]);
        let y = tape.array((1, 3, 9), &numbers[11..][..27]);
        let z = tape.array((1, 10), &numbers[5..][..10]);
        let [plain_all, plain_wide, plain_same] = [all, wide, same].map(plain);
        let (plain_x, plain_z) = (plain(x), plain(z));
        let plain_heads = Numbers::new(heads.shape(), heads.data());
        let plain_y = Numbers::new(y.shape(), y.data());
        for _ in 0..4 {
            tape.inference(|| {
                macro_rules! same {
                    ($($name:ident = $plain:ident),+: $($equation:tt)+) => {{
                        let on_tape = expr!($($equation)+).data();
                        $(let $name = &$plain;)+
                        assert_eq!(on_tape, *expr!($($equation)+));
                    }};
                }
                same!(all = plain_all, x = plain_x: [sum(all[o, i] * x[t, i] for i) for t, o]);
                same!(heads = plain_heads, y = plain_y:
                    [sum(heads[h, o, i] * y[t, h, i] for i) for h, t, o]);
                same!(heads = plain_heads, y = plain_y:
                    [sum(heads[1, o + 2, i] * y[t, 2, i] for i in 0..5) for t, o in 0..8]);
                same!(wide = plain_wide, x = plain_x:
                    [sum(wide[o, i] * x[t, i] for i in 0..27) for t, o]);
                same!(same = plain_same, z = plain_z: [sum(same[o, i] * z[t, i] for i) for t, o]);
            });
        }
    }
}
