//! One check under way: derivatives against differences.

use super::difference::{Direction, Probe, Sample};
use super::panics::quietly;
use super::search::{Limits, Search, Verdict};
use super::{Extent, Gradcheck, Mismatch, Oracle, Outputs, Point, Report};
use crate::array::Vector;
use crate::random::PythonRandom;
use crate::real::Real;
use crate::tape::{Place, Tape};

/// A Jacobian of at most so many entries is compared entry by entry.
const JACOBIAN_ENTRIES: usize = 4096;
/// With at most so many input elements, each is compared under random cotangents.
pub(super) const ELEMENTS: usize = 1024;
pub(super) const PROJECTIONS: usize = 16;
/// Of the derivatives that make a projection wrong at most so many are found out.
const NAMED: usize = 16;
/// At so many points around this one rounding is measured.
const ROUNDED_POINTS: usize = 4;

/// A function under check. Behind a pointer, so that the checks are compiled once and not for each
/// function.
pub(super) type Function<'f, T> = dyn for<'t> Fn(&[Vector<'t, usize, T>]) -> Outputs<'t, T> + 'f;

/// The gradient of each input, at these inputs under cotangents.
type Gradients<'a> = dyn Fn(&[Vec<f64>], &[f64]) -> Vec<Vec<f64>> + 'a;

/// How a function is derived that is not pulled back itself, as a gradient.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) gradients: &'a Gradients<'a>,
    /// The record whose part is most in error, under these cotangents.
    pub(super) culprit: &'a dyn Fn(&[f64]) -> Option<Place>,
}

/// One check under way.
pub(super) struct Run<'a, T: Real> {
    pub(super) check: &'a Gradcheck<T>,
    pub(super) points: &'a [Point],
    pub(super) function: &'a Function<'a, T>,
    /// None where a backward pass derives the function.
    pub(super) rule: Option<Rule<'a>>,
    pub(super) random: PythonRandom,
    pub(super) outputs: Vec<f64>,
    /// Points that differ from this one by rounding, with the outputs there.
    rounded: Vec<(Vec<Vec<f64>>, Vec<f64>)>,
    pub(super) report: Report,
}

impl<'a, T: Real> Run<'a, T> {
    pub(super) fn new(
        check: &'a Gradcheck<T>,
        points: &'a [Point],
        function: &'a Function<'a, T>,
    ) -> Self {
        let mut run = Self {
            check,
            points,
            function,
            rule: None,
            random: PythonRandom::new(check.seed),
            outputs: Vec::new(),
            rounded: Vec::new(),
            report: Report::default(),
        };
        run.outputs = run.evaluate(&run.values());
        run
    }

    pub(super) fn values(&self) -> Vec<Vec<f64>> {
        self.points.iter().map(|point| point.values.clone()).collect()
    }

    /// Numbers that are neither near 0 nor large.
    pub(super) fn draw(&mut self, count: usize) -> Vec<f64> {
        let mut draw = || {
            let sign = if self.random.random() < 0.5 { -1.0 } else { 1.0 };
            T::of(sign * (0.5 + self.random.random())).as_f64()
        };
        (0..count).map(|_| draw()).collect()
    }

    pub(super) fn evaluate(&self, inputs: &[Vec<f64>]) -> Vec<f64> {
        let tape = Tape::default();
        let inputs = leaves::<T>(&tape, inputs);
        let numbers = tape.inference(|| (self.function)(&inputs).numbers());
        numbers.into_iter().map(Real::as_f64).collect()
    }

    /// The gradient of each input under a cotangent.
    pub(super) fn gradients(&self, cotangents: &[f64]) -> Vec<Vec<f64>> {
        let inputs = self.values();
        self.gradients_at(&inputs, cotangents)
    }

    pub(super) fn gradients_at(&self, inputs: &[Vec<f64>], cotangents: &[f64]) -> Vec<Vec<f64>> {
        if let Some(rule) = self.rule {
            return (rule.gradients)(inputs, cotangents);
        }
        let tape = Tape::default();
        let leaves = leaves::<T>(&tape, inputs);
        pulled_back(&leaves, self.function, &[], cotangents)
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
        self.accumulation();
        self.aliasing();
        self.results_alone();
    }

    /// Every derivative of every output.
    fn jacobian(&mut self) {
        let rows: Vec<_> = (0..self.outputs.len())
            .map(|output| {
                let cotangents = self.unit(output);
                self.gradients(&cotangents)
            })
            .collect();
        self.columns(
            |output, input, element| (rows[output][input][element], Some(output)),
            None,
            usize::MAX,
        );
    }

