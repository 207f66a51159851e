//! How large an error can pass a gradient check: three times the tolerance, relative to the
//! derivative, whatever the size of the argument and of the value; else it is not decidable.

use std::cell::Cell;

use microgpt::gradcheck::{
    Drawing, Gradcheck, GradientError, Layer, Oracle, Outputs, Report, sweep,
};
use microgpt::{PythonRandom, Real, Vector, expr, op};

thread_local! {
    /// By how much the gradients of the ops below are off.
    static FACTOR: Cell<f64> = const { Cell::new(1.0) };
}

fn off<T: Real>(gradient: T) -> T {
    gradient * T::of(FACTOR.get())
}

/// Ops whose gradients are off by a factor, and what checks them at a number.
macro_rules! off_by_a_factor {
    ($($name:ident($x:ident) -> $y:ident { $forward:expr; $gradient:expr })*) => {
        mod ops {
            use super::*;
            $(op! {
                /// A function with a gradient that is off by a factor.
                pub $name($x in 0.5..1.0) -> $y {
                    forward: $forward,
                    gradient: [off($gradient)],
                }
            })*
        }

        /// Checks of each function in any precision, at one number.
        fn checks<T: Real>() -> Vec<(&'static str, fn(f64) -> Report)> {
            vec![$((stringify!($name), |x| {
                Gradcheck::<T>::default().check(&[vec![x]], |inputs| {
                    let x = inputs[0];
                    expr!([ops::$name(x[i]) for i]).into()
                })
            })),*]
        }
    };
}

off_by_a_factor! {
    square(x) -> y { x * x; T::of(2.0) * x }
    inverse(x) -> y { x.recip(); -(y * y) }
    logarithm(x) -> y { x.abs().ln(); x.recip() }
    root(x) -> y { x.abs().sqrt(); T::of(0.5) / y * x.signum() }
    wave(x) -> y { (T::of(1000.0) * x).sin(); T::of(1000.0) * (T::of(1000.0) * x).cos() }
    line(x) -> y { T::of(1e10) + T::of(3.0) * x; T::of(3.0) }
    curve(x) -> y { T::of(1e4) + x * x * x; T::of(3.0) * x * x }
}

/// The functions that are decidable everywhere.
const SMOOTH: [&str; 4] = ["square", "inverse", "logarithm", "root"];

fn decades(range: std::ops::RangeInclusive<i32>) -> impl Iterator<Item = f64> {
    let mut random = PythonRandom::new(1);
    range.flat_map(move |power| {
        let x = (1.0 + 9.0 * random.random()) * 10f64.powi(power);
        [x, -x]
    })
}

/// Runs a check with gradients that are off by a factor.
fn with_factor(factor: f64, check: impl FnOnce() -> Report) -> Report {
    FACTOR.set(factor);
    let report = check();
    FACTOR.set(1.0);
    report
}

/// The report of the right gradient, in which there is neither an error nor a kink.
fn right_at(name: &str, x: f64, check: fn(f64) -> Report) -> Report {
    let right = check(x);
    assert_eq!((&right.mismatches[..], &right.kinks[..]), (&[][..], &[][..]), "{name}({x})");
    right
}

/// A gradient that is off by a factor is caught, or not decidable where the function allows for that.
fn assert_not_right(name: &str, x: f64, check: fn(f64) -> Report, factor: f64) {
    let wrong = with_factor(factor, || check(x));
    let caught = wrong.mismatches.len() == 1;
    assert!(caught || wrong.undecided.len() == 1, "{factor} · {name}({x}): {wrong:?}");
    assert!(caught || wrong.compared == 0, "{factor} · {name}({x}): {wrong:?}");
    assert!(caught || !SMOOTH.contains(&name), "{factor} · {name}({x}): {wrong:?}");
}

#[test]
fn a_part_in_a_million_is_caught_or_not_decidable_but_never_right() {
    let mut undecided = Vec::new();
    for (name, check) in checks::<f64>() {
        for x in decades(-8..=9) {
            let right = right_at(name, x, check);
            assert_eq!(right.compared + right.undecided.len(), 1, "{name}({x}): {right:?}");
            if right.compared == 0 {
                undecided.push((name, x));
            }
            for factor in [1.0 + 1e-6, 1.0 - 1e-6, -1.0, 0.0, 2.0] {
                assert_not_right(name, x, check, factor);
            }
        }
    }
    for (name, x) in undecided {
        // 1e10 + 3 x where 3e-7 x is below the rounding of 1e10; 1e4 + x³ where that of 1e4 is more
        // than x³; and the sine of more than 1e10.
        let beside = name == "line" && x.abs() < 1e-2 || name == "curve" && x.abs() < 1e-1;
        assert!(beside || name == "wave" && x.abs() > 1e7, "{name}({x})");
    }
}

