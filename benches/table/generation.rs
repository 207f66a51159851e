//! Nanoseconds a generated token, with the cache, on one core.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use microgpt::{Gpt, Instance, PythonRandom, Real, Sampler, Sampling, Tape, Trainer, Training};

use crate::data::Data;

pub fn tokens(criterion: &mut Criterion, data: &Data) {
    one_precision::<f64>(criterion, "f64", data);
    one_precision::<f32>(criterion, "f32", data);
}

fn one_precision<T: Real>(criterion: &mut Criterion, name: &str, data: &Data) {
    let tape = Tape::<T>::default();
    let gpt = Instance::new(&tape, Gpt::new(data.vocabulary), &mut PythonRandom::new(42))
        .expect("the sizes of a model");
    let mut trainer = Trainer::new(&gpt, Training::default());
    for tokens in data.documents.iter().cycle().take(500) {
        trainer.step(&[tokens]).expect("a finite loss");
    }
    // BOS is the last of the vocabulary.
    let bos = data.vocabulary - 1;
    let sampler = || Sampler::new(&gpt, bos, Sampling::default(), PythonRandom::new(1));
    let samples = 200;
    let mut tokens = 0;
    let mut counted = sampler();
    for _ in 0..samples {
        // The BOS that ends a document is generated like the others.
        tokens += counted.explained().expect("numbers").len();
    }
    let mut group = criterion.benchmark_group("generated_tokens");
    group.throughput(Throughput::Elements(tokens as u64));
    group.bench_function(name, |bench| {
        bench.iter(|| {
            for sample in sampler().take(samples) {
                black_box(sample).expect("numbers");
            }
        });
    });
    group.finish();
}
