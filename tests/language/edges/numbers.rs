//! Infinities where they are the answer, NaN never swallowed, and a zero adjoint is zero.

use microgpt::expr::where_at;
use microgpt::ops::{self, TABLE};
use microgpt::{Real, Tape, Value, expr, layers};

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn same(one: f64, other: f64) -> bool {
    one == other || one.is_nan() && other.is_nan()
}

#[test]
fn nan_is_never_swallowed() {
    assert!(ops::relu(NAN).is_nan() && ops::clamp(NAN, 0.0, 1.0).is_nan());
    assert!(ops::max(1.0, NAN).is_nan() && ops::max(NAN, 1.0).is_nan());
    assert!(ops::min(1.0, NAN).is_nan() && ops::min(NAN, 1.0).is_nan());
    for op in TABLE.iter().filter(|op| !["pow", "hypot", "atan2"].contains(&op.name)) {
        for at in 0..op.arguments.len() {
            let mut point: Vec<f64> = op.arguments.iter().map(|(_, range)| range.start).collect();
            point[at] = NAN;
            let ignored = ["leaky_relu", "elu"].contains(&op.name) && at == 1;
            assert!((op.forward)(&point).is_nan() || ignored, "{} at {point:?}", op.name);
        }
    }
    for length in 1..40 {
        for place in 0..length {
            let mut x: Vec<f64> = (0..length).map(|n| (n * 7 % 11) as f64).collect();
            x[place] = NAN;
            let rows = microgpt::Numbers::new((length, 1), x.clone());
            assert!(expr!(max(x[i] for i)).is_nan() && expr!(min(x[i] for i)).is_nan());
            assert!(expr!([max(rows[i, j] for i) for j])[0].is_nan());
            let tape = Tape::new();
            let v = tape.vector(&x);
            expr!(max(v[i] for i)).backward();
            let mut expected = vec![0.0; x.len()];
            expected[place] = 1.0;
            assert_eq!(v.grad(), expected);
        }
    }
}

#[test]
fn clamp_is_what_its_documentation_says() {
    for (x, low, high) in [(3.0, 2.0, 1.0), (0.0, 2.0, 1.0), (0.5, -1.0, 1.0), (-3.0, -1.0, 1.0)] {
        assert_eq!(ops::clamp(x, low, high), f64::min(f64::max(x, low), high));
    }
    assert_eq!(ops::clamp::gradient([3.0, 2.0, 1.0], 1.0), [0.0, 0.0, 1.0]);
    assert_eq!(ops::clamp::gradient([0.0, 2.0, 3.0], 2.0), [0.0, 1.0, 0.0]);
}

#[test]
fn ends_of_the_ops() {
    type Unary = (fn(f64) -> f64, fn([f64; 1], f64) -> [f64; 1]);
    let smooth: [Unary; 3] = [
        (ops::gelu, ops::gelu::gradient),
        (ops::gelu_tanh, ops::gelu_tanh::gradient),
        (ops::silu, ops::silu::gradient),
    ];
    for (function, gradient) in smooth {
        assert_eq!((function(-INFINITY), gradient([-INFINITY], 0.0)[0]), (0.0, 0.0));
        assert_eq!((function(INFINITY), gradient([INFINITY], INFINITY)[0]), (INFINITY, 1.0));
        assert_eq!((gradient([-1e200], 0.0)[0], gradient([1e200], 1e200)[0]), (0.0, 1.0));
    }
    let x = 1e22_f32;
    assert!((ops::acosh::gradient([x], ops::acosh(x))[0] - 1e-22).abs() < 1e-28);
    let tiny = 1e-23_f32;
    let angle = ops::atan2::gradient([tiny, tiny], ops::atan2(tiny, tiny));
    assert!((angle[0] - 5e22).abs() < 1e17 && (angle[1] + 5e22).abs() < 1e17, "{angle:?}");
    assert_eq!(ops::hypot(-INFINITY, 1.0), INFINITY);
    assert_eq!(ops::hypot::gradient([-INFINITY, 1.0], INFINITY), [-1.0, 0.0]);
    assert_eq!(ops::atan2::gradient([1.0, INFINITY], 0.0), [0.0, 0.0]);
    assert_eq!(ops::rsqrt::gradient([INFINITY], 0.0)[0], 0.0);
    assert_eq!(ops::pow::gradient([INFINITY, -1.0], 0.0), [0.0, 0.0]);
}

