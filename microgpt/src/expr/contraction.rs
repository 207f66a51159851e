//! Contractions: sums of a product of two arrays. Matrix products are the plainest of them.
//!
//! A block of the target stays in registers while the sum advances. Each element adds its terms
//! one after the other, in the order of the index, whatever the block: the same bits for any
//! number of rows from two on, on every machine that fuses. A row alone sums in lanes. Very large
//! products are left to a crate made for them.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::cell::RefCell;
use std::hint::black_box;

#[cfg(feature = "large-products")]
use super::large::{self, is_large};
use super::loops::put;
use super::packed::Packed;
use super::panels::{self, Below, Lines, Panels};
use super::sums::blocks;
use super::tuning::{BLOCK, COPIED, PANEL, ROW_LANES, TURNED, VECTOR};
use crate::real::Real;
use crate::shape::Dim;
use block::{Block, row_by_panels};
use fill::fill;
pub(super) use fill::turned;

mod block;
mod fill;

/// What a contraction writes: rows of elements that lie side by side.
pub struct Target<'a, T> {
    /// The array.
    pub elements: &'a mut [T],
    /// The position of the first element.
    pub first: usize,
    /// From one row to the next.
    pub stride: usize,
    /// Whether the sums are added to what is there.
    pub add: bool,
}

impl<'a, T> Target<'a, T> {
    /// In the order of the fields.
    #[inline(always)]
    pub fn new(elements: &'a mut [T], first: usize, stride: usize, add: bool) -> Self {
        Self { elements, first, stride, add }
    }
}

/// A factor of each term.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a, T> {
    /// The array.
    pub elements: &'a [T],
    /// The position of the first element.
    pub first: usize,
    /// From one row of the target to the next, or from one column.
    pub stride: usize,
    /// From one term to the next.
    pub step: usize,
    /// What the array may be a part of.
    pub(super) below: Option<Below<'a, T>>,
}

impl<'a, T> Factor<'a, T> {
    /// In the order of the fields.
    #[inline(always)]
    pub fn new(elements: &'a [T], first: usize, stride: usize, step: usize) -> Self {
        Self { elements, first, stride, step, below: None }
    }

    /// Elements that may lie on the tape, which keeps matrices as single rows read them.
    #[must_use]
    #[inline(always)]
    pub fn below(self, below: Below<'a, T>) -> Self {
        Self { below: Some(below), ..self }
    }

    /// The elements from that of a row or column and a term on.
    #[inline(always)]
    fn at(self, line: usize, term: usize) -> &'a [T] {
        &self.elements[self.first + line * self.stride + term * self.step..]
    }
}

/// `target[r, c] = Σ left[r, k] · right[k, c]`, or `+=`, over the axes of rows, columns and terms.
#[inline(always)]
pub fn contract<T: Real, R: Dim, C: Dim, K: Dim>(
    mut target: Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    (rows, columns, terms): (R, C, K),
) {
    if right.step == 1 && by_kept_panels(&mut target, left, right, (rows, columns, terms)).is_some()
    {
        return;
    }
    #[cfg(feature = "large-products")]
    {
        let sizes = [rows.len(), columns.len(), terms.len()];
        if is_large::<T>(sizes.iter().product(), left.step)
            && large::multiply(&mut target, left, right, sizes).is_some()
        {
            return;
        }
    }
    if terms.len() <= BLOCK {
        return contract_in_blocks(target, left, right, (rows, columns, terms));
    }
    // Sums of many terms lose some: they are added up in parts.
    for block in blocks(0..terms.len()) {
        let part = Target { elements: &mut *target.elements, ..target };
        let from = |factor: Factor<'_, T>| factor.first + block.start * factor.step;
        let (left, right) =
            (Factor { first: from(left), ..left }, Factor { first: from(right), ..right });
        contract_in_blocks(part, left, right, (rows, columns, block.len()));
        target.add = true;
    }
}

/// The product, if the right factor is a matrix that the tape keeps in panels.
#[inline(always)]
fn by_kept_panels<T: Real, R: Dim, C: Dim, K: Dim>(
    target: &mut Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    (rows, columns, terms): (R, C, K),
) -> Option<()> {
    let Below { values, panels } = right.below?;
    let panels = panels?;
    let (rows, count, terms_len) = (rows.len(), columns.len(), terms.len());
    if rows == 0 || rows >= TURNED || count == 0 || terms_len == 0 || terms_len > BLOCK {
        return None;
    }
    let lines = Lines { start: right.first, stride: right.stride, count, terms: terms_len };
    if rows > 1 {
        return rows_in_panels(panels, values, right.elements, lines, left, target, rows);
    }
    if left.step != 1 || target.add {
        return None;
    }
    let left = &left.at(0, 0)[..terms_len];
    let out = &mut target.elements[target.first..][..count];
    panels::single_row(panels, values, right.elements, lines, left, out, terms)
}

