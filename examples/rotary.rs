//! A GPT of today: rotary positions, grouped queries, a gated MLP, norms with a gain, and a head
//! that is the embedding itself. All but the model is the library's.
//!
//! `cargo run --release --example rotary [-- STEPS]`

use std::error::Error;

use microgpt::layers::{
    grouped_query_attention, linear, rmsnorm_with_gain, rotary, swiglu, token_embedding,
};
use microgpt::model::{Bias, Weight};
use microgpt::tokenizer::documents;
use microgpt::{
    CharTokenizer, Const, Context, Instance, LanguageModel, Matrix, Model, Parameters,
    PythonRandom, Real, Sampler, Sampling, Tape, Trainer, Training,
};

/// The sizes.
#[derive(Clone, Debug)]
struct Rotary {
    vocabulary: usize,
    n_layer: usize,
    n_embd: usize,
    /// Heads of keys and values, and the queries that share each.
    groups: usize,
    queries: usize,
    block_size: usize,
}

struct Weights<'t, T: Real> {
    wte: Weight<'t, T>,
    blocks: Vec<Block<'t, T>>,
    gain: Bias<'t, T>,
}

struct Block<'t, T: Real> {
    attention_gain: Bias<'t, T>,
    wq: Weight<'t, T>,
    wk: Weight<'t, T>,
    wv: Weight<'t, T>,
    wo: Weight<'t, T>,
    mlp_gain: Bias<'t, T>,
    gate: Weight<'t, T>,
    up: Weight<'t, T>,
    down: Weight<'t, T>,
}

impl Rotary {
    fn width(&self) -> usize {
        self.n_embd / (self.groups * self.queries)
    }
}

impl Model for Rotary {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let (n, keys, hidden, std) =
            (self.n_embd, self.groups * self.width(), 3 * self.n_embd, 0.1);
        let wte = p.gauss("wte", (self.vocabulary, n), std);
        let block = |layer| {
            let mut p = p.within(&format!("layer{layer}"));
            Block {
                attention_gain: p.constant("attention_gain", (n,), 1.0),
                wq: p.gauss("wq", (n, n), std),
                wk: p.gauss("wk", (keys, n), std),
                wv: p.gauss("wv", (keys, n), std),
                wo: p.gauss("wo", (n, n), std),
                mlp_gain: p.constant("mlp_gain", (n,), 1.0),
                gate: p.gauss("gate", (hidden, n), std),
                up: p.gauss("up", (hidden, n), std),
                down: p.gauss("down", (n, hidden), std),
            }
        };
        let blocks = (0..self.n_layer).map(block).collect();
        Weights { wte, blocks, gain: p.constant("gain", (n,), 1.0) }
    }

    fn vocabulary(&self) -> Option<usize> {
        Some(self.vocabulary)
    }
}

impl LanguageModel for Rotary {
    fn block_size(&self) -> usize {
        self.block_size
    }

    fn logits<'t, T: Real>(
        &self,
        weights: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        let (n, groups, queries, width) = (tokens.len(), self.groups, self.queries, self.width());
        let mut x = token_embedding(weights.wte, tokens);
        for w in &weights.blocks {
            let y = rmsnorm_with_gain(x, w.attention_gain);
            let mut turned = |x: Matrix<'t, usize, usize, T>, heads| {
                rotary(x.reshape((n, heads, Const::<2>, width / 2)), context.times())
            };
            let q = turned(linear(w.wq, y), groups * queries).reshape((n, groups, queries, width));
            let k = turned(linear(w.wk, y), groups).reshape((n, groups, width));
            let v = linear(w.wv, y).reshape((n, groups, width));
            let read = context.attend(q, k, v, grouped_query_attention);
            x = x + linear(w.wo, read.reshape(x.shape()));
            x = x + swiglu(w.gate, w.up, w.down, rmsnorm_with_gain(x, w.mlp_gain));
        }
        linear(weights.wte, rmsnorm_with_gain(x, weights.gain))
    }
}

fn model(vocabulary: usize) -> Rotary {
    Rotary { vocabulary, n_layer: 2, n_embd: 32, groups: 2, queries: 2, block_size: 24 }
}

/// Trains for so many steps; returns the losses.
fn run(steps: usize, say: impl Fn(String)) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut random = PythonRandom::new(42);
    let mut names: Vec<&str> = documents(include_str!("names.txt")).collect();
    random.shuffle(&mut names);
    let tokenizer = CharTokenizer::new(names.iter().copied());
    let tape = Tape::new();
    let gpt = Instance::new(&tape, model(tokenizer.vocabulary()), &mut random)?;
    say(format!("{} parameters", gpt.block().size()));
    let mut trainer = Trainer::new(&gpt, Training { steps, ..Training::default() });
    let mut losses = Vec::new();
    for batch in names.chunks_exact(16).cycle().take(steps) {
        let batch =
            batch.iter().map(|name| tokenizer.encode(name)).collect::<Result<Vec<_>, _>>()?;
        losses.push(trainer.step(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>())?);
        if trainer.steps().is_multiple_of(100) {
            let recent = losses[losses.len() - 100..].iter().sum::<f64>() / 100.0;
            say(format!("step {} | mean loss {recent:.4}", trainer.steps()));
        }
    }
    for name in Sampler::new(&gpt, tokenizer.bos(), Sampling::default(), random).take(10) {
        say(format!("sample: {}", tokenizer.decode(&name?)));
    }
    Ok(losses)
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps = std::env::args().nth(1).map_or(Ok(500), |steps| steps.parse())?;
    run(steps, |line| println!("{line}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns() {
        let losses = run(30, |_| ()).expect("a training");
        assert!(losses[0] > 3.2 && losses[29] < 2.75, "{losses:?}");
    }

    #[test]
    fn a_cache_changes_nothing() {
        let tape = Tape::new();
        let gpt = Instance::new(&tape, model(5), &mut PythonRandom::new(1)).expect("a model");
        let tokens = [4, 0, 1, 2, 3, 3, 0];
        let whole = gpt.logits(&tokens, &mut Context::document()).data();
        let mut cache = Context::cache(&gpt, 1);
        for (token, row) in tokens.iter().zip(whole.chunks(5)) {
            let one = gpt.logits(&[*token], &mut cache).data();
            assert!(one.iter().zip(row).all(|(one, other)| (one - other).abs() < 1e-12));
        }
    }
}
