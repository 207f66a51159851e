//! An empty range is empty, wherever it begins; what is counted is what an index really takes; and what is
//! computed for no value is not computed.

use microgpt::gradcheck::gradcheck;
use microgpt::{Numbers, Tape, expr, layers};

use super::panic_of;

const NOTHING: [f64; 0] = [];

#[test]
fn an_empty_range_may_begin_anywhere() {
    let v = [1.0, 2.0, 3.0];
    let (n, w) = (3usize, 4usize);
    assert_eq!(expr!(sum(v[i] for i in 5..n)), 0.0);
    assert_eq!(expr!(prod(v[i] for i in 5..n)), 1.0);
    assert_eq!(*expr!([v[i + {w}] - v[i] for i in 0..n - w]), NOTHING);
    assert_eq!(*expr!([exp(v[i + {w}]) for i in 0..n - w]), NOTHING);
    assert_eq!(*expr!([sum(v[s + 7] * v[s] for s in t..2) for t in 2..5]), [0.0; 3]);
    assert_eq!(
        *expr!([sum(if v[s] > 0 { v[s] } else { 1 } for s in t + 9..3) for t in 0..2]),
        [0.0; 2]
    );
    let (m, none) = (Numbers::new((2usize, 3usize), vec![1.0; 6]), [0.0; 0]);
    assert_eq!(*expr!([sum(m[t, s] * v[s] for s in t + 4..3) for t]), [0.0; 2]);
    assert_eq!(*expr!([sum(m[t, i + 1] * none[i] for i) for t]), [0.0; 2]);
    assert_eq!(*expr!([sum(m[t, s] * m[u, s] for s in 5..n) for t, u]), [0.0; 4]);
}

#[test]
fn an_empty_range_has_no_gradient() {
    let tape = Tape::new();
    let v = tape.vector(vec![1.0, 2.0, 3.0]);
    let y = expr!([sum(v[s]^2 for s in t..2) + max(v[i] for i) for t in 0..4]);
    y.backward_with(&[1.0; 4]);
    assert_eq!(v.grad(), [2.0, 8.0, 4.0]);
    let w = tape.vector(vec![1.0, 2.0, 3.0]);
    expr!(sum(exp(w[i + 3]) for i in 0..3 - {w.size()})).backward();
    assert_eq!(w.grad(), [0.0; 3]);
}

#[test]
fn a_mean_and_a_length_count_what_an_index_takes() {
    let v = [1.0, 2.0, 3.0];
    let n = v.len();
    assert_eq!(*expr!([mean(v[s] for s in t - 1..=t) for t in 0..3]), [1.0, 1.5, 2.5]);
    assert_eq!(*expr!([sum(len(s) for s in t - 1..=t) for t in 0..3]), [1.0, 4.0, 4.0]);
    assert_eq!(*expr!([mean(v[s] for s in 0..=t) for t in 0..3]), [1.0, 1.5, 2.0]);
    assert_eq!(*expr!([mean(v[s] for s in t..n) * len(t) for t in 0..3]), [6.0, 7.5, 9.0]);
    assert_eq!(expr!(sum(len(i) + v[i] for i in 5..n)), 0.0);
    assert_eq!(expr!(mean(v[i] + v[j] for i in 0..3, j in 0..i)), 4.0);
    assert_eq!(expr!(max(v[i] + v[j] for i in 0..3, j in 0..i)), 5.0);
    let variance = expr! {
        let about = mean(v[i] for i);
        let squares = sum((v[i] - about)^2 for i);
        squares / len(i) * len(i) / (len(i) - 1)
    };
    assert_eq!(variance, 1.0);
    gradcheck(&[vec![0.5, -1.0, 2.0]], |inputs| {
        let v = inputs[0];
        expr!([mean(v[s]^2 for s in t - 1..=t) for t in 0..3]).into()
    })
    .assert_right();
}

