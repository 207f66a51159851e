//! Matrices in panels, which products read.
//!
//! A linear layer multiplies a token with each row of its matrix. Those sums run along
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

use super::loops::barrier;
use super::tuning::{PANEL, ROW_LANES};
use crate::real::Real;
use crate::shape::Dim;

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

    /// Lines of a part of the values, if it is one, as lines of all.
    #[inline(always)]
    pub(super) fn of_part<T>(self, part: &[T], values: &[T]) -> Option<Self> {
        Some(Self { start: position(part, values)? + self.start, ..self })
    }
}

#[derive(Debug)]
struct Matrix<T> {
    lines: Lines,
    /// Whether it was asked for before, with these values.
    was_used: bool,
    /// Panel after panel, and in each term after term, from `first` on; nothing if they are not made.
    panels: Vec<T>,
    /// So many numbers of no meaning come before them, for a cache line begins where they do.
    first: usize,
}

impl<T> Matrix<T> {
    #[inline(always)]
    fn has(&self, lines: Lines) -> bool {
        self.lines == lines && !self.panels.is_empty()
    }
}

/// The matrices that rows were multiplied with.
#[derive(Debug)]
pub(crate) struct Panels<T> {
    /// In the order of where they begin, one for each place.
    matrices: Vec<Matrix<T>>,
    /// The one behind the last that was found: models ask for most of them in the order in which they lie.
    next: usize,
    /// No matrix reaches further.
    end: usize,
}

impl<T> Default for Panels<T> {
    fn default() -> Self {
        Self { matrices: Vec::new(), next: 0, end: 0 }
    }
}

impl<T: Real> Panels<T> {
    /// The panels of a matrix, from the second time on that it is asked for since its values changed.
    #[inline(always)]
    pub(super) fn find(&mut self, values: &[T], lines: Lines) -> Option<&[T]> {
        let at = match self.matrices.get(self.next) {
            Some(matrix) if matrix.has(lines) => self.next,
            _ => self.look_up(values, lines.start, lines.stride, lines.count, lines.terms)?,
        };
        // Behind the last of them comes the first of the next forward pass.
        self.next = if at + 1 == self.matrices.len() { 0 } else { at + 1 };
        let Matrix { panels, first, .. } = &self.matrices[at];
        Some(&panels[*first..])
    }

    // The lines by themselves: as one argument they would be put into memory before each look.
    #[inline(never)]
    fn look_up(
        &mut self,
        values: &[T],
        start: usize,
        stride: usize,
        count: usize,
        terms: usize,
    ) -> Option<usize> {
        let lines = Lines { start, stride, count, terms };
        let at = self.matrices.partition_point(|matrix| matrix.lines.start < lines.start);
        if !self.matrices.get(at).is_some_and(|matrix| matrix.has(lines)) {
            self.make(at, values, lines)?;
        }
        Some(at)
    }

    #[cold]
    fn make(&mut self, at: usize, values: &[T], lines: Lines) -> Option<()> {
        self.end = self.end.max(lines.end());
        let matrix = match self.matrices.get_mut(at) {
            Some(matrix) if matrix.lines.start == lines.start => matrix,
            _ => {
                self.matrices
                    .insert(at, Matrix { lines, was_used: false, panels: Vec::new(), first: 0 });
                &mut self.matrices[at]
            }
        };
        let was_used = matrix.lines == lines && matrix.was_used;
        (matrix.lines, matrix.was_used) = (lines, true);
        matrix.panels.clear();
        if !was_used {
            return None;
        }
        let size = lines.count.next_multiple_of(columns::<T>()) * lines.terms;
        let most = PANEL / size_of::<T>();
        matrix.panels.resize(size + most, T::zero());
        matrix.first = matrix.panels.as_ptr().align_offset(PANEL).min(most);
        turn(&mut matrix.panels[matrix.first..][..size], &values[lines.start..], lines);
        Some(())
    }

