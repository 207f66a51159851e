//! Every layer: its gradient, and its value against a plain computation.

use approx::assert_relative_eq;
use microgpt::gradcheck::{Gradcheck, Outputs};
use microgpt::{Const, PythonRandom, Tape, Vector, layers};
use proptest::prelude::*;

fn draw(seed: u64, sizes: &[usize]) -> Vec<Vec<f64>> {
    let mut random = PythonRandom::new(seed);
    sizes.iter().map(|&size| (0..size).map(|_| random.gauss(0.0, 1.0)).collect()).collect()
}

fn check(
    seed: u64,
    sizes: &[usize],
    function: impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) {
    Gradcheck::new().seed(seed).check(&draw(seed, sizes), function).assert_right();
}

/// What the declarations do not say: sizes from which on other loops compute, and calls of several layers.
mod gradient {
    use microgpt::gradcheck_layer;
    use microgpt::layers::{
        attention, causal_conv1d, linear, sliding_window_attention, token_embedding,
    };

    /// Ids from all over a vocabulary, some of them again.
    fn ids(count: usize, vocabulary: usize) -> Vec<usize> {
        (0..count).map(|t| t * 7 % vocabulary).collect()
    }

    gradcheck_layer!(<T> wide_convolution = causal_conv1d(w, x), w: [2, i, k], x: [t, i]);
    gradcheck_layer!(<T> tied = linear(wte, token_embedding(wte, &ids(t, v))), wte: [v, i], _length: [t]);
    // Long enough for ranges with bounds to be cut into blocks.
    gradcheck_layer!(<T> long = attention(q, k, v, 2), q: [33, 1, 2], k: [35, 1, 2], v: [35, 1, 2]);
    gradcheck_layer!(<T> long_window = sliding_window_attention(q, k, v, 0, 9), q: [33, 1, 3], k: [33, 1, 3], v: [33, 1, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn rotary(t in 1usize..4, h in 1usize..3, j in 1usize..5, past in 0usize..3, seed: u64) {
        check(seed, &[t * h * 2 * j], |x| {
            let at: Vec<f64> = (past..past + t).map(|position| position as f64).collect();
            layers::rotary(x[0].reshape((t, h, Const::<2>, j)), &at).into()
        });
    }

    #[test]
    fn sliding_window_attention(
        t in 1usize..5, past in 0usize..4, h in 1usize..3, j in 1usize..4, window in 1usize..5,
        seed: u64,
    ) {
        let s = past + t;
        check(seed, &[t * h * j, s * h * j, s * h * j], |x| {
            let q = x[0].reshape((t, h, j));
            let (k, v) = (x[1].reshape((s, h, j)), x[2].reshape((s, h, j)));
            layers::sliding_window_attention(q, k, v, past, window).into()
        });
    }

    #[test]
    fn grouped_query_attention(
        t in 1usize..4, past in 0usize..3, g in 1usize..3, r in 1usize..3, j in 1usize..4,
        seed: u64,
    ) {
        let s = past + t;
        check(seed, &[t * g * r * j, s * g * j, s * g * j], |x| {
            let q = x[0].reshape((t, g, r, j));
            let (k, v) = (x[1].reshape((s, g, j)), x[2].reshape((s, g, j)));
            layers::grouped_query_attention(q, k, v, past).into()
        });
    }

    #[test]
    fn alibi_attention(t in 1usize..4, past in 0usize..3, j in 1usize..4, seed: u64) {
        let s = past + t;
        check(seed, &[t * 2 * j, s * 2 * j, s * 2 * j], |x| {
            let q = x[0].reshape((t, 2, j));
            let (k, v) = (x[1].reshape((s, 2, j)), x[2].reshape((s, 2, j)));
            layers::alibi_attention(q, k, v, &[0.5, 0.25], past).into()
        });
    }

    #[test]
    fn a_window_as_wide_as_the_document_is_causal_attention(
        t in 1usize..5, past in 0usize..3, seed: u64,
    ) {
        let s = past + t;
        let data = draw(seed, &[t * 6, s * 6, s * 6]);
        let tape = Tape::new();
        let q = tape.array((t, 2, 3), &data[0]);
        let (k, v) = (tape.array((s, 2, 3), &data[1]), tape.array((s, 2, 3), &data[2]));
        let whole = layers::attention(q, k, v, past).data();
        let window = layers::sliding_window_attention(q, k, v, past, s).data();
        let flat = layers::alibi_attention(q, k, v, &[0.0, 0.0], past).data();
        let grouped = layers::grouped_query_attention(q.reshape((t, 2, 1, 3)), k, v, past).data();
        for other in [window, flat, grouped] {
            for (one, other) in whole.iter().zip(other) {
                prop_assert!((one - other).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn sinusoids_turn_into_rotations() {
    let tape = Tape::new();
    let x = tape.array((3, 2, Const::<2>), &[1.0; 12]);
    let y = layers::sinusoidal_positions(x, &[2.0, 3.0, 4.0]).data();
    assert_relative_eq!(y[0], 1.0 + 2f64.sin());
    assert_relative_eq!(y[1], 1.0 + 2f64.cos());
    assert_relative_eq!(y[11], 1.0 + 0.04f64.cos());
    let x = tape.array((1, 1, Const::<2>, 2), &[1.0, 2.0, 3.0, 4.0]);
    let y = layers::rotary(x, &[2.0]).data();
    let expected = [
        2f64.cos() - 3.0 * 2f64.sin(),
        2.0 * 0.02f64.cos() - 4.0 * 0.02f64.sin(),
        3.0 * 2f64.cos() + 2f64.sin(),
        4.0 * 0.02f64.cos() + 2.0 * 0.02f64.sin(),
    ];
    for (y, expected) in y.iter().zip(expected) {
        assert_relative_eq!(*y, expected);
    }
}

#[test]
fn smoothing_nothing_is_cross_entropy() {
    let tape = Tape::new();
    let logits = tape.matrix([[1.0, -0.5, 2.0], [0.0, 0.25, -1.0]]);
    let plain = layers::cross_entropy(logits, &[2, 0]).data();
    let smoothed = |weight: &[f64]| layers::smoothed_cross_entropy(logits, &[2, 0], weight, 0.0);
    assert_relative_eq!(smoothed(&[0.5, 0.5]).data(), plain);
    let first = smoothed(&[1.0, 0.0]).data();
    assert_relative_eq!(first, layers::cross_entropy(logits.block(0, (1, 3)), &[2]).data());
}

#[test]
fn a_convolution_reads_backwards() {
    let tape = Tape::new();
    let w = tape.array((1, 1, 2), &[10.0, 1.0]);
    let x = tape.array((3, 1), &[1.0, 2.0, 3.0]);
    assert_eq!(layers::causal_conv1d(w, x).data(), [10.0, 21.0, 32.0]);
}

/// What long ranges are computed by, blocks, against loops over one query at a time.
#[test]
fn attention_of_many_positions_is_that_of_each() {
    let (queries, past, heads, width) = (75, 6, 2, 5);
    let keys = queries + past;
    let row = heads * width;
    let numbers = draw(3, &[queries * row, keys * row, keys * row, queries * row]);
    for window in [keys, 10] {
        let run = |at_once: bool| {
            let tape = Tape::new();
            let [q, k, v] = [(0, queries), (1, keys), (2, keys)]
                .map(|(at, len)| tape.array((len, heads, width), &numbers[at]));
            let attention = |q, past| layers::sliding_window_attention(q, k, v, past, window);
            let outputs = if at_once {
                let all = if window == keys {
                    layers::attention(q, k, v, past)
                } else {
                    attention(q, past)
                };
                all.backward_with(&numbers[3]);
                all.data()
            } else {
                let each = numbers[3].chunks(row).enumerate().map(|(t, cotangent)| {
                    let one = attention(q.block(t * row, (1, heads, width)), past + t);
                    one.backward_with(cotangent);
                    one.data()
                });
                each.collect::<Vec<_>>().concat()
            };
            [outputs, q.grad(), k.grad(), v.grad()].concat()
        };
        for (all, each) in run(true).iter().zip(&run(false)) {
            assert_relative_eq!(*all, *each, max_relative = 1e-11, epsilon = 1e-13);
        }
    }
}

/// Beside a large logit the logarithm of a few tokens is less than a rounding.
#[test]
fn equal_logits_are_equally_likely_however_large_they_are() {
    for about in [0.0_f32, 1e4, -1e10, 1e30, f32::MAX] {
        let tape = Tape::<f32>::default();
        let x = tape.array((2usize, 5usize), &[about; 10]);
        let logarithm = 5f32.ln();
        assert_eq!(layers::softmax(x).data(), [0.2; 10]);
        assert_eq!(layers::log_softmax(x).data(), [-logarithm; 10]);
        let smoothed =
            |smoothing| layers::smoothed_cross_entropy(x, &[1, 4], &[0.5, 0.5], smoothing);
        for loss in [
            layers::cross_entropy(x, &[1, 4]),
            layers::weighted_cross_entropy(x, &[1, 4], &[0.25, 0.75]),
            smoothed(0.0),
            smoothed(0.3),
            smoothed(1.0),
        ] {
            assert_relative_eq!(loss.data(), logarithm, max_relative = 1e-6);
            let before = x.grad();
            loss.backward();
            let after = x.grad();
            // What flows into each row adds up to nothing.
            for row in 0..2 {
                let sum: f32 = (5 * row..5 * row + 5).map(|at| after[at] - before[at]).sum();
                assert!(sum.abs() < 1e-6, "{about}: {after:?}");
            }
        }
    }
}

#[test]
fn what_is_ruled_out_has_no_probability_and_no_gradient() {
    let ruled_out = f64::NEG_INFINITY;
    let tape = Tape::new();
    let x = tape.matrix([[0.5, ruled_out, 1.5], [ruled_out, ruled_out, 2.0]]);
    let probability = layers::softmax(x);
    assert_eq!(probability.data()[1], 0.0);
    assert_eq!(probability.data()[3..], [0.0, 0.0, 1.0]);
    probability.backward_with(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let logs = layers::log_softmax(x);
    assert_eq!(logs.data()[3..], [ruled_out, ruled_out, 0.0]);
    logs.backward_with(&[1.0, 0.0, 2.0, 0.0, 0.0, 3.0]);
    layers::cross_entropy(x, &[2, 2]).backward();
    layers::smoothed_cross_entropy(x, &[0, 2], &[0.5, 0.5], 0.0).backward();
    assert!(x.grad().iter().all(|gradient| gradient.is_finite()), "{:?}", x.grad());
    assert_eq!([1, 3, 4].map(|at| x.grad()[at]), [0.0; 3]);
}

#[test]
fn a_position_without_weight_is_ignored_whatever_its_logits_are() {
    let ignored = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.25];
    for one in ignored {
        for other in ignored {
            let tape = Tape::new();
            let x = tape.matrix([[one, other, one], [0.5, 1.0, -0.5], [other, one, other]]);
            let alone = tape.matrix([[0.5, 1.0, -0.5]]);
            let weighted = layers::weighted_cross_entropy(x, &[0, 2, 1], &[0.0, 0.5, 0.0]);
            let smoothed = layers::smoothed_cross_entropy(x, &[0, 2, 1], &[0.0, 1.0, 0.0], 0.1);
            let expected = layers::smoothed_cross_entropy(alone, &[2], &[1.0], 0.1);
            assert_eq!(smoothed.data(), expected.data());
            assert_eq!(weighted.data(), 0.5 * layers::cross_entropy(alone, &[2]).data());
            (weighted + smoothed).backward();
            (0.5 * layers::cross_entropy(alone, &[2]) + expected).backward();
            let mut gradient = vec![0.0; 9];
            gradient[3..6].copy_from_slice(&alone.grad());
            assert_eq!(x.grad(), gradient, "{one}, {other}");
        }
    }
}

/// Of numbers that are large and close to each other the mean is as far off as they are apart.
#[test]
fn what_is_far_from_zero_is_normalised_as_what_is_near() {
    let offsets: Vec<f32> = (0..11u8).map(|at| f32::from(at * 7 % 11)).collect();
    let normalised = |about: f32| {
        let tape = Tape::<f32>::default();
        let x: Vec<f32> = offsets.iter().map(|x| about + x).collect();
        let x = tape.array((1usize, 11usize), &x);
        let (gain, bias) = (tape.vector(vec![1.0; 11]), tape.vector(vec![0.0; 11]));
        let y = layers::layernorm(x, gain, bias);
        y.backward_with(&offsets);
        (y.data(), x.grad())
    };
    let (values, gradients) = normalised(0.0);
    // The offsets are exact up to 2²⁴.
    for about in [1e3, -1e5, 16_000_000.0] {
        let (far, far_gradients) = normalised(about);
        for (one, other) in values.iter().zip(&far).chain(gradients.iter().zip(&far_gradients)) {
            assert_relative_eq!(*one, *other, max_relative = 1e-5, epsilon = 1e-5);
        }
    }
}
