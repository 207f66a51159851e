//! Nodes a second of a graph of scalar `Value`s, each made forward and pulled back once.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use microgpt::{Real, Tape};

pub fn nodes(criterion: &mut Criterion) {
    one_precision::<f64>(criterion, "f64");
    one_precision::<f32>(criterion, "f32");
}

/// A neuron with a squashed output, and over again: sums, products and tanh in the proportion of a
/// small network written one number at a time.
fn one_precision<T: Real>(criterion: &mut Criterion, name: &str) {
    const INPUTS: usize = 50;
    const NEURONS: usize = 20;
    let tape = Tape::<T>::default();
    let x: Vec<_> = (0..INPUTS).map(|i| tape.value(T::of(i as f64 / 50.0))).collect();
    let w: Vec<_> = (0..INPUTS).map(|i| tape.value(T::of((i % 7) as f64 / 70.0))).collect();
    let mark = tape.mark();
    let run = || {
        let mut sum = x[0];
        for neuron in 0..NEURONS {
            for (&x, &w) in x.iter().zip(&w) {
                sum += x * w;
            }
            if neuron % 4 == 3 {
                sum = sum.tanh();
            }
        }
        sum.backward();
        let gradient = w[0].grad();
        let nodes = tape.records();
        tape.rewind(mark);
        (gradient, nodes)
    };
    let (_, nodes) = run();
    let mut group = criterion.benchmark_group("scalar_nodes");
    group.throughput(Throughput::Elements(nodes as u64));
    group.bench_function(name, |bench| bench.iter(|| black_box(run())));
    group.finish();
}
