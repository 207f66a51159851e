//! Second derivatives: products of a Hessian with vectors, held against differences of the gradient and
//! against each other.
//!
//! Cotangents join the outputs to one number, whose gradient is a function of the inputs like any other:
//! a run of its own checks it. What derives it is a backward pass of dual numbers.

use super::difference::Direction;
use super::panics::quietly;
use super::precision::Ways;
use super::projections::norm;
use super::run::{Function, Rule, Run, leaves, pulled_back, slope};
use super::{Derivative, Gradcheck, Mismatch, Oracle, Outputs, Point, Report, SecondOrder};
use crate::dual::Dual;
use crate::tape::{Place, Tape};

/// So many products `u·H·v` are compared.
const PRODUCTS: usize = 4;
/// What is exact but for rounding differs by at most so many times what rounding was measured to do.
const ROUNDINGS: f64 = 16.0;

/// Checks the second derivatives of a layer at a point where it has outputs.
pub(super) fn check(check: &Gradcheck<f64>, points: &[Point], layer: &Ways<'_>) -> Report {
    if let Some(reason) = check.first_order {
        let second_order = SecondOrder { left_out: Some(reason), ..SecondOrder::default() };
        return Report { second_order, ..Report::default() };
    }
    if points.iter().any(|point| point.values.iter().any(|x| !x.is_finite())) {
        let left_out = Some("an input is infinite or no number: no direction leads away from it");
        return Report {
            second_order: SecondOrder { left_out, ..SecondOrder::default() },
            ..Report::default()
        };
    }
    let mut outer = Run::new(check, points, layer.double);
    let cotangents = outer.draw(outer.outputs.len());
    let gradient = |inputs: &[Vec<f64>]| {
        let tape = Tape::new();
        let gradients = pulled_back(&leaves::<f64>(&tape, inputs), layer.double, &[], &cotangents);
        gradients.into_iter().flatten().collect::<Vec<f64>>()
    };
    let function: &Function<'_, f64> = &|inputs| {
        let numbers: Vec<Vec<f64>> = inputs.iter().map(|input| input.data()).collect();
        Outputs::from(inputs[0].tape().vector(gradient(&numbers)))
    };
    let gradients = |inputs: &[Vec<f64>], along: &[f64]| {
        let tape = Tape::<Dual>::default();
        let leaves = dual_leaves(&tape, inputs, along);
        let pulled = dual_gradients(&leaves, layer.dual, &cotangents);
        pulled.iter().map(|one| one.iter().map(|number| number.tangent).collect()).collect()
    };
    let culprit = |along: &[f64]| culprit(points, layer, &cotangents, along);
    let mut run = Run::new(check, points, function);
    run.rule = Some(Rule { gradients: &gradients, culprit: &culprit });
    run.products();
    let Report { compared, zeros, kinks, kinked_projections, .. } = run.report;
    let undecided = run.report.undecided.len() + run.report.undecided_projections;
    let kinks = kinks.len() + kinked_projections;
    let second_order = SecondOrder { compared, zeros, kinks, undecided, left_out: None };
    let of_products = |one| Mismatch { derivative: Derivative::HessianProduct, ..one };
    let mismatches = run.report.mismatches.into_iter().map(of_products).collect();
    Report { mismatches, second_order, ..Report::default() }
}

impl Run<'_, f64> {
    /// Products `u·H·v`, each once by differences and once with both directions exchanged.
    fn products(&mut self) {
        self.projections(PRODUCTS);
        let at = self.directions();
        let [u, v] = [self.draw(self.outputs.len()), at.into_iter().flatten().collect()];
        let (along_u, along_v) = (self.gradients(&u), self.gradients(&v));
        let parts = |numbers: &[f64]| {
            let mut numbers = numbers.iter().copied();
            let part = |point: &Point| numbers.by_ref().take(point.values.len()).collect();
            self.points.iter().map(part).collect::<Vec<Vec<f64>>>()
        };
        let (u_parts, v_parts) = (parts(&u), parts(&v));
        let size = norm(&along_u, &v_parts).max(norm(&along_v, &u_parts));
        // A Hessian of nothing but zeros is rounded as the gradient is that it is derived from.
        let gradient = parts(&self.outputs);
        let rounded = f64::EPSILON * norm(&gradient, &v_parts).max(norm(&gradient, &u_parts));
        let (u_parts, v_parts) = (Direction::All(u_parts), Direction::All(v_parts));
        let (one, other) = (slope(&along_u, &v_parts), slope(&along_v, &u_parts));
        if !one.is_finite() || !other.is_finite() {
            self.report.undecided_projections += 1;
            return;
        }
        let error = (one - other).abs();
        let asked = self.check.tolerance.exact * size.max(one.abs()) + ROUNDINGS * rounded;
        if error <= asked {
            self.report.compared += 1;
            return;
        }
        let mut rounding = 0.0;
        for (inputs, _) in self.rounded_points() {
            let there = slope(&self.gradients_at(&inputs, &u), &v_parts) - one;
            let back = slope(&self.gradients_at(&inputs, &v), &u_parts) - other;
            rounding = f64::max(rounding, there.abs() + back.abs());
        }
        if error <= asked + ROUNDINGS * rounding {
            self.report.undecided_projections += 1;
            return;
        }
        self.report.compared += 1;
        let mismatch = self.mismatch(0, 0, None, one, other);
        self.wrong(Mismatch { oracle: Oracle::Symmetry, ..mismatch }, &u);
    }
}