/// Several rows: the blocks and the bits of [`contract_in_blocks`], without turning the right factor for each product.
#[inline(never)]
fn rows_in_panels<T: Real>(
    panels: &RefCell<Panels<T>>,
    values: &[T],
    right: &[T],
    lines: Lines,
    left: Factor<'_, T>,
    target: &mut Target<'_, T>,
    rows: usize,
) -> Option<()> {
    let mut panels = panels.try_borrow_mut().ok()?;
    let panels = panels.find(values, lines.of_part(right, values)?)?;
    if const { panels::columns::<T>() == 16 } {
        sweep_panels::<T, 16>(panels, lines, left, target, rows);
    } else if const { panels::columns::<T>() == 8 } {
        sweep_panels::<T, 8>(panels, lines, left, target, rows);
    } else {
        sweep_panels::<T, 4>(panels, lines, left, target, rows);
    }
    Some(())
}

#[inline(always)]
fn sweep_panels<T: Real, const COLUMNS: usize>(
    panels: &[T],
    Lines { count, terms, .. }: Lines,
    left: Factor<'_, T>,
    target: &mut Target<'_, T>,
    rows: usize,
) {
    // Eight vectors of sums.
    const ROWS: usize = 8 * VECTOR / PANEL;
    for column in (0..count).step_by(COLUMNS) {
        let elements = &mut target.elements[target.first + column..];
        let width = COLUMNS.min(count - column);
        let block = Block { elements, stride: target.stride, rows, width, add: target.add };
        let right = Factor::new(panels, column * terms, 1, COLUMNS);
        block.sweep_any::<ROWS, COLUMNS>(left, right, terms);
    }
}

/// [`contract`] of any size in blocks.
///
/// Eight vectors of sums are under way, two or one in a row: as many as hide the latency of a
/// fused operation on a machine that begins two of them a cycle.
#[inline(always)]
pub fn contract_in_blocks<T: Real, R: Dim, C: Dim, K: Dim>(
    target: Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    (rows, columns, terms): (R, C, K),
) {
    let product = Product {
        target,
        left,
        right,
        rows: rows.len(),
        columns: columns.len(),
        terms: terms.len(),
        packed: None,
    };
    if product.rows == 0 || product.terms == 0 {
        return product.clear();
    }
    if product.rows == 1 && product.left.step == 1 && product.right.step == 1 {
        return product.single_row(terms);
    }
    if product.rows == 1 && product.right.stride == 1 && product.right.step >= product.columns {
        return product.single_row_of_columns();
    }
    if const { C::FIXED.is_some() } {
        product.in_blocks::<C, K>();
    } else {
        product.in_blocks_of_any_size();
    }
}

/// [`contract`] with a right factor that is kept in panels from one product to the next.
///
/// A single row adds its terms in order, too, unless they are so many that sums are added up in parts.
#[inline(never)]
pub(super) fn contract_with<T: Real>(
    target: Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    [rows, columns, terms]: [usize; 3],
    packed: &mut Packed<T>,
) {
    if rows == 0 || columns == 0 || terms == 0 || terms > BLOCK {
        return contract(target, left, right, (rows, columns, terms));
    }
    let product = Product { target, left, right, rows, columns, terms, packed: Some(packed) };
    product.in_blocks_of_any_size();
}

/// Whether the length of an axis may be in a range. As a constant it keeps code from being made for a
/// block that is never chosen.
const fn may_be<D: Dim>(low: usize, high: usize) -> bool {
    match D::FIXED {
        Some(len) => low <= len && len <= high,
        None => true,
    }
}

/// How many numbers a vector register holds.
const fn numbers<T>() -> usize {
    VECTOR / size_of::<T>()
}

struct Product<'a, T> {
    target: Target<'a, T>,
    left: Factor<'a, T>,
    right: Factor<'a, T>,
    rows: usize,
    columns: usize,
    terms: usize,
    /// Where the panels of the right factor are kept, if they are.
    packed: Option<&'a mut Packed<T>>,
}

/// A part of the right factor with its columns side by side.
#[repr(align(64))]
struct Panel<T, const COLUMNS: usize, const TERMS: usize>([[T; COLUMNS]; TERMS]);

