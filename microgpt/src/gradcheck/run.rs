//! One check under way.

use super::difference::{Difference, Direction};
use super::{Extent, Gradcheck, Layer, Mismatch, Oracle, Outputs, Point, Report, Tolerance};
use crate::array::Vector;
use crate::dual::Dual;
use crate::random::PythonRandom;
use crate::real::Real;
use crate::tape::{Place, Tape};

/// A Jacobian of at most so many entries is compared entry by entry.
const JACOBIAN_ENTRIES: usize = 4096;
/// With at most so many input elements, each is compared under random cotangents.
const ELEMENTS: usize = 1024;
const PROJECTIONS: usize = 16;
/// One array stands for at most so many pairs of inputs.
const ALIASED_PAIRS: usize = 4;

/// One check under way.
pub(super) struct Run<'a, T: Real, F> {
    check: &'a Gradcheck<T>,
    points: &'a [Point],
    function: &'a F,
    random: PythonRandom,
    outputs: Vec<f64>,
    pub(super) report: Report,
}

impl<'a, T: Real, F> Run<'a, T, F>
where
    F: for<'t> Fn(&[Vector<'t, usize, T>]) -> Outputs<'t, T>,
{
    pub(super) fn new(check: &'a Gradcheck<T>, points: &'a [Point], function: &'a F) -> Self {
        let mut run = Self {
            check,
            points,
            function,
            random: PythonRandom::new(check.seed),
            outputs: Vec::new(),
            report: Report::default(),
        };
        run.outputs = run.evaluate(&run.values());
        run
    }

    fn values(&self) -> Vec<Vec<f64>> {
        self.points.iter().map(|point| point.values.clone()).collect()
    }

    /// Numbers that are neither near 0 nor large.
    fn draw(&mut self, count: usize) -> Vec<f64> {
        let mut draw = || {
            let sign = if self.random.random() < 0.5 { -1.0 } else { 1.0 };
            T::of(sign * (0.5 + self.random.random())).as_f64()
        };
        (0..count).map(|_| draw()).collect()
    }

    fn evaluate(&self, inputs: &[Vec<f64>]) -> Vec<f64> {
        let tape = Tape::default();
        let inputs = leaves::<T>(&tape, inputs);
        let numbers = tape.inference(|| (self.function)(&inputs).numbers());
        numbers.into_iter().map(Real::as_f64).collect()
    }

    /// The gradient of each input under a cotangent: what a backward pass adds to buffers that
    /// are not empty.
    fn gradients(&mut self, cotangents: &[f64]) -> Vec<Vec<f64>> {
        let inputs = self.values();
        self.gradients_at(&inputs, cotangents)
    }

    fn gradients_at(&mut self, inputs: &[Vec<f64>], cotangents: &[f64]) -> Vec<Vec<f64>> {
        let size = inputs.iter().map(Vec::len).sum();
        let before = self.draw(size);
        let tape = Tape::default();
        let leaves = leaves::<T>(&tape, inputs);
        pulled_back(&leaves, self.function, &before, cotangents)
    }

    pub(super) fn check(&mut self) {
        if self.points.is_empty() || self.outputs.is_empty() {
            return;
        }
        let elements: usize = self.points.iter().map(|point| point.values.len()).sum();
        let entries = elements.saturating_mul(self.outputs.len());
        match self.check.extent {
            Extent::Jacobian => self.jacobian(),
            Extent::Automatic if entries <= JACOBIAN_ENTRIES => self.jacobian(),
            Extent::Automatic if elements <= ELEMENTS => self.elements(),
            Extent::Automatic => self.projections(PROJECTIONS),
            Extent::Projections(count) => self.projections(count),
        }
        self.determinism();
        self.aliasing();
    }

    /// Every derivative of every output.
    fn jacobian(&mut self) {
        let rows: Vec<_> = (0..self.outputs.len())
            .map(|output| {
                let mut cotangents = vec![0.0; self.outputs.len()];
                cotangents[output] = 1.0;
                self.gradients(&cotangents)
            })
            .collect();
        self.columns(|output, input, element| (rows[output][input][element], Some(output)), None);
    }

    /// The derivative of a random combination of the outputs by each element.
    fn elements(&mut self) {
        let cotangents = self.draw(self.outputs.len());
        let gradients = self.gradients(&cotangents);
        self.columns(|_, input, element| (gradients[input][element], None), Some(&cotangents));
    }

    /// Compares the difference along each element with `analytic(output, input, element)`.
    fn columns(
        &mut self,
        analytic: impl Fn(usize, usize, usize) -> (f64, Option<usize>),
        cotangents: Option<&[f64]>,
    ) {
        for input in 0..self.points.len() {
            for element in 0..self.points[input].values.len() {
                let x = self.points[input].values[element];
                // A power of two: x + step - x is step, but for the rounding of x + step.
                let step = (self.check.tolerance.step * x.abs().max(1.0)).log2().round().exp2();
                let direction = Direction::Element { input, element };
                let (wide, narrow, here) = self.differences(&direction, step, cotangents);
                let mut kinked = false;
                for (output, &here) in here.iter().enumerate() {
                    let (analytic, output_name) = analytic(output, input, element);
                    let expected = narrow.central[output];
                    let allowed = self.allowed(here, analytic, expected);
                    if wide.kink(&narrow, output, allowed) {
                        kinked = true;
                        continue;
                    }
                    self.report.compared += 1;
                    let mismatch = self.mismatch(input, element, output_name, analytic, expected);
                    let unit = |other| f64::from(u8::from(other == output));
                    let count = self.outputs.len();
                    self.compare(Mismatch { step, ..mismatch }, allowed, || match cotangents {
                        Some(all) => all.to_vec(),
                        None => (0..count).map(unit).collect(),
                    });
                }
                if kinked {
                    self.report.kinks.push((input, element));
                }
            }
        }
    }

    /// Random combinations of the outputs along random directions.
    fn projections(&mut self, count: usize) {
        let sizes: Vec<usize> = self.points.iter().map(|point| point.values.len()).collect();
        for _ in 0..count {
            let cotangents = self.draw(self.outputs.len());
            let direction: Vec<Vec<f64>> = sizes.iter().map(|&size| self.draw(size)).collect();
            let gradients = self.gradients(&cotangents);
            let (analytic, size) = projected(&gradients, &direction);
            let step = self.check.tolerance.step.log2().round().exp2();
            let direction = Direction::All(direction);
            let (wide, narrow, here) = self.differences(&direction, step, Some(&cotangents));
            let expected = narrow.central[0];
            let allowed = self.allowed(here[0], size, expected);
            if wide.kink(&narrow, 0, allowed) {
                self.report.kinked_projections += 1;
                continue;
            }
            self.report.compared += 1;
            if !((analytic - expected).abs() <= allowed) {
                // Which derivative it is can only be told one by one.
                let before = self.report.mismatches.len();
                let gradient = |_, input: usize, element: usize| (gradients[input][element], None);
                self.columns(gradient, Some(&cotangents));
                if self.report.mismatches.len() == before {
                    let mismatch = self.mismatch(0, 0, None, analytic, expected);
                    self.report.mismatches.push(Mismatch { step, ..mismatch });
                }
                return;
            }
        }
    }

    /// Difference quotients at a step and at half of it, and the values here.
    fn differences(
        &self,
        direction: &Direction,
        step: f64,
        cotangents: Option<&[f64]>,
    ) -> (Difference, Difference, Vec<f64>) {
        let join = |outputs: Vec<f64>| match cotangents {
            Some(cotangents) => {
                vec![outputs.iter().zip(cotangents).map(|(output, by)| output * by).sum()]
            }
            None => outputs,
        };
        let mut at = |by: f64| {
            let mut inputs = self.values();
            direction.advance(&mut inputs, by);
            join(self.evaluate(&inputs))
        };
        let here = join(self.outputs.clone());
        let wide = Difference::new(&mut at, step, &here);
        let narrow = Difference::new(&mut at, step / 2.0, &here);
        (wide, narrow, here)
    }

    fn allowed(&self, here: f64, analytic: f64, expected: f64) -> f64 {
        let Tolerance { relative, absolute, .. } = self.check.tolerance;
        let finite = |x: f64| if x.is_finite() { x.abs() } else { 0.0 };
        absolute * (1.0 + finite(here)) + relative * finite(analytic).max(finite(expected))
    }

    /// The same bits twice.
    fn determinism(&mut self) {
        let cotangents = self.draw(self.outputs.len());
        let before = self.random.clone();
        let first = self.gradients(&cotangents);
        self.random = before;
        let second = self.gradients(&cotangents);
        self.all_equal(&first, &second, Oracle::SecondRun, 0.0, &cotangents);
        let again = self.evaluate(&self.values());
        let same = again.iter().zip(&self.outputs).all(|(one, two)| one.to_bits() == two.to_bits());
        if !same || again.len() != self.outputs.len() {
            let other = again.first().copied().unwrap_or(f64::NAN);
            let mismatch = self.mismatch(0, 0, Some(0), self.outputs[0], other);
            self.report.mismatches.push(Mismatch { oracle: Oracle::SecondRun, ..mismatch });
        }
    }

    /// One array for two inputs: its gradient is the sum of theirs.
    fn aliasing(&mut self) {
        let pairs = (0..self.points.len())
            .flat_map(|one| (one + 1..self.points.len()).map(move |other| (one, other)))
            .filter(|&(one, other)| self.points[one].shape == self.points[other].shape);
        for (one, other) in pairs.take(ALIASED_PAIRS).collect::<Vec<_>>() {
            let mut inputs = self.values();
            inputs[other].clone_from(&self.points[one].values);
            let cotangents = self.draw(self.evaluate(&inputs).len());
            let before = self.random.clone();
            let separate = self.gradients_at(&inputs, &cotangents);
            self.random = before;
            let size = inputs.iter().map(Vec::len).sum();
            let filled = self.draw(size);
            let tape = Tape::default();
            let mut leaves = leaves::<T>(&tape, &inputs);
            leaves[other] = leaves[one];
            let shared = pulled_back(&leaves, self.function, &filled, &cotangents);
            let sum: Vec<f64> = separate[one]
                .iter()
                .zip(&separate[other])
                .map(|(one, other)| one + other)
                .collect();
            for (element, (&analytic, &expected)) in shared[one].iter().zip(&sum).enumerate() {
                let mismatch = self.mismatch(one, element, None, analytic, expected);
                let mismatch = Mismatch { oracle: Oracle::Aliasing, ..mismatch };
                let scale = separate[one][element].abs() + separate[other][element].abs();
                let allowed = self.check.tolerance.relative * (1.0 + scale);
                if !(mismatch.error() <= allowed || analytic.is_nan() && expected.is_nan()) {
                    self.report.mismatches.push(mismatch);
                }
            }
        }
    }

    fn mismatch(
        &self,
        input: usize,
        element: usize,
        output: Option<usize>,
        analytic: f64,
        expected: f64,
    ) -> Mismatch {
        let oracle = Oracle::CentralDifference;
        let mismatch = self.points[input].mismatch(input, element, oracle, analytic, expected);
        Mismatch { output, ..mismatch }
    }

    /// Keeps a comparison that failed, with where it came from if it is the worst.
    fn compare(
        &mut self,
        mut mismatch: Mismatch,
        allowed: f64,
        cotangents: impl FnOnce() -> Vec<f64>,
    ) {
        // Written so that a NaN is an error.
        if (mismatch.analytic - mismatch.expected).abs() <= allowed {
            return;
        }
        if self.report.worst().is_none_or(|worst| mismatch.error() > worst.error()) {
            let direction = Direction::Element { input: mismatch.input, element: mismatch.element };
            mismatch.place = self.culprit(&direction, &cotangents());
        }
        self.report.mismatches.push(mismatch);
    }

    fn all_equal(
        &mut self,
        analytic: &[Vec<f64>],
        expected: &[Vec<f64>],
        oracle: Oracle,
        tolerance: f64,
        cotangents: &[f64],
    ) {
        for input in 0..analytic.len() {
            for element in 0..analytic[input].len() {
                let (analytic, expected) = (analytic[input][element], expected[input][element]);
                // That two runs agree says nothing about the derivative.
                self.report.compared += usize::from(oracle != Oracle::SecondRun);
                if analytic.to_bits() == expected.to_bits() {
                    continue;
                }
                let mismatch = self.mismatch(input, element, None, analytic, expected);
                let allowed = tolerance * (1.0 + analytic.abs().max(expected.abs()));
                self.compare(Mismatch { oracle, ..mismatch }, allowed, || cotangents.to_vec());
            }
        }
    }

    /// The record whose backward pass breaks what holds for each that is right: its own values'
    /// adjoints, times their tangents along the direction, sum up to what it adds to the adjoints
    /// of its inputs, times theirs.
    fn culprit(&self, direction: &Direction, cotangents: &[f64]) -> Option<Place> {
        let step = self.check.tolerance.step;
        let arena = |by: f64| {
            let mut inputs = self.values();
            direction.advance(&mut inputs, by);
            let tape = Tape::<T>::default();
            let leaves = leaves::<T>(&tape, &inputs);
            let _ = (self.function)(&leaves);
            tape.values()
        };
        let (left, right) = (arena(-step), arena(step));
        let slope = |(left, right): (&T, &T)| (right.as_f64() - left.as_f64()) / (2.0 * step);
        let tangents: Vec<f64> = left.iter().zip(&right).map(slope).collect();
        let tape = Tape::default();
        let leaves = leaves::<T>(&tape, &self.values());
        let outputs = (self.function)(&leaves);
        let cotangents: Vec<T> = cotangents.iter().map(|&x| T::of(x)).collect();
        let mut worst = (self.check.tolerance.relative, None);
        for (output, own) in outputs.with(&cotangents) {
            output.backward_observed(own, |pulled| {
                let range = pulled.own.clone();
                let Some(tangents) = tangents.get(..range.end) else { return };
                let product = |gradient: T, tangent: &f64| gradient.as_f64() * tangent;
                let flows_in: f64 = pulled.before[range.clone()]
                    .iter()
                    .zip(&tangents[range.clone()])
                    .map(|(&gradient, tangent)| product(gradient, tangent))
                    .sum();
                let added = pulled.before[..range.start].iter().zip(pulled.after);
                let flows_out: f64 = added
                    .zip(tangents)
                    .map(|((&before, &after), tangent)| product(after - before, tangent))
                    .sum();
                let error = (flows_in - flows_out).abs() / flows_in.abs().max(flows_out.abs());
                if error > worst.0 || error.is_nan() && flows_out.is_nan() {
                    worst = (error, Some(pulled.place));
                }
            });
        }
        worst.1
    }
}

