//! Contractions: sums of a product of two arrays. Matrix products are the plainest of them.
//!
//! A block of the target stays in registers while the sum advances. Each element adds its terms
//! one after the other, in the order of the index, whatever the block: the same bits for any
//! number of rows from two on, on every machine that fuses. A row alone sums in lanes. Very large
//! products are left to a crate made for them.

// Iterators that own an array, or of several slices side by side, are functions that a build which
// does not optimise across modules calls for every element; a plain loop is always made into vectors.
#![allow(clippy::needless_range_loop)]

use std::hint::black_box;

#[cfg(feature = "large-products")]
use super::large::{self, is_large};
use super::loops::{barrier, put};
use super::packed::Packed;
use super::panels::{self, Below, Lines};
use super::sums::blocks;
use super::tuning::{BLOCK, COPIED, ROW_LANES, VECTOR};
use crate::real::Real;
use crate::shape::Dim;

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
    if rows.len() == 1
        && left.step == 1
        && right.step == 1
        && !target.add
        && single_row_in_panels(&mut target, left, right, columns, terms).is_some()
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

/// One row alone, if the right factor is a matrix that the tape keeps in panels.
#[inline(always)]
fn single_row_in_panels<T: Real, C: Dim, K: Dim>(
    target: &mut Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    columns: C,
    terms: K,
) -> Option<()> {
    let Below { values, panels } = right.below?;
    let panels = panels?;
    let (count, terms_len) = (columns.len(), terms.len());
    if count == 0 || terms_len > BLOCK {
        return None;
    }
    let left = &left.at(0, 0)[..terms_len];
    let out = &mut target.elements[target.first..][..count];
    let lines = Lines { start: right.first, stride: right.stride, count, terms: terms_len };
    panels::single_row(panels, values, right.elements, lines, left, out, terms)
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
            while columns - column >= 4 * COLUMNS {
                let lines = &lines[column / COLUMNS * terms..];
                row_by_panels::<T, 4, COLUMNS>(
                    &mut elements[first + column..],
                    left,
                    lines,
                    terms,
                    add,
                );
                column += 4 * COLUMNS;
            }
            if columns - column >= 2 * COLUMNS {
                let lines = &lines[column / COLUMNS * terms..];
                row_by_panels::<T, 2, COLUMNS>(
                    &mut elements[first + column..],
                    left,
                    lines,
                    terms,
                    add,
                );
                column += 2 * COLUMNS;
            }
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

/// Four rows as four columns.
#[inline(always)]
pub(super) fn turned<T: Copy>(a: [T; 4], b: [T; 4], c: [T; 4], d: [T; 4]) -> [[T; 4]; 4] {
    let column = |at: usize| [a[at], b[at], c[at], d[at]];
    [column(0), column(1), column(2), column(3)]
}

/// All rows of some columns of the target.
struct Block<'a, T> {
    elements: &'a mut [T],
    stride: usize,
    rows: usize,
    width: usize,
    add: bool,
}

impl<T: Real> Block<'_, T> {
    /// Where the sizes are known, in code for them alone; one copy for all others.
    #[inline(always)]
    fn sweep_as<const ROWS: usize, const COLUMNS: usize, C: Dim>(
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
    fn sweep_any<const ROWS: usize, const COLUMNS: usize>(
        self,
        left: Factor<'_, T>,
        right: Factor<'_, T>,
        terms: usize,
    ) {
        self.sweep::<ROWS, COLUMNS>(left, right, terms);
    }

    #[inline(always)]
    fn sweep<const ROWS: usize, const COLUMNS: usize>(
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
                    read(row, self.width, &mut sums[next]);
                }
            }
            let sums = multiply(sums, rows, left, right, terms);
            for next in 0..count {
                let row = &mut self.elements[rows[next] * self.stride..];
                write(row, self.width, &sums[next]);
            }
        }
    }
}

// What follows is written with plain loops: of iterators and calls for each row the compiler does
// not make code that keeps all sums in registers.

#[inline(always)]
fn read<T: Real, const COLUMNS: usize>(elements: &[T], width: usize, sums: &mut [T; COLUMNS]) {
    if width == COLUMNS {
        *sums = *elements.first_chunk().expect("a whole row");
    } else {
        move_some(sums, elements, width);
    }
}

#[inline(always)]
fn write<T: Real, const COLUMNS: usize>(elements: &mut [T], width: usize, sums: &[T; COLUMNS]) {
    if width == COLUMNS {
        *elements.first_chunk_mut().expect("a whole row") = *sums;
    } else {
        move_some(elements, sums, width);
    }
}

#[inline(always)]
fn move_some<T: Real>(to: &mut [T], from: &[T], count: usize) {
    for (to, &from) in to[..count].iter_mut().zip(&from[..count]) {
        *to = from;
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

/// A single row of the columns of some whole panels, which follow each other.
#[inline(never)]
fn row_by_panels<T: Real, const PANELS: usize, const COLUMNS: usize>(
    out: &mut [T],
    left: Factor<'_, T>,
    lines: &[[T; COLUMNS]],
    terms: usize,
    add: bool,
) {
    let out = out.as_chunks_mut::<COLUMNS>().0.first_chunk_mut::<PANELS>().expect("whole panels");
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

/// Fills a panel from the elements of a factor.
#[inline(always)]
fn fill<T: Real, const COLUMNS: usize>(
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
                    // Packed, the first time, when the panels are made, and when they are there.
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
                for terms in [0, 1, 2, 5, 16, 17, 64, 131] {
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
