//! What must not matter: a second run, what gradients held before, one array for two inputs, and
//! results that nobody uses.

use super::run::{Run, added, leaves, pulled_back};
use super::{Mismatch, Oracle};
use crate::real::Real;
use crate::tape::Tape;

/// One array stands for at most so many pairs of inputs.
const ALIASED_PAIRS: usize = 4;

impl<T: Real> Run<'_, T> {
    /// The same bits twice.
    pub(super) fn determinism(&mut self) {
        let cotangents = self.draw(self.outputs.len());
        let first = self.gradients(&cotangents);
        let second = self.gradients(&cotangents);
        self.hold(&first, &second, Oracle::SecondRun, &cotangents, |_, _| 0.0);
        let again = self.evaluate(&self.values());
        let same = again.iter().zip(&self.outputs).all(|(one, two)| one.to_bits() == two.to_bits());
        if !same || again.len() != self.outputs.len() {
            let other = again.first().copied().unwrap_or(f64::NAN);
            let mismatch = self.mismatch(0, 0, Some(0), self.outputs[0], other);
            self.report.mismatches.push(Mismatch { oracle: Oracle::SecondRun, ..mismatch });
        }
    }

    /// Gradients add up: `=` for `+=` shows in buffers that are not empty.
    pub(super) fn accumulation(&mut self) {
        let cotangents = self.draw(self.outputs.len());
        let inputs = self.values();
        let filled = self.draw(inputs.iter().map(Vec::len).sum());
        let empty = self.gradients(&cotangents);
        let tape = Tape::default();
        let leaves = leaves::<T>(&tape, &inputs);
        let full = pulled_back(&leaves, self.function, &filled, &cotangents);
        let tolerance = self.check.tolerance.exact;
        // What was there is between 0.5 and 1.5.
        let allowed = |one: f64, other: f64| tolerance * (1.5 + one.abs().max(other.abs()));
        self.hold(&full, &empty, Oracle::Accumulation, &cotangents, allowed);
    }

    /// One array for two inputs: its gradient is the sum of theirs.
    pub(super) fn aliasing(&mut self) {
        let pairs = (0..self.points.len())
            .flat_map(|one| (one + 1..self.points.len()).map(move |other| (one, other)))
            .filter(|&(one, other)| self.points[one].shape == self.points[other].shape);
        for (one, other) in pairs.take(ALIASED_PAIRS).collect::<Vec<_>>() {
            let mut inputs = self.values();
            inputs[other].clone_from(&self.points[one].values);
            let cotangents = self.draw(self.evaluate(&inputs).len());
            let separate = self.gradients_at(&inputs, &cotangents);
            let tape = Tape::default();
            let mut leaves = leaves::<T>(&tape, &inputs);
            leaves[other] = leaves[one];
            let shared = pulled_back(&leaves, self.function, &[], &cotangents);
            for element in 0..shared[one].len() {
                let parts = [separate[one][element], separate[other][element]];
                let (analytic, expected) = (shared[one][element], parts[0] + parts[1]);
                let size = parts[0].abs() + parts[1].abs() + largest(&separate);
                let allowed = self.check.tolerance.exact * size;
                if !agree(analytic, expected, allowed) {
                    let mismatch = self.mismatch(one, element, None, analytic, expected);
                    self.report.mismatches.push(Mismatch { oracle: Oracle::Aliasing, ..mismatch });
                }
            }
        }
    }

    /// Of several results each alone: one that nobody uses is one with a cotangent of zero, and the
    /// gradients of all results add up to that of all at once.
    pub(super) fn results_alone(&mut self) {
        let sizes = self.sizes_of_outputs();
        if sizes.len() < 2 {
            return;
        }
        let cotangents = self.draw(self.outputs.len());
        let together = self.gradients(&cotangents);
        let inputs = self.values();
        let mut sum: Vec<Vec<f64>> = inputs.iter().map(|input| vec![0.0; input.len()]).collect();
        let mut size = sum.clone();
        let mut start = 0;
        for (result, &length) in sizes.iter().enumerate() {
            let own = start..start + length;
            start += length;
            let mut zeros = vec![0.0; cotangents.len()];
            zeros[own.clone()].copy_from_slice(&cotangents[own.clone()]);
            let with_zeros = self.gradients(&zeros);
            let tape = Tape::default();
            let leaves = leaves::<T>(&tape, &inputs);
            let alone = added(&leaves, &[], || {
                let cotangents: Vec<T> = cotangents[own].iter().map(|&x| T::of(x)).collect();
                (self.function)(&leaves).0[result].backward_with(&cotangents);
            });
            self.hold(&alone, &with_zeros, Oracle::Alone, &zeros, |_, _| 0.0);
            for (at, (sum, size)) in sum.iter_mut().zip(&mut size).enumerate() {
                for (element, &gradient) in alone[at].iter().enumerate() {
                    sum[element] += gradient;
                    size[element] += gradient.abs();
                }
            }
        }
        let tolerance = self.check.tolerance.exact;
        let largest = largest(&size);
        let allowed = |one: f64, other: f64| tolerance * (largest + one.abs().max(other.abs()));
        self.hold(&together, &sum, Oracle::Sum, &cotangents, allowed);
    }

    fn sizes_of_outputs(&self) -> Vec<usize> {
        let tape = Tape::default();
        let leaves = leaves::<T>(&tape, &self.values());
        tape.inference(|| (self.function)(&leaves).0.iter().map(|output| output.size()).collect())
    }

    /// Keeps every element of which the two differ by more than is allowed.
    fn hold(
        &mut self,
        analytic: &[Vec<f64>],
        expected: &[Vec<f64>],
        oracle: Oracle,
        cotangents: &[f64],
        allowed: impl Fn(f64, f64) -> f64,
    ) {
        for input in 0..analytic.len() {
            for element in 0..analytic[input].len() {
                let (analytic, expected) = (analytic[input][element], expected[input][element]);
                if !agree(analytic, expected, allowed(analytic, expected)) {
                    let mismatch = self.mismatch(input, element, None, analytic, expected);
                    self.wrong(Mismatch { oracle, ..mismatch }, cotangents);
                }
            }
        }
    }
}

/// Whether two numbers are within what is allowed, or are the same infinity, or both none.
pub(super) fn agree(one: f64, other: f64, allowed: f64) -> bool {
    one == other || (one - other).abs() <= allowed || one.is_nan() && other.is_nan()
}

/// The greatest of some gradients: rounding of sums is relative to it.
fn largest(gradients: &[Vec<f64>]) -> f64 {
    gradients.iter().flatten().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
}
