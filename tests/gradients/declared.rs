//! The tests that `layer!` makes: what is wrong they tell, with all that the layer was called with.

#![allow(unnameable_test_items)] // called here, not by the harness

use microgpt::layer;

fn message(work: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    *panic.expect_err("it panics").downcast::<String>().expect("a message")
}

microgpt::op! {
    /// A square with a slip in its derivative.
    slip(x in 0.5..2.0) -> y {
        forward: x * x,
        gradient: [x],
    }
}

#[test]
fn a_wrong_derivative_is_told_at_the_smallest_sizes() {
    layer! {
        fn slipped(x: [t, i] in 0.5..2.0) -> [t, i] {
            [self::slip(x[t, i]) for t, i]
        }
    }
    let text = message(slipped_has_the_right_gradient);
    assert!(text.starts_with("`slipped` at t = 1, i = 1 (seed 0): "), "{text}");
    assert!(text.contains("the gradient of `x` at [0, 0]"), "{text}");
}

#[test]
fn a_stop_that_changes_the_derivative_is_told() {
    layer! {
        fn stopped(x: [i]) -> [i] {
            [x[i] * stop(x[i]) for i]
        }
    }
    assert!(message(stopped_has_the_right_gradient).starts_with("`stopped` at i = 1 (seed "));
}

#[test]
fn what_was_passed_is_told() {
    layer! {
        fn shifted(
            x: [t, i],
            past: usize in 3..4,
            by: T in 0.5..0.75,
            mask: &[t] in 2.0..3.0,
            id: &[usize; t] in 0..i,
            mode: &str in ["plain"],
        ) -> []
        where s in 0..=t
        {
            sum({T::of((past + mode.len()) as f64)} * by * mask[s] * x[s, id[s]] * stop(x[s, id[s]]) for t, s)
        }
    }
    let text = message(shifted_has_the_right_gradient);
    assert!(text.starts_with("`shifted` at t = 1, i = 1, past = 3, by = 0."), "{text}");
    assert!(text.contains(", mode = \"plain\", mask = [2."), "{text}");
    assert!(text.contains("], id = [0] (seed "), "{text}");
}

#[test]
fn a_panic_is_told() {
    layer! {
        fn few(x: [t, i], past: usize in 2..3) -> [t] {
            [x[t, 0] + x[{past}, 0] for t]
        }
    }
    let text = message(few_has_the_right_gradient);
    assert!(text.starts_with("`few` at t = 1, i = 1, past = 2 (seed "), "{text}");
    assert!(text.contains("axis 0 of `x` in `few` has length 1, but its subscript is 2"), "{text}");
}

/// An axis whose index has a range is as long as that reaches.
#[test]
fn a_range_says_how_long_its_axis_is() {
    layer! {
        fn wide(x: [t], y: [s], past: usize in 2..5, window: usize in 1..3) -> []
        where s in t + past + 1 - window..=2 * t + past
        {
            sum(x[t] * y[s] for t, s)
        }

        fn narrow(x: [t], y: [s]) -> []
        where s in 0..len(t) - t
        {
            sum(x[t] * y[s] for t, s)
        }
    }
    wide_has_the_right_gradient();
    narrow_has_the_right_gradient();
}
