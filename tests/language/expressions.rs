//! The language: what each form means, its gradient, and what it says when lengths do not fit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use approx::assert_relative_eq;
use microgpt::gradcheck::{Gradcheck, Outputs, Report};
use microgpt::{Array, Const, Matrix, Numbers, Tape, Vector, expr};
use proptest::prelude::*;

/// Checks the gradient of a function of several vectors.
fn check(
    inputs: &[&[f64]],
    function: impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) -> Report {
    let inputs: Vec<Vec<f64>> = inputs.iter().map(|input| input.to_vec()).collect();
    let report = Gradcheck::new().seed(11).check(&inputs, function);
    report.assert_right();
    report
}

/// The message with which something panics.
fn message<R>(work: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).err().expect("it panics");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

const A: [f64; 6] = [0.5, -1.5, 2.0, 0.25, 3.0, -0.75];
const B: [f64; 6] = [1.25, 0.5, -2.0, 4.0, -0.5, 1.0];

#[test]
fn a_dot_product_over_the_root_of_a_number() {
    let tape = Tape::new();
    let (q, k, d) = (tape.vector([1.0, 2.0]), tape.vector([3.0, 4.0]), 2.0);
    let score = expr!(q·k / sqrt(d));
    assert_relative_eq!(score.data(), 11.0 / 2f64.sqrt());
    assert_eq!(expr!(dot(q, k)).data(), 11.0);
}

const LEN: usize = 3;
static SHIFT: [f64; 3] = [1.0, 2.0, 3.0];

#[test]
fn constants_are_operands_like_others() {
    const SCALE: f64 = 2.0;
    fn sums<const N: usize>(x: Vector<'_, Const<N>>) -> Vec<f64> {
        expr!([sum(x[s] * SCALE for s in 0..=t) / len(t) for t in 0..N]).data()
    }
    let (tape, n) = (Tape::new(), 1);
    let x = tape.vector([1.0, 2.0, 4.0]);
    assert_eq!(expr!([x[t] * SCALE + SHIFT[t] for t in 0..LEN]).data(), [3.0, 6.0, 11.0]);
    assert_eq!(expr!([x[N - 1] + N for N in n..LEN]).data(), [2.0, 4.0]);
    assert_eq!(sums(tape.vector([4.0, 8.0]).reshape((Const::<2>,))), [4.0, 12.0]);
}

#[test]
fn one_record_however_large_the_expression() {
    let tape = Tape::new();
    let x = tape.array((4, 8), &[0.5; 32]);
    let before = tape.records();
    let _ = expr! {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        let y = [exp(x[t, i] * scale[t]) for t, i];
        sum(y[t, i] / sum(y[t, j] for j) for t, i)
    };
    assert_eq!(tape.records(), before + 1);
}

#[test]
fn power_binds_tightest_and_groups_from_the_right() {
    let (x, y) = (3.0, 2.0);
    assert_eq!(expr!(-x ^ 2), -9.0);
    assert_eq!(expr!(2 * x ^ y ^ y), 162.0);
    assert_eq!(expr!(x ^ -1 * 6 - 1 - 1), 0.0);
    assert_eq!(expr!(-x ^ -y), -1.0 / 9.0);
}

#[test]
fn reductions_mean_what_they_say() {
    let x: [f64; 4] = [3.0, -1.0, 5.0, 1.0];
    assert_eq!(expr!(sum(x[i] for i)), 8.0);
    assert_eq!(expr!(mean(x[i] for i)), 2.0);
    assert_eq!(expr!(max(x[i] for i)), 5.0);
    assert_eq!(expr!(min(x[i] for i)), -1.0);
    let y: Vec<f64> = x.iter().map(|x| x.exp()).collect();
    assert_relative_eq!(expr!(logsumexp(x[i] for i)), y.iter().sum::<f64>().ln());
    assert_eq!(expr!(norm(x[i] for i)), 6.0);
    let m = [[1.0, 4.0], [4.0, 2.0]];
    assert_eq!(expr!(max(m[i, j] for i, j)), 4.0);
    assert_eq!(expr!(mean(m[i, j] for i, j)), 2.75);
}