#[test]
fn in_single_precision_it_is_a_part_in_a_hundred() {
    for (name, check) in checks::<f32>() {
        for x in decades(-4..=4) {
            let right = right_at(name, x, check);
            for factor in [1.01, 0.99, -1.0, 0.0, 2.0] {
                assert_not_right(name, x, check, factor);
            }
            assert!(!SMOOTH.contains(&name) || right.compared == 1, "{name}({x}): {right:?}");
        }
    }
}

#[test]
fn steps_stay_inside_the_domain() {
    type Function = for<'t> fn(Vector<'t, usize>) -> Vector<'t, usize>;
    let functions: [(Function, &[f64]); 8] = [
        (|x| expr!([1 / x[i] for i]), &[1e-12, -1e-12, 1e-150, 1e12, 1e150]),
        (|x| expr!([ln(x[i]) for i]), &[1e-300, 1e-9, 1.0 + 1e-9, 1e300]),
        (|x| expr!([sqrt(x[i]) for i]), &[1e-300, 1e-12, 1e300]),
        (|x| expr!([sin(1000 * x[i]) for i]), &[0.0, 1e-9, 0.3, 1.0, 77.0]),
        (|x| expr!([asin(x[i]) for i]), &[1.0 - 1e-9, -1.0 + 1e-6, 0.0]),
        // At the edge itself there is one side.
        (|x| expr!([x[i] * sqrt(x[i]) + 2 * x[i] for i]), &[1e-9, 1.0]),
        (|x| expr!([exp(-1 / x[i]) for i]), &[0.01, 0.1, 10.0]),
        (|x| expr!([x[i]^3 for i]), &[1e-100, 1e100, -1e50]),
    ];
    for (number, (function, points)) in functions.into_iter().enumerate() {
        for &x in points {
            let report = Gradcheck::new().check(&[vec![x]], |inputs| function(inputs[0]).into());
            assert_eq!(report.compared, 1, "{number} at {x}: {report:?}");
            report.assert_right();
        }
    }
}

#[test]
fn at_the_edge_of_a_domain_one_side_tells() {
    let check = |factor: f64| {
        Gradcheck::new().check(&[vec![0.0]], |inputs| {
            let x = inputs[0];
            // Of the root of x nothing is known below 0; its third power has a derivative at 0.
            expr!([sqrt(x[i])^2 * x[i] + factor * x[i] + (2 - factor) * stop(x[i]) for i]).into()
        })
    };
    let right = check(2.0);
    assert!(right.mismatches.is_empty() && right.kinks.is_empty(), "{right:?}");
    assert_eq!(check(1.5).mismatches.len(), 1);
    // An infinite derivative is none.
    let root = Gradcheck::new().check(&[vec![0.0, 1.0]], |inputs| {
        let x = inputs[0];
        expr!([sqrt(x[i]) for i]).into()
    });
    root.assert_right();
    assert_eq!(root.undecided, [(0, 0)]);
}

#[test]
fn where_nothing_can_be_decided_nothing_is_right() {
    let report = Gradcheck::new().check(&[vec![1.0, 2.0]], |inputs| {
        let x = inputs[0];
        expr!(1e30 + sum(x[i] for i)).into()
    });
    assert_eq!(report.undecided, [(0, 0), (0, 1)]);
    assert_eq!(report.right(), Err(GradientError::NothingDecided { undecided: 2 }));
}

mod kinks {
    use super::*;

    op! {
        /// A rectifier with other gradients at 0, just above it, and elsewhere.
        rectifier(x in -1.0..1.0) -> y {
            forward: if x > T::zero() { x } else { T::zero() },
            gradient: [
                if x == T::zero() {
                    T::of(AT_ZERO.get())
                } else if x > T::zero() {
                    T::of(if x.as_f64() < 1e-5 { NEAR.get() } else { 1.0 })
                } else {
                    T::zero()
                }
            ],
        }
    }

    thread_local! {
        static AT_ZERO: Cell<f64> = const { Cell::new(0.0) };
        static NEAR: Cell<f64> = const { Cell::new(1.0) };
    }

