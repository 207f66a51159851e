//! A language model that is no GPT: a gated recurrent unit on names (Cho 2014, arXiv:1406.1078).
//! Its equations are written out here; the library has them as `layers::gru`. Training takes all positions of a
//! document through one block, and generation takes one position at a time through the same equations.
//! Batches, threads, validation loss, sampling, saving and resuming are the library's.
//!
//! `cargo run --release --example gru [-- STEPS]`

use std::error::Error;

use microgpt::layers::{linear, token_embedding};
use microgpt::model::{Bias, Weight};
use microgpt::tokenizer::documents;
use microgpt::{
    Array, CharTokenizer, Checkpoint, Const, Context, Instance, LanguageModel, Matrix, Model,
    Parameters, PythonRandom, Real, Rule, Sampler, Sampling, Schedule, Tape, Trainer, Training,
    layer,
};
use serde::{Deserialize, Serialize};

layer! {
    /// The states of `n` documents side by side after each position. What needs no state is computed for all
    /// positions at once, before the steps.
    fn gru(w: [j, 3, i], u: [i, 3, i], b: [3, i], x: [t, n, j], start: [n, i]) -> [t, n, i] {
        for t {
            let input  = [sum(w[j, g, i] * x[t, n, j] for j) + b[g, i] for n, g, i];
            let before = [sum(u[k, g, i] * h[t - 1, n, k] for k) for n, g, i];
            let keep   = [sigmoid(input[n, 0, i] + before[n, 0, i]) for n, i];
            let reset  = [sigmoid(input[n, 1, i] + before[n, 1, i]) for n, i];
            let new    = [tanh(input[n, 2, i] + reset[n, i] * before[n, 2, i]) for n, i];
            let h[-1]  = [start[n, i] for n, i];
            let h      = [keep[n, i] * h[t - 1, n, i] + (1 - keep[n, i]) * new[n, i] for n, i];
        }
        [h[t, n, i] for t, n, i]
    }
}

/// The sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Gru {
    vocabulary: usize,
    width: usize,
}

/// A matrix for each gate, side by side.
type Gates<'t, T> = Array<'t, (usize, Const<3>, usize), T>;

struct Weights<'t, T: Real> {
    wte: Weight<'t, T>,
    w: Gates<'t, T>,
    u: Gates<'t, T>,
    b: Matrix<'t, Const<3>, usize, T>,
    start: Bias<'t, T>,
    lm_head: Weight<'t, T>,
}

impl Model for Gru {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let Self { vocabulary, width } = *self;
        Weights {
            wte: p.gauss("wte", (vocabulary, width), 0.3),
            w: p.gauss("w", (width, Const, width), 0.2),
            u: p.gauss("u", (width, Const, width), 0.2),
            b: p.constant("b", (Const, width), 0.0),
            start: p.constant("start", (width,), 0.0),
            lm_head: p.gauss("lm_head", (vocabulary, width), 0.2),
        }
    }

    fn vocabulary(&self) -> Option<usize> {
        Some(self.vocabulary)
    }
}

impl LanguageModel for Gru {
    fn block_size(&self) -> usize {
        32
    }

    fn logits<'t, T: Real>(
        &self,
        w: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        let x = token_embedding(w.wte, tokens);
        let h = context.recurrence(x, w.start, |x, start| gru(w.w, w.u, w.b, x, start));
        linear(w.lm_head, h)
    }
}

const BATCH: usize = 32;

/// A step learns the next documents, in turn.
fn step(trainer: &mut Trainer<'_, '_, Gru>, docs: &[Vec<usize>]) -> Result<f64, Box<dyn Error>> {
    let first = trainer.steps() * BATCH;
    let batch: Vec<&[usize]> =
        (first..first + BATCH).map(|at| &docs[at % docs.len()][..]).collect();
    Ok(trainer.step(&batch)?)
}