/// A layer against itself in other numbers.
impl<F> Run<'_, f64, F>
where
    F: for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
{
    /// Forward mode: along every element, or along random directions where there are many.
    pub(super) fn against_duals(&mut self, layer: &impl Layer) {
        // Both are exact but for rounding.
        const TOLERANCE: f64 = 1e-9;
        let elements: usize = self.points.iter().map(|point| point.values.len()).sum();
        let cotangents = self.draw(self.outputs.len());
        let gradients = self.gradients(&cotangents);
        if elements <= ELEMENTS {
            let each = |(input, point): (usize, &Point)| -> Vec<f64> {
                let along = |element| Direction::Element { input, element };
                let tangent = |element| self.tangent(layer, &along(element), &cotangents);
                (0..point.values.len()).map(tangent).collect()
            };
            let expected: Vec<_> = self.points.iter().enumerate().map(each).collect();
            self.all_equal(&gradients, &expected, Oracle::DualNumbers, TOLERANCE, &cotangents);
            return;
        }
        for _ in 0..PROJECTIONS {
            let along: Vec<_> = gradients.iter().map(|one| self.draw(one.len())).collect();
            let (analytic, size) = projected(&gradients, &along);
            let expected = self.tangent(layer, &Direction::All(along), &cotangents);
            self.report.compared += 1;
            if !((analytic - expected).abs() <= TOLERANCE * (1.0 + size)) {
                let mismatch = self.mismatch(0, 0, None, analytic, expected);
                self.report.mismatches.push(Mismatch { oracle: Oracle::DualNumbers, ..mismatch });
            }
        }
    }

    fn tangent(&self, layer: &impl Layer, direction: &Direction, cotangents: &[f64]) -> f64 {
        let tape = Tape::<Dual>::default();
        let leaf = |(input, point): (usize, &Point)| {
            let number = |(element, &x)| Dual::new(x, direction.along(input, element));
            tape.vector(point.values.iter().enumerate().map(number).collect::<Vec<_>>())
        };
        let inputs: Vec<_> = self.points.iter().enumerate().map(leaf).collect();
        let outputs = tape.inference(|| layer.outputs(&inputs).numbers());
        outputs.iter().zip(cotangents).map(|(output, by)| output.tangent * by).sum()
    }

    /// The gradient in `f32`, of points that are exact in it.
    pub(super) fn against_single_precision(&mut self, layer: &impl Layer) {
        let cotangents: Vec<f64> = self.draw(self.outputs.len());
        let cotangents: Vec<f64> = cotangents.iter().map(|&x| f32::of(x).as_f64()).collect();
        let expected = self.gradients(&cotangents);
        let single = Gradcheck::<f32>::default().seed(self.check.seed);
        let function = function(|inputs| layer.outputs(inputs));
        let analytic = Run::new(&single, self.points, &function).gradients(&cotangents);
        let size = expected.iter().flatten().map(|x| x.abs()).fold(1.0, f64::max);
        let tolerance = size * single.tolerance.absolute;
        self.all_equal(&analytic, &expected, Oracle::DoublePrecision, tolerance, &cotangents);
    }
}

