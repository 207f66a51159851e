//! Ops where arithmetic has edges: zeros, subnormal and huge numbers, infinities, NaN.

use std::fmt::Write;

use crate::dual::Dual;
use crate::ops::Op;
use crate::tape::Tape;

/// Numbers at the edges of arithmetic, each exact in `f32`: zeros, ones, subnormal there, small and
/// large ones, infinities, NaN.
pub const SPECIAL: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1.401_298_464_324_817e-45,
    -1.401_298_464_324_817e-45,
    8.470_329_472_543_003e-22,
    1.180_591_620_717_411_3e21,
    -1.180_591_620_717_411_3e21,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Compares the ways of computing an op at every combination of [`SPECIAL`] numbers, and says where
/// they differ: an empty list if nowhere.
///
/// The rules: in an `expr!`, on `Value`s and on numbers alone an op has one value and one gradient,
/// NaN where any of them has NaN. A zero adjoint is zero: what the loss does not use has a gradient
/// of zero, whatever the local gradient is. Dual numbers give the same derivative, within 1e-9 of
/// it, and NaN where it is NaN. Single precision gives what double precision does, rounded: within
/// 1e-4, or what cannot be told from it beside the least normal number. Where the derivative jumps,
/// dual numbers may give that of the other side.
#[must_use]
pub fn special_points(op: &Op) -> Vec<String> {
    let mut differences = Vec::new();
    let count = SPECIAL.len().pow(u32::try_from(op.arguments.len()).unwrap_or(u32::MAX));
    for at in 0..count {
        let mut rest = at;
        let point: Vec<f64> = op
            .arguments
            .iter()
            .map(|_| {
                let x = SPECIAL[rest % SPECIAL.len()];
                rest /= SPECIAL.len();
                x
            })
            .collect();
        for difference in at_point(op, &point) {
            differences.push(format!("{}{point:?}: {difference}", op.name));
        }
    }
    differences
}

fn same(one: f64, other: f64) -> bool {
    one == other || one.is_nan() && other.is_nan()
}

fn close(one: f64, other: f64, relative: f64, least: f64) -> bool {
    same(one, other) || (one - other).abs() <= relative * one.abs().max(other.abs()) + least
}

#[allow(clippy::cast_possible_truncation)] // what rounds to f32 is asked for
fn at_point(op: &Op, point: &[f64]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |ok: bool, what: &str, numbers: [f64; 2]| {
        if !ok {
            let mut text = String::new();
            let _ = write!(text, "{what} {} and {}", numbers[0], numbers[1]);
            differences.push(text);
        }
    };
    let value = (op.forward)(point);
    let gradient = (op.gradient)(point, value);
    // In an `expr!`: the second element is in the middle of the ranges, for a loss without the first.
    let middle = |at: usize| {
        let range = &op.arguments[at].1;
        range.start + 0.4 * (range.end - range.start)
    };
    let in_expr = |cotangents: [f64; 2]| {
        let tape = Tape::new();
        let inputs: Vec<_> =
            point.iter().enumerate().map(|(at, &x)| tape.vector(vec![x, middle(at)])).collect();
        let result = (op.on_vectors)(&inputs);
        result.backward_with(&cotangents);
        let gradients: Vec<f64> = inputs.iter().map(|input| input.grad()[0]).collect();
        (result.data()[0], gradients)
    };
    let (fused, fused_gradient) = in_expr([1.0, 0.0]);
    let (_, unused) = in_expr([0.0, 1.0]);
    let tape = Tape::new();
    let inputs: Vec<_> = point.iter().map(|&x| tape.value(x)).collect();
    let single = (op.on_values)(&inputs);
    single.backward();
    differ(same(fused, value), "values in an `expr!` and on numbers:", [fused, value]);
    differ(same(single.data(), value), "a `Value` and the number:", [single.data(), value]);
    #[allow(clippy::cast_possible_truncation)]
    let rounded: Vec<f32> = point.iter().map(|&x| x as f32).collect();
    let (value_f32, gradient_f32) = (op.single)(&rounded);
    let least = f64::from(f32::MIN_POSITIVE);
    differ(
        close(value_f32.into(), (value as f32).into(), 1e-4, least),
        "values in f32 and f64:",
        [value_f32.into(), value],
    );
    let jumps = op.kink.is_some_and(|kink| !(kink(point).abs() > 0.0));
    for (at, &local) in gradient.iter().enumerate() {
        let argument = op.arguments[at].0;
        let mut differ = |ok, what: &str, numbers| {
            differ(ok, &format!("the gradient of `{argument}`, {what}"), numbers);
        };
        let fused = fused_gradient[at];
        differ(same(fused, local), "in an `expr!` and on numbers:", [fused, local]);
        let on_value = inputs[at].grad();
        differ(same(on_value, local), "on `Value`s and on numbers:", [on_value, local]);
        differ(unused[at] == 0.0, "unused, and zero:", [unused[at], 0.0]);
        let dual = |(other, &x): (usize, &f64)| Dual::new(x, f64::from(u8::from(at == other)));
        let tangent = (op.tangent)(&point.iter().enumerate().map(dual).collect::<Vec<_>>()).tangent;
        let agrees = jumps || close(tangent, local, 1e-9, 0.0);
        differ(agrees, "by dual numbers and on numbers:", [tangent, local]);
        let narrow = f64::from(gradient_f32[at]);
        let agrees = close(narrow, (local as f32).into(), 1e-4, least);
        differ(agrees, "in f32 and f64:", [narrow, local]);
    }
    differences
}
