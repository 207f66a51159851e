//! Every layer: its gradient, and its value against a plain computation.

use approx::assert_relative_eq;
use microgpt::gradcheck::{Outputs, Tolerance, gradcheck};
use microgpt::{Numbers, PythonRandom, Tape, Vector, layers};
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
    gradcheck(&draw(seed, sizes), seed, &Tolerance::default(), function).assert_right();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn linear_with_bias(t in 1usize..4, o in 1usize..6, i in 1usize..10, seed: u64) {
        check(seed, &[o * i, o, t * i], |x| {
            layers::linear_with_bias(x[0].reshape((o, i)), x[1], x[2].reshape((t, i))).into()
        });
    }

    #[test]
    fn token_embedding(v in 1usize..5, i in 1usize..5, seed: u64) {
        let ids: Vec<usize> = (0..6).map(|t| t * 7 % v).collect();
        check(seed, &[v * i], |x| layers::token_embedding(x[0].reshape((v, i)), &ids).into());
    }

    #[test]
    fn rotary(t in 1usize..4, h in 1usize..3, j in 1usize..5, past in 0usize..3, seed: u64) {
        check(seed, &[t * h * 2 * j], |x| {
            layers::rotary(x[0].reshape((t, h, 2, j)), past).into()
        });
    }

    #[test]
    fn norms(t in 1usize..4, i in 2usize..9, seed: u64) {
        check(seed, &[t * i, i, i], |x| {
            let rows = x[0].reshape((t, i));
            (layers::rmsnorm_with_gain(rows, x[1]), layers::layernorm(rows, x[1], x[2])).into()
        });
    }

    #[test]
    fn softmaxes(t in 1usize..4, v in 1usize..9, seed: u64) {
        check(seed, &[t * v], |x| {
            let x = x[0].reshape((t, v));
            (layers::softmax(x), layers::log_softmax(x)).into()
        });
    }

    #[test]
    fn smoothed_cross_entropy(v in 1usize..6, smoothing in 0.0..0.5, seed: u64) {
        let target = [Some(0), None, Some(v - 1), Some(v / 2)];
        check(seed, &[4 * v], |x| {
            layers::smoothed_cross_entropy(x[0].reshape((4, v)), &target, smoothing).into()
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
    fn gated_and_smooth_units(t in 1usize..4, m in 1usize..5, i in 1usize..5, seed: u64) {
        check(seed, &[m * i, m * i, i * m, t * i], |x| {
            let x3 = x[3].reshape((t, i));
            let (gate, up) = (x[0].reshape((m, i)), x[1].reshape((m, i)));
            (layers::swiglu(gate, up, x[2].reshape((i, m)), x3), layers::gelu(x3)).into()
        });
    }

    #[test]
    fn dropout(t in 1usize..4, i in 1usize..5, seed: u64) {
        let mask = Numbers::new((t, i), (0..t * i).map(|at| f64::from(at % 3 > 0)).collect());
        check(seed, &[t * i], |x| layers::dropout(x[0].reshape((t, i)), &mask, 0.25).into());
    }

    #[test]
    fn causal_conv1d(
        t in 1usize..6, o in 1usize..3, i in 1usize..3, k in 1usize..5, seed: u64,
    ) {
        check(seed, &[o * i * k, t * i], |x| {
            layers::causal_conv1d(x[0].reshape((o, i, k)), x[1].reshape((t, i))).into()
        });
    }

    #[test]
    fn tied_logits(t in 1usize..4, v in 1usize..5, i in 1usize..5, seed: u64) {
        let ids: Vec<usize> = (0..t).map(|t| t % v).collect();
        check(seed, &[v * i], |x| {
            let wte = x[0].reshape((v, i));
            layers::tied_logits(wte, layers::token_embedding(wte, &ids)).into()
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
    let positions = layers::sinusoidal_positions::<f64>(3, 4, 2);
    assert_relative_eq!(positions[[0, 0]], 2f64.sin());
    assert_relative_eq!(positions[[0, 1]], 2f64.cos());
    assert_relative_eq!(positions[[2, 3]], 0.04f64.cos());
    let tape = Tape::new();
    let x = tape.array((1, 1, 2, 2), &[1.0, 2.0, 3.0, 4.0]);
    let y = layers::rotary(x, 2).data();
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
    let target = [Some(2), Some(0)];
    assert_relative_eq!(layers::smoothed_cross_entropy(logits, &target, 0.0).data(), plain);
    let first = layers::smoothed_cross_entropy(logits, &[Some(2), None], 0.0).data();
    assert_relative_eq!(first, layers::cross_entropy(logits.block(0, (1, 3)), &[2]).data());
}

#[test]
fn a_convolution_reads_backwards() {
    let tape = Tape::new();
    let w = tape.array((1, 1, 2), &[10.0, 1.0]);
    let x = tape.array((3, 1), &[1.0, 2.0, 3.0]);
    assert_eq!(layers::causal_conv1d(w, x).data(), [10.0, 21.0, 32.0]);
}
