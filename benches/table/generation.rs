//! Nanoseconds a generated token, with the cache, on one core: of documents one after the other, and of 64 at once.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use microgpt::{
    Gpt, Instance, PythonRandom, Real, Sampler, Sampling, Streams, Tape, Trainer, Training,
};

use crate::data::Data;

/// The number of documents that are drawn side by side.
const STREAMS: u64 = 64;

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
    let block_size = gpt.model().block_size;
    // The BOS that ends a document is generated like the others.
    let tokens = |document: &Vec<usize>| (document.len() + 1).min(block_size) as u64;
    let sampler = || Sampler::new(&gpt, bos, Sampling::default(), PythonRandom::new(1));
    let samples = 200;
    let documents = sampler().take(samples).map(|one| one.expect("numbers"));
    let mut group = criterion.benchmark_group("generated_tokens");
    group.throughput(Throughput::Elements(documents.map(|one| tokens(&one)).sum()));
    group.bench_function(name, |bench| {
        bench.iter(|| {
            for sample in sampler().take(samples) {
                black_box(sample).expect("numbers");
            }
        });
    });
    group.finish();

    let generators = || (0..STREAMS).map(PythonRandom::new).collect();
    let streams = || Streams::new(&gpt, bos, Sampling::default(), generators());
    // So many for each that few tokens are drawn while streams have come to an end.
    let samples = 200 * usize::try_from(STREAMS).expect("a few");
    let documents = streams().sample(samples).expect("numbers");
    let mut group = criterion.benchmark_group("generated_tokens_of_64_streams");
    group.throughput(Throughput::Elements(documents.iter().map(tokens).sum()));
    group.bench_function(name, |bench| {
        bench.iter(|| black_box(streams().sample(samples)).expect("numbers"));
    });
    group.finish();
}
