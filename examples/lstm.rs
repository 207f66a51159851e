//! An LSTM beside the GPT, on the same names, with no more parameters (Hochreiter 1997, Long Short-Term Memory).
//! The LSTM is `layers::lstm`, one block of equations; its batches, training and sampling are the library's.
//!
//! `cargo run --release --example lstm -- 3000 SEED`, steps of 32 names each: with the seeds 1 to 5 the LSTM of 4,065
//! parameters ends at validation losses of 2.339, 2.338, 2.346, 2.352 and 2.349 nats per token, in the mean 2.345, and
//! the GPT of microgpt.py, of 4,192 parameters, at 2.343, 2.337, 2.349, 2.346 and 2.351, in the mean 2.345. They are
//! as good as each other. The learning rates, one for each model, were chosen by the same held-out names, with seed 1.

use std::error::Error;

use microgpt::layers::{linear, lstm, token_embedding};
use microgpt::model::{Bias, Weight};
use microgpt::tokenizer::documents;
use microgpt::{
    Array, CharTokenizer, Const, Context, Gpt, Instance, LanguageModel, Matrix, Model, Parameters,
    PythonRandom, Real, Rule, Sampler, Sampling, Schedule, Tape, Trainer, Training,
};

/// The sizes.
#[derive(Clone, Debug)]
struct Lstm {
    vocabulary: usize,
    embedding: usize,
    width: usize,
}

/// A matrix for each gate, side by side.
type Gates<'t, T> = Array<'t, (usize, Const<4>, usize), T>;

struct Weights<'t, T: Real> {
    wte: Weight<'t, T>,
    w: Gates<'t, T>,
    u: Gates<'t, T>,
    bias: Matrix<'t, Const<4>, usize, T>,
    /// The state before the first position, and the cell.
    start: [Bias<'t, T>; 2],
    lm_head: Weight<'t, T>,
}

impl Model for Lstm {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let Self { vocabulary, embedding, width } = *self;
        Weights {
            wte: p.gauss("wte", (vocabulary, embedding), 0.6),
            w: p.gauss("w", (embedding, Const, width), 0.4),
            u: p.gauss("u", (width, Const, width), 0.2),
            bias: p.constant("bias", (Const, width), 0.5),
            start: ["start", "start_cell"].map(|name| p.constant(name, (width,), 0.0)),
            lm_head: p.gauss("lm_head", (vocabulary, width), 0.2),
        }
    }
}

impl LanguageModel for Lstm {
    fn block_size(&self) -> usize {
        16
    }

    fn logits<'t, T: Real>(
        &self,
        weights: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        let Weights { w, u, bias, .. } = *weights;
        let x = token_embedding(weights.wte, tokens);
        let [h, _] =
            context.recurrences(x, weights.start, |x, [h, c]| lstm(w, u, bias, x, h, c).into());
        linear(weights.lm_head, h)
    }
}

const BATCH: usize = 32;

/// Names that train, and names that are held out.
struct Data {
    tokenizer: CharTokenizer,
    docs: Vec<Vec<usize>>,
    held_out: Vec<Vec<usize>>,
}

fn data() -> Result<Data, Box<dyn Error>> {
    let mut names: Vec<&str> = documents(include_str!("names.txt")).collect();
    PythonRandom::new(42).shuffle(&mut names);
    let tokenizer = CharTokenizer::new(names.iter().copied());
    let mut docs =
        names.iter().map(|name| tokenizer.encode(name)).collect::<Result<Vec<_>, _>>()?;
    let held_out = docs.split_off(docs.len() - docs.len() / 20);
    Ok(Data { tokenizer, docs, held_out })
}

/// Trains a model for so many steps; returns its number of parameters and its validation loss.
fn train<M: LanguageModel>(
    model: M,
    data: &Data,
    training: Training,
    seed: u64,
    say: &impl Fn(String),
) -> Result<(usize, f64), Box<dyn Error>> {
    let tape = Tape::new();
    let mut random = PythonRandom::new(seed);
    let model = Instance::new(&tape, model, &mut random)?;
    let mut trainer = Trainer::new(&model, training).threads(2)?;
    let mut docs = data.docs.iter().map(Vec::as_slice).cycle();
    while trainer.steps() < training.steps {
        let batch: Vec<&[usize]> = docs.by_ref().take(BATCH).collect();
        let loss = trainer.step(&batch)?;
        if trainer.steps().is_multiple_of(500) {
            say(format!("step {} | loss {loss:.4}", trainer.steps()));
        }
    }
    let loss = model.validation_loss(data.held_out.iter().map(Vec::as_slice));
    for name in Sampler::new(&model, data.tokenizer.bos(), Sampling::default(), random).take(5) {
        say(format!("sample: {}", data.tokenizer.decode(&name?)));
    }
    Ok((model.block().size(), loss.nats_per_token))
}

/// The number of parameters and the validation loss of the LSTM and of the GPT, each at a learning rate of its own.
fn run(
    steps: usize,
    learning_rates: [f64; 2],
    seed: u64,
    say: impl Fn(String),
) -> Result<[(usize, f64); 2], Box<dyn Error>> {
    let data = data()?;
    let vocabulary = data.tokenizer.vocabulary();
    let [for_lstm, for_gpt] = learning_rates.map(|learning_rate| Training {
        steps,
        learning_rate,
        schedule: Schedule::Cosine { warm_up: steps / 20, floor: 0.02 },
        rule: Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 },
        clip: Some(1.0),
    });
    let lstm = train(Lstm { vocabulary, embedding: 10, width: 23 }, &data, for_lstm, seed, &say)?;
    say(format!("LSTM: {} parameters, validation loss {:.4} nats per token", lstm.0, lstm.1));
    let gpt = train(Gpt::new(vocabulary), &data, for_gpt, seed, &say)?;
    say(format!("GPT: {} parameters, validation loss {:.4} nats per token", gpt.0, gpt.1));
    Ok([lstm, gpt])
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let steps = arguments.next().map_or(Ok(3000), |steps| steps.parse())?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    run(steps, [0.015, 0.007], seed, |line| println!("{line}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_no_worse_than_the_gpt() {
        let [lstm, gpt] = run(80, [0.1, 0.03], 1, |_| ()).expect("two trainings");
        assert!(lstm.0 <= gpt.0, "{} parameters, and of the GPT {}", lstm.0, gpt.0);
        assert!(gpt.1 < 2.46 && lstm.1 <= gpt.1, "{}, and of the GPT {}", lstm.1, gpt.1);
    }

    /// The state and the cell are kept from one position to the next.
    #[test]
    fn steps_change_nothing() {
        let tape = Tape::new();
        let model = Lstm { vocabulary: 5, embedding: 3, width: 4 };
        let lstm = Instance::new(&tape, model, &mut PythonRandom::new(1)).expect("a model");
        let tokens = [4, 0, 1, 2, 3, 3, 0];
        let whole = lstm.logits(&tokens, &mut Context::document()).data();
        let mut cache = Context::cache(&lstm, 1);
        for (token, row) in tokens.iter().zip(whole.chunks(5)) {
            let one = lstm.logits(&[*token], &mut cache).data();
            assert!(one.iter().zip(row).all(|(one, other)| (one - other).abs() < 1e-12));
        }
        // Two documents side by side, of which the first ends before.
        let two = [&tokens[..3], &tokens[..]].concat();
        let packed = lstm.logits(&two, &mut Context::packed([3, 7])).data();
        let alone = whole[..3 * 5].iter().chain(&whole);
        assert!(packed.iter().zip(alone).all(|(one, other)| (one - other).abs() < 1e-12));
    }
}
