//! The gradient check itself: what it must find, what it must not complain about, and what its
//! reports say.

mod steps;
mod strictness;

use std::cell::Cell;
use std::slice::from_ref;

use microgpt::gradcheck::{
    Gradcheck, GradientError, Layer, Mismatch, Oracle, Outputs, Point, Report, Tolerance, gradcheck,
};
use microgpt::{Matrix, Real, Vector, expr, gradcheck_layer, gradcheck_op, layers, op};

op! {
    /// A tangent whose derivative is off by a part in a thousand.
    wrong_tan(x in -1.0..1.0) -> y {
        forward: x.tan(),
        gradient: [T::of(1.001) * (T::one() + y * y)],
    }
}

op! {
    /// `x · tanh(ln(1 + eˣ))` (Misra 2019, arXiv:1908.08681).
    mish(x in -4.0..4.0) -> y {
        forward: x * x.exp().ln_1p().tanh(),
        gradient: [{
            let tanh = x.exp().ln_1p().tanh();
            let sigmoid = (T::one() + (-x).exp()).recip();
            tanh + x * sigmoid * (T::one() - tanh * tanh)
        }],
    }
}

gradcheck_op!(mish_is_right = mish);

fn worst(report: &Report) -> &Mismatch {
    report.worst().expect("a mismatch")
}

#[test]
fn a_kink_is_counted_and_not_passed() {
    let report = gradcheck(&[vec![0.0, 1e-6, 1.0]], |inputs| {
        let x = inputs[0];
        expr!([relu(x[i]) for i]).into()
    });
    report.assert_right();
    // The Jacobian has nine entries; 1e-6 is not at the kink, for steps are relative.
    assert_eq!(report.kinks, [(0, 0)]);
    assert_eq!(report.compared, 8);
}

#[test]
fn a_curved_function_has_no_kink() {
    let report = gradcheck(&[vec![0.0, 3.0, -3.0]], |inputs| {
        let x = inputs[0];
        expr!([exp(5 * x[i]) for i]).into()
    });
    report.assert_right();
    assert_eq!(report.kinks, []);
}

#[test]
fn several_outputs_are_checked_together() {
    let report = gradcheck(&[vec![0.3, -0.7]], |inputs| {
        let x = inputs[0];
        (expr!([sin(x[i]) for i]), expr!(sum(x[i]^3 for i))).into()
    });
    report.assert_right();
    assert_eq!(report.compared, 6);
}

#[test]
fn nothing_compared_is_not_right() {
    let report = gradcheck(&[vec![]], |inputs| {
        let x = inputs[0];
        expr!(sum(x[i] for i)).into()
    });
    assert_eq!(report.right(), Err(GradientError::NothingCompared));
}

/// Three records, of which the second is wrong.
fn with_an_error(x: Matrix<'_, usize, usize>) -> (Vector<'_, usize>, u32) {
    let scaled = expr!([x[t, i] / 2 for t, i]);
    let line = line!() + 1;
    let bent = expr!([sum(self::wrong_tan(scaled[t, i]) for i) for t]);
    (expr!([bent[t]^2 for t]), line)
}

#[test]
fn an_error_in_a_step_of_a_recurrence_is_found() {
    let point = [Point::new("x", &[5], vec![0.3, -0.2, 0.5, 0.4, -0.1])];
    let check = |is_right: bool| {
        Gradcheck::new().check(&point, |inputs| {
            let x = inputs[0];
            let y = if is_right {
                expr! {
                    for t {
                        let h[-1] = 0.1;
                        let h = tan(0.5 * h[t - 1] + x[t]);
                    }
                    [h[t] for t]
                }
            } else {
                expr! {
                    for t {
                        let h[-1] = 0.1;
                        let h = self::wrong_tan(0.5 * h[t - 1] + x[t]);
                    }
                    [h[t] for t]
                }
            };
            y.into()
        })
    };
    check(true).assert_right();
    assert_eq!(worst(&check(false)).name, "x");
}

