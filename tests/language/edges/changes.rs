//! What a record has read and its backward pass reads again may not change in between.

use microgpt::dual::Dual;
use microgpt::{Adam, Real, Tape, expr};

use super::panic_of;

#[test]
fn one_value_counts_through_whatever_handle() {
    let tape = Tape::new();
    let x = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    let changes: [&dyn Fn(); 4] = [
        &|| x.at([1, 0]).as_array().update(|values, _| values[0] += 1.0),
        &|| x.reshape((4usize,)).update(|values, _| values[3] += 1.0),
        &|| x.block(1, (2usize, 1usize)).update(|values, _| values[1] += 1.0),
        &|| x.update(|values, _| values[2] -= 1.0),
    ];
    for change in changes {
        let y = expr!(sum(x[i, j]^2 for i, j));
        y.backward();
        change();
        let text = panic_of(|| y.backward());
        assert!(text.starts_with("`x` of ") && text.matches("changes.rs").count() == 2, "{text}");
    }
}

#[test]
fn what_the_record_has_not_read_may_change() {
    let tape = Tape::new();
    let weights = tape.vector(vec![1.0, 2.0, 3.0, 4.0, 5.0]);
    let (a, b) = (weights.block(0, (2usize,)), weights.block(3, (2usize,)));
    let y = expr!(sum(a[i] * b[i] for i));
    // The block that is shown holds both; what changes lies between them.
    weights.update(|values, _| values[2] = 10.0);
    y.backward();
    assert_eq!(weights.grad(), [4.0, 5.0, 0.0, 1.0, 2.0]);
    weights.update(|values, _| (values[2], values[4]) = (11.0, 6.0));
    assert!(panic_of(|| y.backward()).contains("`b` of"));
    // What came later than the change is not concerned, nor is what came later than the record.
    let z = expr!(sum(a[i] * b[i] for i));
    let late = tape.vector([1.0, 2.0]);
    late.update(|values, _| values.fill(9.0));
    z.backward();
}

#[test]
fn values_are_compared_to_the_bit() {
    let tape = Tape::new();
    let x = tape.vector([0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    let (y, same) = (expr!([x[i]^2 for i]), x.data());
    x.update(|values, gradients| {
        values.copy_from_slice(&same);
        gradients.fill(0.0);
    });
    y.at([2]).backward();
    assert_eq!(x.grad()[2], f64::INFINITY);
    x.update(|values, _| values[0] = -0.0);
    assert!(panic_of(|| y.at([2]).backward()).contains("`x` of"));
}

#[test]
fn a_tangent_is_a_part_of_the_value() {
    let tape = Tape::<Dual>::default();
    let x = tape.array((1usize,), &[Dual::constant(2.0)]);
    let y = expr!(x[0] ^ 3);
    x.update(|values, _| values[0] = Dual::new(2.0, 1.0));
    assert!(panic_of(|| y.backward()).contains("`x` of"));
}

#[test]
fn an_update_that_panics_has_changed_what_it_changed() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let (first, second) = (expr!(x[0] ^ 2), expr!(x[1] ^ 2));
    let text = panic_of(|| {
        x.update(|values, _| {
            values[0] = 5.0;
            panic!("halfway");
        });
    });
    assert_eq!((text.as_str(), x.data()), ("halfway", vec![5.0, 2.0]));
    assert!(panic_of(|| first.backward()).contains("`x` of"));
    // Each of both reads all of `x`: which element it asks for is no part of what it is.
    assert!(panic_of(|| second.backward()).contains("`x` of"));
    expr!(x[0] ^ 2).backward();
    assert_eq!(x.grad(), [10.0, 0.0]);
}

#[test]
fn an_operand_is_read_for_the_sake_of_others_with_a_gradient() {
    fn gradient<T: Real>() {
        let tape = Tape::<T>::default();
        let numbers = [T::of(3.0), T::of(4.0)];
        let x = tape.array((2usize,), &numbers);
        let c = [T::of(5.0), T::of(6.0)];
        let linear = expr!(sum(c[i] * x[i] for i) / c[0]);
        let through = expr! {
            let h = [c[i] * x[i] for i];
            [2 * h[i] + c[i] for i]
        };
        x.update(|values, _| values.fill(T::of(10.0)));
        linear.backward();
        through.backward_with(&[T::one(); 2]);
        assert_eq!(x.grad(), [T::of(11.0), T::of(13.2)]);
        // The same equations, with an operand that has a gradient itself.
        let c = tape.array((2usize,), &c);
        let bilinear = expr!(sum(c[i] * x[i] for i));
        x.update(|values, _| values[1] = T::one());
        assert!(panic_of(|| bilinear.backward()).contains("`x` of"));
    }
    gradient::<f64>();
    gradient::<Dual>();
}

#[test]
fn what_the_backward_pass_keeps_of_its_own_it_does_not_read_again() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 5.0, 2.0]);
    let (greatest, part) = (expr!(max(x[i] for i)), expr!(x[1]));
    let negated = -x.at([2]);
    let all = tape.concatenate(&[x, x], (6,));
    x.update(|values, _| values.copy_from_slice(&[9.0, 0.0, 3.0]));
    greatest.backward();
    part.backward();
    negated.backward();
    all.backward_with(&[1.0; 6]);
    assert_eq!(x.grad(), [2.0, 4.0, 1.0]);
}