/// Trains for so many steps with a stop half way; returns the validation loss before and after.
fn run(steps: usize, say: impl Fn(String)) -> Result<[f64; 2], Box<dyn Error>> {
    let mut random = PythonRandom::new(42);
    let mut names: Vec<&str> = documents(include_str!("names.txt")).collect();
    random.shuffle(&mut names);
    let tokenizer = CharTokenizer::new(names.iter().copied());
    let docs = names.iter().map(|name| tokenizer.encode(name)).collect::<Result<Vec<_>, _>>()?;
    let (held_out, docs) = docs.split_at(docs.len() / 20);

    let tape = Tape::new();
    let model = Gru { vocabulary: tokenizer.vocabulary(), width: 48 };
    let gru = Instance::new(&tape, model, &mut random)?;
    say(format!("{} parameters", gru.block().size()));
    let validation = |gru: &Instance<'_, Gru>| {
        let loss = gru.validation_loss(held_out.iter().map(Vec::as_slice));
        say(format!("validation loss: {:.4} nats per token", loss.nats_per_token));
        loss.nats_per_token
    };
    let before = validation(&gru);
    let training = Training {
        steps,
        learning_rate: 0.01,
        schedule: Schedule::Cosine { warm_up: steps / 20, floor: 0.05 },
        rule: Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.01 },
        clip: Some(1.0),
    };
    let mut trainer = Trainer::new(&gru, training).threads(2)?;
    while trainer.steps() < steps / 2 {
        step(&mut trainer, docs)?;
    }

    // What is saved is loaded again, and goes on as if it had never stopped.
    let file = std::env::temp_dir().join(format!("gru-{}.safetensors", std::process::id()));
    Checkpoint::of_training(&trainer, Some(&tokenizer), &random).save(&file)?;
    let found = Checkpoint::<Gru>::load(&file)?;
    std::fs::remove_file(&file)?;
    let tape = Tape::new();
    let gru = found.instance(&tape)?;
    let progress = found.progress.ok_or("a training to go on with")?;
    let mut trainer = progress.trainer(&gru).threads(2)?;
    say(format!("resumed after step {}", trainer.steps()));
    while trainer.steps() < steps {
        let loss = step(&mut trainer, docs)?;
        if trainer.steps().is_multiple_of(100) {
            say(format!("step {} | loss {loss:.4}", trainer.steps()));
        }
    }
    let after = validation(&gru);
    let sampler = Sampler::new(&gru, tokenizer.bos(), Sampling::default(), progress.random);
    for name in sampler.take(10) {
        say(format!("sample: {}", tokenizer.decode(&name?)));
    }
    Ok([before, after])
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps = std::env::args().nth(1).map_or(Ok(600), |steps| steps.parse())?;
    run(steps, |line| println!("{line}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns() {
        let [before, after] = run(40, |_| ()).expect("a training");
        assert!((before - 27f64.ln()).abs() < 0.2, "{before}");
        assert!(after < 2.65, "{after}");
    }

    fn assert_close(one: &[f64], other: &[f64]) {
        assert_eq!(one.len(), other.len());
        assert!(one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-12));
    }

    #[test]
    fn steps_and_batches_change_nothing() {
        let tape = Tape::new();
        let model = Gru { vocabulary: 5, width: 6 };
        let gru = Instance::new(&tape, model, &mut PythonRandom::new(1)).expect("a model");
        let documents = [&[4, 0, 1, 2, 3, 3, 0][..], &[4, 1, 1], &[4], &[4, 3, 0, 2, 1]];
        let alone = documents.map(|tokens| gru.logits(tokens, &mut Context::document()).data());

        for (tokens, whole) in documents.iter().zip(&alone) {
            let mut cache = Context::cache(&gru, 1);
            for (token, row) in tokens.iter().zip(whole.chunks(5)) {
                assert_close(&gru.logits(&[*token], &mut cache).data(), row);
            }
        }

        // Side by side, some of them longer than others.
        let lens = documents.map(<[usize]>::len);
        let packed = gru.logits(&documents.concat(), &mut Context::packed(lens));
        assert_close(&packed.data(), &alone.concat());

        let mut cache = Context::cache(&gru, 2);
        cache.advance([1]);
        let first = gru.logits(&[4], &mut cache).data();
        cache.advance([0, 1]);
        let both = gru.logits(&[4, 1], &mut cache).data();
        assert_close(&first, &alone[1][..5]);
        assert_close(&both, &[&alone[2][..], &alone[1][5..10]].concat());
    }
}
