//! Every op at ordinary and at extreme points: zeros, denormals, where a square overflows, infinities,
//! NaN; in both precisions, and as dual numbers.

use microgpt::dual::Dual;
use microgpt::{Real, for_each_op, ops};
use serde_json::Value as Json;

use super::numbers;

fn table() -> Json {
    serde_json::from_str(include_str!("ops.json")).expect("a table")
}

/// The value of an op and its derivatives at a point, in some precision.
fn figures<T: Real>(name: &str, point: &[f64]) -> Vec<f64> {
    macro_rules! call {
        ($($op:ident($($argument:ident)+))*) => {
            match name {
                $(stringify!($op) => {
                    let mut point = point.iter().map(|&x| T::of(x));
                    let arguments = [$({
                        let $argument = point.next().expect("an argument");
                        $argument
                    }),+];
                    let [$($argument),+] = arguments;
                    let value = ops::$op($($argument),+);
                    let gradient = ops::$op::gradient(arguments, value);
                    [value].into_iter().chain(gradient).map(Real::as_f64).collect()
                })*
                _ => panic!("no op `{name}`"),
            }
        };
    }
    for_each_op!(call)
}

/// The same from tangents alone.
fn tangents(name: &str, point: &[f64]) -> Vec<f64> {
    let op = ops::TABLE.iter().find(|op| op.name == name).expect("an op of the table");
    let along = |direction: usize| {
        let dual = |(at, &x)| Dual::new(x, if at == direction { 1.0 } else { 0.0 });
        (op.tangent)(&point.iter().enumerate().map(dual).collect::<Vec<_>>())
    };
    let value = along(point.len()).value;
    [value].into_iter().chain((0..point.len()).map(|at| along(at).tangent)).collect()
}

/// What may lie between a figure and the exact one.
///
/// A denormal has fewer digits, down to one. Some derivatives are computed from the value and take its
/// digits over, times a logarithm at most.
#[derive(Clone, Copy)]
struct Tolerance {
    relative: f64,
    absolute: f64,
}

const DOUBLE: Tolerance = Tolerance { relative: 1e-13, absolute: 1000.0 * 5e-324 };
const SINGLE: Tolerance = Tolerance { relative: 1e-5, absolute: 1000.0 * 1.5e-45 };
/// A tangent goes through every step of a function, and takes over the digits of each.
const TANGENT: Tolerance = Tolerance { relative: 1e-12, ..DOUBLE };

impl Tolerance {
    fn holds(self, figure: f64, exact: f64) -> bool {
        figure == exact
            || (figure - exact).abs() <= self.relative * exact.abs() + self.absolute
            || (figure.is_nan() && exact.is_nan())
    }
}

/// Holds the rows of one precision to the table.
fn compare(
    precision: &str,
    tolerance: Tolerance,
    round: fn(f64) -> f64,
    figures: fn(&str, &[f64]) -> Vec<f64>,
) {
    let table = table();
    let rows = table["rows"].as_array().expect("rows");
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    for row in rows.iter().filter(|row| row[1] == precision) {
        let name = row[0].as_str().expect("the name of an op");
        let (point, exact) = (numbers(&row[2]), numbers(&row[3]));
        let figures = figures(name, &point);
        // Where there is no value its derivatives mean nothing.
        let meaningful = if exact[0].is_nan() { 1 } else { exact.len() };
        let mut pairs = figures.iter().zip(&exact).take(meaningful);
        if !pairs.all(|(&figure, &exact)| tolerance.holds(figure, round(exact))) {
            wrong.push(format!("{name} {point:?}: {figures:?}, not {exact:?}"));
        }
        if seen.last() != Some(&name) {
            seen.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    for op in ops::TABLE {
        assert!(seen.contains(&op.name), "no figures of `{}`", op.name);
    }
}

#[test]
fn values_and_local_gradients_are_exact_in_double_precision() {
    compare("f64", DOUBLE, |exact| exact, figures::<f64>);
}

#[test]
fn values_and_local_gradients_are_exact_in_single_precision() {
    #[allow(clippy::cast_possible_truncation)] // what is beyond single precision is infinite there
    compare("f32", SINGLE, |exact| f64::from(exact as f32), figures::<f32>);
}

#[test]
fn dual_numbers_have_the_same_values_and_tangents() {
    compare("f64", TANGENT, |exact| exact, tangents);
}