    fn rectified(seed: u64, x: Vec<f64>) -> Report {
        Gradcheck::new().seed(seed).check(&[x], |inputs| {
            let x = inputs[0];
            expr!([self::rectifier(x[i]) for i]).into()
        })
    }

    fn normal(seed: u64, count: usize) -> Vec<f64> {
        let mut random = PythonRandom::new(seed);
        (0..count).map(|_| random.gauss(0.0, 1.0)).collect()
    }

    #[test]
    fn one_among_four_thousand_is_found_and_hides_nothing() {
        for seed in 0..20 {
            let mut x = normal(seed, 4000);
            let at = usize::try_from(seed).expect("a place") * 187;
            x[at] = 0.0;
            let report = rectified(seed, x.clone());
            report.assert_right();
            assert_eq!(
                (&report.kinks[..], report.compared),
                (&[(0, at)][..], 16),
                "{seed}: {report:?}"
            );
            assert_eq!(report.kinked_projections + report.undecided_projections, 0);
            // A gradient outside of both sides' at the kink, and one that is wrong beside it.
            if seed % 10 == 0 {
                AT_ZERO.set(5.0);
                let report = rectified(seed, x.clone());
                AT_ZERO.set(0.0);
                assert!(report.mismatches.iter().all(|one| one.element == at), "{report:?}");
                assert_eq!(report.worst().map(|one| one.oracle), Some(Oracle::OneSided));
                let wrong = Gradcheck::new().seed(seed).check(&[x], |inputs| {
                    let x = inputs[0];
                    expr!([self::rectifier(x[i]) + 0.01 * stop(x[i]) for i]).into()
                });
                assert!(!wrong.mismatches.is_empty(), "{seed}");
            }
        }
    }

    #[test]
    fn several_kinks_are_each_found() {
        let mut x = normal(3, 3000);
        for at in [0, 1, 700, 701, 2999] {
            x[at] = 0.0;
        }
        let mut report = rectified(3, x);
        report.kinks.sort_unstable();
        assert_eq!(report.kinks, [(0, 0), (0, 1), (0, 700), (0, 701), (0, 2999)]);
        report.assert_right();
    }

    #[test]
    fn any_subgradient_is_right_and_no_other() {
        for (gradient, right) in
            [(0.0, true), (0.5, true), (1.0, true), (5.0, false), (-1e-3, false)]
        {
            AT_ZERO.set(gradient);
            let report = rectified(1, vec![0.0, 1.0]);
            AT_ZERO.set(0.0);
            assert_eq!(report.mismatches.is_empty(), right, "{gradient}: {report:?}");
        }
    }

    #[test]
    fn near_a_kink_an_error_is_an_error() {
        for x in [1e-6, 1e-9, 1e-30] {
            rectified(1, vec![x]).assert_right();
            NEAR.set(0.5);
            let report = rectified(1, vec![x]);
            NEAR.set(1.0);
            assert_eq!(report.mismatches.len(), 1, "{x}: {report:?}");
        }
        // Away from 0 as well.
        for distance in [1e-3, 1e-6, -1e-6, -1e-7] {
            let wrong = |scale: f64| {
                Gradcheck::new().check(&[vec![1.0 + distance]], |inputs| {
                    let x = inputs[0];
                    expr!([max(x[i], 1) + scale * (stop(x[i]) - x[i]) for i]).into()
                })
            };
            let right = wrong(0.0);
            assert!(right.mismatches.is_empty() && right.kinks.is_empty(), "{distance}: {right:?}");
            assert_eq!(wrong(0.5).mismatches.len(), 1, "{distance}");
        }
    }

    #[test]
    fn ties_of_a_maximum_are_kinks() {
        let report = Gradcheck::new().check(&[vec![2.0, 2.0, -1.0]], |inputs| {
            let x = inputs[0];
            expr!(max(x[i] for i)).into()
        });
        report.assert_right();
        assert_eq!(report.kinks, [(0, 0), (0, 1)]);
    }

    struct Absolute;

    impl Layer for Absolute {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            let x = inputs[0];
            expr!([abs(x[i]) for i]).into()
        }
    }

    #[test]
    fn a_layer_at_a_kink_is_right_by_every_oracle() {
        let report = Gradcheck::new().check_layer(&[vec![0.0, 1.5, -2.0]], &Absolute);
        assert_eq!(report.kinks, [(0, 0)]);
        report.assert_right();
        let mut many = normal(5, 2000);
        many[1234] = 0.0;
        let report = Gradcheck::new().check_layer(&[many], &Absolute);
        assert_eq!(report.kinks, [(0, 1234)]);
        report.assert_right();
    }
}

