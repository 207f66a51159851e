//! Every op of the table: its local gradient against central differences, alone and in `expr!`,
//! with each combination of tracked and constant arguments.

use microgpt::dual::Dual;
use microgpt::gradcheck::{Derivative, Gradcheck, Oracle, Report, check_op};
use microgpt::ops::{Op, REDUCTIONS, TABLE};
use microgpt::{Real, Tape, Value, expr, for_each_op, op};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Points of an op: for each argument as many numbers as there are points.
fn columns(op: &Op) -> impl Strategy<Value = Vec<Vec<f64>>> + use<> {
    op.arguments.iter().map(|(_, range)| vec(range.clone(), 4)).collect::<Vec<_>>()
}

fn runner() -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
}

/// Runs a test, compiled once for all ops, at points of this one.
fn at_points_of(op: &Op, test: &dyn Fn(&[Vec<f64>])) {
    let result = runner().run(&columns(op), |columns| {
        test(&columns);
        Ok(())
    });
    result.unwrap();
}

/// All derivatives are right, and a kink was met only where the table says that there is one.
///
/// That a result does not change along an argument, as that of `max` along the lesser, differences cannot
/// tell from a change below rounding: nothing is decided where all derivatives by `tracked` are such.
fn assert_right(op: &Op, columns: &[Vec<f64>], tracked: &[bool], report: &Report) {
    let arguments: Vec<usize> = (0..tracked.len()).filter(|&at| tracked[at]).collect();
    let is_zero = |&(input, element): &(usize, usize)| {
        let point: Vec<f64> = columns.iter().map(|column| column[element]).collect();
        (op.gradient)(&point, (op.forward)(&point))[arguments[input]] == 0.0
    };
    for &(_, element) in &report.kinks {
        let point: Vec<f64> = columns.iter().map(|column| column[element]).collect();
        let kink =
            op.kink.unwrap_or_else(|| panic!("{} has no kink, but {point:?} is one", op.name));
        assert!(kink(&point).abs() < 1e-4, "{} has no kink near {point:?}", op.name);
    }
    assert_right_or_still(report, is_zero);
}

/// All derivatives are right, or none was decided and each is 0.
fn assert_right_or_still(report: &Report, is_zero: impl Fn(&(usize, usize)) -> bool) {
    let undecided = &report.undecided;
    if report.says_nothing() && !undecided.is_empty() && undecided.iter().all(is_zero) {
        assert!(report.panics.is_none());
        return;
    }
    report.assert_right();
}

macro_rules! pick {
    (tracked $inputs:ident $column:expr) => {{
        let _ = $column;
        *$inputs.next().expect("an input for each tracked argument")
    }};
    (constant $inputs:ident $column:expr) => {
        $column.as_slice()
    };
}

macro_rules! is_tracked {
    (tracked) => {
        true
    };
    (constant) => {
        false
    };
}

/// Checks an op with each of its arguments tracked or constant.
macro_rules! combinations {
    ($name:ident, $columns:ident, [$($chosen:tt)*] $next:ident $($rest:ident)*) => {
        combinations!($name, $columns, [$($chosen)* (tracked $next)] $($rest)*);
        combinations!($name, $columns, [$($chosen)* (constant $next)] $($rest)*);
    };
    ($name:ident, $columns:ident, [$((constant $argument:ident))*]) => {{
        // Without a tracked argument plain numbers come back.
        let mut columns = $columns.iter();
        $(let $argument = columns.next().expect("a column an argument").as_slice();)*
        let plain = expr!([$name($($argument[i]),*) for i]);
        for element in 0..plain.len() {
            let point: Vec<f64> = $columns.iter().map(|column| column[element]).collect();
            let expected = (microgpt::ops::$name::OP.forward)(&point);
            assert_eq!(plain[element].to_bits(), expected.to_bits());
        }
    }};
    ($name:ident, $columns:ident, [$(($kind:ident $argument:ident))*]) => {{
        let mut columns = $columns.iter();
        let tracked: Vec<Vec<f64>> = [$(
            (is_tracked!($kind), columns.next().expect("a column an argument"))
        ),*]
        .into_iter()
        .filter(|(tracked, _)| *tracked)
        .map(|(_, column)| column.clone())
        .collect();
        let report = Gradcheck::new().seed(3).check(&tracked, |inputs| {
            let (mut inputs, mut columns) = (inputs.iter(), $columns.iter());
            $(let $argument = pick!($kind inputs columns.next().expect("a column"));)*
            expr!([$name($($argument[i]),*) for i]).into()
        });
        assert_right(&microgpt::ops::$name::OP, $columns, &[$(is_tracked!($kind)),*], &report);
    }};
}