    fn unit(&self, output: usize) -> Vec<f64> {
        (0..self.outputs.len()).map(|other| f64::from(u8::from(other == output))).collect()
    }

    /// The derivative of a random combination of the outputs by each element.
    fn elements(&mut self) {
        let cotangents = self.draw(self.outputs.len());
        let gradients = self.gradients(&cotangents);
        let gradient = |_, input: usize, element: usize| (gradients[input][element], None);
        self.columns(gradient, Some(&cotangents), usize::MAX);
    }

    /// Compares the difference along each element with `analytic(output, input, element)`, until so
    /// many are wrong.
    fn columns(
        &mut self,
        analytic: impl Fn(usize, usize, usize) -> (f64, Option<usize>),
        cotangents: Option<&[f64]>,
        most: usize,
    ) {
        let count = if cotangents.is_some() { 1 } else { self.outputs.len() };
        for input in 0..self.points.len() {
            for element in 0..self.points[input].values.len() {
                if self.report.mismatches.len() >= most {
                    return;
                }
                let direction = Direction::Element { input, element };
                let limits = self.limits_along(input, element);
                let claims = (0..count).map(|output| analytic(output, input, element).0);
                let mut searches: Vec<_> =
                    claims.map(|claim| Search::new(claim, 0.0, &limits)).collect();
                self.search(&direction, cotangents, &mut searches, &limits);
                let (mut kinked, mut undecided) = (false, false);
                for (output, search) in searches.iter().enumerate() {
                    match search.verdict {
                        Verdict::Kink => kinked = true,
                        Verdict::Open | Verdict::Undecided => undecided = true,
                        Verdict::Right => self.report.compared += 1,
                        verdict @ Verdict::Wrong { .. } => {
                            self.report.compared += 1;
                            let (analytic, name) = analytic(output, input, element);
                            let cotangents =
                                cotangents.map_or_else(|| self.unit(output), <[f64]>::to_vec);
                            let at = (input, element);
                            self.element_is_wrong(at, name, analytic, verdict, &cotangents);
                        }
                    }
                }
                if kinked {
                    self.report.kinks.push((input, element));
                }
                if undecided {
                    self.report.undecided.push((input, element));
                }
            }
        }
    }

    pub(super) fn limits_along(&self, input: usize, element: usize) -> Limits {
        let x = self.points[input].values[element].abs();
        let scale = if x == 0.0 || !x.is_finite() { 1.0 } else { power_below(x) };
        Limits::new::<T>(self.check.tolerance.relative, scale)
    }

