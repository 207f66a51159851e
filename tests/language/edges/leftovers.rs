//! What was left in memory is never read, of values and of gradients: neither after a rewind, nor where a record is not
//! reached, nor between the rows of a ragged array.

use microgpt::{Array, Const, PythonRandom, Tape, Vector, expr, layers};

/// A program of a vector of 12 numbers, some of whose intermediate arrays have gradients.
type Program = for<'t> fn(&'t Tape, Vector<'t, usize>) -> Vector<'t, usize>;

fn softmax<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    layers::softmax(x.reshape((3, 4))).reshape((12,))
}

/// Rows of different lengths, between which nothing is written.
fn attention<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let x = x.reshape((6, 1, 2));
    layers::attention(x, x, x, 0).reshape((12,))
}

/// So many positions that ranges are cut into rectangles.
fn long_attention<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let n = x.size();
    let x = expr!([x[(t + j) % {n}] for t in 0..40, j in 0..3]).reshape((40, 1, 3));
    let window = layers::sliding_window_attention(x, x, x, 0, 5);
    (layers::attention(x, x, x, 0) + window).reshape((120,))
}

/// Heads that are a constant, so that arrays lie interleaved.
fn attention_of_four_heads<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let x = expr!([x[(t + 5 * h + j) % 12] for t in 0..9, h in 0..4, j in 0..3]);
    let x = x.reshape((9, Const::<4>, 3));
    layers::attention(x, x, x, 0).reshape((108,))
}

/// What lies between the rows is 0 where it is read: along the whole axis, beside the row, and in a sum of its own
/// range, which is another.
fn between_the_rows<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let n = x.size();
    expr! {
        let e = [exp(x[i]) * x[s] for i, s in 0..=i];
        let f = [e[i, s] + 1 for i, s in 0..=i];
        let g = [cos(x[i] + x[s]) for i, s in i..{n}];
        [sum(e[i, s] for s) + f[i, {n} - 1] + sum(g[i, s] for s in 0..=i) for i]
    }
}

/// The same range in other words: of another index, and shifted with the row.
fn rows_alone<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let n = x.size();
    expr! {
        let e = [exp(x[i]) * x[s] for i, s in 0..=i];
        let f = [sum(e[t + 1, s]^2 for s in 0..=t + 1) for t in 0..{n} - 1];
        [sum(e[i, s] for s in 0..=i) + (if i > 0 { f[i - 1] } else { e[0, 0] }) for i]
    }
}

/// Parts of an array, each written by another equation: all of its two, and two of its three.
fn all_parts<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let x = x.reshape((2, 6));
    expr! { let z = [sin(x[g, i]) for g, i]; [exp(z[0, i]) * tanh(z[1, i]) for i] }
}

fn some_parts<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let x = x.reshape((3, 4));
    expr! { let z = [sin(x[g, i]) for g, i]; [exp(z[0, i]) * tanh(z[1, i]) for i] }
}

/// Only what does not depend on numbers without gradient receives one.
fn half_tracked<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let y = vec![0.5, -1.5, 2.0];
    expr! {
        let a = [sin(x[i]) * cos(x[i]) for i];
        let b = [sigmoid(y[j]) * tanh(y[j]) for j];
        [tanh(a[i] + sum(b[j] for j)) * a[i] for i]
    }
}

fn recurrence<'t>(tape: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    let (w, u) =
        (tape.array((2, Const::<4>, 2), &[0.3; 16]), tape.array((2, Const::<4>, 2), &[-0.2; 16]));
    let (bias, start) = (tape.array((Const::<4>, 2), &[0.1; 8]), tape.array((1, 2), &[0.4; 2]));
    let (h, c) = layers::lstm(w, u, bias, x.reshape((6, 1, 2)), start, start);
    let (h, c): (Array<_>, Array<_>) = (h.reshape((12,)), c.reshape((12,)));
    expr!([h[i] * c[i] for i])
}

/// Nothing comes to the second equation of the block, which the first does not use.
fn half_reached<'t>(_: &'t Tape, x: Vector<'t, usize>) -> Vector<'t, usize> {
    expr! {
        for t {
            let a[-1] = 0.5;
            let b[-1] = 0.25;
            let a = tanh(x[t] + a[t - 1] + stop(b[t - 1]));
            let b = tanh(x[t] * b[t - 1] + stop(a[t]));
        }
        [a[t] for t]
    }
}

const PROGRAMS: [Program; 11] = [
    softmax,
    attention,
    attention_of_four_heads,
    long_attention,
    between_the_rows,
    rows_alone,
    all_parts,
    some_parts,
    half_tracked,
    recurrence,
    half_reached,
];

fn draw(random: &mut PythonRandom, count: usize) -> Vec<f64> {
    (0..count).map(|_| random.gauss(0.0, 1.0)).collect()
}

/// The result, and the gradient of the input, where nothing was before.
fn fresh(program: Program, x: &[f64], cotangents: &[f64]) -> [Vec<f64>; 2] {
    let tape = Tape::new();
    let x = tape.vector(x.to_vec());
    let result = program(&tape, x);
    result.backward_with(cotangents);
    [result.data(), x.grad()]
}

