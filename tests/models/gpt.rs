//! The layers and the whole model: gradients, and that generation token by token computes what
//! training over a whole document does.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use microgpt::gradcheck::{Gradcheck, Outputs, Report};
use microgpt::{
    Activation, Array, Const, Context, Gpt, Instance, Matrix, PythonRandom, Real, Sampler,
    Sampling, Tape, Trainer, Training, Vector, layers,
};
use proptest::prelude::*;

/// Inputs of these sizes, far enough from the kink of a rectifier at 0.
fn draw(random: &mut PythonRandom, sizes: &[usize]) -> Vec<Vec<f64>> {
    sizes.iter().map(|&size| (0..size).map(|_| random.gauss(0.0, 1.0)).collect()).collect()
}

fn check(
    seed: u64,
    sizes: &[usize],
    function: impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) -> Report {
    let inputs = draw(&mut PythonRandom::new(seed), sizes);
    let report = Gradcheck::new().seed(seed).check(&inputs, function);
    report.assert_right();
    report
}

fn ids(random: &mut PythonRandom, count: usize, below: usize) -> Vec<usize> {
    let below = std::num::NonZeroU64::new(below as u64).expect("a vocabulary");
    (0..count).map(|_| usize::try_from(random.randbelow(below)).expect("below a usize")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn linear(t in 1usize..4, o in 1usize..6, i in 1usize..20, seed: u64) {
        let report = check(seed, &[o * i, t * i], |x| {
            layers::linear(x[0].reshape((o, i)), x[1].reshape((t, i))).into()
        });
        prop_assert_eq!(report.kinks, []);
    }

    #[test]
    fn linear_with_a_width_known_to_the_compiler(t in 1usize..4, o in 1usize..6, seed: u64) {
        check(seed, &[o * 16, t * 16], |x| {
            layers::linear(x[0].reshape((o, Const::<16>)), x[1].reshape((t, Const::<16>))).into()
        });
    }

    #[test]
    fn embedding(t in 1usize..6, vocabulary in 1usize..6, i in 1usize..6, past in 0usize..3, seed: u64) {
        let token = ids(&mut PythonRandom::new(seed), t, vocabulary);
        check(seed, &[vocabulary * i, (past + t) * i], |x| {
            let (wte, wpe) = (x[0].reshape((vocabulary, i)), x[1].reshape((past + t, i)));
            let place: Vec<usize> = (past..past + t).collect();
            layers::embedding(wte, wpe, &token, &place).into()
        });
    }

    #[test]
    fn rmsnorm(t in 1usize..4, i in 2usize..20, seed: u64) {
        // Of one number alone it is the sign, whose derivative is too small for differences.
        check(seed, &[t * i], |x| layers::rmsnorm(x[0].reshape((t, i))).into());
    }

    #[test]
    fn attention(t in 1usize..5, past in 0usize..3, h in 1usize..4, j in 1usize..6, seed: u64) {
        let s = past + t;
        let report = check(seed, &[t * h * j, s * h * j, s * h * j], |x| {
            let q = x[0].reshape((t, h, j));
            let (k, v) = (x[1].reshape((s, h, j)), x[2].reshape((s, h, j)));
            layers::attention(q, k, v, past).into()
        });
        prop_assert_eq!(report.kinks, []);
    }

    #[test]
    fn rectifiers(t in 1usize..4, i in 1usize..6, seed: u64) {
        check(seed, &[t * i], |x| {
            let x = x[0].reshape((t, i));
            (layers::relu(x), layers::squared_relu(x)).into()
        });
    }

    #[test]
    fn sums_and_scales(t in 1usize..4, i in 1usize..6, seed: u64) {
        check(seed, &[t * i, t * i, 1], |x| {
            let (one, other) = (x[0].reshape((t, i)), x[1].reshape((t, i)));
            (one + other, one - other * 3.0, -one * x[2].at([0]), 2.0 * one + one).into()
        });
    }

    #[test]
    fn cross_entropy(t in 1usize..5, vocabulary in 1usize..12, seed: u64) {
        let target = ids(&mut PythonRandom::new(seed), t, vocabulary);
        check(seed, &[t * vocabulary], |x| {
            layers::cross_entropy(x[0].reshape((t, vocabulary)), &target).into()
        });
    }

    #[test]
    fn attention_is_causal_and_its_weights_sum_to_one(
        t in 1usize..6, h in 1usize..3, j in 1usize..4, seed: u64,
    ) {
        let inputs = draw(&mut PythonRandom::new(seed), &[t * h * j, t * h * j]);
        let tape = Tape::new();
        let shape = (t, h, j);
        let [q, k] = [&inputs[0], &inputs[1]].map(|x| tape.array(shape, x));
        let ones = tape.array(shape, &vec![1.0; t * h * j]);
        for x in layers::attention(q, k, ones, 0).data() {
            prop_assert!((x - 1.0).abs() < 1e-12);
        }
        // The first position sees itself alone, whatever comes after it.
        let v = tape.array(shape, &inputs[0]);
        let out = layers::attention(q, k, v, 0).data();
        prop_assert_eq!(&out[..h * j], &inputs[0][..h * j]);
    }
}

fn config(vocabulary: usize, n_layer: usize, n_embd: usize, n_head: usize) -> Gpt {
    Gpt { n_layer, n_embd, n_head, block_size: 5, std: 0.4, ..Gpt::new(vocabulary) }
}

#[test]
fn the_gradient_of_the_whole_models_loss() {
    // The default width takes the compiled path.
    for config in [
        config(4, 2, 4, 2),
        config(3, 1, 6, 3),
        Gpt { activation: Activation::SquaredRelu, ..config(4, 1, 4, 1) },
        config(4, 1, 16, 4),
    ] {
        let initial = {
            let tape = Tape::new();
            let gpt = Instance::new(&tape, config, &mut PythonRandom::new(3)).expect("a model");
            gpt.block().data()
        };
        // Longer than the block; of the widest model, which takes as long as all others, few positions.
        let tokens = [2, 0, 1, 1, 2, 0, 2];
        let tokens = if config.n_embd < 16 { &tokens[..] } else { &tokens[..3] };
        let report = Gradcheck::new().seed(9).check(&[initial], |weights| {
            Instance::with_parameters(weights[0], config).expect("a model").loss(&[tokens]).into()
        });
        report.assert_right();
        assert!(report.kinks.len() * 50 < report.compared, "{} kinks", report.kinks.len());
    }
}

#[test]
fn token_by_token_gives_the_logits_of_the_whole_document() {
    for config in [Gpt::new(27), Gpt { n_layer: 3, n_embd: 12, n_head: 3, ..Gpt::new(9) }] {
        let tape = Tape::new();
        let vocabulary = config.vocabulary;
        let gpt = Instance::new(&tape, Gpt { std: 0.5, ..config }, &mut PythonRandom::new(5))
            .expect("a model");
        let tokens = ids(&mut PythonRandom::new(6), 16, vocabulary);
        let whole = gpt.logits(&tokens, &mut Context::document()).data();
        let mut cache = Context::cache(&gpt, 1);
        for (position, token) in tokens.iter().enumerate() {
            let mark = tape.mark();
            let one = gpt.logits(&[*token], &mut cache).data();
            for (one, whole) in one.iter().zip(&whole[position * vocabulary..]) {
                assert_abs_diff_eq!(one, whole, epsilon = 1e-12);
            }
            tape.rewind(mark);
        }
        // Several at a time, too.
        let mut cache = Context::cache(&gpt, 1);
        let first = gpt.logits(&tokens[..5], &mut cache).data();
        let rest = gpt.logits(&tokens[5..], &mut cache).data();
        for (one, whole) in first.iter().chain(&rest).zip(&whole) {
            assert_abs_diff_eq!(one, whole, epsilon = 1e-12);
        }
    }
}

#[test]
fn sizes_known_to_the_compiler_give_the_same_bits() {
    let mut random = PythonRandom::new(1);
    let inputs = draw(&mut random, &[7 * 16, 7 * 16, 64 * 16]);
    let tape = Tape::new();
    let known = |at: usize| tape.array((7, Const::<16>), &inputs[at]);
    let unknown = |at: usize| tape.array((7, 16), &inputs[at]);
    let heads = (7, Const::<4>, Const::<4>);
    assert_eq!(layers::rmsnorm(known(0)).data(), layers::rmsnorm(unknown(0)).data());
    let one = layers::attention(
        known(0).reshape(heads),
        known(1).reshape(heads),
        known(1).reshape(heads),
        0,
    );
    let heads = (7, 4, 4);
    let other: Array<'_, (usize, usize, usize)> = layers::attention(
        unknown(0).reshape(heads),
        unknown(1).reshape(heads),
        unknown(1).reshape(heads),
        0,
    );
    assert_eq!(one.data(), other.data());
    let w: Matrix<'_, Const<64>, Const<16>> = tape.array((Const, Const), &inputs[2]);
    let w_unknown = tape.array((64, 16), &inputs[2]);
    assert_eq!(layers::linear(w, known(0)).data(), layers::linear(w_unknown, unknown(0)).data());
}