#[test]
fn logsumexp_of_infinities() {
    let of = |x: [f64; 2]| {
        let tape = Tape::new();
        let v = tape.vector(x);
        let y = expr!(logsumexp(v[i] for i));
        y.backward();
        (y.data(), v.grad())
    };
    assert_eq!(of([-INFINITY, -INFINITY]), (-INFINITY, vec![0.0, 0.0]));
    assert_eq!(of([INFINITY, 0.0]).0, INFINITY);
    assert!(of([INFINITY, 0.0]).1.iter().all(|gradient| gradient.is_finite()));
    assert_eq!(of([INFINITY, -INFINITY]).0, INFINITY);
    assert_eq!(of([-INFINITY, 3.0]), (3.0, vec![0.0, 1.0]));
    assert!(of([NAN, 0.0]).0.is_nan() && of([NAN, INFINITY]).0.is_nan());
    // A row of -∞ among others leaves their gradients alone.
    let tape = Tape::new();
    let w = tape.matrix([[1.0, 2.0], [0.5, -1.0]]);
    let mask = [[0.0, 0.0], [-INFINITY, -INFINITY]];
    let y = expr!([logsumexp(w[t, i] + mask[t, i] for i) for t]);
    y.backward_with(&[1.0, 1.0]);
    assert!((w.grad()[..2].iter().sum::<f64>() - 1.0).abs() < 1e-15);
    assert_eq!(w.grad()[2..], [0.0, 0.0]);
}

#[test]
fn a_zero_adjoint_is_zero() {
    let tape = Tape::new();
    let x = tape.value(0.0);
    expr!(max(sqrt(x), 1e-10)).backward();
    assert_eq!(x.grad(), 0.0);
    x.sqrt().max(1e-10).backward();
    assert_eq!(x.grad(), 0.0);
    for (text, y) in [
        ("quotient", expr!(min(1 / x, 5))),
        ("divisor", expr!(if x == 0 { x } else { x / x })),
        ("logarithm", expr!(max(ln(x), 0))),
        ("power", expr!(max(x ^ 0.5, 1))),
    ] {
        let tape_gradient = x.grad();
        y.backward();
        let expected = if text == "divisor" { 1.0 } else { 0.0 };
        assert_eq!(x.grad() - tape_gradient, expected, "{text}");
    }
    // A row of -∞ that the loss does not use, with weights that others share.
    let w = tape.vector([1.0, 2.0]);
    let mask = [[0.0, 0.0], [-INFINITY, -INFINITY]];
    let p = expr! {
        let s = [w[i] + mask[t, i] for t, i];
        let e = [exp(s[t, i] - stop(max(s[t, j] for j))) for t, i];
        [e[t, i] / sum(e[t, j] for j) for t, i]
    };
    p.at([0, 0]).backward();
    assert!(w.grad().iter().all(|gradient| gradient.is_finite()), "{:?}", w.grad());
}

/// Each op in one record and one value at a time, at the ends of both precisions.
fn fused_equals_unfused<T: Real>(
    points: &[f64],
    on_vectors: impl Fn(&Tape<T>, &[Vec<T>]) -> (Vec<T>, Vec<Vec<T>>),
    on_values: impl Fn(&Tape<T>, &[T]) -> (T, Vec<T>),
    arity: usize,
    name: &str,
) {
    let mut rows: Vec<Vec<T>> = vec![vec![]];
    for _ in 0..arity {
        rows = rows
            .iter()
            .flat_map(|row| points.iter().map(|&x| [row.clone(), vec![T::of(x)]].concat()))
            .collect();
    }
    let columns: Vec<Vec<T>> =
        (0..arity).map(|at| rows.iter().map(|row| row[at]).collect()).collect();
    let (values, gradients) = on_vectors(&Tape::default(), &columns);
    for (number, row) in rows.iter().enumerate() {
        let (value, gradient) = on_values(&Tape::default(), row);
        let pairs = gradient.iter().zip(&gradients).map(|(one, all)| (*one, all[number]));
        for (one, other) in pairs.chain([(value, values[number])]) {
            assert!(same(one.as_f64(), other.as_f64()), "{name} at {row:?}: {one} and {other}");
        }
    }
}

const POINTS: [f64; 10] =
    [0.0, -0.0, 5e-324, 1e-300, -1e-300, 1e300, -1e300, INFINITY, -INFINITY, NAN];

