//! Where an axis has a length that its type says, arrays may lie in another order and nests be other
//! code: the values and gradients are the same bits as with lengths known at run time.

use microgpt::{Array, Const, Dim, PythonRandom, Tape, expr, layers};
use proptest::prelude::*;

/// One array of `[positions, heads, width]`.
type Heads<'t, H, J> = Array<'t, (usize, H, J)>;

/// The values of the results and the gradients of all inputs, for random cotangents.
type Bits = (Vec<Vec<u64>>, Vec<Vec<u64>>);

/// Something that is computed from queries, keys and values of `positions` heads of a width, with a
/// number of positions before.
trait Program {
    fn run<H: Dim, J: Dim>(inputs: [Heads<'_, H, J>; 3], past: usize) -> Vec<Vector<'_>>;
}

type Vector<'t> = microgpt::Vector<'t, usize>;

fn flat<S: microgpt::Shape>(array: Array<'_, S>) -> Vector<'_> {
    array.reshape((array.size(),))
}

fn bits<P: Program, H: Dim, J: Dim>(
    [positions, past]: [usize; 2],
    heads: H,
    width: J,
    seed: u64,
) -> Bits {
    let mut random = PythonRandom::new(seed);
    let tape = Tape::new();
    let mut draw = |positions: usize| {
        let numbers: Vec<f64> =
            (0..positions * heads.len() * width.len()).map(|_| random.gauss(0.0, 1.0)).collect();
        tape.array((positions, heads, width), &numbers)
    };
    let inputs = [draw(positions), draw(positions + past), draw(positions + past)];
    let results = P::run(inputs, past);
    for result in &results {
        let cotangents: Vec<f64> = (0..result.size()).map(|_| random.gauss(0.0, 1.0)).collect();
        result.backward_with(&cotangents);
    }
    let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect();
    let values = results.iter().map(|result| bits(result.data())).collect();
    (values, inputs.iter().map(|input| bits(input.grad())).collect())
}

fn same_bits<P: Program>(sizes: [usize; 2], seed: u64) {
    let known = bits::<P, _, _>(sizes, Const::<4>, Const::<4>, seed);
    assert_eq!(known, bits::<P, _, _>(sizes, 4, 4, seed), "4 heads of 4");
    assert_eq!(known, bits::<P, _, _>(sizes, Const::<4>, 4, seed), "4 heads of 4 unknown");
    let known = bits::<P, _, _>(sizes, Const::<8>, Const::<3>, seed);
    assert_eq!(known, bits::<P, _, _>(sizes, 8, 3, seed), "8 heads of 3");
    let known = bits::<P, _, _>(sizes, Const::<4>, Const::<16>, seed);
    assert_eq!(known, bits::<P, _, _>(sizes, 4, 16, seed), "4 heads of 16");
}

macro_rules! programs {
    ($($name:ident: |$q:ident, $k:ident, $v:pat, $past:pat_param| $run:expr;)+) => {$(
        #[test]
        fn $name() {
            struct This;
            impl Program for This {
                fn run<H: Dim, J: Dim>(
                    [$q, $k, $v]: [Heads<'_, H, J>; 3],
                    $past: usize,
                ) -> Vec<Vector<'_>> {
                    $run
                }
            }
            proptest!(ProptestConfig::with_cases(24), |(
                // Beyond 16 positions the arrays lie as written, beyond 31 products go in blocks.
                positions in prop_oneof![1usize..17, 17usize..40],
                past in prop_oneof![Just(0usize), 1usize..9],
                seed: u64,
            )| {
                same_bits::<This>([positions, past], seed);
            });
        }
    )+};
}

programs! {
    attention: |q, k, v, past| vec![flat(layers::attention(q, k, v, past))];

    attention_weights: |q, k, _, past| vec![flat(layers::attention_weights(q, k, past))];

    sliding_window_attention: |q, k, v, past| {
        vec![flat(layers::sliding_window_attention(q, k, v, past, 3))]
    };

    alibi_attention: |q, k, v, past| {
        let (_, heads, _) = q.shape();
        let slope: Vec<f64> = (1..=heads.len()).map(|head| 1.0 / head as f64).collect();
        vec![flat(layers::alibi_attention(q, k, v, &slope, past))]
    };

    // The extremes keep their gradients, and the products.
    every_reduction: |q, k, _, past| vec![flat(expr! {
        let e = [sum(q[t, h, j] * k[s, h, j] for j) for h, t, s in 0..=t + past];
        [max(e[h, t, s] for s in 0..=t + past) - min(e[h, t, s] for s in 0..=t + past)
            + mean(e[h, t, s] for s in 0..=t + past) + logsumexp(e[h, t, s] for s in 0..=t + past)
            + prod(e[h, t, s] / 2 for s in 0..=t + past) * q[t, h, j] for t, h, j]
    })];

    // Ranges that begin late or at an outer index, and elements beside the own.
    other_ranges: |q, k, v, past| {
        let (n, ..) = q.shape();
        vec![
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in t..n];
                [sum(e[h, t, s] * v[s, h, j] for s in t..n) for h, t, j]
            }),
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 1..=t + past];
                [sum(e[h, t, s] * v[s - 1, h, j] for s in 1..=t + past) for h, t, j]
            }),
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
                [sum(e[h, t, s - 1] * v[s, h, j] for s in 1..=t) for t, h, j]
            }),
        ]
    };

    // Sums over the heads, over the rows, and of single elements in a branch.
    other_sums: |q, k, v, past| {
        let (n, ..) = q.shape();
        vec![
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t + past];
                [sum(e[h, t, s] * v[s, h, 0] for h) for t, s in 0..=t + past]
            }),
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
                [sum(e[h, t, s] * q[t, h, j] for t in s..n) + k[s, h, j] for h, s in 0..n, j]
            }),
            flat(expr! {
                let e = [sqrt(q[t, h, 0] ^ 2 + k[s, h, 1] ^ 2 + 1) for h, t, s in 0..=t + past];
                [if s > 0 { e[h, t, s - 1] * e[h, t, s] } else { q[t, h, 1] } for t, h, s in 0..=t + past]
            }),
        ]
    };

    // Several heads, and several positions, meet in one element.
    gathers: |q, k, v, past| {
        let (positions, heads, _) = q.shape();
        let group: Vec<usize> = (0..heads.len()).map(|head| head / 2).collect();
        let pair: Vec<usize> = (0..positions).map(|position| position / 2).collect();
        vec![
            flat(expr! {
                let e = [sum(q[t, h, j] * k[s, group[h], j] for j) / 2 for h, t, s in 0..=t + past];
                [sum(exp(e[h, t, s]) * v[s, group[h], j] for s in 0..=t + past) for t, h, j]
            }),
            flat(expr! {
                let e = [exp(q[t, h, 0] * k[s, h, 1] / 4 + v[pair[t], group[h], 2]) for h, t, s in 0..=t];
                [sum(e[h, t, s] for s in 0..=t) + e[group[h], pair[t], 0] * q[t, h, 1] for t, h]
            }),
        ]
    };

    // Sums that the nests around them repeat, and products that do not change along a row.
    other_orders: |q, k, v, _| vec![
        flat(expr! {
            let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
            [sum(e[h, t, s] * v[s, r, j] for r in 0..=u, s in 0..=t) for h, t, u in 0..4, j]
        }),
        flat(expr! {
            let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
            [sum(e[h, t, s] * q[t, 0, j] for h) for t, s in 0..=t, j]
        }),
        flat(expr! {
            let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
            [sum(e[h, t, s] * q[t, h, 1] for s in 0..=t) + sum(e[h, t, s] * q[t, h, 2] for s in 0..=t) for t, h]
        }),
        flat(expr! {
            let e = [exp(q[t, h, 0] * k[s, h, 1] / 4) for h, t, s in 0..=t];
            let top = [-max(e[h, t, s] * 0 for s in 0..=t) for h, t];
            [top[h, t] * q[t, h, j] for t, h, j]
        }),
    ];
}

#[test]
fn an_element_is_named_by_its_indices_however_it_lies() {
    let tape = Tape::new();
    let number = |at: usize| if at == 9 { f64::INFINITY } else { 1.0 };
    let numbers: Vec<f64> = (0..3 * 4).map(number).collect();
    let x = tape.array((3, Const::<4>), &numbers);
    let _ = expr! {
        let grown = [x[t, h] + s for h, t, s in 0..=t];
        [sum(exp(stop(grown[h, t, s]) / 4) for s in 0..=t) for t, h]
    };
    let found = tape.not_finite().expect("an infinity");
    assert_eq!((found.name.as_str(), found.index), ("grown", vec![1, 2, 0]));
}