#[test]
fn a_condition_is_read() {
    let tape = Tape::new();
    let (x, gate) = (tape.vector([1.0, 2.0]), tape.vector([1.0, -1.0]));
    let y = expr!(sum(if gate[i] > 0 { x[i] } else { 0 } for i));
    y.backward();
    assert_eq!(x.grad(), [1.0, 0.0]);
    gate.update(|values, _| values.reverse());
    assert!(panic_of(|| y.backward()).contains("`gate` of"));
}

#[test]
fn results_may_change_unless_their_record_or_a_later_one_reads_them() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let (twice, root) = expr!(([2 * x[i] for i], [sqrt(x[i]) for i]));
    twice.update(|values, _| values.fill(7.0));
    twice.backward_with(&[1.0, 1.0]);
    assert_eq!(x.grad(), [2.0, 2.0]);
    let used = expr!(sum(twice[i]^2 for i));
    twice.update(|values, _| values.fill(8.0));
    assert!(panic_of(|| used.backward()).contains("`twice` of"));
    root.update(|values, _| values.fill(8.0));
    assert!(panic_of(|| root.at([0]).backward()).contains("`result"));
}

#[test]
fn a_record_without_a_gradient_is_not_asked() {
    let tape = Tape::new();
    let (x, y) = (tape.value(2.0), tape.value(3.0));
    let (of_x, of_y) = (expr!(x ^ 2), expr!(y ^ 2));
    let both = expr!([if i < 1 { of_x } else { of_y } for i in 0..2]);
    x.as_array().update(|values, _| values[0] = 0.0);
    both.at([1]).backward();
    assert_eq!((x.grad(), y.grad()), (0.0, 6.0));
    assert!(panic_of(|| both.at([0]).backward()).contains("`x` of"));
}

#[test]
fn an_optimiser_changes_what_it_moves() {
    let tape = Tape::<f32>::default();
    let weights = tape.vector(vec![1.0, 2.0]);
    let loss = expr!(sum(weights[i]^2 for i));
    let mut adam = Adam::default();
    loss.backward();
    adam.step(weights, 0.0);
    // Nothing has moved yet.
    loss.backward();
    adam.step(weights, 0.1);
    let text = panic_of(|| loss.backward());
    assert!(text.contains("`weights` of") && !text.contains("adam.rs"), "{text}");
}

#[test]
fn a_long_loop_of_updates_keeps_its_memory() {
    let tape = Tape::new();
    let x = tape.vector(vec![1.0; 100]);
    let kept = expr!(sum(x[i]^2 for i));
    let mark = tape.mark();
    let work = |step: f64| {
        for at in 0..100 {
            x.at([at]).as_array().update(|values, _| values[0] = step);
        }
        let y = expr!(sum(x[i]^2 for i));
        y.backward();
        tape.rewind(mark);
    };
    work(2.0);
    let bytes = tape.bytes();
    (3..50).for_each(|step| work(f64::from(step)));
    assert_eq!(tape.bytes(), bytes);
    assert!(panic_of(|| kept.backward()).contains("`x` of"));
}
