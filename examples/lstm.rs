//! An LSTM beside the GPT, on the same names, with no more parameters (Hochreiter 1997, Long Short-Term Memory).
//! The LSTM is `layers::lstm`, one block of equations; its batches, training and sampling are the library's.
//!
//! `cargo run --release --example lstm`

use std::error::Error;

use microgpt::layers::{linear, lstm, token_embedding};
use microgpt::model::{Bias, Weight};
use microgpt::tokenizer::documents;
use microgpt::{
    Array, CharTokenizer, Const, Context, Gpt, Instance, LanguageModel, Matrix, Model, Parameters,
    PythonRandom, Real, Rule, Sampler, Sampling, Schedule, Tape, Trainer, Training, expr,
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
    /// The state before the first position, and after it the cell.
    start: Bias<'t, T>,
    lm_head: Weight<'t, T>,
}

impl Model for Lstm {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let Self { vocabulary, embedding, width } = *self;
        Weights {
            wte: p.gauss("wte", (vocabulary, embedding), 0.3),
            w: p.gauss("w", (embedding, Const, width), 0.3),
            u: p.gauss("u", (width, Const, width), 0.2),
            bias: p.constant("bias", (Const, width), 0.0),
            start: p.constant("start", (2 * width,), 0.0),
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
        let width = self.width;
        let x = token_embedding(weights.wte, tokens);
        // A row of the context's states is a state and its cell.
        let states = context.recurrence(x, weights.start, |x, start| {
            let (documents, both) = start.shape();
            let start = start.reshape((documents, 2, width));
            let [h, c] = [0, 1].map(|part| expr!([start[n, {part}, i] for n, i]));
            let (h, c) = lstm(w, u, bias, x, h, c);
            let both_of_each =
                expr!([if part == 0 { h[t, n, i] } else { c[t, n, i] } for t, n, part in 0..2, i]);
            both_of_each.reshape((x.shape().0, documents, both))
        });
        linear(weights.lm_head, expr!([states[t, i] for t, i in 0..width]))
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

/// Trains a model for so many steps; returns its number of parameters and its held-out loss.
fn train<M: LanguageModel>(
    model: M,
    data: &Data,
    training: Training,
    say: &impl Fn(String),
) -> Result<(usize, f64), Box<dyn Error>> {
    let tape = Tape::new();
    let mut random = PythonRandom::new(1);
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

/// The number of parameters and the held-out loss of the LSTM and of the GPT.
fn run(steps: usize, say: impl Fn(String)) -> Result<[(usize, f64); 2], Box<dyn Error>> {
    let data = data()?;
    let vocabulary = data.tokenizer.vocabulary();
    let training = Training {
        steps,
        learning_rate: 0.02,
        schedule: Schedule::Cosine { warm_up: steps / 20, floor: 0.02 },
        rule: Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 },
        clip: Some(1.0),
    };
    let lstm = train(Lstm { vocabulary, embedding: 8, width: 24 }, &data, training, &say)?;
    say(format!("LSTM: {} parameters, held-out loss {:.4} nats per token", lstm.0, lstm.1));
    let gpt = train(Gpt::new(vocabulary), &data, training, &say)?;
    say(format!("GPT: {} parameters, held-out loss {:.4} nats per token", gpt.0, gpt.1));
    Ok([lstm, gpt])
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps = std::env::args().nth(1).map_or(Ok(3000), |steps| steps.parse())?;
    run(steps, |line| println!("{line}"))?;
    Ok(())
}
