//! Right factors of contractions in panels, for all steps of a recurrence.

use std::ops::Range;

use super::contraction::{Factor, Target, contract_with};
use crate::real::Real;
use crate::shape::Dim;

/// The factors that every step of a recurrence multiplies by, in panels: some columns side by side, term after
/// term, then the next columns.
///
/// ```text
/// a factor      u00 u01 u02 u03      panels of two      u00 u01
///               u10 u11 u12 u13                         u10 u11
///                                                       u02 u03
///                                                       u12 u13
/// ```
#[derive(Debug)]
pub struct Packed<T> {
    factors: Vec<Panels<T>>,
    /// The last that was asked for: of several the next one comes after it.
    last: usize,
    /// Whether a factor may be asked for again.
    several: bool,
}

/// What tells a factor from others: where it begins in memory, and how it lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: usize,
    stride: usize,
    step: usize,
    columns: usize,
    terms: usize,
}

impl Place {
    #[inline(always)]
    fn of<T: Real>(factor: Factor<'_, T>, [columns, terms]: [usize; 2]) -> Self {
        let address = factor.elements.as_ptr().addr() + factor.first * size_of::<T>();
        Self { address, stride: factor.stride, step: factor.step, columns, terms }
    }
}

/// The panels of one factor.
#[derive(Debug)]
struct Panels<T> {
    place: Place,
    numbers: Vec<T>,
    /// Where the first panel begins: on a cache line.
    start: usize,
}

impl<T: Real> Packed<T> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { factors: Vec::new(), last: 0, several: true }
    }

    /// Nothing yet, for these steps. Of a single one, as of a token that is generated, nothing is ever kept.
    #[must_use]
    #[inline]
    pub fn of_steps(steps: Range<usize>) -> Self {
        Self { several: steps.len() > 1, ..Self::new() }
    }

    /// The panels of a factor: from the second time on that it is asked for, if its columns lie side by side
    /// anyway. What it holds must not change from step to step.
    #[inline(always)]
    pub(super) fn find<const COLUMNS: usize>(
        &mut self,
        factor: Factor<'_, T>,
        [columns, terms]: [usize; 2],
        fill: impl Fn(&mut [[T; COLUMNS]], usize, usize),
    ) -> Option<&[[T; COLUMNS]]> {
        if !self.several {
            return None;
        }
        let size = columns.div_ceil(COLUMNS) * terms * COLUMNS;
        let place = Place::of(factor, [columns, terms]);
        let next = if self.last + 1 < self.factors.len() { self.last + 1 } else { 0 };
        let is_found = self.factors.get(next).is_some_and(|one| one.place == place);
        self.last = if is_found { next } else { self.look_for(place)? };
        let panels = &mut self.factors[self.last];
        if panels.numbers.is_empty() {
            panels.make(size);
            let lines = panels.numbers[panels.start..][..size].as_chunks_mut::<COLUMNS>().0;
            for (number, panel) in lines.chunks_exact_mut(terms).enumerate() {
                let column = number * COLUMNS;
                fill(panel, column, COLUMNS.min(columns - column));
            }
        }
        Some(panels.numbers[panels.start..][..size].as_chunks().0)
    }

    #[cold]
    fn look_for(&mut self, place: Place) -> Option<usize> {
        let known = self.factors.iter().position(|one| one.place == place);
        if known.is_some() {
            return known;
        }
        self.factors.push(Panels { place, numbers: Vec::new(), start: 0 });
        (place.stride != 1).then_some(self.factors.len() - 1)
    }
}

impl<T: Real> Panels<T> {
    #[cold]
    fn make(&mut self, size: usize) {
        const LINE: usize = 64;
        let spare = LINE / size_of::<T>();
        self.numbers = vec![T::zero(); size + spare];
        // A type that is no part of a cache line begins anywhere.
        self.start = self.numbers.as_ptr().align_offset(LINE).min(spare);
    }
}

impl<T: Real> Default for Packed<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// [`contract`](super::contract) by a right factor that is the same in every step of a recurrence. A single
/// row adds its terms in order, as several do, and not in lanes.
#[inline]
pub fn contract_packed<T: Real, R: Dim, C: Dim, K: Dim>(
    target: Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    (rows, columns, terms): (R, C, K),
    packed: &mut Packed<T>,
) {
    contract_with(target, left, right, [rows.len(), columns.len(), terms.len()], packed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_single_step_nothing_is_kept() {
        let factor: Vec<f64> = (0..12).map(f64::from).collect();
        for (steps, kept) in [(3..3, 0), (3..4, 0), (3..5, 1)] {
            let mut packed = Packed::of_steps(steps);
            for _ in 0..2 {
                let mut out = [0.0; 3];
                let (target, left) = (Target::new(&mut out, 0, 0, false), [1.0; 4]);
                let (left, right) = (Factor::new(&left, 0, 0, 1), Factor::new(&factor, 0, 1, 3));
                contract_packed(target, left, right, (1, 3, 4), &mut packed);
                assert_eq!(out, [18.0, 22.0, 26.0]);
            }
            assert_eq!(packed.factors.len(), kept);
        }
    }

    /// Of several factors, in any order, each has its own panels: also of two arrays, and of one array that lies
    /// in two ways.
    #[test]
    fn factors_are_told_apart() {
        let arrays: [Vec<f64>; 2] = [0, 100].map(|from| (from..from + 24).map(f64::from).collect());
        let mut packed = Packed::new();
        for round in 0..40 {
            let (array, first) = (&arrays[round * 7 % 3 % 2], round * 5 % 4 * 6);
            let [stride, step] = if round % 5 < 2 { [1, 3] } else { [2, 1] };
            let columns = 2 + round % 2;
            let mut out = [0.0; 3];
            let factor = Factor::new(array, first, stride, step);
            let left = [1.0, 10.0];
            let (target, left) = (Target::new(&mut out, 0, 0, false), Factor::new(&left, 0, 0, 1));
            contract_packed(target, left, factor, (1, columns, 2), &mut packed);
            let sum = |column: usize| {
                let at = |term: usize| array[first + column * stride + term * step];
                if column < columns { at(0) + 10.0 * at(1) } else { 0.0 }
            };
            assert_eq!(out, [sum(0), sum(1), sum(2)]);
        }
    }
}