#[test]
fn the_default_model_has_4192_parameters() {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(0)).expect("a model");
    assert_eq!(gpt.block().size(), 4192);
    let total: usize = gpt.parameters().iter().map(microgpt::model::Parameter::size).sum();
    assert_eq!(total, 4192);
}

fn learns<T: Real>() -> (f64, f64) {
    let tape = Tape::<T>::default();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let mut trainer = Trainer::new(&gpt, Training { steps: 200, ..Training::default() });
    let tokens = [4, 0, 1, 2, 3, 0, 4];
    let mut learn = || trainer.step(&[&tokens]).expect("a finite loss");
    let first = learn();
    let last = (1..200).map(|_| learn()).last().expect("a step");
    let sampling = Sampling { temperature: 0.1, ..Sampling::default() };
    let sample = Sampler::new(&gpt, 4, sampling, PythonRandom::new(1)).next().expect("endless");
    assert_eq!(sample.expect("numbers"), [0, 1, 2, 3, 0]);
    (first.as_f64(), last.as_f64())
}

#[test]
fn a_document_can_be_learnt_by_heart_in_either_precision() {
    for (first, last) in [learns::<f64>(), learns::<f32>()] {
        assert!((first - 5f64.ln()).abs() < 0.2, "{first}");
        assert!(last < 0.05, "{last}");
    }
}