    /// The values of a block change.
    #[inline]
    pub(crate) fn forget(&mut self, block: Range<usize>) {
        if block.start < self.end {
            for Matrix { lines, was_used, panels, .. } in &mut self.matrices {
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

/// How many columns a panel has: so many that their elements are a cache line, or four of larger numbers.
pub(super) const fn columns<T>() -> usize {
    match size_of::<T>() {
        4 => PANEL / 4,
        8 => PANEL / 8,
        _ => 4,
    }
}

/// Fills panels; columns beyond the last line stay as they are.
fn turn<T: Real>(panels: &mut [T], elements: &[T], lines: Lines) {
    for (number, panel) in panels.chunks_exact_mut(lines.terms * columns::<T>()).enumerate() {
        let first = number * columns::<T>();
        for column in 0..columns::<T>().min(lines.count - first) {
            let line = &elements[(first + column) * lines.stride..][..lines.terms];
            for (to, element) in panel.chunks_exact_mut(columns::<T>()).zip(line) {
                to[column] = *element;
            }
        }
    }
}

/// Where a part of a slice begins in it.
#[inline(always)]
fn position<T>(part: &[T], whole: &[T]) -> Option<usize> {
    let bytes = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let start = bytes / size_of::<T>();
    (start + part.len() <= whole.len()).then_some(start)
}

/// `out[c] = Σ left[k] · right[c, k]` in lanes for each column, the bits of a product along the lines, if `right` is
/// a part of the tape that is kept in panels. Its lines begin at `lines.start` in it.
#[inline(always)]
pub(super) fn single_row<T: Real, K: Dim>(
    panels: &RefCell<Panels<T>>,
    values: &[T],
    right: &[T],
    lines: Lines,
    left: &[T],
    out: &mut [T],
    terms: K,
) -> Option<()> {
    let mut panels = panels.try_borrow_mut().ok()?;
    multiply(left, panels.find(values, lines.of_part(right, values)?)?, out, terms);
    Some(())
}

#[inline(never)]
fn multiply<T: Real, K: Dim>(left: &[T], panels: &[T], out: &mut [T], terms: K) {
    let left = &left[..terms.len()];
    if const { columns::<T>() == 16 } {
        multiply_by::<T, 16>(left, panels, out);
    } else if const { columns::<T>() == 8 } {
        multiply_by::<T, 8>(left, panels, out);
    } else {
        multiply_by::<T, 4>(left, panels, out);
    }
}

#[inline(always)]
fn multiply_by<T: Real, const COLUMNS: usize>(left: &[T], panels: &[T], out: &mut [T]) {
    let (lines, terms) = (panels.as_chunks::<COLUMNS>().0, left.len());
    let (whole, rest) = out.as_chunks_mut::<COLUMNS>();
    let panel = |at: usize| &lines[at * terms..][..terms];
    for (at, out) in whole.iter_mut().enumerate() {
        barrier();
        *out = in_lanes(left, panel(at));
    }
    if !rest.is_empty() {
        let sums = in_lanes(left, panel(whole.len()));
        rest.copy_from_slice(&sums[..rest.len()]);
    }
}

#[inline(always)]
fn in_lanes<T: Real, const COLUMNS: usize>(left: &[T], panel: &[[T; COLUMNS]]) -> [T; COLUMNS] {
    let (left, left_rest) = left.as_chunks::<ROW_LANES>();
    let (panel, panel_rest) = panel.as_chunks::<ROW_LANES>();
    let panel = &panel[..left.len()];
    let mut lanes = [[T::zero(); COLUMNS]; ROW_LANES];
    for chunk in 0..left.len() {
        for lane in 0..ROW_LANES {
            for column in 0..COLUMNS {
                lanes[lane][column] =
                    left[chunk][lane].fma(panel[chunk][lane][column], lanes[lane][column]);
            }
        }
    }
    if !left_rest.is_empty() {
        let panel_rest = &panel_rest[..left_rest.len()];
        // Not over the rest alone: a lane that is chosen at run time is none in a register.
        for lane in 0..ROW_LANES {
            if lane < left_rest.len() {
                for column in 0..COLUMNS {
                    lanes[lane][column] =
                        left_rest[lane].fma(panel_rest[lane][column], lanes[lane][column]);
                }
            }
        }
    }
    let [a, b, c, d] = lanes;
    let mut sums = [T::zero(); COLUMNS];
    for at in 0..COLUMNS {
        sums[at] = (a[at] + c[at]) + (b[at] + d[at]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Matrix, Numbers};
    use crate::dual::Dual;
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
        // Line `c` begins at `2 + 3c`. Eight columns to a panel: the second has the ninth line alone.
        let line = |term: usize| [0, 1, 2, 3, 4, 5, 6, 7].map(|c| (2 + 3 * c + term) as f64);
        assert_eq!(found[..24], *[line(0), line(1), line(2)].as_flattened());
        let last = [26.0, 27.0, 28.0].map(|number| [number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(found[24..48], *last.as_flattened());
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

    /// What a layer of so many rows gives on a tape, and what the same numbers give beside any tape.
    fn compare<T: Real>(rows: usize) {
        let number = |at: usize| T::of(((at * 7919 + 13) % 101) as f64 / 50.0 - 1.0);
        for (outputs, inputs) in [(1, 1), (3, 5), (4, 8), (8, 16), (13, 17), (16, 64), (70, 31)] {
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
                    let x: Vec<T> = (0..rows * inputs).map(|at| number(at + 7 * round)).collect();
                    let x = tape.array((rows, inputs), &x);
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
    fn rows_have_the_same_bits_with_panels() {
        for rows in [1, 2, 9] {
            compare::<f32>(rows);
            compare::<f64>(rows);
        }
        // Numbers of more bytes than a vector register has for four of them, and than a cache line.
        for rows in [1, 3] {
            compare::<Dual<Dual>>(rows);
            compare::<Dual<Dual<Dual<Dual>>>>(rows);
        }
    }

    /// Matrices that are parts of arrays: of each head, shifted, some of their columns, one after the other of
    /// another shape, and with more terms than are added up one by one.
    #[test]
    fn parts_of_arrays_have_the_same_bits_with_panels() {
        for rows in [1, 3] {
            parts(rows);
        }
    }

    fn parts(rows: usize) {
        let number = |at: usize| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
        let tape = Tape::<f32>::default();
        let long = super::super::tuning::BLOCK + 37;
        let numbers: Vec<f32> = (0..5 * long).map(number).collect();
        let all = tape.array((5, long), &numbers);
        let heads = tape.array((3, 10, 9), &numbers[..270]);
        let wide = tape.array((10, 27), &numbers[..270]);
        let same = tape.array((27, 10), &numbers[..270]);
        let x = tape.array((rows, long), &numbers[7..][..rows * long]);
        let y = tape.array((rows, 3, 9), &numbers[11..][..rows * 27]);
        let z = tape.array((rows, 10), &numbers[5..][..rows * 10]);
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
