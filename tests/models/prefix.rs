//! What all documents begin with: looked at once, it gives the documents that a model gives without a cache.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use microgpt::layers::{gru, token_embedding};
use microgpt::model::{Bias, Weight};
use microgpt::{
    Array, Const, Context, Gpt, Instance, LanguageModel, Matrix, Model, Parameters, PythonRandom,
    Real, Sampler, Sampling, Streams, Tape, Trainer, Training, expr,
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
    let tape = model.tape();
    let mark = tape.mark();
    while tokens.len() <= model.model().block_size() {
        let whole = || model.logits(&tokens, &mut Context::document()).data();
        let logits = tape.inference(whole);
        tape.rewind(mark);
        let last = &logits[logits.len() - (BOS + 1)..];
        let token = random.choices(&SAMPLING.probabilities(last)).expect("numbers");
        if token == BOS {
            break;
        }
        tokens.push(token);
    }
    tokens.split_off(1)
}

/// Samplers and streams, while parameters change in each way that they can; `work` is done once they are made.
fn check<M: LanguageModel>(model: &Instance<'_, M, f64>, prompt: &[usize], work: impl FnOnce()) {
    let random = |stream: usize| PythonRandom::new(stream as u64);
    let mut sampler =
        Sampler::new(model, BOS, SAMPLING, random(0)).with_prompt(prompt).expect("room");
    let mut streams = Streams::new(model, BOS, SAMPLING, (0..3).map(random).collect())
        .with_prompt(prompt)
        .expect("room");
    work();
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

/// A gated recurrent unit over five tokens.
#[derive(Clone, Debug)]
pub struct Gated {
    /// The number of tokens that it has looked at.
    seen: Arc<AtomicUsize>,
    /// Whether it panics.
    refuses: Arc<AtomicBool>,
}

pub struct Weights<'t, T: Real> {
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
        assert!(!self.refuses.load(Ordering::Relaxed), "refused");
        self.seen.fetch_add(tokens.len(), Ordering::Relaxed);
        let x = token_embedding(w.wte, tokens);
        context.recurrence(x, w.start, |x, start| gru(w.gates[0], w.gates[1], w.bias, x, start))
    }
}

pub fn gated<T: Real>(tape: &Tape<T>) -> Instance<'_, Gated, T> {
    Instance::new(
        tape,
        Gated { seen: Arc::default(), refuses: Arc::default() },
        &mut PythonRandom::new(3),
    )
    .expect("a model")
}

#[test]
fn documents_are_those_without_a_cache_while_parameters_change() {
    for prompt in [&[][..], &[2], &[0, 3, 1, 1, 2, 0, 3, 2]] {
        let tape = Tape::new();
        let config = Gpt { block_size: 9, n_layer: 2, ..Gpt::new(5) };
        let gpt = Instance::new(&tape, config, &mut PythonRandom::new(3)).expect("a model");
        check(&gpt, prompt, || ());
        check(&mixed(&tape), prompt, || ());
        check(&gated(&tape), prompt, || ());
    }
}

