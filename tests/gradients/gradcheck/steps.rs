//! At which steps differences are looked at: beside kinks that curvature or each other hide, of
//! functions that are faster than any usual step, and where numbers underflow.

use microgpt::gradcheck::{Gradcheck, Layer, Oracle, Outputs, Report, gradcheck};
use microgpt::{PythonRandom, Real, Tape, Vector, expr, op, ops};

/// A smooth function with a kink of some strength at a point, and a gradient that is off by a
/// factor.
fn kinked(kink: f64, strength: f64, x: f64, factor: f64) -> Report {
    gradcheck(&[vec![x]], |inputs| {
        let x = inputs[0];
        let y = expr!([strength * abs(x[i] - kink) + sin(x[i] / kink) for i]);
        expr!([factor * y[i] + (1 - factor) * stop(y[i]) for i]).into()
    })
}

#[test]
fn at_every_distance_from_a_kink_what_is_right_is_no_error_and_what_is_wrong_is_not_right() {
    for kink in [0.7, 13.0, 1e-5, 1e5] {
        for strength in [1e-3, 1.0, 1e3] {
            for power in 1..=14 {
                let distance = 10f64.powi(-power);
                let x = kink * (1.0 + distance);
                let name = format!("{strength} · |x - {kink}| at {distance}");
                let right = kinked(kink, strength, x, 1.0);
                assert_eq!(right.mismatches, [], "{name}");
                assert!(right.compared == 1 || distance < 1e-6, "{name}: {right:?}");
                for factor in [1.0 + 1e-6, 0.5, 2.0, -1.0] {
                    let wrong = kinked(kink, strength, x, factor);
                    assert!(
                        wrong.mismatches.len() == 1 || wrong.compared == 0,
                        "{name}: {wrong:?}"
                    );
                    assert!(wrong.mismatches.len() == 1 || distance < 1e-6, "{name}: {wrong:?}");
                }
            }
        }
    }
}

#[test]
fn a_kink_that_is_not_at_zero_has_its_subgradients_and_no_others() {
    for (tie, factor, right) in [
        (1.0, 1.0, true),
        (1.0, 0.5, true),
        (1.0, 2.0, false),
        (-3.7, -1.0, false),
        (1e6, 1.1, false),
    ] {
        let report = gradcheck(&[vec![tie]], |inputs| {
            let x = inputs[0];
            expr!([factor * max(x[i], tie) + (1 - factor) * stop(max(x[i], tie)) for i]).into()
        });
        assert_eq!(report.mismatches.is_empty(), right, "{factor} · max(x, {tie}): {report:?}");
        if !right {
            assert_eq!(report.mismatches[0].oracle, Oracle::OneSided);
        }
    }
}

op! {
    /// A function with a kink of which the gradient lies within both sides.
    kinks_at_zero(x in -2.0..2.0) -> y {
        forward: if x > T::zero() { x * (x + T::one()).sin() + x } else { -x },
        gradient: [
            if x > T::zero() {
                T::one() + (x + T::one()).sin() + x * (x + T::one()).cos()
            } else if x < T::zero() {
                -T::one()
            } else {
                T::zero()
            }
        ],
    }
}

#[test]
fn kinks_that_hide_each_other_along_a_direction_are_all_found() {
    for seed in 0..8 {
        let mut random = PythonRandom::new(seed);
        let mut x: Vec<f64> = (0..400).map(|_| random.gauss(0.0, 1.0)).collect();
        for at in 0..20 {
            x[19 * at] = 0.0;
        }
        let check = Gradcheck::new().seed(seed).projections(16);
        let report = check.check(std::slice::from_ref(&x), |inputs| {
            let x = inputs[0];
            expr!([self::kinks_at_zero(x[i]) for i]).into()
        });
        assert_eq!(report.mismatches, [], "{seed}");
        assert!(report.kinks.iter().all(|&(_, at)| at % 19 == 0), "{seed}: {report:?}");
        assert_eq!(report.undecided_projections, 0, "{seed}: {report:?}");
        let wrong = check.check(&[x], |inputs| {
            let x = inputs[0];
            expr!([self::kinks_at_zero(x[i]) + 1e-5 * (x[i] - stop(x[i])) for i]).into()
        });
        assert!(!wrong.mismatches.is_empty(), "{seed}");
    }
}

#[test]
fn a_step_wider_than_a_wave_says_nothing() {
    let mut random = PythonRandom::new(1);
    for power in 0..20 {
        for name in ["sin", "cos", "tan"] {
            let x = vec![(1.0 + 8.0 * random.random()) * 10f64.powi(power)];
            let op = ops::TABLE.iter().find(|op| op.name == name).expect("a wave");
            let report =
                gradcheck(std::slice::from_ref(&x), |inputs| (op.on_vectors)(inputs).into());
            assert_eq!(
                (&report.mismatches[..], &report.kinks[..]),
                (&[][..], &[][..]),
                "{name}({x:?})"
            );
        }
    }
}

#[test]
fn what_underflows_is_not_decidable() {
    for x in [8.6e-300, -3.5e-250, 1e-170] {
        let report = gradcheck(&[vec![x, 1.0]], |inputs| {
            let x = inputs[0];
            expr!([x[i]^2 for i]).into()
        });
        report.assert_right();
        assert_eq!(report.undecided, [(0, 0)], "{x}");
    }
    // What is 0 on both sides is decided.
    gradcheck(&[vec![-1e-20, -1.0]], |inputs| {
        let x = inputs[0];
        expr!([relu(x[i]) for i]).into()
    })
    .assert_right();
}

struct Entropy;

impl Layer for Entropy {
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
        let x = inputs[0];
        expr!([x[i] * ln(x[i]) for i]).into()
    }
}

#[test]
fn a_layer_is_checked_where_single_precision_has_no_such_numbers() {
    for x in [1e-300, 1e-60, 0.3, 1e50, 1e300] {
        let report = Gradcheck::new().check_layer(&[vec![x]], &Entropy);
        report.assert_right();
        assert_eq!(report.undecided, [], "{x}");
    }
    // Outside of its domain nothing is decided.
    let report = Gradcheck::new().check_layer(&[vec![-1.0]], &Entropy);
    assert!(report.mismatches.is_empty() && report.says_nothing(), "{report:?}");
    let tape = Tape::new();
    let x = tape.vector([-1.0]);
    assert!(expr!([x[i] * ln(x[i]) for i]).data()[0].is_nan());
}