impl<T: Real> Product<'_, T> {
    /// The empty sum.
    fn clear(self) {
        let Target { elements, first, stride, add } = self.target;
        for row in (0..self.rows).filter(|_| !add) {
            elements[first + row * stride..][..self.columns].fill(T::zero());
        }
    }

    /// One row alone, of factors whose terms lie side by side: to turn the right factor would cost
    /// more than the sums, so these are in lanes, eight columns at a time or four.
    #[inline(never)]
    fn single_row<K: Dim>(self, terms: K) {
        let Self { target, left, right, columns, .. } = self;
        let terms = terms.len();
        let left = &left.at(0, 0)[..terms];
        let out = &mut target.elements[target.first..][..columns];
        // What is missing of them repeats the last column, and is not written.
        let line = |column: usize| &right.at(column.min(columns - 1), 0)[..terms];
        let (eights, rest) = out.as_chunks_mut::<8>();
        let done = eights.len() * 8;
        for (at, eight) in eights.iter_mut().enumerate() {
            let lines = [0, 1, 2, 3, 4, 5, 6, 7].map(|next| line(at * 8 + next));
            let [a, b, c, d, e, f, g, h] = in_lanes(left, lines);
            let (fours, _) = eight.as_chunks_mut::<4>();
            put(&mut fours[0], totals(a, b, c, d), target.add);
            put(&mut fours[1], totals(e, f, g, h), target.add);
        }
        for (at, four) in rest.chunks_mut(4).enumerate() {
            let lines = [0, 1, 2, 3].map(|next| line(done + at * 4 + next));
            let [a, b, c, d] = in_lanes(left, lines);
            put(four, totals(a, b, c, d), target.add);
        }
    }

    /// One row alone, of a right factor whose columns lie side by side: as many vectors of sums as hide the
    /// latency of a fused operation, then fewer.
    #[inline(never)]
    fn single_row_of_columns(mut self) {
        let mut done = 0;
        if const { numbers::<T>() == 16 } {
            done = self.row_in_blocks::<128>(done);
        }
        if const { numbers::<T>() >= 8 } {
            done = self.row_in_blocks::<64>(done);
        }
        done = self.row_in_blocks::<32>(done);
        done = self.row_in_blocks::<16>(done);
        done = self.row_in_blocks::<8>(done);
        done = self.row_in_blocks::<4>(done);
        self.row_in_blocks::<1>(done);
    }

    /// Whole blocks of the columns of a single row from one on; returns how far they go.
    #[inline(always)]
    fn row_in_blocks<const COLUMNS: usize>(&mut self, mut done: usize) -> usize {
        let Self { target, left, right, columns, terms, .. } = self;
        while *columns - done >= COLUMNS {
            let elements = &mut target.elements[target.first + done..];
            let block = Block { elements, stride: 0, rows: 1, width: COLUMNS, add: target.add };
            let right = Factor { first: right.first + done, ..*right };
            block.sweep::<1, COLUMNS>(*left, right, *terms);
            done += COLUMNS;
        }
        done
    }

    /// One copy for all axes that the compiler does not know; code for those alone that it knows.
    #[inline(never)]
    fn in_blocks_of_any_size(self) {
        self.in_blocks::<usize, usize>();
    }

    /// Chooses the block: eight vectors of sums, in rows as long as the columns are many.
    #[inline(always)]
    fn in_blocks<C: Dim, K: Dim>(self) {
        let columns = self.columns;
        if const { numbers::<T>() == 16 && may_be::<C>(17, usize::MAX) } && columns > 16 {
            self.choose_terms::<4, 32, C, K>();
        } else if const { numbers::<T>() == 16 && may_be::<C>(9, 16) } && columns > 8 {
            self.choose_terms::<8, 16, C, K>();
        } else if const { numbers::<T>() == 8 && may_be::<C>(9, usize::MAX) } && columns > 8 {
            self.choose_terms::<4, 16, C, K>();
        } else if const { numbers::<T>() >= 8 && may_be::<C>(5, 8) } && columns > 4 {
            self.choose_terms::<8, 8, C, K>();
        } else if const { numbers::<T>() == 4 && may_be::<C>(5, usize::MAX) } && columns > 4 {
            self.choose_terms::<4, 8, C, K>();
        } else if const { numbers::<T>() < 4 || may_be::<C>(0, 4) } {
            self.choose_terms::<8, 4, C, K>();
        }
    }

    /// Chooses the length of a panel.
    #[inline(always)]
    fn choose_terms<const ROWS: usize, const COLUMNS: usize, C: Dim, K: Dim>(mut self) {
        if let Some(packed) = self.packed.take() {
            return self.in_packed_panels::<ROWS, COLUMNS>(packed);
        }
        if const { may_be::<K>(0, 16) } && self.terms <= 16 {
            self.panels::<ROWS, COLUMNS, 16, C>();
        } else if const { may_be::<K>(17, 64) } && self.terms <= 64 {
            self.panels::<ROWS, COLUMNS, 64, C>();
        } else if const { may_be::<K>(65, usize::MAX) } {
            self.panels::<ROWS, COLUMNS, 128, C>();
        }
    }

    /// Some columns after the other, from panels that are kept.
    fn in_packed_panels<const ROWS: usize, const COLUMNS: usize>(self, packed: &mut Packed<T>) {
        let Self { target, left, right, rows, columns, terms, .. } = self;
        let Target { elements, first, stride, add } = target;
        let found = packed.find::<COLUMNS>(right, [columns, terms], |lines, column, width| {
            fill(lines, right.at(column, 0), right, width);
        });
        let Some(lines) = found else {
            let target = Target { elements, first, stride, add };
            let product = Product { target, packed: None, ..self };
            if rows == 1 && right.step >= columns {
                return product.single_row_of_columns();
            }
            return product.choose_terms::<ROWS, COLUMNS, usize, usize>();
        };
        let mut column = 0;
        if rows == 1 {
            // As many vectors of sums as in several rows.
            let row = &mut elements[first..][..columns];
            column = row_by_panels::<T, 4, COLUMNS>(row, column, left, lines, terms, add);
            column = row_by_panels::<T, 2, COLUMNS>(row, column, left, lines, terms, add);
        }
        while column < columns {
            let lines = &lines[column / COLUMNS * terms..][..terms];
            let width = COLUMNS.min(columns - column);
            let elements = &mut elements[first + column..];
            let block = Block { elements, stride, rows, width, add };
            let right = Factor::new(lines.as_flattened(), 0, 1, COLUMNS);
            if rows == 1 {
                block.sweep_any::<1, COLUMNS>(left, right, terms);
            } else {
                block.sweep_any::<ROWS, COLUMNS>(left, right, terms);
            }
            column += COLUMNS;
        }
    }

    /// Some columns after the other, and of these some terms after the other.
    #[inline(always)]
    fn panels<const ROWS: usize, const COLUMNS: usize, const TERMS: usize, C: Dim>(self) {
        let Self { target, left, right, rows, columns, terms, .. } = self;
        let Target { elements, first, stride, add } = target;
        let side_by_side = right.stride == 1 && right.step >= COLUMNS;
        let worth_a_copy = rows >= COPIED && C::FIXED.is_none();
        if side_by_side && columns.is_multiple_of(COLUMNS) && !worth_a_copy {
            for column in (0..columns).step_by(COLUMNS) {
                let elements = &mut elements[first + column..];
                let block = Block { elements, stride, rows, width: COLUMNS, add };
                let right = Factor { first: right.first + column, ..right };
                block.sweep_as::<ROWS, COLUMNS, C>(left, right, terms);
            }
            return;
        }
        let mut panel = Panel([[T::zero(); COLUMNS]; TERMS]);
        for column in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - column);
            for term in (0..terms).step_by(TERMS) {
                let count = TERMS.min(terms - term);
                let lines = &mut panel.0[..count];
                fill(lines, right.at(column, term), right, width);
                let elements = &mut elements[first + column..];
                let block = Block { elements, stride, rows, width, add: add || term > 0 };
                let left = Factor { first: left.first + term * left.step, ..left };
                let lines = panel.0.as_flattened();
                let right = Factor::new(lines, 0, 1, COLUMNS);
                block.sweep_as::<ROWS, COLUMNS, C>(left, right, count);
            }
        }
    }
}

