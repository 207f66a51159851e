//! Whole layers and ops under check.

use super::{Gradcheck, Oracle, Outputs, Point, Report};
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
/// over vectors, and its local gradient against dual numbers.
///
/// [`gradcheck_op!`](crate::gradcheck_op) makes a test of it.
#[must_use]
pub fn check_op(op: &Op, seed: u64) -> Report {
    let mut random = PythonRandom::new(seed);
    let points: Vec<Point> = op
        .arguments
        .iter()
        .map(|(name, range)| {
            let length = range.end - range.start;
            let values = (0..4).map(|_| range.start + length * random.random()).collect();
            Point::new(*name, &[4], values)
        })
        .collect();
    let check = Gradcheck::new().seed(seed);
    let mut report = check.check(&points, |inputs| (op.on_vectors)(inputs).into());
    report.join(check.check(&points, |inputs| {
        let values: Vec<_> = inputs.iter().map(|input| input.at([0])).collect();
        (op.on_values)(&values).into()
    }));
    let mut decided = Vec::new();
    for element in 0..4 {
        let point: Vec<f64> = points.iter().map(|point| point.values[element]).collect();
        let gradient = (op.gradient)(&point, (op.forward)(&point));
        for (input, &analytic) in gradient.iter().enumerate() {
            let dual = |(at, &x): (usize, &f64)| Dual::new(x, f64::from(u8::from(at == input)));
            let expected = (op.tangent)(&point.iter().enumerate().map(dual).collect::<Vec<_>>());
            let expected = expected.tangent;
            report.compared += 1;
            let allowed = check.tolerance.exact * analytic.abs().max(expected.abs());
            if (analytic - expected).abs() <= allowed {
                decided.push((input, element));
            } else {
                let oracle = Oracle::DualNumbers;
                let point = &points[input];
                report.mismatches.push(point.mismatch(input, element, oracle, analytic, expected));
            }
        }
    }
    report.decide(&decided);
    report
}