/// A closure that takes handles of any lifetime, which the compiler does not infer by itself.
pub(super) fn function<T: Real, F>(function: F) -> F
where
    F: for<'t> Fn(&[Vector<'t, usize, T>]) -> Outputs<'t, T>,
{
    function
}

/// The derivative along a direction, and the size of the terms that it is the sum of.
fn projected(gradients: &[Vec<f64>], along: &[Vec<f64>]) -> (f64, f64) {
    let terms = gradients.iter().flatten().zip(along.iter().flatten());
    terms.fold((0.0, 0.0), |(sum, size), (gradient, by)| {
        (sum + gradient * by, size + (gradient * by).abs())
    })
}

fn leaves<'t, T: Real>(tape: &'t Tape<T>, inputs: &[Vec<f64>]) -> Vec<Vector<'t, usize, T>> {
    let numbers = |input: &Vec<f64>| input.iter().map(|&x| T::of(x)).collect::<Vec<T>>();
    inputs.iter().map(|input| tape.vector(numbers(input))).collect()
}

/// What a backward pass adds to the gradients of the leaves, which are filled before.
fn pulled_back<T: Real>(
    leaves: &[Vector<'_, usize, T>],
    function: &impl for<'t> Fn(&[Vector<'t, usize, T>]) -> Outputs<'t, T>,
    filled: &[f64],
    cotangents: &[f64],
) -> Vec<Vec<f64>> {
    let mut filled = filled.iter().map(|&x| T::of(x));
    for leaf in leaves {
        leaf.update(|_, gradients| gradients.fill_with(|| filled.next().unwrap_or_default()));
    }
    let before: Vec<_> = leaves.iter().map(|leaf| leaf.grad()).collect();
    let cotangents: Vec<T> = cotangents.iter().map(|&x| T::of(x)).collect();
    for (output, own) in function(leaves).with(&cotangents) {
        output.backward_with(own);
    }
    let added = |(leaf, before): (&Vector<'_, usize, T>, Vec<T>)| {
        leaf.grad().iter().zip(before).map(|(&after, before)| (after - before).as_f64()).collect()
    };
    leaves.iter().zip(before).map(added).collect()
}