/// Sums over products, each in lanes.
#[inline(always)]
fn in_lanes<T: Real, const COLUMNS: usize>(
    left: &[T],
    lines: [&[T]; COLUMNS],
) -> [[T; ROW_LANES]; COLUMNS] {
    let terms = left.len();
    let (left, left_rest) = left.as_chunks::<ROW_LANES>();
    let whole = terms - left_rest.len();
    let mut chunks = [&[][..]; COLUMNS];
    for column in 0..COLUMNS {
        chunks[column] = &lines[column].as_chunks::<ROW_LANES>().0[..left.len()];
    }
    let mut sums = [[T::zero(); ROW_LANES]; COLUMNS];
    for chunk in 0..left.len() {
        for column in 0..COLUMNS {
            for lane in 0..ROW_LANES {
                sums[column][lane] =
                    left[chunk][lane].fma(chunks[column][chunk][lane], sums[column][lane]);
            }
        }
    }
    if whole < terms {
        for column in 0..COLUMNS {
            let rest = &lines[column][whole..terms];
            for lane in 0..left_rest.len() {
                sums[column][lane] = left_rest[lane].fma(rest[lane], sums[column][lane]);
            }
        }
    }
    sums
}

/// The lanes of four sums, added pairwise.
#[inline(always)]
fn totals<T: Real>(a: [T; 4], b: [T; 4], c: [T; 4], d: [T; 4]) -> [T; 4] {
    // Each is a vector: without this the compiler makes others of them, of what comes before.
    let [a, b, c, d] = turned(black_box(a), black_box(b), black_box(c), black_box(d));
    let mut sums = [T::zero(); 4];
    for column in 0..4 {
        sums[column] = (a[column] + c[column]) + (b[column] + d[column]);
    }
    sums
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::packed::contract_packed;
    use super::*;
    use crate::shape::Const;

    /// Numbers of which all sums of products are exact, in any order.
    pub fn whole_numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        (0..count).map(|at| T::of(((at * 7919 + seed) % 17) as f64 - 8.0)).collect()
    }

    /// The same, one element and one term after the other, or a single row in lanes.
    fn plain<T: Real>(
        target: &mut [T],
        left: Factor<'_, T>,
        right: Factor<'_, T>,
        [rows, columns, terms]: [usize; 3],
        add: bool,
        in_lanes: bool,
    ) {
        for row in 0..rows {
            for column in 0..columns {
                let target = &mut target[1 + row * (columns + 2) + column];
                let start = if add { *target } else { T::zero() };
                let plus = |sum, term| left.at(row, term)[0].fma(right.at(column, term)[0], sum);
                *target = if in_lanes && rows == 1 && left.step == 1 && right.step == 1 {
                    let [a, b, c, d] =
                        [0, 1, 2, 3].map(|lane| (lane..terms).step_by(4).fold(T::zero(), plus));
                    start + ((a + c) + (b + d))
                } else {
                    (0..terms).fold(start, plus)
                };
            }
        }
    }

    fn compare<T: Real, R: Dim, C: Dim, K: Dim>(axes: (R, C, K)) {
        let sizes @ [rows, columns, terms] = [axes.0.len(), axes.1.len(), axes.2.len()];
        let numbers = |count: usize, seed: usize| -> Vec<T> {
            (0..count).map(|at| T::of(((at * 7919 + seed) % 101) as f64 / 50.0 - 1.0)).collect()
        };
        let (lefts, rights) =
            (numbers(2 * rows * terms + 3, 1), numbers(2 * columns * terms + 3, 2));
        let order = |lines: usize, terms: usize| [(terms, 1), (1, lines), (2 * terms, 2)];
        for add in [false, true] {
            for (stride, step) in order(rows, terms) {
                let left = Factor::new(&lefts, 2, stride, step);
                for (stride, step) in order(columns, terms) {
                    let right = Factor::new(&rights, 3, stride, step);
                    let mut target = numbers(rows * (columns + 2) + 1, 3);
                    let mut expected = target.clone();
                    let out = Target { elements: &mut target, first: 1, stride: columns + 2, add };
                    contract(out, left, right, axes);
                    plain(&mut expected, left, right, sizes, add, true);
                    assert_eq!(target, expected, "{sizes:?}, {left:?}, {right:?}, add {add}");
                    // Packed, the first time, when the panels are made, and when they are there; sums of half
                    // of the left factors, and those added to what is there of the other half.
                    if add != (left.step == 1) {
                        continue;
                    }
                    let (mut packed, before) = (Packed::new(), numbers(target.len(), 3));
                    let mut expected = before.clone();
                    plain(&mut expected, left, right, sizes, add, false);
                    for _ in 0..3 {
                        let mut target = before.clone();
                        let out =
                            Target { elements: &mut target, first: 1, stride: columns + 2, add };
                        contract_packed(out, left, right, axes, &mut packed);
                        assert_eq!(target, expected, "{sizes:?}, {left:?}, {right:?}, add {add}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_element_is_the_plain_sum_in_order_bit_for_bit() {
        for rows in [0, 1, 3, 4, 7, 8, 9, 40] {
            for columns in [0, 1, 4, 5, 8, 13, 16, 17, 27, 32, 70] {
                for terms in [0, 1, 2, 5, 16, 17, 67] {
                    compare::<f64, _, _, _>((rows, columns, terms));
                    compare::<f32, _, _, _>((rows, columns, terms));
                }
            }
            compare::<f64, _, _, _>((rows, Const::<16>, Const::<16>));
            compare::<f32, _, _, _>((rows, Const::<16>, Const::<64>));
            compare::<f32, _, _, _>((rows, Const::<64>, Const::<5>));
        }
    }
}
