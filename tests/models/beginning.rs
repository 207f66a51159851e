//! What all documents begin with: looked at once, it gives the documents that a model gives without a cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use microgpt::layers::{gru, token_embedding};
use microgpt::model::{Bias, Weight};
use microgpt::{
    Array, Const, Context, Gpt, Instance, LanguageModel, Matrix, Model, Parameters, PythonRandom,
    Real, Sampler, Sampling, Streams, Tape, Trainer, Training,
};

use crate::any::{BOS, mixed};

const SAMPLING: Sampling = Sampling { temperature: 0.9, top_k: None, top_p: None };

/// The next document, each of whose tokens is drawn from the logits of all before it.
fn without_cache<M: LanguageModel>(
    model: &Instance<'_, M, f64>,
    prompt: &[usize],
    random: &mut PythonRandom,
) -> Vec<usize> {
    let mut tokens = [&[BOS], prompt].concat();
    while tokens.len() <= model.model().block_size() {
        let logits = model.logits(&tokens, &mut Context::document()).data();
        let last = &logits[logits.len() - (BOS + 1)..];
        let token = random.choices(&SAMPLING.probabilities(last)).expect("numbers");
        if token == BOS {
            break;
        }
        tokens.push(token);
    }
    tokens.split_off(1)
}

/// Samplers and streams, while parameters change in each way that they can.
fn check<M: LanguageModel>(model: &Instance<'_, M, f64>, prompt: &[usize]) {
    let random = |stream: usize| PythonRandom::new(stream as u64);
    let mut sampler =
        Sampler::new(model, BOS, SAMPLING, random(0)).with_prompt(prompt).expect("room");
    let mut streams = Streams::new(model, BOS, SAMPLING, (0..3).map(random).collect())
        .with_prompt(prompt)
        .expect("room");
    let mut trainer = Trainer::new(model, Training::default());
    let mut own: Vec<PythonRandom> = (0..3).map(random).collect();
    let mut of_one = random(0);
    let (wte, initial) = (model.parameter("wte").expect("a parameter"), model.block().data());
    let mut first_token = Vec::new();
    for round in 0..6 {
        match round {
            1 => {
                trainer.step(&[&[BOS, 0, 1, 2, 3, BOS]]).expect("a finite loss");
            }
            2 => model.block().update(|values, _| values.iter_mut().for_each(|x| *x *= 1.5)),
            3 => wte.update(|values, _| values.reverse()),
            4 => {
                let of_bos = wte.at([wte.size() / (BOS + 1) * BOS]);
                of_bos.set(of_bos.data() + 2.0);
            }
            5 => model.block().update(|values, _| values.copy_from_slice(&initial)),
            _ => {}
        }
        for _ in 0..8 {
            let wanted = without_cache(model, prompt, &mut of_one);
            assert_eq!(sampler.sample().expect("numbers"), wanted, "round {round}");
        }
        let choice = sampler.explained().expect("numbers").swap_remove(0);
        assert_eq!(choice.token, {
            let document = without_cache(model, prompt, &mut of_one);
            document.get(prompt.len()).copied().unwrap_or(BOS)
        });
        first_token.push(choice.probabilities);
        // So many that streams go on with other documents, and one has fewer than the others.
        for (number, found) in streams.sample(11).expect("numbers").into_iter().enumerate() {
            let wanted = without_cache(model, prompt, &mut own[number % 3]);
            assert_eq!(found, wanted, "round {round}, document {number}");
        }
    }
    // Each change was one for the first token, too.
    assert_eq!(first_token[0], first_token[5]);
    for round in 0..4 {
        assert_ne!(first_token[round], first_token[round + 1]);
    }
}

#[derive(Clone, Debug)]
struct Gated {
    /// The number of tokens that it has looked at.
    seen: Arc<AtomicUsize>,
}

struct Weights<'t, T: Real> {
    wte: Weight<'t, T>,
    gates: [Array<'t, (usize, Const<3>, usize), T>; 2],
    bias: Matrix<'t, Const<3>, usize, T>,
    start: Bias<'t, T>,
}