#[test]
fn in_one_record_an_op_is_what_it_is_alone_at_every_end() {
    for op in TABLE {
        for seed in [0.0, 1.0] {
            fused_equals_unfused::<f64>(
                &POINTS,
                |tape, columns| {
                    let inputs: Vec<_> = columns.iter().map(|column| tape.vector(column)).collect();
                    let y = (op.on_vectors)(&inputs);
                    let doubled = expr!([seed * y[i] for i]);
                    doubled.backward_with(&vec![1.0; y.size()]);
                    (y.data(), inputs.iter().map(|input| input.grad()).collect())
                },
                |tape, row| {
                    let inputs: Vec<Value<'_>> = row.iter().map(|&x| tape.value(x)).collect();
                    let y = (op.on_values)(&inputs);
                    (y * seed).backward();
                    (y.data(), inputs.iter().map(|input| input.grad()).collect())
                },
                op.arguments.len(),
                op.name,
            );
        }
    }
}

#[test]
fn losses_ignore_what_has_no_weight() {
    let tape = Tape::new();
    let logits = tape.matrix([[-INFINITY, 0.0]]);
    let loss = layers::smoothed_cross_entropy(logits, &[1], &[1.0], 0.0);
    assert_eq!(loss.data(), 0.0);
    loss.backward();
    assert!(logits.grad().iter().all(|gradient| gradient.is_finite()), "{:?}", logits.grad());
    for strange in [-INFINITY, NAN, INFINITY] {
        let logits = tape.matrix([[1.0, 2.0], [strange, strange], [0.5, 0.25]]);
        let plain = tape.matrix([[1.0, 2.0], [0.5, 0.25]]);
        let loss = layers::smoothed_cross_entropy(logits, &[0, 0, 1], &[0.5, 0.0, 0.5], 0.1);
        let without = layers::smoothed_cross_entropy(plain, &[0, 1], &[0.5, 0.5], 0.1);
        assert_eq!(loss.data(), without.data());
        loss.backward();
        without.backward();
        let (gradient, expected) = (logits.grad(), plain.grad());
        assert_eq!([&gradient[..2], &gradient[4..]].concat(), expected);
        assert_eq!(gradient[2..4], [0.0, 0.0]);
        let weighted = layers::weighted_cross_entropy(logits, &[0, 1, 1], &[0.5, 0.0, 0.5]);
        assert!(weighted.data().is_finite(), "{strange}");
    }
}

#[test]
fn products_over_all_others_neither_overflow_nor_vanish() {
    let tape = Tape::new();
    for (x, expected) in [
        ([0.0, 0.0, 1e200, 1e200], [0.0; 4]),
        ([0.0, 1e200, 1e200, 1e-200], [1e200, 0.0, 0.0, 0.0]),
        ([1e-200, 1e-200, 1e200, 1e200], [1e200, 1e200, 1e-200, 1e-200]),
    ] {
        let v = tape.vector(x);
        expr!(prod(v[i] for i)).backward();
        for (gradient, expected) in v.grad().iter().zip(expected) {
            assert!((gradient - expected).abs() <= 1e-15 * expected, "{:?}", v.grad());
        }
    }
}

#[test]
fn positions_are_integers() {
    for position in
        [0, 1, 1 << 24, (1 << 24) + 1, (1 << 31) - 1, 1 << 31, u32::MAX as usize - (1 << 24)]
    {
        assert_eq!(f32::of_position(position).position(), position);
        assert_eq!(f64::of_position(position).position(), position);
        assert!(f32::of_position(position).is_finite());
    }
    let kept = f32::of_position((1 << 24) + 1);
    assert_eq!(where_at(1 << 24, kept, 1.0_f32), 0.0);
    assert_eq!(where_at((1 << 24) + 1, kept, 1.0_f32), 1.0);
}

#[test]
fn sums_of_many_terms_do_not_lose_them() {
    // More than 2^24.
    let n = 17_000_000;
    let ones = vec![[1.0_f32; 2]; n];
    assert_eq!(*expr!([mean(ones[t, i] for t) for i]), [1.0, 1.0]);
    let column = &ones.as_flattened()[..n];
    assert_eq!(expr!(mean(if column[i] > 0 { column[i] } else { 0 } for i)), 1.0);
    let tape = Tape::<f32>::default();
    let bias = tape.vector([0.0_f32, 0.0]);
    expr!(sum(ones[t, i] * bias[i] for t, i)).backward();
    assert_eq!(bias.grad(), [n as f32, n as f32]);
}

#[test]
fn a_row_of_equal_numbers_is_normalised_to_zeros() {
    let tape = Tape::<f32>::default();
    let (gain, bias) = (tape.vector(vec![1.0; 7]), tape.vector(vec![0.0; 7]));
    for about in [1e10_f32, -3e37, 0.1, 1e-30] {
        let x = tape.array((1usize, 7usize), &[about; 7]);
        assert_eq!(layers::layernorm(x, gain, bias).data(), [0.0; 7]);
    }
}
