//! The tape: what accumulates, what is reused, and what happens to handles that outlive a rewind.

use microgpt::{Tape, Value, expr};

#[test]
fn gradients_of_leaves_add_up_over_backward_passes() {
    let tape = Tape::new();
    let x = tape.value(3.0);
    let y = x * x;
    y.backward();
    y.backward();
    assert_eq!(x.grad(), 12.0);
    assert_eq!(y.grad(), 1.0);
    (x * 5.0).backward();
    assert_eq!(x.grad(), 17.0);
}

#[test]
fn what_does_not_lead_to_the_root_gets_no_gradient() {
    let tape = Tape::new();
    let x = tape.value(0.0);
    let infinite = x.ln();
    let y = x * 2.0;
    y.backward();
    assert_eq!(x.grad(), 2.0);
    assert_eq!(infinite.grad(), 0.0);
}

#[test]
fn a_leaf_made_after_results_keeps_its_gradient() {
    let tape = Tape::new();
    let x = tape.value(2.0);
    let y = x * 3.0;
    let late = tape.value(5.0);
    let z = y * late;
    z.backward();
    z.backward();
    assert_eq!((x.grad(), late.grad()), (30.0, 12.0));
}

#[test]
fn parameters_outlive_a_step_and_its_memory_is_reused() {
    let tape = Tape::new();
    let w = tape.vector([1.0, 2.0]);
    let mark = tape.mark();
    let mut len = None;
    for step in 1..=3 {
        let loss = expr!(sum(w[i]^2 for i));
        loss.backward();
        assert_eq!(w.grad()[0], 2.0 * f64::from(step));
        let used = tape.len();
        assert_eq!(*len.get_or_insert(used), used);
        tape.rewind(mark);
        assert_eq!((tape.len(), tape.records()), (2, 0));
    }
    assert_eq!(w.data(), [1.0, 2.0]);
}

#[test]
#[should_panic(expected = "was forgotten by a rewind")]
fn a_handle_that_was_rewound_does_not_read_what_came_after_it() {
    let tape = Tape::new();
    let mark = tape.mark();
    let stale = tape.value(1.0);
    tape.rewind(mark);
    let _fresh = tape.value(2.0);
    let _ = stale.data();
}

#[test]
#[should_panic(expected = "was forgotten by a rewind")]
fn a_handle_that_was_rewound_is_no_operand() {
    let tape = Tape::new();
    let mark = tape.mark();
    let stale = tape.vector([1.0]);
    tape.rewind(mark);
    let _fresh = tape.vector([2.0]);
    let _ = expr!(sum(stale[i] for i));
}

#[test]
#[should_panic(expected = "was forgotten by a rewind")]
fn an_inner_rewind_forgets_only_what_lies_above_it() {
    let tape = Tape::new();
    let outer = tape.mark();
    let kept = tape.value(1.0);
    let inner = tape.mark();
    let _ = tape.value(2.0);
    tape.rewind(inner);
    assert_eq!(kept.data(), 1.0);
    tape.rewind(outer);
    let _ = tape.value(3.0);
    let _ = kept.data();
}

#[test]
#[should_panic(expected = "was itself rewound")]
fn a_mark_that_was_rewound_is_refused() {
    let tape = Tape::new();
    let outer = tape.mark();
    let _ = tape.value(1.0);
    let stale = tape.mark();
    tape.rewind(outer);
    let _ = tape.value(2.0);
    tape.rewind(stale);
}

#[test]
#[should_panic(expected = "two different tapes")]
fn operands_of_two_tapes_are_refused() {
    let (one, other) = (Tape::new(), Tape::new());
    let (x, y) = (one.value(1.0), other.value(2.0));
    let _ = x + y;
}

#[test]
#[should_panic(expected = "two different tapes")]
fn operands_of_two_tapes_are_refused_in_an_expression() {
    let (one, other) = (Tape::new(), Tape::new());
    let (x, y) = (one.value(1.0), other.value(2.0));
    let _ = expr!(x + y);
}

#[test]
fn inference_records_nothing() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let y = tape.inference(|| expr!(sum(x[i] for i)));
    assert_eq!((y.data(), tape.records()), (3.0, 0));
    let z = expr!(sum(x[i] for i) * y);
    z.backward();
    assert_eq!(x.grad(), [3.0, 3.0]);
}

