//! Gradient checks: analytic gradients against central differences, with random cotangents.
//!
//! A check runs the function once with gradients and then, for each element of each input, at
//! four points near it. It differs from the usual ones in what it does not let pass: the output's
//! cotangents are random, so that a gradient cannot hide in a sum that is constant (that of a
//! softmax is 1); gradients are added to buffers that are not empty, so that `=` for `+=` shows;
//! and where two step sizes disagree the point is counted as near a kink, not passed, so that the
//! caller can bound their number.

use std::fmt;

use crate::array::{Array, Vector};
use crate::random::PythonRandom;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::value::Value;

/// The outputs of a function under check: made `.into()` from a `Value`, an `Array` or a pair.
#[derive(Debug)]
pub struct Outputs<'t>(Vec<Vector<'t, usize>>);

impl<'t> From<Value<'t>> for Outputs<'t> {
    fn from(value: Value<'t>) -> Self {
        value.as_array().into()
    }
}

impl<'t, S: Shape> From<Array<'t, S>> for Outputs<'t> {
    fn from(array: Array<'t, S>) -> Self {
        Self(vec![array.reshape((array.size(),))])
    }
}

impl<'t, A: Into<Outputs<'t>>, B: Into<Outputs<'t>>> From<(A, B)> for Outputs<'t> {
    fn from((one, other): (A, B)) -> Self {
        let (mut one, other) = (one.into(), other.into());
        one.0.extend(other.0);
        one
    }
}

impl Outputs<'_> {
    fn numbers(&self) -> Vec<f64> {
        self.0.iter().flat_map(|output| output.data()).collect()
    }

    fn pull_back(&self, mut cotangents: &[f64]) {
        for output in &self.0 {
            let (own, rest) = cotangents.split_at(output.size());
            output.backward_with(own);
            cotangents = rest;
        }
    }
}

/// How strict a check is.
#[derive(Clone, Debug)]
pub struct Tolerance {
    /// The greatest error, relative to the size of the gradients involved.
    pub relative: f64,
    /// The greatest error where the gradient is about zero.
    pub absolute: f64,
    /// The step of the central difference, relative to the argument (or to 1, if that is more).
    pub step: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        // The difference quotient has an error of about step² + 1e-16 / step: 1e-10 at this step.
        Self { relative: 1e-6, absolute: 1e-8, step: 1e-5 }
    }
}

/// An element whose gradient is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Which input.
    pub input: usize,
    /// Which element of it, row-major.
    pub element: usize,
    /// What the backward pass gave.
    pub analytic: f64,
    /// What the central difference gave.
    pub numeric: f64,
    /// The step of the difference.
    pub step: f64,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, element, analytic, numeric, step } = self;
        write!(
            f,
            "input {input}, element {element}: the gradient is {analytic:e}, but the difference \
             quotient is {numeric:e} (step {step:e}, error {:e})",
            (analytic - numeric).abs()
        )
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many derivatives were compared.
    pub compared: usize,
    /// Elements near a kink, as (input, element): two step sizes gave different quotients there.
    pub kinks: Vec<(usize, usize)>,
    /// The derivatives that are wrong.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// Panics, with the worst derivative, unless all were right and some were compared.
    ///
    /// # Panics
    ///
    /// As it says.
    #[track_caller]
    pub fn assert_right(&self) {
        let error = |mismatch: &&Mismatch| (mismatch.analytic - mismatch.numeric).abs();
        if let Some(worst) =
            self.mismatches.iter().max_by(|one, other| error(one).total_cmp(&error(other)))
        {
            panic!(
                "{} of {} derivatives are wrong; the worst: {worst}",
                self.mismatches.len(),
                self.compared
            );
        }
        assert!(
            self.compared > 0 || !self.kinks.is_empty(),
            "no derivative was compared: the inputs are empty"
        );
    }
}