#[test]
fn reductions_have_gradients() {
    check(&[&A], |x| {
        let x = x[0];
        (
            (expr!(sum(x[i]^2 for i)), expr!(mean(x[i]^3 for i))),
            ((expr!(max(x[i] for i)), expr!(min(x[i]^2 for i))), expr!(logsumexp(x[i] for i))),
        )
            .into()
    });
    check(&[&A], |x| {
        let x = x[0].reshape((2, 3));
        (expr!([max(x[i, j] for i) for j]), expr!(logsumexp(2 * x[i, j] for i, j))).into()
    });
    check(&[&A], |x| {
        let x = x[0].reshape((2, 3));
        (expr!([norm(x[i, j] for i) for j]), expr!(norm(x[i, j]^2 for i, j))).into()
    });
}

#[test]
fn at_its_corner_a_norm_has_no_gradient() {
    let tape = Tape::new();
    let x = tape.matrix([[0.0, 0.0], [0.0, -2.0]]);
    let norms = expr!([norm(x[t, i] for i) for t]);
    assert_eq!(norms.data(), [0.0, 2.0]);
    norms.backward_with(&[1.0, 1.0]);
    assert_eq!(x.grad(), [0.0, 0.0, 0.0, -1.0]);
}

#[test]
fn a_reduction_chooses_its_terms_by_where() {
    let x = [3.0, -1.0, 5.0, 1.0];
    assert_eq!(expr!(sum(x[i] for i where x[i] > 0)), 9.0);
    assert_eq!(expr!(mean(x[i] for i where x[i] > 0)), 3.0);
    assert_eq!(expr!(max(x[i] for i where x[i] < 4 && i > 0)), 1.0);
    assert_eq!(expr!(sum(1 for i where x[i] > 0)), 3.0);
    let pairs = expr!([mean(x[i] * x[j] for i, j where i < j && j <= t) for t in 1..4]);
    assert_eq!(*pairs, [-3.0, 7.0 / 3.0, 14.0 / 6.0]);
    // Only the terms that are taken are computed.
    assert_eq!(expr!(sum(x[i - 1] for i in 0..4 where i > 0)), 7.0);
    assert_eq!(expr!(sum(x[i] for i where x[i] > 9)), 0.0);
    assert_eq!(
        message(|| expr!(max(x[i] for i where x[i] > 9))),
        "`max` over an empty range: index `i` takes no value"
    );
    assert_eq!(
        message(|| expr!([mean(x[i] for i where i >= t) for t in 0..5])),
        "`mean` over an empty range: index `i` takes no value"
    );
    // Where no element asks for it there need be no term.
    let masked = expr!([if t < 4 { mean(x[i] for i where i >= t) } else { 0 } for t in 0..5]);
    assert_eq!(*masked, [2.0, 5.0 / 3.0, 3.0, 1.0, 0.0]);
    check(&[&A], |x| {
        let x = x[0].reshape((2, 3));
        (
            expr!([mean(x[t, i]^2 for i where i != t) for t]),
            (
                expr!([max(x[t, i] for t, i where i > t && s >= 0) for s in 0..2]),
                expr!(logsumexp(x[t, i] * x[t, j] for t, i, j where i < j)),
            ),
        )
            .into()
    });
}

#[test]
fn ids_and_integers_are_numbers_too() {
    let (x, n, target) = ([[3.0, 1.0, 2.0], [0.5, 4.0, 3.0]], 3, [2, 1]);
    assert_eq!(expr!(sum(x[0, i] for i in 0..n) / n), 2.0);
    assert_eq!(expr!(n * sum(x[0, i] for i in 0..n)), 18.0);
    assert_eq!(*expr!([target[t] * x[t, target[t]] for t]), [4.0, 4.0]);
    assert_eq!(*expr!([x[t, 0] + 10 * target[1 - t] + 0 * x[t, target[t]] for t]), [13.0, 20.5]);
    // Along a row, and next to what gathers.
    assert_eq!(
        *expr!([target[t] + i + 0 * x[t, target[t]] for i in 0..2, t]),
        [2.0, 1.0, 3.0, 2.0]
    );
    let margin = expr!([
        sum(max(0, 1 + x[t, i] - x[t, target[t]]) for i where i != target[t]) for t
    ]);
    assert_eq!(*margin, [2.0, 0.0]);
    assert_eq!(
        message(|| expr!([target[t + 1] * x[0, target[t]] for t])),
        "axis 0 of `target` has length 2, but its subscript runs from 1 to 2"
    );
    let ids = [1, 0];
    check(&[&A], |x| {
        let x = x[0].reshape((2, 3));
        expr!([sum(x[t, i] * ids[t] for i where i > ids[t]) - x[t, ids[t]] for t]).into()
    });
}