impl Model for Gated {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        Weights {
            wte: p.gauss("wte", (5, 5), 1.0),
            gates: ["w", "u"].map(|name| p.gauss(name, (5, Const::<3>, 5), 0.9)),
            bias: p.gauss("bias", (Const::<3>, 5), 0.5),
            start: p.gauss("start", (5,), 0.5),
        }
    }
}

impl LanguageModel for Gated {
    fn block_size(&self) -> usize {
        9
    }

    fn logits<'t, T: Real>(
        &self,
        w: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        self.seen.fetch_add(tokens.len(), Ordering::Relaxed);
        let x = token_embedding(w.wte, tokens);
        context.recurrence(x, w.start, |x, start| gru(w.gates[0], w.gates[1], w.bias, x, start))
    }
}

fn gated(tape: &Tape) -> Instance<'_, Gated> {
    Instance::new(tape, Gated { seen: Arc::default() }, &mut PythonRandom::new(3)).expect("a model")
}

#[test]
fn documents_are_those_without_a_cache_while_parameters_change() {
    for prompt in [&[][..], &[2], &[0, 3, 1, 1, 2, 0, 3, 2]] {
        let tape = Tape::new();
        let config = Gpt { block_size: 9, n_layer: 2, ..Gpt::new(5) };
        check(&Instance::new(&tape, config, &mut PythonRandom::new(3)).expect("a model"), prompt);
        check(&mixed(&tape), prompt);
        check(&gated(&tape), prompt);
    }
}

#[test]
fn the_model_looks_at_a_prompt_once() {
    let tape = Tape::new();
    let model = gated(&tape);
    let prompt = [2, 0, 1, 3];
    let seen = |draw: &mut dyn FnMut() -> Vec<Vec<usize>>| {
        let before = model.model().seen.load(Ordering::Relaxed);
        let documents = draw();
        // Of each document what comes behind the prompt, without the last token of a full block.
        let behind = documents.iter().map(|document| (document.len() - prompt.len()).min(4));
        model.model().seen.load(Ordering::Relaxed) - before - behind.sum::<usize>()
    };
    let sampler = Sampler::new(&model, BOS, SAMPLING, PythonRandom::new(1));
    let mut sampler = sampler.with_prompt(&prompt).expect("room");
    let streams = Streams::new(&model, BOS, SAMPLING, (0..3).map(PythonRandom::new).collect());
    let mut streams = streams.with_prompt(&prompt).expect("room");
    let mut one_by_one = || sampler.by_ref().take(20).collect::<Result<_, _>>().expect("numbers");
    let mut side_by_side = || streams.sample(20).expect("numbers");
    for draw in [&mut one_by_one as &mut dyn FnMut() -> Vec<Vec<usize>>, &mut side_by_side] {
        assert_eq!([seen(draw), seen(draw)], [5, 0]);
        model.block().update(|values, _| values[0] += 1.0);
        assert_eq!([seen(draw), seen(draw)], [5, 0]);
    }
}

#[test]
fn a_prompt_of_streams_leaves_room() {
    let tape = Tape::new();
    let model = gated(&tape);
    let streams = || Streams::new(&model, BOS, SAMPLING, vec![PythonRandom::new(1)]);
    let error = streams().with_prompt(&[0; 9]).expect_err("no room");
    assert_eq!(error.to_string(), "a prompt of 9 tokens leaves no room in a block of 9");
    assert!(streams().with_prompt(&[0; 8]).expect("room").sample(3).expect("numbers").len() == 3);
}

#[test]
fn a_model_that_panics_at_the_beginning_does_so_again() {
    let tape = Tape::new();
    let model = mixed(&tape);
    let sampler = Sampler::new(&model, BOS, SAMPLING, PythonRandom::new(1));
    // 7 is no token.
    let mut sampler = sampler.with_prompt(&[0, 7]).expect("room");
    for _ in 0..2 {
        let draw = std::panic::AssertUnwindSafe(|| sampler.sample());
        assert!(std::panic::catch_unwind(draw).is_err());
    }
}
