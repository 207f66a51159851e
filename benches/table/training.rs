//! Microseconds a training step, and a document of a batch.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use microgpt::{Gpt, Instance, PythonRandom, Real, Tape, Trainer, Training};

use crate::baseline::Baseline;
use crate::data::Data;

/// A run has 1,000 steps, as the program's has: later ones cost more, for what Adam remembers of
/// characters that no longer come becomes denormal.
const RUN: usize = 1000;

pub fn steps(criterion: &mut Criterion, data: &Data) {
    let mut group = criterion.benchmark_group("train_step");
    by_hand::<f64>(&mut group, "f64/by_hand", data);
    one_document::<f64>(&mut group, "f64", data);
    by_hand::<f32>(&mut group, "f32/by_hand", data);
    one_document::<f32>(&mut group, "f32", data);
    group.finish();
    let mut group = criterion.benchmark_group("document_of_a_batch");
    let config = Gpt::new(data.vocabulary);
    let wide = Gpt { n_embd: 64, ..config };
    batch(&mut group, "f32/batch_16", data, config, 16, 1);
    batch(&mut group, "f32/n_embd_64/batch_16", data, wide, 16, 1);
    batch(&mut group, "f32/n_embd_64/batch_64/1_thread", data, wide, 64, 1);
    batch(&mut group, "f32/n_embd_64/batch_64/2_threads", data, wide, 64, 2);
    group.finish();
}

fn gpt<T: Real>(tape: &Tape<T>, config: Gpt) -> Instance<'_, Gpt, T> {
    Instance::new(tape, config, &mut PythonRandom::new(42)).expect("the sizes of a model")
}

/// Times `iterations` of `run`, which is told how many there are until it begins anew.
fn in_runs(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    unit: usize,
    mut run: impl FnMut(usize) -> Duration,
) {
    group.bench_function(name, |bench| {
        bench.iter_custom(|iterations| {
            let iterations = usize::try_from(iterations).expect("few iterations");
            let steps = iterations.div_ceil(unit);
            let time: Duration =
                (0..steps).step_by(RUN).map(|done| run((steps - done).min(RUN))).sum();
            time.mul_f64(iterations as f64 / (steps * unit) as f64)
        });
    });
}

fn one_document<T: Real>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, data: &Data) {
    in_runs(group, name, 1, |steps| {
        let tape = Tape::<T>::default();
        let gpt = gpt(&tape, Gpt::new(data.vocabulary));
        let mut trainer = Trainer::new(&gpt, Training::default());
        let start = Instant::now();
        for step in 0..steps {
            let tokens = &data.documents[step % data.documents.len()];
            black_box(trainer.step(&[tokens])).expect("a finite loss");
        }
        start.elapsed()
    });
}

fn by_hand<T: Real>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, data: &Data) {
    let tape = Tape::<T>::default();
    let gpt = gpt(&tape, Gpt::new(data.vocabulary));
    let weights = gpt.block().data();
    let training = Training::default();
    let rate = |step| T::of(training.learning_rate_at(step));
    // The same program: the losses of some steps differ by no more than the order of sums.
    let mut trainer = Trainer::new(&gpt, training);
    let mut baseline = Baseline::new(weights.clone(), data.vocabulary);
    for (step, tokens) in data.documents.iter().take(20).enumerate() {
        let expected = trainer.step(&[tokens]).expect("a finite loss");
        let difference = (baseline.learn(tokens, rate(step)) - expected).as_f64().abs();
        assert!(difference < 3e4 * T::epsilon().as_f64(), "step {step}: {difference} off");
    }
    in_runs(group, name, 1, |steps| {
        let mut baseline = Baseline::new(weights.clone(), data.vocabulary);
        let start = Instant::now();
        for step in 0..steps {
            let tokens = &data.documents[step % data.documents.len()];
            black_box(baseline.learn(tokens, rate(step)));
        }
        start.elapsed()
    });
}

fn batch(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    data: &Data,
    config: Gpt,
    size: usize,
    threads: usize,
) {
    in_runs(group, name, size, |steps| {
        let tape = Tape::<f32>::default();
        let gpt = gpt(&tape, config);
        let trainer = Trainer::new(&gpt, Training::default());
        let mut trainer = trainer.threads(threads).expect("so many threads");
        let start = Instant::now();
        for step in 0..steps {
            black_box(trainer.step(&data.batch(step, size))).expect("a finite loss");
        }
        start.elapsed()
    });
}