#[test]
fn numbers_stand_on_either_side_of_an_operator() {
    let tape = Tape::<f32>::default();
    let x = tape.value(4.0);
    let y = 1.0 + x * 2.0 - 3.0 / x;
    assert_eq!(y.data(), 8.25);
    y.backward();
    assert_eq!(x.grad(), 2.0 + 3.0 / 16.0);
}

#[test]
fn an_element_of_an_array_shares_its_gradient() {
    let tape = Tape::new();
    let x = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    (x.at([0, 1]) * x.at([1, 0])).backward();
    assert_eq!(x.grad(), [0.0, 3.0, 2.0, 0.0]);
}

#[test]
#[should_panic(expected = "no element [0, 2] in an array of shape [2, 2]")]
fn an_element_beyond_an_axis_is_refused() {
    let tape = Tape::new();
    let _ = tape.matrix([[1.0, 2.0], [3.0, 4.0]]).at([0, 2]);
}

#[test]
#[should_panic(expected = "has 6 values, not 5")]
fn an_array_needs_as_many_values_as_its_shape_has() {
    let tape = Tape::new();
    let _ = tape.array((2, 3), &[0.0; 5]);
}

#[test]
fn a_concatenation_gives_each_part_its_gradient() {
    let tape = Tape::new();
    let (x, y) = (tape.vector(vec![1.0, 2.0]), tape.vector(vec![3.0]));
    let squares = expr!([x[i]^2 for i]);
    let all = tape.concatenate(&[squares, y, squares], (5,));
    assert_eq!(all.data(), [1.0, 4.0, 3.0, 1.0, 4.0]);
    all.backward_with(&[1.0, 10.0, 100.0, 1000.0, 10_000.0]);
    assert_eq!(y.grad(), [100.0]);
    assert_eq!(x.grad(), [2.0 * 1001.0, 4.0 * 10_010.0]);
}

#[test]
fn parts_of_any_age_can_be_concatenated() {
    let tape = Tape::new();
    // Blocks with a rewind between each and the next.
    let parts: Vec<_> = (0..6)
        .map(|at| {
            let part = tape.vector(vec![f64::from(at); 2]);
            let mark = tape.mark();
            let _ = tape.vector(vec![9.0; 3]);
            tape.rewind(mark);
            part
        })
        .collect();
    let all = tape.concatenate(&parts, (12,));
    assert_eq!(all.data(), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
    all.backward_with(&[0.5; 12]);
    assert!(parts.iter().all(|part| part.grad() == [0.5, 0.5]));
}

#[test]
#[should_panic(expected = "3 values cannot take the shape [2, 2] of 4 values")]
fn a_concatenation_must_fill_its_shape() {
    let tape = Tape::new();
    let (x, y) = (tape.vector(vec![1.0, 2.0]), tape.vector(vec![3.0]));
    let _ = tape.concatenate(&[x, y], (2, 2));
}

#[test]
#[should_panic(expected = "arrays on different tapes")]
fn a_concatenation_is_of_one_tape() {
    let (tape, other) = (Tape::new(), Tape::new());
    let _ = tape.concatenate(&[other.vector(vec![1.0])], (1,));
}

#[test]
fn values_add_up_multiply_compare_and_print() {
    let tape = Tape::new();
    let x = [2.0, 3.0, 4.0].map(|x| tape.value(x));
    let (sum, product) = (x.iter().sum::<Value<'_>>(), x.into_iter().product::<Value<'_>>());
    (sum * product).backward();
    assert_eq!((sum.data(), product.data()), (9.0, 24.0));
    assert_eq!(x.map(Value::grad), [24.0 + 9.0 * 12.0, 24.0 + 9.0 * 8.0, 24.0 + 9.0 * 6.0]);
    assert_eq!((format!("{sum}"), format!("{:.2}", x[0])), ("9".into(), "2.00".into()));
    assert!(x[0] < x[1] && x[2] == 4.0 && x[0] <= 2.0 && x[1] != x[2]);
    let nan = tape.value(f64::NAN);
    assert!(nan != nan && nan.partial_cmp(&x[0]).is_none());
    x[0].set(5.0);
    assert_eq!(((x[0] + 0.0).data(), sum.data()), (5.0, 9.0));
}

#[test]
#[should_panic(expected = "the sum of no values is on no tape")]
fn no_values_have_no_sum() {
    let _ = std::iter::empty::<Value<'_>>().sum::<Value<'_>>();
}
