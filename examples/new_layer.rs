//! A new layer from nothing: its equations, the proof of its gradient, and a small model that
//! learns with it.
//!
//! `cargo run --release --example new_layer`; `cargo test --example new_layer` runs its tests.

use std::process::ExitCode;

use microgpt::gradcheck::gradcheck;
use microgpt::layers::{cross_entropy, linear_with_bias, token_embedding};
use microgpt::tokenizer::{UnknownCharacter, documents};
use microgpt::{Adam, CharTokenizer, PythonRandom, Tape, Value, Vector, layer};

const NAMES: &str = include_str!("names.txt");
const STEPS: usize = 600;
const WIDTH: usize = 16;
const TAPS: usize = 4;

layer! {
    /// `WaveNet`'s gated unit with its residual (van den Oord 2016, arXiv:1609.03499, section 2.3): two
    /// causal convolutions over `k` positions, one of which says how much of the other to let through.
    fn gated_convolution(filter: [o, o, k], gate: [o, o, k], x: [t, o]) -> [t, o] {
        let f = [sum(if t >= k { filter[o, i, k] * x[t - k, i] } else { 0 } for i, k) for t, o];
        let g = [sum(if t >= k { gate[o, i, k] * x[t - k, i] } else { 0 } for i, k) for t, o];
        [tanh(f[t, o]) * sigmoid(g[t, o]) + x[t, o] for t, o]
    }
}

/// A model of characters: an embedding, two gated convolutions, and logits.
struct Model<'t> {
    weights: Vector<'t, usize>,
    vocabulary: usize,
}

impl<'t> Model<'t> {
    fn new(tape: &'t Tape, vocabulary: usize, random: &mut PythonRandom) -> Self {
        let count = 2 * vocabulary * WIDTH + 4 * WIDTH * WIDTH * TAPS + vocabulary;
        let weights: Vec<f64> = (0..count).map(|_| random.gauss(0.0, 0.1)).collect();
        Self { weights: tape.vector(weights), vocabulary }
    }

    /// The mean of `-ln p` over the characters of a document, each from those before it.
    fn loss(&self, tokens: &[usize]) -> Value<'t> {
        let (v, kernel) = (self.vocabulary, WIDTH * WIDTH * TAPS);
        let kernels = |n: usize| self.weights.block(n * kernel, (WIDTH, WIDTH, TAPS));
        let after = 4 * kernel;
        let wte = self.weights.block(after, (v, WIDTH));
        let head = self.weights.block(after + v * WIDTH, (v, WIDTH));
        let bias = self.weights.block(after + 2 * v * WIDTH, (v,));
        let x = token_embedding(wte, &tokens[..tokens.len() - 1]);
        let x = gated_convolution(kernels(0), kernels(1), x);
        let x = gated_convolution(kernels(2), kernels(3), x);
        cross_entropy(linear_with_bias(head, bias, x), &tokens[1..])
    }
}

/// The tokenizer of a text, and each of its documents as tokens.
fn tokens(text: &str) -> Result<(CharTokenizer, Vec<Vec<usize>>), UnknownCharacter> {
    let tokenizer = CharTokenizer::new(documents(text));
    let all = documents(text).map(|name| tokenizer.encode(name)).collect::<Result<_, _>>()?;
    Ok((tokenizer, all))
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = PythonRandom::new(42);
    let mut draw = |count: usize| (0..count).map(|_| random.gauss(0.0, 1.0)).collect::<Vec<_>>();
    let report = gradcheck(&[draw(18), draw(18), draw(15)], |x| {
        let (filter, gate) = (x[0].reshape((3, 3, 2)), x[1].reshape((3, 3, 2)));
        gated_convolution(filter, gate, x[2].reshape((5, 3))).into()
    });
    println!("{} derivatives of the layer are right", report.right()?.compared);

    let (tokenizer, documents) = tokens(NAMES)?;
    let tape = Tape::new();
    let model = Model::new(&tape, tokenizer.vocabulary(), &mut random);
    let mut adam = Adam::default();
    let mark = tape.mark();
    let mut recent = 0.0;
    for step in 1..=STEPS {
        // A stride that shares no factor with their number: names from all over the list.
        let loss = model.loss(&documents[step * 997 % documents.len()]);
        loss.backward();
        recent += loss.data() / 100.0;
        adam.step(model.weights, 0.01 * (1.0 - step as f64 / STEPS as f64));
        tape.rewind(mark);
        if step % 100 == 0 {
            println!("steps {:3} to {step:3}: loss {recent:.4}", step - 99);
            recent = 0.0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_begins_and_ends_with_one_bos() {
        let (tokenizer, documents) = tokens("ada\nbo\n").expect("its own characters");
        assert_eq!(documents, [vec![4, 0, 2, 0, 4], vec![4, 1, 3, 4]]);
        let (bos, names) = (tokenizer.bos(), ["ada", "bo"]);
        for (name, tokens) in names.iter().zip(&documents) {
            assert_eq!(tokens.len(), name.len() + 2);
            assert_eq!(tokens.iter().filter(|&&token| token == bos).count(), 2);
        }
    }

    #[test]
    fn the_model_learns() {
        let tape = Tape::new();
        let model = Model::new(&tape, 5, &mut PythonRandom::new(1));
        let (mut adam, mark) = (Adam::default(), tape.mark());
        let mut losses = Vec::new();
        for _ in 0..60 {
            let loss = model.loss(&[4, 0, 1, 2, 1, 3, 4]);
            loss.backward();
            losses.push(loss.data());
            adam.step(model.weights, 0.01);
            tape.rewind(mark);
        }
        assert!(losses[0] > 1.3 && losses[59] < 0.1, "{losses:?}");
    }
}
