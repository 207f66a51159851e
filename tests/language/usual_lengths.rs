//! Usual lengths of the run time as types: the same bits as by the general path.
//!
//! The library leaves the choice out where it is not optimised, so these tests call the tables themselves.

use microgpt::gradcheck::{Drawing, Gradcheck, Report, sweep};
use microgpt::shape::usual::{self, WithOne, WithThree, WithTwo};
use microgpt::{Array, Const, Dim, PythonRandom, Shape, Tape, layers};

fn draw(seed: u64, count: usize) -> Vec<f64> {
    let mut random = PythonRandom::new(seed);
    (0..count).map(|_| random.gauss(0.0, 1.0)).collect()
}

/// What was computed, and by which types.
#[derive(Debug, PartialEq)]
struct Outcome {
    fixed: Vec<Option<usize>>,
    bits: Vec<u64>,
}

fn bits<S: Shape>(y: Array<'_, S>, leaves: &[&dyn Fn() -> Vec<f64>]) -> Vec<u64> {
    y.backward_with(&draw(9, y.size()));
    let gradients = leaves.iter().flat_map(|leaf| leaf());
    y.data().into_iter().chain(gradients).map(f64::to_bits).collect()
}

struct Norm;

impl WithOne for Norm {
    type Output = Outcome;
    fn with<A: Dim>(self, one: A) -> Outcome {
        let tape = Tape::new();
        let x = tape.array((5, one), &draw(1, 5 * one.len()));
        let y = layers::layernorm(
            x,
            tape.array((one,), &draw(2, one.len())),
            tape.array((one,), &draw(3, one.len())),
        );
        Outcome { fixed: vec![A::FIXED], bits: bits(y, &[&|| x.grad()]) }
    }
}

struct Linear;

impl WithTwo for Linear {
    type Output = Outcome;
    fn with<A: Dim, B: Dim>(self, one: A, two: B) -> Outcome {
        let tape = Tape::new();
        let w = tape.array((one, two), &draw(1, one.len() * two.len()));
        let x = tape.array((7, two), &draw(2, 7 * two.len()));
        let y = layers::linear(w, x);
        Outcome { fixed: vec![A::FIXED, B::FIXED], bits: bits(y, &[&|| w.grad(), &|| x.grad()]) }
    }
}

struct Attention;

impl WithTwo for Attention {
    type Output = Outcome;
    fn with<A: Dim, B: Dim>(self, one: A, two: B) -> Outcome {
        let tape = Tape::new();
        let size = one.len() * two.len();
        let [q, k, v] = [6, 9, 9].map(|t| tape.array((t, one, two), &draw(t as u64, t * size)));
        let y = layers::attention(q, k, v, 3);
        let bits = bits(y, &[&|| q.grad(), &|| k.grad(), &|| v.grad()]);
        Outcome { fixed: vec![A::FIXED, B::FIXED], bits }
    }
}

/// Of streams in any order, of which the longest reaches so far: up to 16 the arrays lie interleaved.
struct Streams(usize);

impl WithTwo for Streams {
    type Output = Outcome;
    fn with<A: Dim, B: Dim>(self, one: A, two: B) -> Outcome {
        let (tape, size) = (Tape::new(), one.len() * two.len());
        let capacity = self.0;
        let array = |t: usize| tape.array((t, one, two), &draw(t as u64, t * size));
        let [q, k, v] = [array(4), array(3 * capacity), array(3 * capacity)];
        let (first, place) =
            ([2, 0, 1, 0].map(|stream| stream * capacity), [0, capacity - 1, capacity / 2, 1]);
        let y = layers::attention_of_streams(q, k, v, &first, &place);
        // Each query alone, with what it sees.
        for (n, (&first, &place)) in first.iter().zip(&place).enumerate() {
            let (k, v) = (k.rows(first, place + 1), v.rows(first, place + 1));
            let alone = layers::attention(q.rows(n, 1), k, v, place).data();
            let together = &y.data()[n * size..][..size];
            assert!(alone.iter().zip(together).all(|(one, other)| (one - other).abs() < 1e-13));
        }
        let bits = bits(y, &[&|| q.grad(), &|| k.grad(), &|| v.grad()]);
        Outcome { fixed: vec![A::FIXED, B::FIXED], bits }
    }
}

struct Convolution;

impl WithThree for Convolution {
    type Output = Outcome;
    fn with<A: Dim, B: Dim, C: Dim>(self, one: A, two: B, three: C) -> Outcome {
        let tape = Tape::new();
        let w = tape.array((one, two, three), &draw(1, one.len() * two.len() * three.len()));
        let x = tape.array((7, two), &draw(2, 7 * two.len()));
        let y = layers::causal_conv1d(w, x);
        let fixed = vec![A::FIXED, B::FIXED, C::FIXED];
        Outcome { fixed, bits: bits(y, &[&|| w.grad(), &|| x.grad()]) }
    }
}