/// What a record above the cache may have read is changed in another way.
#[test]
fn documents_are_the_same_beside_what_is_recorded() {
    for prompt in [&[][..], &[2, 3]] {
        let tape = Tape::new();
        let mut recorded = Vec::new();
        let mut record = || {
            let x = tape.vector([1.0, -2.0]);
            recorded.push((x, expr!(sum(x[i]^3 for i))));
        };
        check(&mixed(&tape), prompt, &mut record);
        check(&gated(&tape), prompt, &mut record);
        for (x, sum) in recorded {
            sum.backward();
            assert_eq!((sum.data(), x.grad()), (-7.0, vec![3.0, 12.0]));
        }
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
fn documents_at_the_edges() {
    let tape = Tape::new();
    let model = gated(&tape);
    let streams = |count: u64| {
        Streams::new(&model, BOS, SAMPLING, (0..count).map(PythonRandom::new).collect())
    };
    let error = streams(1).with_prompt(&[0; 9]).expect_err("no room");
    assert_eq!(error.to_string(), "a prompt of 9 tokens leaves no room in a block of 9");
    let full = [1, 0, 2, 3, 0, 1, 1, 2];
    for document in streams(1).with_prompt(&full).expect("room").sample(20).expect("numbers") {
        assert!(document.starts_with(&full) && document.len() <= 9);
    }
    // No document asks for no pass, also of a prompt that is none.
    let before = model.model().seen.load(Ordering::Relaxed);
    let mut none = streams(2).with_prompt(&[7]).expect("room");
    let of_caches = 1;
    assert!(none.sample(0).expect("numbers").is_empty());
    assert_eq!(model.model().seen.load(Ordering::Relaxed), before + of_caches);
    // Fewer documents than streams, then more: each stream goes on with its own.
    let mut own: Vec<PythonRandom> = (0..3).map(PythonRandom::new).collect();
    let mut drawn = streams(3);
    for count in [2, 7, 1] {
        for (number, document) in drawn.sample(count).expect("numbers").into_iter().enumerate() {
            assert_eq!(document, without_cache(&model, &[], &mut own[number % 3]));
        }
    }
    let one = Gpt { block_size: 1, ..Gpt::new(5) };
    let one = Instance::new(&tape, one, &mut PythonRandom::new(3)).expect("a model");
    let generators = vec![PythonRandom::new(1)];
    let documents = Streams::new(&one, BOS, SAMPLING, generators).sample(30).expect("numbers");
    let mut random = PythonRandom::new(1);
    assert!(documents.into_iter().all(|found| found == without_cache(&one, &[], &mut random)));
}

/// A prompt that is none, and parameters that the model makes nothing of, between two that are well.
#[test]
fn what_a_model_panicked_at_is_not_kept() {
    let panics = |draw: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(draw)).is_err();
    let tape = Tape::new();
    let model = gated(&tape);
    let sampler = || Sampler::new(&model, BOS, SAMPLING, PythonRandom::new(1));
    // 7 is no token.
    let mut none = sampler().with_prompt(&[0, 7]).expect("room");
    for _ in 0..2 {
        assert!(panics(&mut || drop(none.sample())));
    }
    let (mut sampler, mut random) = (sampler(), PythonRandom::new(1));
    let mut is_well = || {
        let document = sampler.sample().expect("numbers");
        assert_eq!(document, without_cache(&model, &[], &mut random));
    };
    is_well();
    model.block().update(|values, _| values[1] += 0.5);
    model.model().refuses.store(true, Ordering::Relaxed);
    assert!(panics(&mut is_well));
    model.model().refuses.store(false, Ordering::Relaxed);
    (0..5).for_each(|_| is_well());
}

#[test]
fn a_sampler_whose_cache_or_model_a_rewind_forgot_panics_at_once() {
    fn check<'t, M: LanguageModel>(tape: &'t Tape, model: impl Fn() -> Instance<'t, M>) {
        for with_the_model in [false, true] {
            let below = tape.mark();
            let model = model();
            let mark = if with_the_model { below } else { tape.mark() };
            let mut sampler = Sampler::new(&model, BOS, SAMPLING, PythonRandom::new(1));
            let mut streams = Streams::new(&model, BOS, SAMPLING, vec![PythonRandom::new(2)]);
            sampler.sample().expect("numbers");
            streams.sample(1).expect("numbers");
            tape.rewind(mark);
            let mut one = || drop(sampler.sample());
            let mut some = || drop(streams.sample(1));
            for draw in [&mut one as &mut dyn FnMut(), &mut some] {
                let message = catch_unwind(AssertUnwindSafe(draw)).expect_err("a panic");
                let message = message.downcast_ref::<String>().expect("a text");
                assert!(message.contains("forgotten by a rewind"), "{message}");
            }
        }
    }
    let tape = Tape::new();
    // Of one position: nothing is read behind the first token.
    let config = Gpt { block_size: 1, ..Gpt::new(5) };
    check(&tape, || Instance::new(&tape, config, &mut PythonRandom::new(3)).expect("a model"));
    check(&tape, || mixed(&tape));
    check(&tape, || gated(&tape));
}
