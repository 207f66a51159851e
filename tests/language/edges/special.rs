//! Reductions and layers at zeros, subnormal and huge numbers, infinities and NaN: one function with one
//! gradient in each precision, for dual numbers, and whatever the other rows hold.

use microgpt::dual::Dual;
use microgpt::gradcheck::{Gradcheck, Layer, Outputs, Point};
use microgpt::ops::REDUCTIONS;
use microgpt::{Matrix, Real, Tape, Vector, expr, layers};

const INFINITY: f64 = f64::INFINITY;

/// Numbers of both precisions: the least of `f32` is subnormal there.
const NUMBERS: [f64; 10] =
    [0.0, -0.0, 1.0, -2.5, 1.401_298_464_324_817e-45, 1e30, -1e30, INFINITY, -INFINITY, f64::NAN];

macro_rules! reductions {
    ($($name:ident)*) => {
        const CHECKED: &[&str] = &[$(stringify!($name)),*];

        /// A reduction of these numbers, and its gradient.
        fn reduced<T: Real>(name: &str, numbers: &[T]) -> (T, Vec<T>) {
            let tape = Tape::<T>::default();
            let v = tape.vector(numbers);
            let y = match name {
                $(stringify!($name) => expr!($name(v[i] for i)),)*
                other => panic!("no reduction `{other}`"),
            };
            y.backward();
            (y.data(), v.grad())
        }
    };
}

reductions!(sum mean max min prod logsumexp norm);

/// The same as a reader of the documentation would work it out.
fn expected(name: &str, x: &[f64]) -> (f64, Vec<f64>) {
    let n = x.len() as f64;
    let extreme = |better: fn(f64, f64) -> bool| {
        let mut best = 0;
        for at in 1..x.len() {
            if !x[best].is_nan() && (x[at].is_nan() || better(x[at], x[best])) {
                best = at;
            }
        }
        let gradient = (0..x.len()).map(|at| f64::from(u8::from(at == best))).collect();
        (x[best], gradient)
    };
    match name {
        "sum" => (x.iter().sum(), vec![1.0; x.len()]),
        "mean" => (x.iter().sum::<f64>() / n, vec![1.0 / n; x.len()]),
        "max" => extreme(|one, other| one > other),
        "min" => extreme(|one, other| one < other),
        "prod" => {
            let others = |at| (0..x.len()).filter(move |&other| other != at).map(|other| x[other]);
            (x.iter().product(), (0..x.len()).map(|at| others(at).product()).collect())
        }
        "norm" if x.iter().any(|x| x.is_nan()) => (f64::NAN, vec![f64::NAN; x.len()]),
        "norm" => {
            let norm = x.iter().fold(0.0, |norm: f64, x| norm.hypot(*x));
            let flows = norm > 0.0 && norm < INFINITY;
            (norm, x.iter().map(|x| if flows { x / norm } else { 0.0 }).collect())
        }
        _ => {
            let top = extreme(|one, other| one > other).0;
            if top.is_infinite() {
                return (top, vec![0.0; x.len()]);
            }
            let total: f64 = x.iter().map(|x| (x - top).exp()).sum();
            (top + total.ln(), x.iter().map(|x| (x - top).exp() / total).collect())
        }
    }
}

/// Equal, but for rounding and for what is less than the least normal number of `f32`.
fn close(one: f64, other: f64, relative: f64) -> bool {
    one == other
        || one.is_nan() && other.is_nan()
        || (one - other).abs()
            <= relative * one.abs().max(other.abs()) + f64::from(f32::MIN_POSITIVE)
}