#[test]
fn one_length_gives_the_same_bits_by_its_type() {
    for length in [16, 64] {
        let chosen = usual::among_one(length, Norm);
        assert_eq!(chosen.fixed, [Some(length)]);
        assert_eq!(chosen.bits, Norm.with(length).bits, "{length}");
    }
    assert_eq!(usual::among_one(5, Norm), Norm.with(5usize));
}

#[test]
fn two_lengths_give_the_same_bits_by_their_types() {
    for (one, two, fixed) in [
        (16, 16, [Some(16), Some(16)]),
        (16, 64, [Some(16), Some(64)]),
        (64, 16, [Some(64), Some(16)]),
        (27, 16, [None, Some(16)]),
        (16, 4, [None, None]),
    ] {
        let linear = usual::among_two(one, two, Linear);
        assert_eq!(linear.fixed, fixed);
        assert_eq!(linear.bits, Linear.with(one, two).bits, "{one}, {two}");
    }
    for (heads, width, fixed) in
        [(4, 4, [Some(4), Some(4)]), (4, 16, [Some(4), Some(16)]), (4, 5, [None, None])]
    {
        let attention = usual::among_heads(heads, width, Attention);
        assert_eq!(attention.fixed, fixed);
        assert_eq!(attention.bits, Attention.with(heads, width).bits, "{heads}, {width}");
        for capacity in [1, 5, 16, 20] {
            let streams = usual::among_heads(heads, width, Streams(capacity));
            assert_eq!(streams.fixed, fixed);
            let bits = Streams(capacity).with(heads, width).bits;
            assert_eq!(streams.bits, bits, "{heads}, {width}, {capacity}");
        }
    }
    assert_eq!(usual::among_two(Const::<27>, 16, Linear).fixed, [Some(27), Some(16)]);
}

#[test]
fn three_lengths_give_the_same_bits_by_their_types() {
    for (lengths, fixed) in [
        ([16, 16, 4], [Some(16), Some(16), Some(4)]),
        ([3, 4, 4], [None, Some(4), Some(4)]),
        ([4, 5, 4], [None, None, None]),
    ] {
        let [one, two, three] = lengths;
        let chosen = usual::among_three(one, two, three, Convolution);
        assert_eq!(chosen.fixed, fixed);
        assert_eq!(chosen.bits, Convolution.with(one, two, three).bits, "{lengths:?}");
    }
}

#[test]
fn what_the_types_say_is_left_as_it_is() {
    let types = usual::two(Const::<16>, Const::<64>, Linear);
    assert_eq!(types.fixed, [Some(16), Some(64)]);
    assert_eq!(usual::two(3, Const::<16>, Linear).fixed, [None, Some(16)]);
    assert_eq!(types.bits, usual::two(16, 64, Linear).bits);
    let chosen = usual::ARE_CHOSEN.then_some(16);
    assert_eq!(usual::two(16, 64, Linear).fixed[0], chosen);
    assert_eq!(usual::one(16, Norm).fixed, [chosen]);
    let three = usual::three(16, 16, 4, Convolution);
    assert_eq!(three.fixed[0], chosen);
}

/// A panic names the letter and both arguments, and the line that called the layer, whatever is chosen.
#[test]
fn a_mismatch_is_told_where_the_layer_is_called() {
    let told = |work: &dyn Fn()| {
        let check = |_: &Drawing, _: &Gradcheck| {
            work();
            Report::default()
        };
        let sweep = std::panic::AssertUnwindSafe(|| sweep("layer", &[], &|_| {}, &check));
        let panic = std::panic::catch_unwind(sweep).expect_err("it panics");
        *panic.downcast::<String>().expect("a message")
    };
    let tape = Tape::new();
    let (w, x) = (tape.array((16, 16), &[0.5; 256]), tape.array((2, 15), &[1.0; 30]));
    let text = told(&|| drop(layers::linear(w, x).data()));
    let here = format!("(at tests/language/usual_lengths.rs:{})", line!() - 1);
    let expected = "index `i` of `linear` runs over axes of different lengths: 16 (axis 1 of `w`) and 15 (axis 1 of `x`)";
    assert!(text.contains(expected) && text.ends_with(&here), "{text}");
    let [q, k] = [3, 2].map(|t| tape.array((t, 4, 4), &vec![0.5; t * 16]));
    let text = told(&|| drop(layers::attention(q, k, k, 0).data()));
    let here = format!("(at tests/language/usual_lengths.rs:{})", line!() - 1);
    let expected = "axis 0 of `k` in `attention` has length 2, but its subscript runs from 0 to 2";
    assert!(text.contains(expected) && text.ends_with(&here), "{text}");
}