#[test]
fn after_a_rewind_nothing_is_left() {
    let mut random = PythonRandom::new(5);
    let tape = Tape::new();
    let x = tape.vector(vec![0.0; 12]);
    let mark = tape.mark();
    for before in PROGRAMS {
        for next in PROGRAMS {
            // All gradients on the way are no numbers.
            let numbers = draw(&mut random, 12);
            x.update(|values, _| values.copy_from_slice(&numbers));
            let result = before(&tape, x);
            result.backward_with(&vec![f64::NAN; result.size()]);
            assert!(tape.not_finite().is_some());
            tape.rewind(mark);
            // All values on the way are no numbers.
            x.update(|values, _| values.fill(f64::NAN));
            let result = before(&tape, x);
            assert!(result.data().iter().any(|x| x.is_nan()));
            tape.rewind(mark);

            let numbers = draw(&mut random, 12);
            x.update(|values, _| values.copy_from_slice(&numbers));
            x.update_gradients(|gradients| gradients.fill(0.0));
            let result = next(&tape, x);
            let cotangents = draw(&mut random, result.size());
            result.backward_with(&cotangents);
            assert_eq!([result.data(), x.grad()], fresh(next, &numbers, &cotangents));
            assert_eq!(tape.not_finite(), None);
            tape.rewind(mark);
        }
    }
}

#[test]
fn what_is_not_reached_has_no_gradient() {
    let mut random = PythonRandom::new(7);
    let tape = Tape::new();
    let x = tape.vector(draw(&mut random, 12));
    let mark = tape.mark();
    for program in PROGRAMS {
        let result = program(&tape, x);
        result.backward_with(&vec![f64::NAN; result.size()]);
        tape.rewind(mark);
        x.update_gradients(|gradients| gradients.fill(0.0));
        // One record that the root does not need, the root, and one after it.
        let _before = program(&tape, x);
        let root = expr!([x[i] * x[i] for i]);
        let _after = program(&tape, root);
        root.backward_with(&[1.0; 12]);
        assert_eq!(tape.not_finite(), None);
        assert_eq!(x.grad(), x.data().iter().map(|x| 2.0 * x).collect::<Vec<_>>());
        // A second pass over the same records.
        x.update_gradients(|gradients| gradients.fill(0.0));
        root.backward_with(&[1.0; 12]);
        assert_eq!(x.grad(), x.data().iter().map(|x| 2.0 * x).collect::<Vec<_>>());
        tape.rewind(mark);
    }
}

/// Leaves that were made between records add up over passes; results do not.
#[test]
fn leaves_between_records_begin_at_zero_and_add_up() {
    let tape = Tape::new();
    let x = tape.vector(vec![0.25; 12]);
    let mark = tape.mark();
    softmax(&tape, x).backward_with(&[f64::NAN; 12]);
    tape.rewind(mark);
    x.update_gradients(|gradients| gradients.fill(0.0));
    let first = softmax(&tape, x);
    let y = tape.vector(vec![2.0; 12]);
    let second = softmax(&tape, expr!([first[i] * y[i] for i]));
    let z = tape.vector(vec![3.0; 12]);
    let result = expr!(sum(second[i] * y[i] * z[i] for i));
    result.backward();
    let once = [x.grad(), y.grad(), z.grad()];
    assert!(once.iter().flatten().all(|gradient| gradient.is_finite()));
    result.backward();
    let twice = [x.grad(), y.grad(), z.grad()];
    for (once, twice) in once.iter().flatten().zip(twice.iter().flatten()) {
        assert_eq!(2.0 * once, *twice);
    }
}

/// Of an array with gaps a number is told that is computed, forward and backward, and none that lies in a gap.
#[test]
fn what_is_not_finite_is_told_within_the_ranges_alone() {
    let tape = Tape::new();
    let x = tape.vector(vec![1.0; 8]);
    let mark = tape.mark();
    let rows = || {
        expr! {
            let e = [ln(x[s]) * x[t] for t in 2..6, s in t..t + 3];
            [sum(e[t, s]^2 for s in t..t + 3) for t in 2..6]
        }
    };
    for (at, first) in [(1, None), (2, Some([2, 2])), (4, Some([2, 4])), (7, Some([5, 7]))] {
        // In the gaps, too.
        let _ = tape.vector(vec![f64::NAN; 100]);
        tape.rewind(mark);
        x.update(|values, _| values.fill(1.0));
        x.update(|values, _| values[at] = 0.0);
        let _ = rows();
        let found = tape.not_finite();
        let index = found.as_ref().filter(|found| found.name == "ln").map(|found| &found.index[..]);
        assert_eq!(index, first.as_ref().map(|first| &first[..]), "{at}: {found:?}");
        x.update(|values, _| values.fill(1.0));
        tape.rewind(mark);
        rows().backward_with(&[1.0, f64::INFINITY, 1.0, 1.0]);
        let found = tape.not_finite().expect("an infinity times 0");
        assert_eq!((found.name.as_str(), &found.index[..]), ("ln", &[3, 3][..]));
        tape.rewind(mark);
    }
}