mod results {
    use super::*;

    #[test]
    fn each_is_checked_alone_and_with_the_others() {
        for size in [1, 3, 40] {
            let x: Vec<f64> = (0..size).map(|n| f64::from(n).sin() + 1.5).collect();
            let report = Gradcheck::new().check(&[x.clone(), x], |inputs| {
                let (x, y) = (inputs[0], inputs[1]);
                let (product, logarithms, total) = expr! {
                    let p = [x[i] * y[i] for i];
                    ([p[i] for i], [ln(p[i]) for i], sum(p[i] for i))
                };
                ((product, logarithms), total).into()
            });
            report.assert_right();
        }
    }

    /// A function that asks whether its results are used together.
    #[test]
    fn what_differs_when_another_result_is_used_is_found() {
        let calls = Cell::new(0);
        let report = Gradcheck::new().projections(0).check(&[vec![1.0, 2.0]], |inputs| {
            calls.set(calls.get() + 1);
            let x = inputs[0];
            // After the comparisons of equal runs the results begin to mix.
            let mixed = f64::from(u8::from(calls.get() > 8));
            let one = expr!([x[i]^2 for i]);
            (one, expr!(sum(mixed * x[i] for i))).into()
        });
        assert!(!report.mismatches.is_empty());
    }
}

mod panics {
    use super::*;

    struct OnlyDual;

    impl Layer for OnlyDual {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            assert!(!std::any::type_name::<T>().contains("Dual"), "not with these numbers");
            let x = inputs[0];
            expr!([exp(x[i]) for i]).into()
        }
    }

    #[test]
    fn one_way_of_computing_that_panics_alone_is_an_error() {
        let report = Gradcheck::new().check_layer(&[vec![1.0]], &OnlyDual);
        let text = report.right().expect_err("it panics").to_string();
        for part in
            ["in inference it does not panic", "with dual numbers it panics: not with these"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    fn message(work: impl FnOnce()) -> String {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        *panic.expect_err("it panics").downcast::<String>().expect("a message")
    }

    fn one_vector(drawing: &mut Drawing) {
        drawing.input("x", &[drawing.length("i")], None);
    }

    #[test]
    fn a_size_that_does_not_fit_is_named_once_at_its_smallest() {
        let text = message(|| {
            sweep(
                "narrow",
                &["t", "i", "i"],
                &|drawing| {
                    drawing.input("x", &[drawing.length("t"), drawing.length("i")], None);
                    drawing.input("w", &[drawing.length("i"), 3], Some(0.2..5.0));
                },
                &|drawing, check| {
                    let width = drawing.sizes().of("i");
                    assert!(width < 4, "at most 3 wide, not {width}");
                    assert!(drawing.inputs()[1].values.iter().all(|x| (0.2..5.0).contains(x)));
                    check.check(drawing.inputs(), |inputs| inputs[0].into())
                },
            );
        });
        assert!(text.starts_with("`narrow` at t = 1, i = 4 (seed "), "{text}");
        assert!(text.contains("it panics: at most 3 wide, not 4 (at "), "{text}");
        assert_eq!(text.matches("at most").count(), 1, "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn what_is_wrong_from_some_length_on_is_reported_there() {
        let text = message(|| {
            sweep("odd", &["i"], &one_vector, &|drawing, check| {
                check.check(drawing.inputs(), |inputs| {
                    let x = inputs[0];
                    let n = x.size();
                    let one = f64::from(u8::from(n > 4));
                    expr!([x[i] - one * x[i] + one * stop(x[i]) for i]).into()
                })
            });
        });
        assert!(text.starts_with("`odd` at i = 5 (seed "), "{text}");
    }

    #[test]
    fn a_sweep_that_decides_nothing_is_an_error() {
        let text = message(|| {
            sweep("constant", &["i"], &one_vector, &|drawing, check| {
                check.check(drawing.inputs(), |inputs| {
                    let x = inputs[0];
                    expr!([1 + 1e-40 * x[i] for i]).into()
                })
            });
        });
        assert!(text.contains("no derivative could be decided"), "{text}");
    }
}
