//! `cargo bench --bench recurrences`: value and gradient of an LSTM in `f32`, on one core, as a block of
//! equations, as a Rust loop of an `expr!` for each step, and by hand; and of each other recurrence among the
//! layers, beside such a loop. Times are medians of runs that take turns. What comes out is compared first.
//!
//! `benches/jax_lstm.py` measures the same LSTM in JAX.

use microgpt::{Array, PythonRandom, Shape, Tape, Value};

#[path = "recurrences/by_hand.rs"]
mod by_hand;
#[path = "recurrences/lstm.rs"]
mod lstm;
#[path = "recurrences/others.rs"]
mod others;
#[path = "recurrences/turns.rs"]
mod turns;

/// A tape of `f32`, and what is drawn on it.
struct Bench<'t> {
    tape: &'t Tape<f32>,
    random: PythonRandom,
    short: bool,
}

impl<'t> Bench<'t> {
    fn numbers(&mut self, size: usize, about: f64, spread: f64) -> Vec<f32> {
        #[allow(clippy::cast_possible_truncation)] // to single precision
        (0..size).map(|_| self.random.gauss(about, spread) as f32).collect()
    }

    fn draw<S: Shape>(&mut self, shape: S) -> Array<'t, S, f32> {
        self.around(shape, 0.0, 0.3)
    }

    fn around<S: Shape>(&mut self, shape: S, about: f64, spread: f64) -> Array<'t, S, f32> {
        let numbers = self.numbers(shape.size(), about, spread);
        self.tape.array(shape, &numbers)
    }
}

/// What has a value and can be run backward.
trait Output {
    fn data(&self) -> Vec<f32>;
    fn pull(self, cotangent: &[f32]);
}

impl<S: Shape> Output for Array<'_, S, f32> {
    fn data(&self) -> Vec<f32> {
        Array::data(*self)
    }

    fn pull(self, cotangent: &[f32]) {
        self.backward_with(cotangent);
    }
}

impl Output for Value<'_, f32> {
    fn data(&self) -> Vec<f32> {
        vec![Value::data(*self)]
    }

    fn pull(self, _: &[f32]) {
        self.backward();
    }
}

/// Rounding, and no more: a difference beside the greatest of the numbers.
#[track_caller]
fn assert_close(what: &str, one: &[f32], other: &[f32]) {
    assert_eq!(one.len(), other.len(), "{what}");
    let greatest = one.iter().fold(0.0, |greatest: f32, x| greatest.max(x.abs()));
    for (at, (one, other)) in one.iter().zip(other).enumerate() {
        assert!((one - other).abs() <= 1e-3 * greatest, "{what}[{at}]: {one} and {other}");
    }
}

fn main() {
    let short = std::env::args().any(|argument| argument == "--test");
    lstm::measure(short);
    others::measure(short);
}