#[test]
fn reductions_are_one_function_in_every_precision() {
    assert!(REDUCTIONS.iter().map(|reduction| reduction.name).eq(CHECKED.iter().copied()));
    for name in CHECKED {
        for code in 0..NUMBERS.len().pow(3) {
            let x = [code % 10, code / 10 % 10, code / 100].map(|at| NUMBERS[at]);
            let (value, gradient) = expected(name, &x);
            // What is infinite has no softmax: the gradient is finite, and adds up to one at most.
            let is_infinite = *name == "logsumexp" && value == INFINITY;
            let all = reduced(name, &x);
            // `1e30 + 1 - 1e30` is 0 or 1, by the order.
            let cancels = x.contains(&1e30) && x.contains(&-1e30);
            if cancels && ["sum", "mean"].contains(name) {
                continue;
            }
            let agrees = |found: f64, expected: f64, relative| {
                if is_infinite { found.is_finite() } else { close(found, expected, relative) }
            };
            assert!(
                close(all.0, value, 1e-12) || is_infinite && all.0 == INFINITY,
                "{name} of {x:?}: {} and {value}",
                all.0
            );
            for (found, expected) in all.1.iter().zip(&gradient) {
                assert!(
                    agrees(*found, *expected, 1e-12),
                    "the gradient of {name} of {x:?}: {:?} and {gradient:?}",
                    all.1
                );
            }
            #[allow(clippy::cast_possible_truncation)] // the numbers are exact or infinite there
            let narrow = reduced(name, &x.map(|x| x as f32));
            #[allow(clippy::cast_possible_truncation)]
            let rounded = |x: f64| f64::from(x as f32);
            let widened: Vec<f64> = narrow.1.iter().map(|&x| x.into()).collect();
            assert!(
                close(narrow.0.into(), rounded(all.0), 1e-5),
                "{name} of {x:?} in f32: {} and {}",
                narrow.0,
                all.0
            );
            // Of less than the least normal number half is lost on the way to the terms.
            let is_lost = *name == "norm" && narrow.0 < f32::MIN_POSITIVE;
            for (found, expected) in widened.iter().zip(&all.1).filter(|_| !is_lost) {
                assert!(
                    agrees(*found, rounded(*expected), 1e-5),
                    "the gradient of {name} of {x:?} in f32: {widened:?} and {:?}",
                    all.1
                );
            }
            for at in 0..3 {
                let mut tangents = [0.0; 3];
                tangents[at] = 1.0;
                let dual: Vec<Dual> =
                    x.iter().zip(tangents).map(|(&x, t)| Dual::new(x, t)).collect();
                let tangent = reduced(name, &dual).0.tangent;
                // A tangent of 0 beside an infinity is a product by it.
                let is_exempt = *name == "prod" && x.iter().any(|x| !x.is_finite());
                let is_exempt = is_exempt || all.0.is_nan();
                assert!(
                    is_exempt || agrees(tangent, all.1[at], 1e-12),
                    "{name} of {x:?} by dual numbers: {tangent} and {}",
                    all.1[at]
                );
            }
        }
    }
}

macro_rules! layers {
    ($($name:ident($inputs:ident) $call:expr;)*) => {
        $(
            #[allow(non_camel_case_types)]
            struct $name;

            impl Layer for $name {
                fn outputs<'t, T: Real>(&self, $inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
                    $call.into()
                }
            }
        )*

        /// Every layer at a point, against dual numbers and in both precisions.
        fn check_all(points: &[Point], products: bool) {
            $(
                let report = Gradcheck::new().seed(1).check_layer(points, &$name);
                let is_exempt = !products && stringify!($name) == "rmsnorm";
                assert!(
                    is_exempt || report.mismatches.is_empty() && report.panics.is_none(),
                    "{} at {points:?}: {:?}, {:?}",
                    stringify!($name),
                    report.worst(),
                    report.panics
                );
            )*
        }
    };
}

fn rows<T: Real>(x: Vector<'_, usize, T>) -> Matrix<'_, usize, usize, T> {
    x.reshape((2, 3))
}

layers! {
    softmax(x) layers::softmax(rows(x[0]));
    log_softmax(x) layers::log_softmax(rows(x[0]));
    rmsnorm(x) layers::rmsnorm(rows(x[0]));
    relu(x) layers::relu(rows(x[0]));
    squared_relu(x) layers::squared_relu(rows(x[0]));
    gelu(x) layers::gelu(rows(x[0]));
    cross_entropy(x) layers::cross_entropy(rows(x[0]), &[1, 2]);
    smoothed(x) layers::smoothed_cross_entropy(rows(x[0]), &[1, 0], &[T::one(), T::zero()], T::of(0.1));
}

#[test]
fn layers_are_one_function_in_every_precision() {
    for special in NUMBERS {
        for at in 0..6 {
            // Products by what is not finite: a zero adjoint of one row does not stop them.
            let products = special.is_finite();
            let mut x = vec![0.3, -0.7, 1.1, 0.2, 0.9, -1.3];
            x[at] = special;
            check_all(&[Point::new("x", &[2, 3], x)], products);
        }
    }
}

#[test]
fn a_row_does_not_see_what_other_rows_hold() {
    type RowWise = for<'t> fn(Matrix<'t, usize, usize>) -> Matrix<'t, usize, usize>;
    let row_wise: [(&str, RowWise); 6] = [
        ("softmax", layers::softmax),
        ("log_softmax", layers::log_softmax),
        ("rmsnorm", layers::rmsnorm),
        ("relu", layers::relu),
        ("squared_relu", layers::squared_relu),
        ("gelu", layers::gelu),
    ];
    let row = [0.3, -0.7, 1.1];
    for (name, layer) in row_wise {
        let alone = {
            let tape = Tape::new();
            let x = tape.array((1, 3), &row);
            let y = layer(x);
            y.backward_with(&[0.5, -1.5, 2.0]);
            (y.data(), x.grad())
        };
        for special in NUMBERS {
            for other in [[special; 3], [0.5, special, -0.25]] {
                let tape = Tape::new();
                let x = tape.array((2, 3), &[row, other].concat());
                let y = layer(x);
                y.backward_with(&[0.5, -1.5, 2.0, 0.0, 0.0, 0.0]);
                let found = (y.data()[..3].to_vec(), x.grad()[..3].to_vec());
                assert_eq!(found, alone, "{name} beside {other:?}");
            }
        }
    }
}