#[test]
fn the_report_names_the_input_the_index_and_the_line_of_the_error() {
    let line = Cell::new(0);
    let x = Point::new("x", &[2, 3], vec![0.3, -0.2, 0.5, 0.9, -0.8, 0.1]);
    let report = Gradcheck::new().check(&[x], |inputs| {
        let (y, at) = with_an_error(inputs[0].reshape((2, 3)));
        line.set(at);
        y.into()
    });
    let worst = worst(&report);
    assert_eq!((worst.name.as_str(), worst.oracle), ("x", Oracle::CentralDifference));
    assert_eq!(worst.index, [worst.element / 3, worst.element % 3]);
    assert_eq!(worst.output, Some(worst.element / 3));
    assert!((worst.analytic / worst.expected - 1.001).abs() < 1e-6);
    let place = worst.place.expect("the line is found");
    assert_eq!((place.file, place.line), (file!(), line.get()));
    let text = report.right().expect_err("a mismatch").to_string();
    for part in ["the gradient of `x` at [", "step", "error", "gradcheck.rs"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn random_projections_find_what_the_jacobian_would() {
    let x = vec![0.3, -0.2, 0.5, 0.9, -0.8, 0.1];
    let check = Gradcheck::new().projections(3);
    let wrong =
        check.check(from_ref(&x), |inputs| with_an_error(inputs[0].reshape((2, 3))).0.into());
    assert!(worst(&wrong).place.is_some());
    let right = check.check(&[x], |inputs| layers::rmsnorm(inputs[0].reshape((2, 3))).into());
    right.assert_right();
    assert_eq!(right.compared, 3);
}

#[test]
fn a_large_function_is_checked_by_projections() {
    let x: Vec<f64> = (0..2000).map(|n| f64::from(n).sin()).collect();
    let report = gradcheck(&[x], |inputs| {
        let x = inputs[0];
        expr!([tanh(x[i]) for i]).into()
    });
    report.assert_right();
    assert_eq!(report.compared, 16);
}

#[test]
fn a_function_that_is_not_the_same_twice_is_found() {
    let calls = Cell::new(0.0);
    let report = gradcheck(&[vec![1.0]], |inputs| {
        calls.set(calls.get() + 1e-15);
        let (x, drift) = (inputs[0], calls.get());
        expr!([x[i] * (1 + drift) for i]).into()
    });
    assert_eq!(worst(&report).oracle, Oracle::SecondRun);
}

#[test]
fn two_inputs_that_are_one_array_are_told_apart() {
    // Which is which is asked of the handle, as no layer should.
    let report = gradcheck(&[vec![0.5, 0.25], vec![0.5, 2.0]], |inputs| {
        let (x, y) = (inputs[0], inputs[1]);
        let tape = x.tape();
        let same = tape.inference(|| {
            x.update(|values, _| values[0] += 1.0);
            let same = y.at([0]).data() == x.at([0]).data();
            x.update(|values, _| values[0] -= 1.0);
            same
        });
        if same { expr!(sum(2 * x[i] for i)).into() } else { expr!(sum(x[i] * y[i] for i)).into() }
    });
    assert_eq!(worst(&report).oracle, Oracle::Aliasing);
}

#[test]
fn single_precision_has_its_own_tolerance() {
    let (single, double) = (Tolerance::of::<f32>(), Tolerance::default());
    assert!(single.relative > 100.0 * double.relative && single.exact > 100.0 * double.exact);
    let x = vec![0.3, -1.2, 2.0];
    Gradcheck::<f32>::default()
        .check(from_ref(&x), |inputs| {
            let x = inputs[0];
            expr!([exp(x[i]) * x[j] for i, j]).into()
        })
        .assert_right();
    let wrong = Gradcheck::<f32>::default().check(&[x], |inputs| {
        let x = inputs[0];
        expr!([exp(x[i]) * stop(x[j]) for i, j]).into()
    });
    assert!(worst(&wrong).error() > 0.1);
}

/// Wrong only in single precision, as a sum that cancels would be.
struct Cancelling;

impl Layer for Cancelling {
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
        let x = inputs[0];
        let big = T::of(1e9);
        expr!([(x[i] + big - big) * x[i] for i]).into()
    }
}

/// Of which the dual numbers know the derivative.
struct WrongTangent;

impl Layer for WrongTangent {
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
        let x = inputs[0];
        expr!([self::wrong_tan(x[i] / 4) for i]).into()
    }
}

#[test]
fn a_layer_is_held_against_dual_numbers_and_single_precision() {
    let x = vec![0.3, -1.2, 2.0];
    let found = |report: Report, oracle| report.mismatches.iter().any(|one| one.oracle == oracle);
    let check = Gradcheck::new();
    assert!(found(check.check_layer(from_ref(&x), &Cancelling), Oracle::DoublePrecision));
    assert!(found(check.check_layer(&[x], &WrongTangent), Oracle::DualNumbers));
}

mod one_line_each {
    use super::*;
    use microgpt::layers::{attention, rmsnorm};

    /// A layer as a user would first write it.
    fn gated<'t>(
        gate: Matrix<'t, usize, usize>,
        x: Matrix<'t, usize, usize>,
    ) -> Matrix<'t, usize, usize> {
        expr!([sigmoid(gate[t, i]) * x[t, i] for t, i])
    }

    gradcheck_layer!(gated, gate: [t, n], x: [t, n]);
    gradcheck_layer!(<T> rmsnorm, x: [t, n]);
    gradcheck_layer!(<T> causal = attention(q, k, v, 0), q: [t, h, j], k: [t, h, j], v: [t, h, j]);
}

mod second_order {
    use microgpt::gradcheck::{Derivative, Gradcheck, Layer, Oracle, Outputs, Report, check_op};
    use microgpt::{Real, Vector, expr, op};

    op! {
        /// A cube whose local gradient is right, and made of a constant: it has no derivative.
        detached(x in 0.5..2.0) -> y {
            forward: x * x * x,
            gradient: [3.0 * x * T::of(x.as_f64())],
        }
    }