/// Checks the gradient of `function` at these inputs, each of which it receives as a vector on a
/// fresh tape: reshape it as needed.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Tolerance, gradcheck};
///
/// let x = vec![0.5, -1.0, 2.0];
/// let report = gradcheck(&[x], 7, &Tolerance::default(), |inputs| {
///     let x = inputs[0];
///     expr!(sum(tanh(x[i]) * x[i] for i)).into()
/// });
/// report.assert_right();
/// assert_eq!(report.compared, 3);
/// ```
pub fn gradcheck(
    inputs: &[Vec<f64>],
    seed: u64,
    tolerance: &Tolerance,
    function: impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) -> Report {
    let mut random = PythonRandom::new(seed);
    let mut draw = || {
        let sign = if random.random() < 0.5 { -1.0 } else { 1.0 };
        sign * (0.5 + random.random())
    };
    let mut cotangents = Vec::new();
    let analytic = gradients(inputs, &mut cotangents, &mut draw, &function);

    let mut inputs = inputs.to_vec();
    let loss = |inputs: &[Vec<f64>]| {
        let tape = Tape::new();
        let inputs: Vec<_> = inputs.iter().map(|input| tape.vector(input.as_slice())).collect();
        let numbers = tape.inference(|| function(&inputs).numbers());
        numbers.iter().zip(&cotangents).map(|(number, cotangent)| number * cotangent).sum::<f64>()
    };
    let here = loss(&inputs);
    let mut report = Report::default();
    for input in 0..inputs.len() {
        for element in 0..inputs[input].len() {
            let x = inputs[input][element];
            // A power of two: x + step - x is step exactly, but for the rounding of x + step.
            let step = (tolerance.step * x.abs().max(1.0)).log2().round().exp2();
            let mut at = |x: f64| {
                inputs[input][element] = x;
                loss(&inputs)
            };
            let wide = Difference::new(&mut at, x, step, here);
            let narrow = Difference::new(&mut at, x, step / 2.0, here);
            inputs[input][element] = x;
            let analytic = analytic[input][element];
            let scale = analytic.abs().max(narrow.central.abs());
            let allowed = tolerance.absolute * (1.0 + here.abs()) + tolerance.relative * scale;
            if wide.kink(&narrow, allowed) {
                report.kinks.push((input, element));
                continue;
            }
            report.compared += 1;
            let numeric = narrow.central;
            // Written so that a NaN is an error.
            if !((analytic - numeric).abs() <= allowed) {
                report.mismatches.push(Mismatch { input, element, analytic, numeric, step });
            }
        }
    }
    report
}

/// The analytic gradient of each input, as what a backward pass adds to a buffer that is not empty.
fn gradients(
    inputs: &[Vec<f64>],
    cotangents: &mut Vec<f64>,
    draw: &mut impl FnMut() -> f64,
    function: &impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) -> Vec<Vec<f64>> {
    let tape = Tape::new();
    let inputs: Vec<_> = inputs.iter().map(|input| tape.vector(input.as_slice())).collect();
    for input in &inputs {
        input.update(|_, gradients| gradients.fill_with(&mut *draw));
    }
    let before: Vec<_> = inputs.iter().map(|input| input.grad()).collect();
    let outputs = function(&inputs);
    cotangents.extend(outputs.numbers().iter().map(|_| draw()));
    outputs.pull_back(cotangents);
    inputs
        .iter()
        .zip(before)
        .map(|(input, before)| {
            input.grad().iter().zip(before).map(|(after, before)| after - before).collect()
        })
        .collect()
}

/// Difference quotients at one step size.
struct Difference {
    central: f64,
    /// By how much the slope to the right exceeds that to the left.
    bend: f64,
}

impl Difference {
    fn new(at: &mut impl FnMut(f64) -> f64, x: f64, step: f64, here: f64) -> Self {
        let (left, right) = (at(x - step), at(x + step));
        Self { central: (right - left) / (2.0 * step), bend: (right - here - (here - left)) / step }
    }

    /// Whether the slope jumps near the point: half the step gives another slope, or as great a
    /// bend. Where the function is smooth, half the step halves the bend.
    fn kink(&self, half: &Self, allowed: f64) -> bool {
        (self.central - half.central).abs() > 10.0 * allowed
            || half.bend.abs() > 0.75 * self.bend.abs() && half.bend.abs() > 100.0 * allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(x: &[f64], function: impl for<'t> Fn(Vector<'t, usize>) -> Outputs<'t>) -> Report {
        gradcheck(&[x.to_vec()], 1, &Tolerance::default(), |inputs| function(inputs[0]))
    }

    #[test]
    fn a_kink_is_counted_and_not_passed() {
        let report = check(&[0.0, 1e-6, 1.0], |x| expr!([relu(x[i]) for i]).into());
        assert_eq!(report.kinks, [(0, 0), (0, 1)]);
        assert_eq!(report.compared, 1);
    }

    #[test]
    fn a_curved_function_has_no_kink() {
        let report = check(&[0.0, 3.0, -3.0], |x| expr!([exp(5 * x[i]) for i]).into());
        assert_eq!(report.kinks, []);
        report.assert_right();
    }

    #[test]
    fn several_outputs_are_checked_together() {
        let report =
            check(&[0.3, -0.7], |x| (expr!([sin(x[i]) for i]), expr!(sum(x[i]^3 for i))).into());
        report.assert_right();
    }

    #[test]
    #[should_panic(expected = "no derivative was compared")]
    fn nothing_compared_is_not_right() {
        check(&[], |x| expr!(sum(x[i] for i)).into()).assert_right();
    }
}