macro_rules! check_every_op {
    ($($name:ident($($argument:ident)+))*) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn in_an_expression_with_every_combination_of_tracked_and_constant_arguments() {
                    let op = &microgpt::ops::$name::OP;
                    at_points_of(op, &|columns| {
                        combinations!($name, columns, [] $($argument)+);
                    });
                }
            }
        )*

        const CHECKED: &[&str] = &[$(stringify!($name)),*];
    };
}

for_each_op!(check_every_op);

#[test]
fn every_op_of_the_table_is_checked() {
    assert!(TABLE.iter().map(|op| op.name).eq(CHECKED.iter().copied()));
}

#[test]
fn on_values_every_op_is_right_too() {
    for op in TABLE {
        at_points_of(op, &|columns| {
            let point: Vec<Vec<f64>> = columns.iter().map(|column| vec![column[0]]).collect();
            let report = Gradcheck::new().seed(5).check(&point, |inputs| {
                let values: Vec<Value<'_>> = inputs.iter().map(|input| input.at([0])).collect();
                (op.on_values)(&values).into()
            });
            assert_right(op, &point, &vec![true; point.len()], &report);
        });
    }
}

#[test]
fn in_one_record_an_op_gives_what_it_gives_one_value_at_a_time() {
    for op in TABLE {
        at_points_of(op, &|columns| {
            let tape = Tape::new();
            let inputs: Vec<_> = columns.iter().map(|column| tape.vector(column)).collect();
            let before = tape.records();
            let fused = (op.on_vectors)(&inputs);
            assert_eq!(tape.records(), before + 1);
            for element in 0..fused.size() {
                let values: Vec<_> = inputs.iter().map(|input| input.at([element])).collect();
                let single = (op.on_values)(&values).data();
                assert_eq!(fused.at([element]).data().to_bits(), single.to_bits());
            }
        });
    }
}

