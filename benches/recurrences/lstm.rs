//! An LSTM three times.

use microgpt::layers::lstm;
use microgpt::{Array, Const, PythonRandom, Tape, layer};

use super::by_hand::{Lstm, Operands, Sizes};
use super::turns::medians;
use super::{Bench, assert_close};

layer! {
    /// What the gates take from the inputs, of all positions at once.
    fn inputs(w: [j, 4, i], bias: [4, i], x: [t, n, j]) -> [t, n, 4, i] {
        [sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i] for t, n, g, i]
    }

    /// One step.
    fn step(u: [i, 4, i], a: [n, 4, i], h: [n, i], c: [n, i]) -> ([n, i], [n, i]) {
        let z    = [a[n, g, i] + sum(u[k, g, i] * h[n, k] for k) for n, g, i];
        let cell = [sigmoid(z[n, 1, i]) * c[n, i] + sigmoid(z[n, 0, i]) * tanh(z[n, 2, i]) for n, i];
        ([sigmoid(z[n, 3, i]) * tanh(cell[n, i]) for n, i], [cell[n, i] for n, i])
    }
}

pub fn measure(short: bool) {
    let positions = if short { 8 } else { 256 };
    println!("LSTM, f32, {positions} positions, value and gradient\n");
    println!(
        "| width | batch | block | by hand | block / by hand | expr! a step | a step / block |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (width, documents) in [(16, 1), (64, 1), (64, 16)] {
        let sizes = Sizes { positions, documents, width };
        let [block, steps, hand] = times(sizes, short);
        println!(
            "| {width} | {documents} | {:.3} ms | {:.3} ms | {:.2} | {:.3} ms | {:.2} |",
            block * 1e3,
            hand * 1e3,
            block / hand,
            steps * 1e3,
            steps / block,
        );
    }
    println!();
}

type States<'t> = Array<'t, (usize, usize, usize), f32>;

fn times(sizes: Sizes, short: bool) -> [f64; 3] {
    let tape = Tape::<f32>::default();
    times_on(&tape, sizes, short)
}

fn times_on<'t>(tape: &'t Tape<f32>, sizes: Sizes, short: bool) -> [f64; 3] {
    let Sizes { positions, documents, width } = sizes;
    let mut bench = Bench { tape, random: PythonRandom::new(1), short };
    let gates = (width, Const::<4>, width);
    let (w, u, bias) = (bench.draw(gates), bench.draw(gates), bench.draw((Const::<4>, width)));
    let x = bench.draw((positions, documents, width));
    let [start, start_cell] = [(); 2].map(|()| bench.draw((documents, width)));
    let cotangent = bench.numbers(positions * documents * width, 0.0, 1.0);
    let from = Operands {
        w: w.data(),
        u: u.data(),
        bias: bias.data(),
        x: x.data(),
        start: start.data(),
        start_cell: start_cell.data(),
    };
    let mut to = Operands::zeros(sizes);
    let mut by_hand = Lstm::new(sizes);

    let block = || lstm(w, u, bias, x, start, start_cell).0;
    let loop_of_steps = || {
        let a = inputs(w, bias, x);
        let (mut h, mut c) = (start, start_cell);
        let states: Vec<_> = (0..positions)
            .map(|t| {
                let a = a.rows(t, 1).reshape((documents, Const::<4>, width));
                (h, c) = step(u, a, h, c);
                h
            })
            .collect();
        tape.concatenate(&states, x.shape())
    };
    let mark = tape.mark();

    // All three say the same.
    let gradients = |run: &dyn Fn() -> States<'t>| {
        let before = [w.grad(), u.grad(), bias.grad(), x.grad(), start.grad(), start_cell.grad()];
        let h = run();
        h.backward_with(&cotangent);
        let value = h.data();
        let after = [w.grad(), u.grad(), bias.grad(), x.grad(), start.grad(), start_cell.grad()];
        tape.rewind(mark);
        let mut all = vec![value];
        for (before, after) in before.into_iter().zip(after) {
            all.push(after.iter().zip(before).map(|(after, before)| after - before).collect());
        }
        all
    };
    let values = by_hand.forward(&from).to_vec();
    by_hand.backward(&from, &cotangent, &mut to);
    for run in [&block as &dyn Fn() -> _, &loop_of_steps] {
        let ours = gradients(run);
        assert_close("states", &ours[0], &values);
        for (ours, hand) in ours[1..].iter().zip(to.all()) {
            assert_close("a gradient", ours, hand);
        }
    }

    let once = |run: &dyn Fn() -> States<'t>| {
        run().backward_with(&cotangent);
        tape.rewind(mark);
    };
    medians(
        short,
        [&mut || once(&block), &mut || once(&loop_of_steps), &mut || {
            by_hand.forward(&from);
            by_hand.backward(&from, &cotangent, &mut to);
        }],
    )
}