    /// Looks at differences along a line until each search has its verdict.
    pub(super) fn search(
        &mut self,
        direction: &Direction,
        cotangents: Option<&[f64]>,
        searches: &mut [Search],
        limits: &Limits,
    ) {
        let here = samples(self.outputs.clone(), cotangents);
        let mut probes: Vec<Probe> = Vec::new();
        let mut asked_for_zeros = false;
        let mut measured = vec![false; searches.len()];
        while let Some(target) = searches.iter().position(Search::open) {
            let wish = searches[target].wish;
            let probe =
                Probe::new(&mut |by| self.at(direction, cotangents, by), wish.step, wish.levels);
            for (output, search) in searches.iter_mut().enumerate() {
                if search.open() {
                    search.look(&probe, output, here[output], limits, output == target);
                }
            }
            let zero = |(output, search): &(usize, &mut Search)| {
                search.open() && search.claims_zero() && probe.flat(*output, here[*output])
            };
            if !asked_for_zeros && searches.iter_mut().enumerate().any(|one| zero(&one)) {
                asked_for_zeros = true;
                let free = self.independent(direction, cotangents, &here);
                for (output, search) in searches.iter_mut().enumerate().filter(zero) {
                    if free.get(output) == Some(&true) {
                        search.verdict = Verdict::Right;
                        self.report.zeros += 1;
                    }
                }
            }
            probes.push(probe);
            for output in 0..searches.len() {
                if matches!(searches[output].verdict, Verdict::Wrong { .. }) && !measured[output] {
                    measured[output] = true;
                    let noise = self.measure(direction, cotangents, output);
                    if noise > (0.0, 0.0) {
                        searches[output].again(noise, limits);
                        for probe in &probes {
                            if searches[output].open() {
                                searches[output].look(probe, output, here[output], limits, true);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The outputs, joined by cotangents if there are any, at a distance along a line.
    pub(super) fn at(
        &self,
        direction: &Direction,
        cotangents: Option<&[f64]>,
        by: f64,
    ) -> (f64, Vec<Sample>) {
        let mut inputs = self.values();
        direction.advance(&mut inputs, by);
        let moved = match direction {
            Direction::Element { input, element } => {
                T::of(inputs[*input][*element]).as_f64() - self.points[*input].values[*element]
            }
            Direction::All(_) => by,
        };
        // Where the function panics is outside of its domain.
        let outputs = quietly(|| self.evaluate(&inputs));
        let outputs = outputs.unwrap_or_else(|_| vec![f64::NAN; self.outputs.len()]);
        (moved, samples(outputs, cotangents))
    }

    /// Which outputs have the same bits when an element is NaN: they do not depend on it.
    fn independent(
        &self,
        direction: &Direction,
        cotangents: Option<&[f64]>,
        here: &[Sample],
    ) -> Vec<bool> {
        let mut inputs = self.values();
        direction.spoil(&mut inputs);
        let outputs = quietly(|| self.evaluate(&inputs));
        let there = outputs.map(|outputs| samples(outputs, cotangents)).unwrap_or_default();
        let same = |(one, two): (&Sample, &Sample)| one.value.to_bits() == two.value.to_bits();
        there.iter().zip(here).map(same).collect()
    }

    /// By how much rounding of the inputs changes an output, and its derivative along a line.
    fn measure(
        &mut self,
        direction: &Direction,
        cotangents: Option<&[f64]>,
        output: usize,
    ) -> (f64, f64) {
        let pulled = cotangents.map_or_else(|| self.unit(output), <[f64]>::to_vec);
        let here = samples(self.outputs.clone(), cotangents)[output].value;
        let along = |gradients: &[Vec<f64>]| slope(gradients, direction);
        let derivative = along(&self.gradients(&pulled));
        let mut noise = (0.0, 0.0);
        for (time, (inputs, outputs)) in self.rounded_points().into_iter().enumerate() {
            let there = samples(outputs, cotangents)[output].value;
            let pulled = rounded_cotangents::<T>(&pulled, time);
            let (value, slope) =
                (there - here, along(&self.gradients_at(&inputs, &pulled)) - derivative);
            if value.is_finite() {
                noise.0 = f64::max(noise.0, 2.0 * value.abs());
            }
            if slope.is_finite() {
                noise.1 = f64::max(noise.1, 8.0 * slope.abs());
            }
        }
        noise
    }

    /// Points that differ from this one in the last bits, and the outputs there. What is 0 stays so:
    /// beside it there may be a kink.
    pub(super) fn rounded_points(&mut self) -> Vec<(Vec<Vec<f64>>, Vec<f64>)> {
        if self.rounded.is_empty() {
            for _ in 0..ROUNDED_POINTS {
                let mut inputs = self.values();
                for x in inputs.iter_mut().flatten() {
                    let size = if self.random.random() < 0.5 { 1.0 } else { 2.0 };
                    let bits = if self.random.random() < 0.5 { -size } else { size };
                    *x = T::of(*x * (1.0 + bits * T::epsilon().as_f64())).as_f64();
                }
                let there = quietly(|| self.evaluate(&inputs)).map(|outputs| (inputs, outputs));
                let here = || (self.values(), self.outputs.clone());
                let point = there.unwrap_or_else(|_| here());
                self.rounded.push(point);
            }
        }
        self.rounded.clone()
    }

    pub(super) fn mismatch(
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
    pub(super) fn wrong(&mut self, mut mismatch: Mismatch, cotangents: &[f64]) {
        if self.report.worst().is_none_or(|worst| mismatch.error() > worst.error()) {
            let direction = Direction::Element { input: mismatch.input, element: mismatch.element };
            mismatch.place = self.culprit(&direction, cotangents);
        }
        self.report.mismatches.push(mismatch);
    }

    /// Keeps a derivative by one element that differences say is wrong.
    pub(super) fn element_is_wrong(
        &mut self,
        (input, element): (usize, usize),
        output: Option<usize>,
        analytic: f64,
        verdict: Verdict,
        cotangents: &[f64],
    ) {
        let Verdict::Wrong { expected, step, at_a_kink } = verdict else { return };
        let oracle = if at_a_kink { Oracle::OneSided } else { Oracle::CentralDifference };
        let mismatch = self.mismatch(input, element, output, analytic, expected);
        self.wrong(Mismatch { step, oracle, ..mismatch }, cotangents);
    }

    /// The joined outputs at this point.
    pub(super) fn joined(&self, cotangents: &[f64]) -> Sample {
        samples(self.outputs.clone(), Some(cotangents))[0]
    }

    /// Compares all derivatives of projections one by one, to tell which is wrong.
    pub(super) fn which(&mut self, gradients: &[Vec<f64>], cotangents: &[f64]) -> bool {
        let before = self.report.mismatches.len();
        let gradient = |_, input: usize, element: usize| (gradients[input][element], None);
        self.columns(gradient, Some(cotangents), NAMED);
        self.report.mismatches.len() > before
    }

    /// The record whose backward pass breaks what holds for each that is right: its own values'
    /// adjoints, times their tangents along the direction, sum up to what it adds to the adjoints
    /// of its inputs, times theirs.
    fn culprit(&self, direction: &Direction, cotangents: &[f64]) -> Option<Place> {
        if let Some(rule) = self.rule {
            return (rule.culprit)(cotangents);
        }
        let step = T::epsilon().as_f64().cbrt();
        let arena = |by: f64| {
            let mut inputs = self.values();
            direction.advance(&mut inputs, by);
            let tape = Tape::<T>::default();
            let leaves = leaves::<T>(&tape, &inputs);
            let _ = (self.function)(&leaves);
            tape.values()
        };
        let (left, right) = (quietly(|| arena(-step)).ok()?, quietly(|| arena(step)).ok()?);
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

/// Cotangents that differ from these in the last bits, another time each.
pub(super) fn rounded_cotangents<T: Real>(cotangents: &[f64], time: usize) -> Vec<f64> {
    let bits = |at: usize| [-2.0, 1.0, -1.0, 2.0][(at + time * (1 + at / 4)) % 4];
    let rounded = |(at, x): (usize, &f64)| x * (1.0 + bits(at) * T::epsilon().as_f64());
    cotangents.iter().enumerate().map(rounded).collect()
}

/// The greatest power of two that is not above a positive number.
pub(super) fn power_below(x: f64) -> f64 {
    // 2⁻¹⁰⁷⁴ is the least number; half a step further there is none.
    x.log2().floor().clamp(-1000.0, 1000.0).exp2()
}

fn samples(outputs: Vec<f64>, cotangents: Option<&[f64]>) -> Vec<Sample> {
    match cotangents {
        Some(cotangents) => {
            let terms = outputs.iter().zip(cotangents).map(|(output, by)| output * by);
            let (value, size) =
                terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            vec![Sample { value, size }]
        }
        None => outputs.into_iter().map(|value| Sample { value, size: value.abs() }).collect(),
    }
}

/// The derivative along a direction.
pub(super) fn slope(gradients: &[Vec<f64>], direction: &Direction) -> f64 {
    match direction {
        Direction::Element { input, element } => gradients[*input][*element],
        Direction::All(along) => {
            let terms = gradients.iter().flatten().zip(along.iter().flatten());
            terms.map(|(gradient, by)| if *by == 0.0 { 0.0 } else { gradient * by }).sum()
        }
    }
}

pub(super) fn leaves<'t, T: Real>(
    tape: &'t Tape<T>,
    inputs: &[Vec<f64>],
) -> Vec<Vector<'t, usize, T>> {
    let numbers = |input: &Vec<f64>| input.iter().map(|&x| T::of(x)).collect::<Vec<T>>();
    inputs.iter().map(|input| tape.vector(numbers(input))).collect()
}

/// What one backward pass from all outputs adds to the gradients of the leaves, which hold `filled`
/// before, or zeros.
pub(super) fn pulled_back<T: Real>(
    leaves: &[Vector<'_, usize, T>],
    function: &Function<'_, T>,
    filled: &[f64],
    cotangents: &[f64],
) -> Vec<Vec<f64>> {
    added(leaves, filled, || function(leaves).pull_back(cotangents))
}

/// What `backward` adds to the gradients of the leaves, which hold `filled` before, or zeros.
pub(super) fn added<T: Real>(
    leaves: &[Vector<'_, usize, T>],
    filled: &[f64],
    backward: impl FnOnce(),
) -> Vec<Vec<f64>> {
    let mut filled = filled.iter().map(|&x| T::of(x));
    for leaf in leaves {
        leaf.update(|_, gradients| gradients.fill_with(|| filled.next().unwrap_or_default()));
    }
    let before: Vec<_> = leaves.iter().map(|leaf| leaf.grad()).collect();
    backward();
    let added = |(leaf, before): (&Vector<'_, usize, T>, Vec<T>)| {
        leaf.grad().iter().zip(before).map(|(&after, before)| (after - before).as_f64()).collect()
    };
    leaves.iter().zip(before).map(added).collect()
}