type Leaves<'t> = Vec<crate::array::Vector<'t, usize, Dual>>;

/// Inputs that move along a direction, whose numbers are one after the other.
fn dual_leaves<'t>(tape: &'t Tape<Dual>, inputs: &[Vec<f64>], along: &[f64]) -> Leaves<'t> {
    let mut along = along.iter();
    let mut number = |&x: &f64| Dual::new(x, along.next().copied().unwrap_or_default());
    let numbers = |input: &Vec<f64>| input.iter().map(&mut number).collect::<Vec<Dual>>();
    let numbers: Vec<_> = inputs.iter().map(numbers).collect();
    numbers.into_iter().map(|numbers| tape.vector(numbers)).collect()
}

fn dual_gradients(
    leaves: &Leaves<'_>,
    function: &Function<'_, Dual>,
    cotangents: &[f64],
) -> Vec<Vec<Dual>> {
    let outputs = function(leaves);
    outputs.pull_back(cotangents);
    leaves.iter().map(|leaf| leaf.grad()).collect()
}

/// The record that adds to the gradients of its inputs what does not change along a direction as what
/// it adds beside this point, although its own gradient does.
fn culprit(points: &[Point], layer: &Ways<'_>, cotangents: &[f64], along: &[f64]) -> Option<Place> {
    let step = f64::EPSILON.cbrt();
    let inputs: Vec<Vec<f64>> = points.iter().map(|point| point.values.clone()).collect();
    let beside = |by: f64| {
        let mut along = along.iter();
        let moved: Vec<Vec<f64>> = inputs
            .iter()
            .map(|input| input.iter().zip(&mut along).map(|(x, along)| x + by * along).collect())
            .collect();
        let tape = Tape::new();
        let leaves = leaves::<f64>(&tape, &moved);
        observed(&(layer.double)(&leaves), cotangents)
    };
    let (left, right) = (quietly(|| beside(-step)).ok()?, quietly(|| beside(step)).ok()?);
    let tape = Tape::<Dual>::default();
    let here = observed(&(layer.dual)(&dual_leaves(&tape, &inputs, along)), cotangents);
    let mut worst = (f64::EPSILON.cbrt(), None);
    for (pulled, (left, right)) in here.into_iter().zip(left.into_iter().zip(right)) {
        let error = |analytic: &[Dual], left: &[f64], right: &[f64]| {
            let quotients = left.iter().zip(right).map(|(l, r)| (r - l) / (2.0 * step));
            let pairs = analytic.iter().map(|number| number.tangent).zip(quotients);
            let (error, size) = pairs.fold((0.0, 0.0), |(error, size), (tangent, quotient)| {
                (f64::max(error, (tangent - quotient).abs()), f64::max(size, quotient.abs()))
            });
            if error == 0.0 { 0.0 } else { error / f64::max(size, f64::MIN_POSITIVE) }
        };
        let own = error(&pulled.own, &left.own, &right.own);
        let added = error(&pulled.added, &left.added, &right.added);
        if own < 1e-3 * added && added > worst.0 {
            worst = (added, Some(pulled.place));
        }
    }
    worst.1
}

/// The gradient of a record's own values, and what it added to those of its inputs.
struct Observed<T> {
    place: Place,
    own: Vec<T>,
    added: Vec<T>,
}

fn observed<T: crate::Real>(outputs: &Outputs<'_, T>, cotangents: &[f64]) -> Vec<Observed<T>> {
    let cotangents: Vec<T> = cotangents.iter().map(|&x| T::of(x)).collect();
    let mut all = Vec::new();
    for (output, own) in outputs.with(&cotangents) {
        output.backward_observed(own, |pulled| {
            let added = pulled.before[..pulled.own.start].iter().zip(pulled.after);
            all.push(Observed {
                place: pulled.place,
                own: pulled.before[pulled.own].to_vec(),
                added: added.map(|(&before, &after)| after - before).collect(),
            });
        });
    }
    all
}
