//! `cargo bench --bench table`: training steps, batches, generation and scalars, with the default
//! model written by hand beside the generated code.
//!
//! `NAMES=FILE` takes the documents from a file, one a line.

use criterion::{Criterion, criterion_group, criterion_main};

#[path = "table/baseline.rs"]
mod baseline;
#[path = "table/data.rs"]
mod data;
#[path = "table/generation.rs"]
mod generation;
#[path = "table/scalars.rs"]
mod scalars;
#[path = "table/training.rs"]
mod training;

fn table(criterion: &mut Criterion) {
    let data = data::Data::read();
    training::steps(criterion, &data);
    generation::tokens(criterion, &data);
    scalars::nodes(criterion);
}

criterion_group!(all, table);
criterion_main!(all);