#[test]
fn a_batch_learns_from_the_mean_of_its_gradients() {
    let documents: [&[usize]; 3] = [&[4, 0, 1, 4], &[4, 2, 4], &[4, 3, 3, 0, 1, 4]];
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let before = gpt.block().data();
    let gradients = documents.map(|tokens| {
        let mark = tape.mark();
        gpt.loss(&[tokens]).backward();
        tape.rewind(mark);
        let gradient = gpt.block().grad();
        gpt.block().update(|_, gradients| gradients.fill(0.0));
        gradient
    });
    let mut trainer = Trainer::new(&gpt, Training::default());
    let loss = trainer.step(&documents).expect("a finite loss");
    let losses = documents.map(|tokens| {
        let tape = Tape::new();
        let weights = tape.vector(before.as_slice());
        Instance::with_parameters(weights, *gpt.model()).expect("a model").evaluate(&[tokens])
    });
    assert_abs_diff_eq!(loss, losses.iter().sum::<f64>() / 3.0, epsilon = 1e-14);
    // The first step of Adam goes by the sign of the mean gradient, at the learning rate.
    for (at, (after, before)) in gpt.block().data().iter().zip(&before).enumerate() {
        let mean: f64 = gradients.iter().map(|gradient| gradient[at]).sum::<f64>() / 3.0;
        if mean.abs() > 1e-6 {
            assert_abs_diff_eq!(after - before, -0.01 * mean.signum(), epsilon = 2e-4);
        }
    }
}

