//! Whole layers and ops under check.

use super::{Derivative, Gradcheck, Mismatch, Oracle, Outputs, Point, Report};
use crate::array::Vector;
use crate::dual::Dual;
use crate::ops::Op;
use crate::random::PythonRandom;
use crate::real::Real;

/// A function of arrays in every precision.
///
/// [`gradcheck_layer!`](crate::gradcheck_layer) implements it for a layer marked `<T>`.
///
/// ```
/// use microgpt::gradcheck::{Gradcheck, Layer, Outputs};
/// use microgpt::{Real, Vector, expr};
///
/// struct Squares;
///
/// impl Layer for Squares {
///     fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
///         let x = inputs[0];
///         expr!([x[i]^2 for i]).into()
///     }
/// }
///
/// Gradcheck::new().check_layer(&[vec![0.5, -1.0]], &Squares).assert_right();
/// ```
pub trait Layer {
    /// The outputs at these inputs, each of which is passed as a vector.
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T>;
}

/// Checks an op at points drawn from the ranges of its declaration: on `Value`s, in an `expr!`
/// over vectors, its local gradient against dual numbers, and the derivatives of that against nested
/// dual numbers.
///
/// [`gradcheck_op!`](crate::gradcheck_op) makes a test of it.
#[must_use]
pub fn check_op(op: &Op, seed: u64) -> Report {
    Gradcheck::new().seed(seed).check_op(op)
}

impl Gradcheck<f64> {
    /// [`check_op`] with these settings.
    #[must_use]
    pub fn check_op(&self, op: &Op) -> Report {
        let mut random = PythonRandom::new(self.seed);
        let points: Vec<Point> = op
            .arguments
            .iter()
            .map(|(name, range)| {
                let length = range.end - range.start;
                let values = (0..4).map(|_| range.start + length * random.random()).collect();
                Point::new(*name, &[4], values)
            })
            .collect();
        let mut report = self.check(&points, |inputs| (op.on_vectors)(inputs).into());
        report.join(self.check(&points, |inputs| {
            let values: Vec<_> = inputs.iter().map(|input| input.at([0])).collect();
            (op.on_values)(&values).into()
        }));
        let mut decided = Vec::new();
        for element in 0..4 {
            let point: Vec<f64> = points.iter().map(|point| point.values[element]).collect();
            let gradient = (op.gradient)(&point, (op.forward)(&point));
            for (input, &analytic) in gradient.iter().enumerate() {
                let expected = (op.tangent)(&along(&point, input)).tangent;
                report.compared += 1;
                if self.is_exact(analytic, expected) {
                    decided.push((input, element));
                } else {
                    let oracle = Oracle::DualNumbers;
                    let point = &points[input];
                    report
                        .mismatches
                        .push(point.mismatch(input, element, oracle, analytic, expected));
                }
            }
            if self.first_order.is_none() {
                self.second_derivatives(op, &points, element, &mut report);
            }
        }
        report.second_order.left_out = self.first_order;
        report.decide(&decided);
        report
    }

    fn is_exact(&self, analytic: f64, expected: f64) -> bool {
        let allowed = self.tolerance.exact * analytic.abs().max(expected.abs());
        analytic == expected || (analytic - expected).abs() <= allowed
    }

    /// The derivative of the local gradient of an op by each argument.
    fn second_derivatives(&self, op: &Op, points: &[Point], element: usize, report: &mut Report) {
        let point: Vec<f64> = points.iter().map(|point| point.values[element]).collect();
        for direction in 0..point.len() {
            let inputs = along(&point, direction);
            let gradient = (op.gradient_tangent)(&inputs, (op.tangent)(&inputs));
            for (input, analytic) in gradient.iter().enumerate() {
                let analytic = analytic.tangent;
                let expected = (op.second_tangent)(&along_both(&point, [input, direction]));
                let expected = expected.tangent.tangent;
                report.second_order.compared += 1;
                if !self.is_exact(analytic, expected) {
                    let oracle = Oracle::DualNumbers;
                    let derivative = Derivative::HessianProduct;
                    let mismatch =
                        points[input].mismatch(input, element, oracle, analytic, expected);
                    report.mismatches.push(Mismatch { derivative, ..mismatch });
                }
            }
        }
    }
}

fn one_at(at: usize, input: usize) -> f64 {
    f64::from(u8::from(at == input))
}

/// A point that moves along one argument.
fn along(point: &[f64], input: usize) -> Vec<Dual> {
    point.iter().enumerate().map(|(at, &x)| Dual::new(x, one_at(at, input))).collect()
}

/// A point that moves along two arguments.
fn along_both(point: &[f64], [one, other]: [usize; 2]) -> Vec<Dual<Dual>> {
    let number =
        |(at, &x)| Dual::new(Dual::new(x, one_at(at, one)), Dual::constant(one_at(at, other)));
    point.iter().enumerate().map(number).collect()
}