    op! {
        /// A product whose local gradients are right, and of which one is a constant.
        one_sided(x in 0.5..2.0, y in 0.5..2.0) -> z {
            forward: x * y,
            gradient: [y, T::of(x.as_f64())],
        }
    }

    struct Detached;

    impl Layer for Detached {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            let x = inputs[0];
            let y = expr!([tanh(x[i]) for i]);
            let z = expr!([self::detached(y[i]) + y[i] for i]);
            expr!([sum(z[j] for j) * z[i] for i]).into()
        }
    }

    struct OneSided;

    impl Layer for OneSided {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            let (x, y) = (inputs[0], inputs[1]);
            expr!([self::one_sided(x[i], y[i]) for i]).into()
        }
    }

    fn of_second_order(report: &Report) -> usize {
        let found = report.mismatches.iter();
        found.filter(|one| one.derivative == Derivative::HessianProduct).count()
    }

    #[test]
    fn a_local_gradient_of_a_constant_is_found() {
        let x = vec![0.5, -1.0, 0.25];
        let report = Gradcheck::new().check_layer(std::slice::from_ref(&x), &Detached);
        // To first order all is right.
        assert_eq!(of_second_order(&report), report.mismatches.len());
        let worst = report.worst().expect("a wrong product");
        assert_eq!(worst.oracle, Oracle::CentralDifference);
        let place = worst.place.as_ref().expect("the `expr!`");
        let text = include_str!("gradcheck.rs");
        let line = text.lines().position(|line| line.contains("self::detached(y[i])"));
        assert_eq!(place.line as usize, 1 + line.expect("a line"));
        let told = report.right().unwrap_err().to_string();
        assert!(told.contains("the Hessian-vector product of `input 0` at ["), "{told}");
        assert!(told.contains("but the central difference is ") && told.contains("of gradients"));
        // Where nobody wants it, it is no fault.
        let check = Gradcheck::new().first_order("a test of this");
        let report = check.check_layer(&[x], &Detached);
        report.assert_right();
        assert_eq!(report.second_order.left_out, Some("a test of this"));
        assert_eq!(report.second_order.compared, 0);
    }

    #[test]
    fn a_hessian_that_is_not_symmetric_is_found() {
        let report = Gradcheck::new().check_layer(&[vec![1.5, 0.5], vec![2.0, 1.0]], &OneSided);
        assert_eq!(of_second_order(&report), report.mismatches.len());
        let found = |oracle| report.mismatches.iter().any(|one| one.oracle == oracle);
        assert!(found(Oracle::Symmetry) && found(Oracle::CentralDifference), "{report:?}");
        let told = report.mismatches.iter().find(|one| one.oracle == Oracle::Symmetry);
        let told = told.expect("it is found").to_string();
        assert!(told.starts_with("the Hessian is not symmetric: u·H·v is "), "{told}");
    }

    #[test]
    fn an_op_is_checked_to_second_order() {
        for op in [detached::OP, one_sided::OP] {
            let report = check_op(&op, 3);
            assert_eq!(of_second_order(&report), report.mismatches.len());
            assert!(of_second_order(&report) >= 4, "{report:?}");
            Gradcheck::new().first_order("a test of this").check_op(&op).assert_right();
        }
    }

    microgpt::gradcheck_op!(
        #[first_order = "a test of this"]
        detached_is_right = detached
    );

    struct Kinks;

    impl Layer for Kinks {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            let x = inputs[0];
            // The gradient of the first jumps at 0, that of the second kinks there.
            expr!([relu(x[i]) + relu(x[i])^2 * x[j] for i, j]).into()
        }
    }

    #[test]
    fn where_a_gradient_jumps_or_kinks_nothing_is_decided_and_the_rest_is() {
        let report = Gradcheck::new().check_layer(&[vec![0.0, 1.5, -2.0, 0.0, 0.5]], &Kinks);
        report.assert_right();
        let second = &report.second_order;
        assert!(second.compared >= 4 && second.undecided + second.kinks >= 2, "{second:?}");
        // Beside the kink all is decided, however near it is.
        for near in [1e-3, 1e-6, 1e-9] {
            let report = Gradcheck::new().check_layer(&[vec![near, -near, 0.7]], &Kinks);
            report.assert_right();
            assert_eq!(report.second_order.undecided, 0, "{near}: {report:?}");
            assert!(report.second_order.compared >= 5, "{near}: {report:?}");
        }
    }

    struct Linear;

    impl Layer for Linear {
        fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
            let x = inputs[0];
            expr!([x[i] + 3 * x[j] for i, j]).into()
        }
    }

    #[test]
    fn a_linear_layer_has_second_derivatives_of_zero() {
        let report = Gradcheck::new().check_layer(&[vec![0.5, -2.0]], &Linear);
        report.assert_right();
        assert_eq!(report.second_order.undecided, 0);
        assert_eq!(report.second_order.zeros, 4);
    }
}