#[test]
fn both_arguments_may_be_the_same_value() {
    for op in TABLE.iter().filter(|op| op.arguments.len() == 2) {
        let (one, other) = (&op.arguments[0].1, &op.arguments[1].1);
        let common = one.start.max(other.start)..one.end.min(other.end);
        runner()
            .run(&vec(common, 4), |x| {
                let report = Gradcheck::new().seed(7).check(std::slice::from_ref(&x), |inputs| {
                    (op.on_vectors)(&[inputs[0], inputs[0]]).into()
                });
                // A kink between the two arguments is none along the diagonal.
                let kinks = report.kinks.iter().map(|&(_, element)| x[element]);
                assert!(kinks.into_iter().all(|x| x.abs() < 1e-4), "{}: {report:?}", op.name);
                // Where nothing changes along the diagonal, as `x - x`, differences decide nothing.
                let is_zero = |&(_, at): &(usize, usize)| {
                    let point = [x[at]; 2];
                    (op.gradient)(&point, (op.forward)(&point)).iter().sum::<f64>() == 0.0
                };
                assert_right_or_still(&report, is_zero);
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn every_reduction_is_right_from_one_term_to_many() {
    for reduction in REDUCTIONS {
        runner()
            .run(&vec(-3.0..3.0, 1..20), |x| {
                let tape = Tape::new();
                let value = (reduction.on_vector)(tape.vector(&x)).data();
                let expected = (reduction.forward)(&x);
                assert!((value - expected).abs() < 1e-12 * (1.0 + expected.abs()));
                let report = Gradcheck::new()
                    .seed(3)
                    .check(&[x], |inputs| (reduction.on_vector)(inputs[0]).into());
                assert_eq!(report.kinks, [], "{}", reduction.name);
                report.assert_right();
                Ok(())
            })
            .unwrap();
    }
}

op! {
    /// A sine whose derivative is off by a part in ten thousand, where it is not almost 0.
    slightly_wrong(x in -1.0..1.0) -> y {
        forward: x.sin(),
        gradient: [x.cos() * T::of(1.0001)],
    }
}

op! {
    /// A product that forgets one of its factors.
    half_wrong(x in 1.0..2.0, y in 2.0..3.0) -> z {
        forward: x * y,
        gradient: [y, T::zero()],
    }
}

op! {
    /// A smooth function that claims a kink everywhere.
    not_a_number(x in 1.0..2.0) -> y {
        forward: x * x,
        gradient: [T::nan()],
    }
}

op! {
    /// The parts in another order, and numbers with a point.
    cubic(x in 0.5..2.0, y in 1.0..2.0,) -> z {
        kink: x - 0.25,
        gradient: [z * 3.0 / x, -0.5 * z / y],
        forward: if x < 1e-30 { 0.0 } else { 2.0 * x.powi(3) * T::of(0.5 * 4.0) / y.sqrt() },
    }
}

#[test]
fn numbers_in_an_op_are_of_its_precision() {
    assert_eq!(cubic(2.0f32, 4.0f32), 16.0);
    assert_eq!(cubic::gradient([2.0, 4.0], 16.0), [24.0, -2.0]);
    check_op(&cubic::OP, 3).assert_right();
}

#[test]
fn dual_numbers_give_the_same_local_gradients() {
    for op in TABLE {
        for seed in 0..32 {
            check_op(op, seed).right().unwrap_or_else(|error| panic!("{}: {error}", op.name));
        }
    }
    for op in [slightly_wrong::OP, half_wrong::OP, not_a_number::OP] {
        let report = check_op(&op, 1);
        let by_duals = report.mismatches.iter().filter(|one| one.oracle == Oracle::DualNumbers);
        let found = by_duals.filter(|one| one.derivative == Derivative::Gradient);
        assert_eq!(found.count(), 4, "{}", op.name);
    }
}

#[test]
fn a_wrong_local_gradient_is_caught() {
    for op in [slightly_wrong::OP, half_wrong::OP, not_a_number::OP] {
        at_points_of(&op, &|columns| {
            let fused =
                Gradcheck::new().seed(3).check(columns, |inputs| (op.on_vectors)(inputs).into());
            let points = columns[0].len();
            assert!(fused.mismatches.len() >= points, "{}: {fused:?}", op.name);
            let single: Vec<_> = columns.iter().map(|column| vec![column[0]]).collect();
            let single = Gradcheck::new().seed(3).check(&single, |inputs| {
                let values: Vec<_> = inputs.iter().map(|input| input.at([0])).collect();
                (op.on_values)(&values).into()
            });
            assert!(!single.mismatches.is_empty(), "{}: {single:?}", op.name);
        });
    }
}

#[test]
fn no_op_swallows_a_nan() {
    for op in TABLE {
        for at in 0..op.arguments.len() {
            for from in [0.0, 0.3, 0.6, 0.99] {
                let mut point: Vec<f64> = op
                    .arguments
                    .iter()
                    .map(|(_, range)| range.start + from * (range.end - range.start))
                    .collect();
                point[at] = f64::NAN;
                assert!((op.forward)(&point).is_nan(), "{} of {point:?}", op.name);
                // The oracle goes the same way.
                let dual: Vec<Dual> = point.iter().map(|&x| Dual::constant(x)).collect();
                assert!((op.tangent)(&dual).value.is_nan(), "{} of {point:?}", op.name);
            }
        }
    }
}

/// An exponent that moves counts, also where it is one of those that are products and roots.
#[test]
fn a_power_has_a_derivative_by_every_exponent() {
    for exponent in [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5] {
        let x: f64 = 1.7;
        let moving = microgpt::ops::pow(Dual::constant(x), Dual::new(exponent, 1.0));
        let gradient = microgpt::ops::pow::gradient([x, exponent], moving.value);
        let exact = x.powf(exponent) * x.ln();
        for derivative in [moving.tangent, gradient[1]] {
            assert!((derivative - exact).abs() < 1e-14 * exact.abs().max(1.0), "{exponent}");
        }
    }
}

/// Products that overflow or vanish on the way, and are numbers in the end.
#[test]
fn a_product_and_its_gradient_are_right_wherever_it_has_been() {
    fn check<T: Real>(factors: &[f64], product: f64, gradient: &[f64]) {
        let tape = Tape::<T>::default();
        let x = tape.vector(factors.iter().map(|&x| T::of(x)).collect::<Vec<_>>());
        let y = expr!(prod(x[i] for i));
        y.backward();
        let figures = x.grad().into_iter().chain([y.data()]).map(Real::as_f64);
        for (figure, exact) in figures.zip(gradient.iter().chain([&product])) {
            let close = (figure - exact).abs() <= 1e-6 * exact.abs();
            assert!(close || figure == *exact, "{factors:?}: {figure}, not {exact}");
        }
    }
    let (huge, tiny) = (2f64.powi(120), 2f64.powi(-120));
    for zeros in [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]] {
        let [a, b] = zeros;
        let of_pair = [b * huge, a * huge].map(|one| one * tiny * huge);
        let gradient = [of_pair[0], 0.0, 0.0, 0.0, of_pair[1]];
        check::<f32>(&[a, huge, huge, tiny, b], 0.0, &gradient);
    }
    check::<f32>(&[huge, huge, tiny, tiny], 1.0, &[tiny, tiny, huge, huge]);
    check::<f32>(&[tiny, tiny, huge, huge], 1.0, &[huge, huge, tiny, tiny]);
    let least = f64::from(f32::from_bits(1));
    check::<f32>(&[least, 2.0, 3.0], 6.0 * least, &[6.0, 3.0 * least, 2.0 * least]);
    check::<f64>(&[1e200, 1e200, 0.0, 0.0], 0.0, &[0.0; 4]);
    check::<f64>(&[1e200, -1e200, 1e-200, 1.0], -1e200, &[-1.0, 1.0, f64::NEG_INFINITY, -1e200]);
    check::<f64>(&[f64::INFINITY, 2.0, 3.0], f64::INFINITY, &[6.0, f64::INFINITY, f64::INFINITY]);
    check::<f64>(&[4.0], 4.0, &[1.0]);
    check::<Dual>(&[0.0, 0.0, 1e200, 1e200], 0.0, &[0.0; 4]);
}

#[test]
fn far_from_zero_nothing_overflows() {
    for op in TABLE {
        let stable = ["sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "tanh", "relu", "erf"];
        if !stable.contains(&op.name) {
            continue;
        }
        for x in [-1e3, -40.0, 40.0, 1e3] {
            let y = (op.forward)(&[x]);
            let gradient = (op.gradient)(&[x], y)[0];
            assert!(y.is_finite() && gradient.is_finite(), "{}({x}): {y}, {gradient}", op.name);
        }
    }
    for shift in [-1e3, 1e3] {
        let tape = Tape::new();
        let x = tape.vector([shift, shift + 1.0, shift - 1e3]);
        let y = expr!(logsumexp(x[i] for i));
        y.backward();
        assert!((y.data() - shift - 1f64.exp().ln_1p()).abs() < 1e-12);
        assert!((x.grad().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn single_precision_agrees_with_double() {
    fn f32s<T: Real>(x: f64) -> T {
        T::of(x)
    }
    macro_rules! compare {
        ($($name:ident($($argument:ident)+))*) => {$({
            let op = &microgpt::ops::$name::OP;
            let middle: Vec<f64> = op
                .arguments
                .iter()
                .map(|(_, range)| range.start + 0.37 * (range.end - range.start))
                .collect();
            let mut arguments = middle.iter();
            $(let $argument = f32s::<f32>(*arguments.next().expect("an argument"));)+
            let single = microgpt::ops::$name($($argument),+);
            let double = (op.forward)(&middle);
            let error = (f64::from(single) - double).abs();
            assert!(error < 1e-5 * double.abs().max(1.0), "{}: {single} {double}", op.name);
        })*};
    }
    for_each_op!(compare);
}