#[test]
fn of_equal_maxima_the_first_receives_the_gradient() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 7.0, 7.0, 7.0]);
    expr!(max(x[i] for i)).backward();
    assert_eq!(x.grad(), [0.0, 1.0, 0.0, 0.0]);
    let y = tape.matrix([[2.0, 9.0], [9.0, 2.0]]);
    expr!(max(y[i, j] for j, i)).backward();
    assert_eq!(y.grad(), [0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn empty_ranges() {
    let tape = Tape::new();
    let x = tape.vector(Vec::new());
    assert_eq!(expr!(sum(x[i] for i)).data(), 0.0);
    assert_eq!(expr!(norm(x[i] for i)).data(), 0.0);
    assert_eq!(expr!([x[i] * 2 for i]).data(), Vec::<f64>::new());
    assert_eq!(
        message(|| expr!(max(x[i] for i))),
        "`max` over an empty range: index `i` takes no value"
    );
    assert_eq!(
        message(|| expr!(mean(x[i] for i))),
        "`mean` over an empty range: index `i` takes no value"
    );
    let y = tape.vector([1.0, 2.0, 3.0]);
    assert_eq!(
        message(|| expr!([max(y[s] for s in t + 4..3) for t in 0..2])),
        "`max` over an empty range: index `s` takes no value"
    );
    // Of no column there is no maximum to take.
    let none = x.reshape((0, 0));
    assert_eq!(expr!([max(none[i, h] for i) for h]).data(), Vec::<f64>::new());
    let none = x.reshape((0, 4));
    assert_eq!(
        message(|| expr!([min(none[i, h] for i) for h])),
        "`min` over an empty range: index `i` takes no value"
    );
}

#[test]
fn stated_ranges() {
    let x = [1.0, 4.0, 9.0, 16.0];
    let n = x.len();
    // As in Python, an array begins with the first value of its index.
    assert_eq!(*expr!([x[i] for i in 1..n]), [4.0, 9.0, 16.0]);
    assert_eq!(*expr!([x[i + 1] - x[i] for i in 0..n - 1]), [3.0, 5.0, 7.0]);
    assert_eq!(*expr!([x[i] - x[i - 1] for i in 1..{x.len()}]), [3.0, 5.0, 7.0]);
    assert_eq!(*expr!([x[3 - i] for i in 0..=3]), [16.0, 9.0, 4.0, 1.0]);
    check(&[&A], |x| {
        let x = x[0];
        (
            expr!([x[i + 1] * x[i] for i in 0..5]),
            expr!([sum(x[i + 2 * k] for k in 0..3) for i in 0..2]),
        )
            .into()
    });
}

#[test]
fn ragged_ranges() {
    let x = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(*expr!([sum(x[s] for s in 0..=t) for t in 0..4]), [1.0, 3.0, 6.0, 10.0]);
    // What no index reaches is 0.
    let rows = expr!([x[s] + x[t] for t, s in 0..=t]);
    assert_eq!(rows.len(), 16);
    assert_eq!(rows[[1, 0]], 3.0);
    assert_eq!(rows[[1, 2]], 0.0);
    // A range never begins below 0.
    assert_eq!(*expr!([sum(x[s] for s in t - 1..=t) for t in 0..4]), [1.0, 3.0, 5.0, 7.0]);
    check(&[&A, &B], |x| {
        let (x, y) = (x[0], x[1]);
        (
            expr!([sum(x[s] * y[t] for s in 0..=t) for t]),
            expr! {
                let w = [exp(x[t] - y[s]) for t, s in 0..=t];
                [sum(w[t, s] * x[s] for s in 0..=t) / sum(w[t, s] for s) for t]
            },
        )
            .into()
    });
}

/// Sums of products over ranges long enough to be cut into blocks: the values against plain loops, and
/// the gradients.
#[test]
fn long_ragged_ranges() {
    const N: usize = 36;
    fn two(x: Vector<'_, usize>) -> Matrix<'_, usize, usize> {
        x.reshape((x.size() / 2, 2))
    }
    fn square(x: Vector<'_, usize>) -> Matrix<'_, usize, usize> {
        x.reshape((N, N))
    }
    let number = |at: usize| ((at * 7919 + 5) % 31) as f64 / 16.0 - 1.0;
    let p: Vec<f64> = (0..N * N).map(number).collect();
    let v: Vec<f64> = (3..3 + 2 * (N + 4)).map(number).collect();
    let tape = Tape::new();
    let (ps, vs) = (square(tape.vector(&p)), two(tape.vector(&v)));
    let plain = |low: &dyn Fn(usize) -> usize, high: &dyn Fn(usize) -> usize, offset: usize| {
        let row = |t: usize| {
            let sum = |j: usize| -> f64 {
                (low(t)..high(t)).map(|s| p[t * N + s] * v[2 * (s + offset) + j]).sum()
            };
            [sum(0), sum(1)]
        };
        (0..N).flat_map(row).collect::<Vec<f64>>()
    };
    let agree = |values: Vec<f64>, expected: Vec<f64>| {
        assert_eq!(values.len(), expected.len());
        for (one, other) in values.iter().zip(&expected) {
            assert_relative_eq!(*one, *other, max_relative = 1e-12, epsilon = 1e-13);
        }
    };
    let causal = expr!([sum(ps[t, s] * vs[s + 1, j] for s in 0..=t) for t, j]);
    agree(causal.data(), plain(&|_| 0, &|t| t + 1, 1));
    let anticausal = expr!([sum(ps[t, s] * vs[s, j] for s in t..N) for t, j in 0..2]);
    agree(anticausal.data(), plain(&|t| t, &|_| N, 0));
    let falling = expr!([sum(ps[t, s] * vs[s, j] for s in N - t..N) for t, j in 0..2]);
    agree(falling.data(), plain(&|t| N - t, &|_| N, 0));
    let late = expr!([sum(ps[t, s] * vs[s, j] for s in 2..=t) for t in 3..N, j in 0..2]);
    agree(late.data(), plain(&|_| 2, &|t| t + 1, 0).split_off(6));
    check(&[&p[..], &v[..]], |x| {
        let (ranges, v) = (square(x[0]), two(x[1]));
        (
            expr!([sum(ranges[t, s] * v[s + 1, j] for s in 0..=t) for t, j]),
            (
                expr!([sum(ranges[t, s] * v[s, j] for s in N - t..N) for t, j in 0..2]),
                expr!([sum(ranges[t, s] * v[s, j] for s in 2..=t) for t in 3..N, j in 0..2]),
            ),
        )
            .into()
    });
    check(&[&p[..40], &v[..]], |x| {
        let (long, v) = (x[0], two(x[1]));
        (
            expr!([sum(v[t, j] * v[s, j] for j) for t in 0..N, s in t - 4..=t]),
            expr!([sum(long[t + s - 3] * v[s, j] for s in 3 - t..4) for t in 0..N, j]),
        )
            .into()
    });
}

/// A block of results would be written over another where rows and columns meet in one axis.
#[test]
fn gradients_that_overlap_add_up() {
    let number = |at: usize| ((at * 7919 + 5) % 31) as f64 / 16.0 - 1.0;
    let x: Vec<f64> = (0..40).map(number).collect();
    let p: Vec<f64> = (1..=36 * 36).map(number).collect();
    let tape = Tape::new();
    let (ones, w) = (tape.vector([1.0; 4]), tape.array((2, 1), &[1.0; 2]));
    let y = expr!([sum(ones[t + k] * w[k, o] for k in 0..2) for t in 0..3, o]);
    y.backward_with(&[1.0; 3]);
    assert_eq!(ones.grad(), [1.0, 2.0, 2.0, 1.0]);
    check(&[&x[..], &p[..]], |vectors| {
        let (x, p) = (vectors[0], vectors[1].reshape((36, 36)));
        let w = vectors[1].block(7, (4, 5));
        (
            expr!([sum(x[t + k] * w[k, o] for k in 0..4) for t in 0..37, o]),
            expr!([sum(p[t, s] * x[s + j] for s in 0..=t) for t in 0..36, j in 0..4]),
        )
            .into()
    });
}

#[test]
fn ranges_within_ragged_ranges() {
    let x = [1.0, 2.0, 3.0];
    let y = expr!([sum(sum(x[r] for r in 0..=s) for s in 0..=t) for t in 0..3]);
    assert_eq!(*y, [1.0, 4.0, 10.0]);
    check(&[&A], |x| {
        let x = x[0];
        (
            expr!([sum(exp(x[s] * x[r] / 4) for r in 0..=s) * x[t] for t, s in 0..=t]),
            expr!([logsumexp(x[r] * x[s] for r in 0..=t, s in r..=t) for t in 0..4]),
        )
            .into()
    });
}

#[test]
fn a_gather_scatters_its_gradient_and_repeated_ids_add_up() {
    let tape = Tape::new();
    let table = tape.array((3, 2), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let ids = [2, 0, 2];
    let rows = expr!([table[ids[t], i] for t, i]);
    assert_eq!(rows.data(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    rows.backward_with(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    assert_eq!(table.grad(), [2.0, 20.0, 0.0, 0.0, 4.0, 40.0]);
    check(&[&A], |x| {
        let x = x[0];
        let ids = vec![5, 1, 1, 0];
        expr!([x[ids[t]]^2 * x[ids[s]] for t, s]).into()
    });
    assert_eq!(
        message(|| expr!([table[{vec![0, 3]}[t], i] for t, i])),
        "ids[1] is 3, but axis 0 of `table` has length 3"
    );
}

#[test]
fn intermediates_and_stop() {
    check(&[&A, &B], |x| {
        let (x, y) = (x[0], x[1]);
        expr! {
            let n = sum(x[i]^2 for i);
            let scale = (n + 1)^-0.5;
            let z = [x[i] * scale for i];
            let z = [z[i] + y[i] for i];
            [tanh(z[i]) * n for i]
        }
        .into()
    });
    let tape = Tape::new();
    let x = tape.value(3.0);
    expr!(x * stop(x)).backward();
    assert_eq!(x.grad(), 3.0);
}

#[test]
fn several_results_are_one_record() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let (double, total) = expr!(([2 * x[i] for i], sum(x[i] for i)));
    assert_eq!((double.data(), total.data()), (vec![2.0, 4.0], 3.0));
    assert_eq!(tape.records(), 1);
    total.backward();
    assert_eq!(x.grad(), [1.0, 1.0]);
}

#[test]
fn an_index_and_a_length_are_numbers() {
    let x = [1.0, 1.0, 1.0];
    assert_eq!(*expr!([x[i] * i - len(i) for i]), [-3.0, -2.0, -1.0]);
    assert_eq!(expr!(sum(x[i] for i) / len(i)), 1.0);
    assert_eq!(*expr!([sum(s - t for s in 0..=t) for t in 0..3]), [0.0, -1.0, -3.0]);
}

#[test]
fn operands_of_every_kind() {
    struct Weights<'t> {
        w: Matrix<'t, Const<2>, Const<3>>,
        bias: (Vec<f64>,),
    }
    let tape = Tape::new();
    let weights =
        Weights { w: tape.matrix([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), bias: (vec![0.5, -0.5],) };
    let x: &[f64] = &[1.0, 1.0, 1.0];
    let y = expr!([sum(weights.w[o, i] * x[i] for i) + weights.bias.0[o] for o]);
    assert_eq!(y.data(), [6.5, 14.5]);
    y.backward_with(&[1.0, 2.0]);
    assert_eq!(weights.w.grad(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    // Braces hold any Rust, and may use the tape.
    let twice = expr!([{tape.vector([1.0, 2.0])}[i] * {1.0 + 1.0} for i]);
    assert_eq!(twice.data(), [2.0, 4.0]);
    let fixed: Vector<'_, Const<2>> = twice;
    assert_eq!(fixed.size(), 2);
}

#[test]
fn without_a_tracked_operand_plain_numbers_come_back() {
    let total: f64 = expr!(sum({[1.0, 2.0]}[i] for i));
    assert_eq!(total, 3.0);
    let rows: Numbers<(Const<2>, usize)> = {
        let (x, y) = ([1.0, 2.0], vec![3.0, 4.0, 5.0]);
        expr!([x[i] * y[j] for i, j])
    };
    assert_eq!(rows[[1, 2]], 10.0);
    let single: f32 = {
        let x = [1.5f32, 2.5];
        expr!(mean(x[i] for i))
    };
    assert_eq!(single, 2.0);
}

#[test]
fn known_and_unknown_lengths_unify() {
    let tape = Tape::new();
    let known = tape.vector([1.0, 2.0]);
    let unknown = tape.vector(vec![3.0, 4.0]);
    let y: Vector<'_, Const<2>> = expr!([known[i] * unknown[i] for i]);
    let z: Vector<'_, Const<2>> = expr!([unknown[i] * known[i] for i]);
    assert_eq!(y.data(), z.data());
}

#[test]
fn lengths_that_differ_are_named() {
    let (x, y) = (vec![1.0, 2.0], vec![1.0, 2.0, 3.0]);
    assert_eq!(
        message(|| expr!(sum(x[i] * y[i] for i))),
        "index `i` runs over axes of different lengths: 2 (axis 0 of `x`) and 3 (axis 0 of `y`)"
    );
    assert_eq!(
        message(|| expr!(sum(x[i] for i in 0..3))),
        "axis 0 of `x` has length 2, but its subscript runs from 0 to 2"
    );
    assert_eq!(
        message(|| expr!(sum(x[i - 1] for i in 0..2))),
        "axis 0 of `x` has length 2, but its subscript runs from -1 to 0"
    );
    assert_eq!(message(|| expr!(x[2])), "axis 0 of `x` has length 2, but its subscript is 2");
}

#[test]
fn the_panic_is_at_the_line_of_the_expression() {
    let (x, y) = (vec![1.0], vec![1.0, 2.0]);
    let hook = std::panic::take_hook();
    let place = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = place.clone();
    // Other tests panic at the same time, and may put a hook of theirs over this one: it stays.
    let this = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == this {
            *seen.lock().unwrap() =
                info.location().map(|location| (location.file().to_owned(), location.line()));
        } else {
            hook(info);
        }
    }));
    let line = line!() + 1;
    let _ = catch_unwind(AssertUnwindSafe(|| expr!(sum(x[i] * y[i] for i))));
    let (file, at) = place.lock().unwrap().clone().expect("a place");
    assert_eq!((file.as_str(), at), (file!(), line));
}

#[test]
fn choices() {
    let x = [-2.0, 0.0, 3.0];
    assert_eq!(*expr!([if x[i] > 0 { x[i] } else { 0.5 * x[i] } for i]), [-1.0, 0.0, 3.0]);
    assert_eq!(
        *expr!([if i == 1 { 7 } else if i >= 2 { 8 } else { 9 } for i in 0..3]),
        [9.0, 7.0, 8.0]
    );
    assert_eq!(
        *expr!([if (x[i] < 0 || i == 2) && !(i != 2) { 1 } else { 0 } for i]),
        [0.0, 0.0, 1.0]
    );
    assert_eq!(expr!(1 + if x[0] <= x[1] { 2 } else { 3 }), 3.0);
    check(&[&A, &B], |x| {
        let (x, y) = (x[0], x[1]);
        (
            expr!([if x[i] > y[i] { x[i] * y[i] } else { sin(y[i]) + x[i]^2 } for i]),
            expr!(sum(if sum(x[j] for j) > i { x[i] } else { y[i] / x[i] } for i)),
        )
            .into()
    });
}

#[test]
fn a_branch_that_is_not_taken_is_not_computed() {
    let tape = Tape::new();
    let x = tape.vector([4.0, 0.0, -1.0]);
    let y = expr!([if x[i] > 0 { sqrt(x[i]) + ln(x[i]) / x[i] } else { 0 } for i]);
    assert_relative_eq!(y.at([0]).data(), 2.0 + 4f64.ln() / 4.0);
    assert_eq!(y.data()[1..], [0.0, 0.0]);
    y.backward_with(&[1.0; 3]);
    assert_relative_eq!(x.grad()[0], 0.25 + (1.0 - 4f64.ln()) / 16.0);
    assert_eq!(x.grad()[1..], [0.0, 0.0]);
    // Division by what is 0 there, shared and hoisted.
    let z = tape.vector([0.0, 2.0]);
    let scale = expr! {
        let inverse = [if z[i] != 0 { 1 / z[i] } else { 0 } for i];
        sum(inverse[i] * inverse[i] for i)
    };
    scale.backward();
    assert_eq!((scale.data(), z.grad()), (0.25, vec![0.0, -0.25]));
}

#[test]
fn a_causal_convolution_pads_with_a_choice() {
    let (x, w) = ([1.0, 2.0, 3.0, 4.0], [10.0, 1.0]);
    let y = expr!([sum(if t >= k { w[k] * x[t - k] } else { 0 } for k) for t in 0..4]);
    assert_eq!(*y, [10.0, 21.0, 32.0, 43.0]);
    check(&[&A, &B[..3]], |x| {
        let (x, w) = (x[0], x[1]);
        (
            expr!([sum(if t >= k { w[k] * x[t - k] } else { 0 } for k) for t in 0..6]),
            expr!([sum(if t >= k { exp(w[k] * x[t - k]) } else { x[t] } for k) for t]),
        )
            .into()
    });
    let short = [1.0];
    assert_eq!(
        message(|| expr!([if t < 3 { short[t] } else { 0 } for t in 0..3])),
        "axis 0 of `short` has length 1, but its subscript is 1"
    );
}

#[test]
fn products() {
    let x = [2.0, -3.0, 0.5];
    assert_eq!(expr!(prod(x[i] for i)), -3.0);
    assert_eq!(expr!(prod(x[i] for i in 0..0)), 1.0);
    check(&[&A, &B], |x| {
        let (x, y) = (x[0].reshape((2, 3)), x[1].reshape((2, 3)));
        (expr!([prod(x[i, j] + y[i, j] for j) for i]), expr!(prod(x[i, j] for i, j))).into()
    });
    // No division: zeros among the factors are no matter.
    let tape = Tape::new();
    let one_zero = tape.vector([2.0, 0.0, 5.0]);
    expr!(prod(one_zero[i] for i)).backward();
    assert_eq!(one_zero.grad(), [0.0, 10.0, 0.0]);
    let two_zeros = tape.vector([2.0, 0.0, 0.0]);
    expr!(prod(two_zeros[i] for i)).backward();
    assert_eq!(two_zeros.grad(), [0.0, 0.0, 0.0]);
}

#[test]
fn an_operand_may_be_used_twice() {
    check(&[&A], |x| {
        let (x, again) = (x[0], x[0]);
        (expr!(x·x), expr!([x[i] * again[i] + x[i] for i])).into()
    });
}

#[test]
fn arrays_of_up_to_six_axes() {
    let tape = Tape::new();
    let data: Vec<f64> = (0..64).map(f64::from).collect();
    let x: Array<'_, (usize, usize, usize, usize, usize, usize)> =
        tape.array((2, 2, 2, 2, 2, 2), &data);
    let y = expr!([x[a, b, c, d, e, f] for f, e, d, c, b, a]);
    assert_eq!(y.at([1, 0, 0, 0, 0, 0]).data(), 1.0);
    assert_eq!(expr!(sum(x[a, b, c, d, e, f] for a, b, c, d, e, f)).data(), 2016.0);
}

#[test]
fn names_in_the_users_code_do_not_matter() {
    #![allow(non_camel_case_types, dead_code, unused_variables)]
    struct Vec;
    struct Option;
    let (real, own, below, store, size, row, position, start) = (1, 2, 3, 4, 5, 6, 7, 8);
    let sum = [1.0, 2.0];
    let d_x = [3.0, 4.0];
    let x = 2.0;
    let values = [1.0, 1.0];
    assert_eq!(expr!(sum(sum[i] * d_x[i] * x * values[i] for i)), 22.0);
    let tape = Tape::new();
    let d_x = tape.vector([1.0, 2.0]);
    let x = tape.vector([3.0, 4.0]);
    expr!(sum(d_x[i] * x[i] for i)).backward();
    assert_eq!((d_x.grad(), x.grad()), (x.data(), d_x.data()));
}

#[test]
#[allow(unused_qualifications)]
fn the_crate_may_go_by_another_name() {
    use ::microgpt as gpt;
    mod microgpt {}
    let tape = gpt::Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let y = gpt::expr!(sum(gpt::ops::tanh(x[i]) * x[i] for i,));
    assert_eq!(y.data(), 1f64.tanh() + 2.0 * 2f64.tanh());
}

proptest! {
    #[test]
    fn a_contraction_over_any_sizes(
        rows in 0usize..6, inner in 0usize..20, columns in 0usize..6, seed in any::<u64>(),
    ) {
        let mut random = microgpt::PythonRandom::new(seed);
        let mut draw = |n: usize| (0..n).map(|_| random.gauss(0.0, 1.0)).collect::<Vec<_>>();
        let (a, b) = (draw(rows * inner), draw(inner * columns));
        let plain: Vec<f64> = (0..rows * columns)
            .map(|at| {
                let (r, c) = (at / columns, at % columns);
                (0..inner).map(|i| a[r * inner + i] * b[i * columns + c]).sum()
            })
            .collect();
        let tape = Tape::new();
        let (x, y) = (tape.array((rows, inner), &a), tape.array((inner, columns), &b));
        let product = expr!([sum(x[r, i] * y[i, c] for i) for r, c]);
        for (one, other) in product.data().iter().zip(&plain) {
            prop_assert!((one - other).abs() < 1e-12 * (1.0 + other.abs()));
        }
        if rows * inner * columns > 0 {
            Gradcheck::new().seed(seed).check(&[a, b], |inputs| {
                let x = inputs[0].reshape((rows, inner));
                let y = inputs[1].reshape((inner, columns));
                expr!([sum(x[r, i] * y[i, c] for i) for r, c]).into()
            })
            .assert_right();
        }
    }

    /// A convolution over several channels: in the gradient of `x` the windows of two positions overlap.
    #[test]
    fn windows_over_any_sizes(
        batch in 1usize..4, positions in 1usize..12, width in 1usize..4, channels in 1usize..6,
        outputs in 1usize..6, seed in any::<u64>(),
    ) {
        let steps = (positions + 1).saturating_sub(width);
        let mut random = microgpt::PythonRandom::new(seed);
        let mut draw = |n: usize| (0..n).map(|_| random.gauss(0.0, 1.0)).collect::<Vec<_>>();
        let (x, w) = (draw(batch * positions * channels), draw(outputs * width * channels));
        let cotangents = draw(batch * steps * outputs);
        let (mut y, mut to_x, mut to_w) =
            (vec![0.0; cotangents.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        for (at, cotangent) in cotangents.iter().enumerate() {
            let (b, t, o) = (at / outputs / steps, at / outputs % steps, at % outputs);
            for k in 0..width {
                for i in 0..channels {
                    let (of_x, of_w) =
                        ((b * positions + t + k) * channels + i, (o * width + k) * channels + i);
                    y[at] += w[of_w] * x[of_x];
                    to_x[of_x] += cotangent * w[of_w];
                    to_w[of_w] += cotangent * x[of_x];
                }
            }
        }
        let tape = Tape::new();
        let x = tape.array((batch, positions, channels), &x);
        let w = tape.array((outputs, width, channels), &w);
        let ours =
            expr!([sum(w[o, k, i] * x[b, t + k, i] for k, i) for b, t in 0..{steps}, o]);
        ours.backward_with(&cotangents);
        for (ours, plain) in [(ours.data(), y), (x.grad(), to_x), (w.grad(), to_w)] {
            for (one, other) in ours.iter().zip(&plain) {
                prop_assert!((one - other).abs() < 1e-12 * (1.0 + other.abs()), "{one} {other}");
            }
        }
    }
}
