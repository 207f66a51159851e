//! A layer against itself in other numbers: dual numbers, and single precision.

use super::difference::Direction;
use super::panics::quietly;
use super::projections::norm;
use super::run::{ELEMENTS, Function, PROJECTIONS, Run, leaves, rounded_cotangents, slope};
use super::search::Verdict;
use super::{Gradcheck, Mismatch, Oracle, Panics, Point, Report};
use crate::dual::Dual;
use crate::real::Real;
use crate::tape::Tape;

/// What is exact but for rounding differs by at most so many times what rounding was measured to do.
const ROUNDINGS: f64 = 16.0;

/// A layer in the numbers that it is checked in.
#[derive(Clone, Copy)]
pub(super) struct Ways<'a> {
    pub(super) double: &'a Function<'a, f64>,
    pub(super) single: &'a Function<'a, f32>,
    pub(super) dual: &'a Function<'a, Dual>,
}

/// Whether a layer panics at a point in one way of computing it and not in another.
///
/// # Panics
///
/// With the layer's own message, if it does in all.
#[track_caller]
pub(super) fn panics_alike(points: &[Point], layer: &Ways<'_>) -> Option<Panics> {
    let recorded = quietly(|| {
        let tape = Tape::new();
        let _ = (layer.double)(&leaves::<f64>(&tape, &numbers(points)));
    });
    let inference = quietly(|| {
        let tape = Tape::new();
        let inputs = leaves::<f64>(&tape, &numbers(points));
        let _ = tape.inference(|| (layer.double)(&inputs));
    });
    let dual = quietly(|| {
        let tape = Tape::<Dual>::default();
        let inputs = leaves::<Dual>(&tape, &numbers(points));
        let _ = tape.inference(|| (layer.dual)(&inputs));
    });
    match (recorded.err(), inference.err(), dual.err()) {
        (None, None, None) => None,
        (Some(message), Some(_), Some(_)) => panic!("{message}"),
        (recorded, inference, dual) => Some(Panics { recorded, inference, dual }),
    }
}

fn numbers(points: &[Point]) -> Vec<Vec<f64>> {
    points.iter().map(|point| point.values.clone()).collect()
}

impl Run<'_, f64> {
    /// Forward mode: along every element, or along random directions where there are many. Returns
    /// the elements that it decided.
    pub(super) fn against_duals(&mut self, layer: &Ways<'_>) -> Vec<(usize, usize)> {
        let elements: usize = self.points.iter().map(|point| point.values.len()).sum();
        let cotangents = self.draw(self.outputs.len());
        let gradients = self.gradients(&cotangents);
        let mut decided = Vec::new();
        if elements <= ELEMENTS {
            for input in 0..self.points.len() {
                for element in 0..self.points[input].values.len() {
                    let direction = Direction::Element { input, element };
                    let analytic = gradients[input][element];
                    let expected = tangent(layer, &self.values(), &direction, &cotangents);
                    match self.exact(layer, &direction, analytic, 0.0, expected, &cotangents) {
                        Exact::Right => {
                            self.report.compared += 1;
                            decided.push((input, element));
                        }
                        Exact::Undecided => self.report.undecided.push((input, element)),
                        Exact::Wrong => {
                            let verdict =
                                self.judge_element(input, element, &gradients, &cotangents);
                            if verdict == Verdict::Kink {
                                continue;
                            }
                            let mismatch = self.mismatch(input, element, None, analytic, expected);
                            let mismatch = Mismatch { oracle: Oracle::DualNumbers, ..mismatch };
                            self.report.compared += usize::from(verdict != Verdict::Right);
                            self.wrong(mismatch, &cotangents);
                        }
                    }
                }
            }
            return decided;
        }
        let mut kinked = Vec::new();
        for _ in 0..PROJECTIONS {
            let mut along: Vec<_> = gradients.iter().map(|one| self.draw(one.len())).collect();
            for &(input, element) in &kinked {
                let along: &mut Vec<f64> = &mut along[input];
                along[element] = 0.0;
            }
            let size = norm(&gradients, &along);
            let direction = Direction::All(along);
            let analytic = slope(&gradients, &direction);
            let expected = tangent(layer, &self.values(), &direction, &cotangents);
            match self.exact(layer, &direction, analytic, size, expected, &cotangents) {
                Exact::Right => self.report.compared += 1,
                Exact::Undecided => self.report.undecided_projections += 1,
                Exact::Wrong
                    if kinked.is_empty() && self.kinks_in(&direction, &cotangents, &mut kinked) =>
                {
                    for &(input, element) in &kinked.clone() {
                        self.judge_element(input, element, &gradients, &cotangents);
                    }
                }
                Exact::Wrong => {
                    self.report.compared += 1;
                    let mismatch = self.mismatch(0, 0, None, analytic, expected);
                    let mismatch = Mismatch { oracle: Oracle::DualNumbers, ..mismatch };
                    self.report.mismatches.push(mismatch);
                }
            }
        }
        decided
    }

    /// Finds the elements that kink, where dual numbers go one way and the gradient another.
    fn kinks_in(
        &mut self,
        direction: &Direction,
        cotangents: &[f64],
        kinked: &mut Vec<(usize, usize)>,
    ) -> bool {
        let Direction::All(along) = direction else { return false };
        *kinked = self.kinked(along, cotangents, 2f64.powi(-30), 0.0);
        !kinked.is_empty()
    }

    /// What is exact but for rounding, where rounding is measured if there is a doubt.
    fn exact(
        &mut self,
        layer: &Ways<'_>,
        direction: &Direction,
        analytic: f64,
        size: f64,
        expected: f64,
        cotangents: &[f64],
    ) -> Exact {
        let asked = self.check.tolerance.exact * size.max(analytic.abs()).max(expected.abs());
        let error = (analytic - expected).abs();
        if error <= asked || analytic == expected {
            return Exact::Right;
        }
        if !analytic.is_finite() && !expected.is_finite() {
            // Outside of the domain, or at its edge: no derivative.
            return Exact::Undecided;
        }
        let is_undefined = self.outputs.iter().any(|output| output.is_nan());
        if is_undefined && (analytic.is_nan() || expected.is_nan()) {
            // What has no value has no derivative.
            return Exact::Undecided;
        }
        let mut rounding = 0.0;
        for (time, (inputs, _)) in self.rounded_points().into_iter().enumerate() {
            let cotangents = rounded_cotangents::<f64>(cotangents, time);
            let one = slope(&self.gradients_at(&inputs, &cotangents), direction) - analytic;
            let other = tangent(layer, &inputs, direction, &cotangents) - expected;
            rounding = f64::max(rounding, one.abs() + other.abs());
        }
        if error <= asked + ROUNDINGS * rounding { Exact::Undecided } else { Exact::Wrong }
    }

    /// The gradient in `f32`, of points that are exact in it.
    pub(super) fn against_single_precision(&mut self, layer: &Ways<'_>) {
        let cotangents: Vec<f64> = self.draw(self.outputs.len());
        let cotangents: Vec<f64> = cotangents.iter().map(|&x| f32::of(x).as_f64()).collect();
        let expected = self.gradients(&cotangents);
        let check = Gradcheck::<f32>::default().seed(self.check.seed);
        let mut single = Run::new(&check, self.points, layer.single);
        let analytic = single.gradients(&cotangents);
        // What rounding of the inputs does to each element; measured where there is a doubt.
        let mut rounding: Option<Vec<Vec<f64>>> = None;
        for (input, expected) in expected.iter().enumerate() {
            for (element, &expected) in expected.iter().enumerate() {
                let analytic = analytic[input][element];
                let asked = check.tolerance.exact * analytic.abs().max(expected.abs());
                let error = (analytic - expected).abs();
                if analytic.is_nan() && expected.is_nan() {
                    continue;
                }
                self.report.compared += 1;
                if error <= asked || analytic == expected {
                    continue;
                }
                let rounding = rounding.get_or_insert_with(|| single.rounding(&cotangents));
                if !(error <= asked + ROUNDINGS * rounding[input][element]) {
                    let mismatch = self.mismatch(input, element, None, analytic, expected);
                    let mismatch = Mismatch { oracle: Oracle::DoublePrecision, ..mismatch };
                    self.wrong(mismatch, &cotangents);
                }
            }
        }
    }
}

