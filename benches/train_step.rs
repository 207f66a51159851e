//! `cargo bench --bench train_step`: one training step of the default model, one document a step.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use microgpt::tokenizer::documents;
use microgpt::{CharTokenizer, Config, Gpt, PythonRandom, Real, Tape, Trainer, Training};

/// Any dataset with one document a line can be named; the built-in one is much like it.
fn dataset() -> String {
    match std::env::var("NAMES") {
        Ok(path) => std::fs::read_to_string(path).expect("NAMES is a text file"),
        Err(_) => include_str!("../examples/names.txt").to_owned(),
    }
}

fn train_step<T: Real>(criterion: &mut Criterion, name: &str) {
    let text = dataset();
    let mut docs: Vec<&str> = documents(&text).collect();
    let mut random = PythonRandom::new(42);
    random.shuffle(&mut docs);
    let tokenizer = CharTokenizer::new(docs.iter().copied());
    let tokens: Vec<_> =
        docs.iter().map(|doc| tokenizer.encode(doc).expect("a known character")).collect();
    let run = |steps: usize| {
        let tape = Tape::<T>::default();
        let mut random = PythonRandom::new(42);
        let gpt = Gpt::new(&tape, Config::new(tokenizer.vocabulary()), &mut random)
            .expect("the default sizes are a model");
        let mut trainer = Trainer::new(&gpt, Training::default());
        let start = Instant::now();
        for step in 0..steps {
            black_box(trainer.learn(&tokens[step % tokens.len()])).expect("a finite loss");
        }
        start.elapsed()
    };
    // A run has 1,000 steps, as the program's has: later ones cost more, for what Adam remembers
    // of characters that no longer come becomes denormal.
    criterion.bench_function(name, |bench| {
        bench.iter_custom(|steps| {
            let steps = usize::try_from(steps).expect("few steps");
            (0..steps).step_by(1000).map(|done| run((steps - done).min(1000))).sum()
        });
    });
}

fn benches(criterion: &mut Criterion) {
    train_step::<f64>(criterion, "train_step/f64");
    train_step::<f32>(criterion, "train_step/f32");
}

criterion_group!(all, benches);
criterion_main!(all);