/// Documents of 2 to 12 tokens, more of them than go through one forward pass.
fn many_documents() -> Vec<Vec<usize>> {
    let lens = (0..40).map(|document| 2 + document * 7 % 11);
    lens.map(|len| (0..len).map(|t| (t * t + len) % 5).collect()).collect()
}

#[test]
fn documents_in_one_forward_pass_have_the_gradients_of_each() {
    let documents = many_documents();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    for config in [Gpt::new(5), Gpt { n_embd: 12, n_head: 2, block_size: 4, ..Gpt::new(5) }] {
        let tape = Tape::new();
        let gpt = Instance::new(&tape, config, &mut PythonRandom::new(2)).expect("a model");
        let mark = tape.mark();
        let together = gpt.loss(&documents);
        together.backward();
        let (total, gradient) = (together.data(), gpt.block().grad());
        tape.rewind(mark);
        gpt.block().update(|_, gradients| gradients.fill(0.0));
        let mut sum = 0.0;
        for tokens in &documents {
            let loss = gpt.loss(&[tokens]);
            loss.backward();
            sum += loss.data();
            tape.rewind(mark);
        }
        assert_relative_eq!(total, sum, max_relative = 1e-13);
        for (one, other) in gradient.iter().zip(gpt.block().grad()) {
            assert_abs_diff_eq!(*one, other, epsilon = 1e-12);
        }
    }
}

fn trained_on<T: Real>(threads: usize) -> Vec<T> {
    let documents = many_documents();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let tape = Tape::<T>::default();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let mut trainer = Trainer::new(&gpt, Training::default());
    trainer = trainer.threads(threads).expect("threads");
    for batch in [&documents[..], &documents[..9], &documents[3..30], &documents[7..8]] {
        trainer.step(batch).expect("a finite loss");
    }
    gpt.block().data()
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let (one, one_f32) = (trained_on::<f64>(1), trained_on::<f32>(1));
    for threads in [2, 3, 8] {
        assert_eq!(trained_on::<f64>(threads), one, "{threads} threads");
        assert_eq!(trained_on::<f32>(threads), one_f32, "{threads} threads");
    }
}

#[test]
fn there_is_one_thread_at_least() {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let error = Trainer::new(&gpt, Training::default()).threads(0).expect_err("no thread");
    assert_eq!(error.to_string(), "training on 0 threads: one thread at least");
}

#[test]
fn what_is_not_finite_on_a_thread_is_told_and_changes_nothing() {
    let documents = many_documents();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    for check in [false, true] {
        let tape = Tape::new();
        let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
        gpt.block().update(|weights, _| weights[3] = f64::NAN);
        let bits = |gpt: &Instance<'_, Gpt>| {
            gpt.block().data().into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        let before = bits(&gpt);
        let training = Training::default();
        let trainer = Trainer::new(&gpt, training).threads(2).expect("threads");
        let mut trainer = trainer.check_finite(check);
        let error = trainer.step(&documents).expect_err("no finite loss").to_string();
        assert!(error.starts_with("step 1: "), "{error}");
        assert_eq!(bits(&gpt), before);
    }
}

#[test]
fn training_keeps_its_memory() {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let mut trainer = Trainer::new(&gpt, Training { steps: 3, ..Training::default() });
    for tokens in [&[4, 0, 4][..], &[4, 0, 1, 2, 3, 0, 4], &[4, 1, 4]] {
        trainer.step(&[tokens]).expect("a finite loss");
        assert_eq!((tape.len(), tape.records()), (gpt.block().size(), 0));
    }
}

#[test]
fn sizes_that_are_no_model_are_refused() {
    let tape = Tape::<f64>::default();
    let mut random = PythonRandom::new(0);
    let refused =
        |config, random: &mut _| Instance::new(&tape, config, random).expect_err("no model");
    assert_eq!(
        refused(Gpt { n_head: 3, ..Gpt::new(5) }, &mut random).to_string(),
        "n_embd (16) must be a multiple of n_head (3)"
    );
    assert_eq!(
        refused(Gpt { n_embd: 0, ..Gpt::new(5) }, &mut random).to_string(),
        "n_embd must be at least 1"
    );
}