/// The derivative of the joined outputs along a direction, by dual numbers.
fn tangent(
    layer: &Ways<'_>,
    inputs: &[Vec<f64>],
    direction: &Direction,
    cotangents: &[f64],
) -> f64 {
    let tape = Tape::<Dual>::default();
    let leaf = |(input, values): (usize, &Vec<f64>)| {
        let number = |(element, &x)| Dual::new(x, direction.along(input, element));
        tape.vector(values.iter().enumerate().map(number).collect::<Vec<_>>())
    };
    let inputs: Vec<_> = inputs.iter().enumerate().map(leaf).collect();
    let outputs = tape.inference(|| (layer.dual)(&inputs).numbers());
    outputs.iter().zip(cotangents).map(|(output, by)| output.tangent * by).sum()
}

enum Exact {
    Right,
    Undecided,
    Wrong,
}

impl<T: Real> Run<'_, T> {
    /// By how much rounding of the inputs changes each derivative.
    fn rounding(&mut self, cotangents: &[f64]) -> Vec<Vec<f64>> {
        let here = self.gradients(cotangents);
        let mut rounding: Vec<Vec<f64>> = here.iter().map(|one| vec![0.0; one.len()]).collect();
        for (time, (inputs, _)) in self.rounded_points().into_iter().enumerate() {
            let cotangents = rounded_cotangents::<T>(cotangents, time);
            let there = self.gradients_at(&inputs, &cotangents);
            for (rounding, (here, there)) in
                rounding.iter_mut().flatten().zip(here.iter().flatten().zip(there.iter().flatten()))
            {
                *rounding = f64::max(*rounding, (there - here).abs());
            }
        }
        // An element that was lucky at these few points is rounded as its neighbours are.
        for rounding in &mut rounding {
            let squares: f64 = rounding.iter().map(|x| x * x).sum();
            let typical = (squares / rounding.len() as f64).sqrt();
            for x in rounding {
                *x = x.max(typical);
            }
        }
        rounding
    }
}

impl Report {
    /// Takes out what another oracle decided.
    pub(super) fn decide(&mut self, decided: &[(usize, usize)]) {
        self.undecided.retain(|element| !decided.contains(element));
    }
}