#[test]
fn a_mean_of_nothing_panics_by_the_name_of_what_was_written() {
    let v = [1.0, 2.0, 3.0];
    let none = [0.0; 0];
    for (text, reduction, index) in [
        (panic_of(|| expr!([mean(v[s] for s in t + 4..3) for t in 0..3])), "mean", "s"),
        (panic_of(|| expr!(mean(none[i] for i))), "mean", "i"),
        (panic_of(|| expr!(mean(v[i] + v[j] for i in 0..1, j in 0..i))), "mean", "i"),
        (panic_of(|| expr!(max(none[i] for i))), "max", "i"),
        (panic_of(|| expr!([min(v[s] for s in 0..t) for t in 0..2])), "min", "s"),
        (panic_of(|| expr!(logsumexp(none[k] for k))), "logsumexp", "k"),
        (panic_of(|| expr!([1 + logsumexp(v[s] for s in t..2) for t in 0..3])), "logsumexp", "s"),
    ] {
        let expected = format!("`{reduction}` over an empty range: index `{index}`");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn what_is_computed_for_no_value_is_not_computed() {
    let x = [0.0; 0];
    let empty = |rows: usize| Numbers::new((rows, 0usize), Vec::<f64>::new());
    let (none, two) = (empty(0), empty(2));
    assert_eq!(*expr!([x[i] * max(x[j] for j) for i]), NOTHING);
    assert_eq!(*expr!([x[i] - logsumexp(x[j] for j) for i]), NOTHING);
    assert_eq!(*expr!([max(none[i, j] for j) for i]), NOTHING);
    assert_eq!(*expr!([mean(none[i, j] for j) + max(none[i, j] for j) for i]), NOTHING);
    let normalised = expr! {
        let about = mean(x[i] for i);
        let scale = (mean((x[i] - about)^2 for i) + 1e-5)^-0.5;
        [(x[i] - about) * exp(scale) for i]
    };
    assert_eq!(*normalised, NOTHING);
    assert!(panic_of(|| expr!([max(two[i, j] for j) for i])).contains("index `j` takes no value"));
    let tape = Tape::new();
    let rows = tape.array((2usize, 0usize), &[]);
    for result in [layers::softmax(rows), layers::rmsnorm(rows), layers::log_softmax(rows)] {
        assert_eq!(result.shape(), (2, 0));
    }
    // Of a shifted array only the elements that are asked for.
    let v = [1.0, 3.0, 2.0];
    let later = expr! {
        let best = [max(v[s] for s in 0..t) for t in 0..4];
        [best[t + 1] for t in 0..3]
    };
    assert_eq!(*later, [1.0, 3.0, 3.0]);
    let text = panic_of(|| {
        expr! {
            let best = [max(v[s] for s in 0..t) for t in 0..4];
            [best[t] for t in 0..3]
        }
    });
    assert!(text.contains("index `s` takes no value"), "{text}");
}

#[test]
fn what_stands_behind_a_side_that_decides_is_not_asked_for() {
    let v = [1.0, -2.0, 3.0, -4.0];
    let n = v.len();
    let plain = |holds: &dyn Fn(usize) -> bool| {
        (0..n).map(|t| if holds(t) { v[t] } else { 0.0 }).collect::<Vec<_>>()
    };
    assert_eq!(
        *expr!([if t == 0 || v[t - 1] < 0 { v[t] } else { 0 } for t]),
        plain(&|t| t == 0 || v[t - 1] < 0.0)
    );
    assert_eq!(
        *expr!([if t + 1 < len(t) && !(v[t + 1] > 0 || t > 0 && v[t - 1] > 0) { v[t] } else { 0 } for t]),
        plain(&|t| t + 1 < n && !(v[t + 1] > 0.0 || t > 0 && v[t - 1] > 0.0))
    );
    // A reduction over no value, and one of terms that a filter leaves out.
    assert_eq!(
        *expr!([if t > 0 && max(v[s] for s in 0..t) < 2 { v[t] } else { 0 } for t in 0..4]),
        plain(&|t| (1..3).contains(&t))
    );
    assert_eq!(
        *expr!([if t > 2 && mean(v[s] for s in 2..t) > 0 || t > 3 { v[t] } else { 0 } for t in 0..4]),
        plain(&|t| t > 2)
    );
    assert_eq!(expr!(sum(v[t] for t where t > 1 && v[t - 2] * v[t] > 0)), -1.0);
    assert_eq!(expr!(max(v[t] for t where t == 3 || v[t + 1] > 0)), -2.0);
    // In a block, of an array of its own before its first step.
    let held = expr! {
        for t { let h = if t > 0 && h[t - 1] > 0 { 0.5 * h[t - 1] } else { v[t] }; }
        [h[t] for t]
    };
    assert_eq!(*held, [1.0, 0.5, 0.25, 0.125]);
    let text = panic_of(|| expr!([if v[t - 1] < 0 || t == 0 { v[t] } else { 0 } for t]));
    assert!(text.contains("its subscript runs from -1"), "{text}");
    let text = panic_of(
        || expr!([if t > 0 || max(v[s] for s in 0..t) < 2 { 1 } else { 0 } for t in 0..4]),
    );
    assert!(text.contains("`max` over an empty range"), "{text}");
    gradcheck(&[vec![0.5, -1.0, 2.0, -0.25]], |inputs| {
        let v = inputs[0];
        expr!([if t > 0 && v[t - 1] < v[t] { v[t] * v[t - 1] } else { v[t]^2 } for t]).into()
    })
    .assert_right();
}

#[test]
fn a_branch_that_is_not_taken_needs_no_value() {
    let v = [-1.0, 3.0, 2.0];
    assert_eq!(
        *expr!([if t > 0 { max(v[s] for s in 0..t) } else { 0 } for t in 0..3]),
        [0.0, -1.0, 3.0]
    );
    assert_eq!(
        *expr!([if v[t] > 0 { mean(v[s] for s in 0..t) } else { 0 } for t in 0..3]),
        [0.0, -1.0, 1.0]
    );
    assert_eq!(
        *expr!([if v[t] > 0 { if t > 1 { max(v[s] for s in 1..t) } else { 5 } } else { 0 } for t in 0..3]),
        [0.0, 5.0, 3.0]
    );
    let text = panic_of(
        || expr!([if t > 1 { max(v[s] for s in 0..t) } else { mean(v[s] for s in 0..t) } for t in 0..3]),
    );
    assert!(text.contains("`mean` over an empty range"), "{text}");
    gradcheck(&[vec![0.5, -1.0, 2.0]], |inputs| {
        let v = inputs[0];
        expr!([if t > 0 { max(v[s] for s in 0..t) * v[t] } else { v[t] } for t in 0..3]).into()
    })
    .assert_right();
}

/// Loops are divided where a condition on their index changes; an element that is off its axis is found all the same.
#[test]
fn a_branch_that_is_taken_is_checked_whatever_decides_it() {
    let tape = Tape::new();
    let x = tape.array((3, 2), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let y = tape.array((3, 2), &[0.5; 6]);
    for text in [
        panic_of(|| expr!([if t > 0 { x[t, i + 1] } else { y[t, i] } for t, i])),
        panic_of(|| expr!([sum(if t < len(t) - 1 { x[t, i + 1] } else { y[t, i] } for t) for i])),
        panic_of(|| {
            expr! {
                for t { let h = [if t > 0 { h[t - 1, i] + x[t, i + 1] } else { y[t, i] } for i]; }
                [h[t, i] for t, i]
            }
        }),
        panic_of(|| {
            expr! {
                for t { let h = [if t == 0 || y[t, 0] < 0 { y[t, i] } else { h[t - 1, i] + x[t, i + 1] } for i]; }
                [h[t, i] for t, i]
            }
        }),
    ] {
        assert!(text.contains("axis 1 of `x` has length 2, but its subscript is 2"), "{text}");
    }
    for text in [
        panic_of(|| expr!([if t > 0 { x[t + 1, i] } else { y[t, i] } for t, i])),
        panic_of(|| expr!([if t != 0 { x[t + 1, i] } else { y[t, i] } for t, i])),
        panic_of(|| expr!([if t < len(t) - 1 { x[t + 2, i] } else { y[t, i] } for t, i])),
    ] {
        assert!(text.contains("axis 0 of `x` has length 3, but its subscript is 3"), "{text}");
    }
    // A range that begins behind 0 may end before its last values would begin.
    let v = [1.0, 2.0, 3.0, 4.0, 5.0];
    for (n, expected) in
        [(0, vec![]), (1, vec![]), (2, vec![]), (3, vec![2.0]), (5, vec![4.0, 5.0, 4.0])]
    {
        let after = expr!([if t < n - 1 { v[t + 1] } else { v[t - 1] } for t in 2..n]);
        assert_eq!(*after, *expected, "{n}");
    }
    let ids = [0, 2, 1];
    let text = panic_of(|| expr!([if t > 0 { x[t, ids[t]] } else { y[t, 0] } for t]));
    assert!(text.contains("axis 1 of `x` has length 2, but its subscript is 2"), "{text}");
    for (rows, expected) in [
        (3, [0.5, 0.5, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0, 0.5, 0.5]),
        (1, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0]),
        (0, [0.0; 12]),
    ] {
        let (x, y) = (x.rows(0, rows), y.rows(0, rows));
        let before = expr!([if t > 0 { x[t - 1, i] } else { y[t, i] } for t, i]).data();
        let after = expr!([if t < len(t) - 1 { x[t + 1, i] } else { y[t, i] } for t, i]).data();
        assert_eq!(
            (before.as_slice(), after.as_slice()),
            (&expected[..2 * rows], &expected[6..][..2 * rows])
        );
    }
}

#[test]
fn a_result_reaches_as_far_as_its_index_does() {
    let v = [1.0, 2.0, 3.0];
    assert_eq!(expr!([v[s] for t in 0..3, s in 2 * t..t + 1]).shape(), (3, 1));
    assert_eq!(
        *expr!([v[t + s] for t in 0..4, s in t..2]),
        [1.0, 2.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(expr!([v[s] for t in 0..0, s in 0..=t + 2]).shape(), (0, 0));
    let text = panic_of(|| expr!([v[t + s] for t in 0..4, s in t..3]));
    assert!(text.contains("its subscript runs from 0 to 4"), "{text}");
}

#[test]
fn elements_go_by_the_values_of_their_index() {
    let x = Numbers::new((2usize, 5usize), (0..10).map(f64::from).collect());
    let of = |ids: [usize; 2]| {
        expr! {
            let c = [10 * x[i, t] for i, t in 1..4];
            [c[1, ids[k]] for k]
        }
    };
    assert_eq!(*of([3, 1]), [80.0, 60.0]);
    for ids in [[0, 1], [1, 4]] {
        let text = panic_of(|| of(ids));
        assert!(text.contains("axis 1 of `c` has length 3 and begins at 1"), "{text}");
    }
    let v = [1.0, 2.0, 3.0, 4.0];
    let product = |n: usize| {
        expr! {
            let c = [v[t] for t in 1..n];
            let d = [2 * v[t] for t in 1..4];
            [c[t] * d[t] for t]
        }
    };
    assert_eq!(*product(4), [8.0, 18.0, 32.0]);
    let text = panic_of(|| product(3));
    assert!(
        text.contains("1..3 (the range of `t` in `c`) and 1..4 (the range of `t` in `d`)"),
        "{text}"
    );
}

#[test]
fn what_is_off_its_axis_in_a_branch_is_named_as_it_was_written() {
    let (x, ids) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [[0usize, 1]]);
    let n = x.len();
    let message = panic_of(|| {
        expr! {
            let d = [x[i] for i in 5..n];
            if x[0] > 0 { d[2] } else { 0 }
        }
    });
    assert_eq!(message, "axis 0 of `d` has length 1 and begins at 5, but its subscript is 2");
    let k = 7;
    let message = panic_of(|| expr!(if x[0] > 0 { x[ids[0, {k}]] } else { 0 }));
    assert_eq!(message, "axis 1 of `ids` has length 2, but its subscript is 7");
}

#[test]
fn a_tuple_may_have_one_element() {
    let x = [1.0, 2.0];
    let (y,) = expr!((sum(x[i] for i),));
    assert_eq!(y, 3.0);
}

#[test]
fn what_no_result_uses_is_not_checked() {
    let v = [1.0, 2.0, 3.0];
    let total = expr! {
        let p = [v[i] for i in 0..3];
        let s = p[2];
        let far = [v[i + 7] for i in 0..3];
        sum(v[i] for i)
    };
    assert_eq!(total, 6.0);
}

#[test]
fn a_band_costs_as_many_numbers_as_it_has() {
    let n = 20_000;
    let numbers: Vec<f64> = (0..n).map(|at| f64::from(at % 17) / 9.0).collect();
    let tape = Tape::default();
    let x = tape.vector(&numbers);
    let before = tape.bytes();
    let y = expr!([logsumexp(x[r] - x[s] for r in s - 2..=s) for s]);
    expr!(sum(y[s] for s)).backward();
    // Values and gradients of some arrays of three numbers for each `s`, where all `r` would be 400 million.
    assert!(tape.bytes() - before < 100 * 8 * numbers.len(), "{} bytes", tape.bytes());
    let all = y.data();
    for s in [0, 1, 2, 7, numbers.len() - 1] {
        let terms = numbers[s.saturating_sub(2)..=s].iter().map(|r| (r - numbers[s]).exp());
        let expected: f64 = terms.sum::<f64>().ln();
        assert!((all[s] - expected).abs() < 1e-14, "{s}: {} and {expected}", all[s]);
    }
}

#[test]
fn an_empty_range_of_a_branch_that_no_step_takes_is_not_asked_for() {
    let (x, w) = ([1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 0.5, 2.0]);
    let h = expr! {
        for t { let h = x[t] + if t > 0 { max(h[r] * w[r] for r in 0..t) } else { 0 }; }
        [h[t] for t]
    };
    assert_eq!(*h, [1.0, 3.0, 4.0, 6.0]);
    let h = expr! {
        for t { let h = x[t] + if t > 0 { max(h[r] * w[r] for r in t - 2..t) } else { 0 }; }
        [h[t] for t]
    };
    assert_eq!(*h, [1.0, 3.0, 4.0, 6.0]);
    // A step that takes it has no value.
    let message = panic_of(|| {
        expr! {
            for t { let h = x[t] + if t >= 0 { max(h[r] * w[r] for r in 0..t) } else { 0 }; }
            h[len(t) - 1]
        }
    });
    assert_eq!(message, "`max` over an empty range: index `r` takes no value");
}
