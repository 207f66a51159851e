//! What the library does for every model, on one that is no GPT: it has a state, attention, and what
//! it takes from positions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use microgpt::layers::{attention, attention_of_streams, embedding, linear};
use microgpt::model::{Bias, ModelError, Weight};
use microgpt::{
    Checkpoint, Context, Gpt, Instance, LanguageModel, Loss, Matrix, Model, Parameters,
    PythonRandom, Real, Rule, Sampler, Sampling, Schedule, Streams, Tape, Trainer, Training, Value,
    expr, layer,
};

layer! {
    fn cell(u: [i, i], x: [n, i], h: [n, i]) -> [n, i] {
        [tanh(x[n, i] + sum(u[i, k] * h[n, k] for k)) for n, i]
    }

    fn fade(x: [t, i], time: &[t]) -> [t, i] {
        [x[t, i] / (1 + time[t]^2) for t, i]
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Mixed {
    vocabulary: usize,
    width: usize,
    block: usize,
}

const MIXED: Mixed = Mixed { vocabulary: 5, width: 6, block: 9 };
pub const BOS: usize = 4;

pub struct Weights<'t, T: Real> {
    wte: Weight<'t, T>,
    wpe: Weight<'t, T>,
    u: Weight<'t, T>,
    start: Bias<'t, T>,
    wk: Weight<'t, T>,
    lm_head: Weight<'t, T>,
}

impl Model for Mixed {
    type Weights<'t, T: Real> = Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
        let Self { vocabulary, width, block } = *self;
        Weights {
            wte: p.gauss("wte", (vocabulary, width), 0.8),
            wpe: p.gauss("wpe", (block, width), 0.8),
            u: p.within("cell").uniform("u", (width, width), -0.7, 0.7),
            start: p.within("cell").constant("start", (width,), 0.25),
            wk: p.gauss("wk", (width, width), 0.8),
            lm_head: p.gauss("lm_head", (vocabulary, width), 0.8),
        }
    }

    fn vocabulary(&self) -> Option<usize> {
        Some(self.vocabulary)
    }

    fn micro_batch(&self) -> usize {
        16
    }
}

impl LanguageModel for Mixed {
    fn block_size(&self) -> usize {
        self.block
    }

    fn logits<'t, T: Real>(
        &self,
        w: &Weights<'t, T>,
        tokens: &[usize],
        context: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        let x = embedding(w.wte, w.wpe, tokens, context.positions());
        let h = context.scan(x, w.start, |x, h| cell(w.u, x, h));
        let heads = |x: Matrix<'t, usize, usize, T>| x.reshape((tokens.len(), 2, self.width / 2));
        let read = context.attend(heads(h), heads(linear(w.wk, h)), heads(x), attention);
        let again = context.scan(h, w.start, |x, h| cell(w.u, x, h));
        let (keys, values) = (heads(h), heads(linear(w.wk, x)));
        let too =
            context.attend_in_streams(heads(x), keys, values, attention, attention_of_streams);
        let read = (read + too).reshape(x.shape());
        let x = read + fade(again, context.times());
        linear(w.lm_head, x)
    }
}

pub fn mixed<T: Real>(tape: &Tape<T>) -> Instance<'_, Mixed, T> {
    Instance::new(tape, MIXED, &mut PythonRandom::new(7)).expect("a model")
}

/// Documents of 2 to 12 tokens; a block holds nine predictions.
fn documents() -> Vec<Vec<usize>> {
    let inside = |len: usize| (1..len - 1).map(move |t| (t * t + len) % 4);
    let document = |len| [BOS].into_iter().chain(inside(len)).chain([BOS]).collect();
    (0..30).map(|number| document(2 + number * 7 % 11)).collect()
}

#[test]
fn parameters_are_named_and_drawn_in_order() {
    let tape = Tape::new();
    let model = mixed(&tape);
    let names: Vec<&str> = model.parameters().iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["wte", "wpe", "cell.u", "cell.start", "wk", "lm_head"]);
    let mut random = PythonRandom::new(7);
    let drawn: Vec<f64> = (0..30 + 54).map(|_| random.gauss(0.0, 0.8)).collect();
    assert_eq!(model.block().data()[..84], drawn);
    let u = model.parameter("cell.u").expect("a parameter").data();
    assert!(u.iter().all(|x| (-0.7..0.7).contains(x)) && u[0] != u[1]);
    assert_eq!(model.weights().start.data(), [0.25; 6]);
    assert!(model.parameter("u").is_none());
}

#[test]
fn a_model_that_makes_no_sense_is_refused() {
    #[derive(Clone)]
    struct Twice(usize);
    impl Model for Twice {
        type Weights<'t, T: Real> = ();
        fn weights<T: Real>(&self, p: &mut Parameters<'_, '_, T>) {
            p.constant("a", (2,), 0.0);
            p.constant(if self.0 == 0 { "a" } else { "b" }, (self.0, 1 << 20), 0.0);
        }
        fn check(&self) -> Result<(), ModelError> {
            if self.0 == 3 { Err(ModelError::Refused("three is too many".into())) } else { Ok(()) }
        }
    }
    let tape = Tape::new();
    let refused = |size| {
        let made = Instance::new(&tape, Twice(size), &mut PythonRandom::new(0));
        made.err().map(|error| error.to_string())
    };
    assert_eq!(refused(0).as_deref(), Some("two parameters are called `a`"));
    assert_eq!(refused(1), None);
    assert_eq!(refused(3).as_deref(), Some("three is too many"));
    let many = refused(usize::MAX).expect("an error");
    assert!(many.contains("parameters, more than"), "{many}");
    let few =
        Instance::with_parameters(tape.vector(vec![0.0; 3]), Twice(1)).err().expect("an error");
    assert_eq!(few.to_string(), "a model of these sizes has 1048578 parameters, not 3");
    // What a program prints whose `main` returns it.
    assert_eq!(format!("Error: {few:?}"), format!("Error: {few}"));
}

#[test]
fn a_cache_gives_the_logits_of_the_whole_document() {
    let tape = Tape::new();
    let model = mixed(&tape);
    let tokens = [4, 0, 3, 1, 1, 2, 0, 3, 2];
    let whole = model.logits(&tokens, &mut Context::document()).data();
    for parts in [vec![1; 9], vec![4, 5], vec![1, 7, 1], vec![9]] {
        let mut cache = Context::cache(&model, 1);
        let (mut all, mut first) = (Vec::new(), 0);
        for len in parts {
            assert_eq!(cache.past(0), first);
            all.extend(model.logits(&tokens[first..first + len], &mut cache).data());
            first += len;
        }
        let worst = all.iter().zip(&whole).map(|(one, other)| (one - other).abs());
        assert!(worst.fold(0.0, f64::max) < 1e-12);
        cache.restart(0);
        let again = model.logits(&tokens[..1], &mut cache).data();
        assert!(again.iter().zip(&whole).all(|(one, other)| (one - other).abs() < 1e-12));
    }
}

#[test]
fn documents_in_one_forward_pass_have_the_gradients_of_each() {
    let documents = documents();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let tape = Tape::new();
    let model = mixed(&tape);
    let mark = tape.mark();
    let together = model.loss(&documents);
    together.backward();
    let (total, gradient) = (together.data(), model.block().grad());
    tape.rewind(mark);
    model.block().update_gradients(|gradients| gradients.fill(0.0));
    let mut sum = 0.0;
    for tokens in &documents {
        let loss = model.loss(&[tokens]);
        loss.backward();
        sum += loss.data();
        tape.rewind(mark);
    }
    assert!((total - sum).abs() < 1e-11 && gradient.iter().all(|gradient| *gradient != 0.0));
    for (one, other) in gradient.iter().zip(model.block().grad()) {
        assert!((one - other).abs() < 1e-11, "{one} and {other}");
    }
}

#[test]
fn its_gradient_is_right() {
    let initial = mixed(&Tape::new()).block().data();
    let documents = documents();
    let some: Vec<&[usize]> = documents[3..6].iter().map(Vec::as_slice).collect();
    let report = microgpt::gradcheck::gradcheck(&[initial], |block| {
        Instance::with_parameters(block[0], MIXED).expect("a model").loss(&some).into()
    });
    report.assert_right();
}

fn streams_are_samplers<M: LanguageModel, T: Real>(model: &Instance<'_, M, T>, sampling: Sampling) {
    for (streams, count) in [(1, 4), (5, 3), (4, 17), (16, 16), (23, 50)] {
        let generators: Vec<_> = (0..streams).map(|n| PythonRandom::new(n as u64)).collect();
        let all = Streams::new(model, BOS, sampling, generators).sample(count).expect("numbers");
        assert_eq!(all.len(), count);
        for stream in 0..streams {
            let own = all.iter().skip(stream).step_by(streams);
            let random = PythonRandom::new(stream as u64);
            let sampler = Sampler::new(model, BOS, sampling, random);
            for (one, other) in own.zip(sampler) {
                assert_eq!(*one, other.expect("numbers"), "stream {stream} of {streams}");
            }
        }
    }
}

#[test]
fn documents_drawn_side_by_side_are_those_drawn_one_by_one() {
    fn check<T: Real>() {
        let [all, colder, few, some] = [
            Sampling::GIST,
            Sampling { temperature: 0.0, ..Sampling::GIST },
            Sampling { temperature: 1.1, top_k: Some(4), top_p: None },
            Sampling { temperature: 3.0, top_k: None, top_p: Some(0.8) },
        ];
        let tape = Tape::<T>::default();
        for sampling in [all, colder, few, some] {
            streams_are_samplers(&mixed(&tape), sampling);
        }
        // As many heads and tokens as lanes, and not; a cache of more positions than arrays interleave.
        for (vocabulary, n_embd, n_head, block_size) in
            [(27, 16, 4, 16), (5, 6, 3, 20), (32, 8, 8, 16)]
        {
            let config = Gpt { n_embd, n_head, block_size, std: 0.5, ..Gpt::new(vocabulary) };
            let gpt = Instance::new(&tape, config, &mut PythonRandom::new(2)).expect("a model");
            for sampling in [all, Sampling { temperature: 2.0, ..all }] {
                streams_are_samplers(&gpt, sampling);
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Of tokens that continue streams of a cache, one after the other, to the parameters.
#[test]
fn a_gradient_goes_back_through_several_passes_of_streams() {
    let tape = Tape::new();
    let config = Gpt { std: 0.5, ..Gpt::new(6) };
    let gpt = Instance::new(&tape, config, &mut PythonRandom::new(5)).expect("a model");
    let mut cache = Context::cache(&gpt, 3);
    cache.advance([2, 0]);
    let first = gpt.logits(&[4, 1], &mut cache);
    let second = gpt.logits(&[3, 5], &mut cache);
    let sum = expr!(sum(first[t, v]^2 for t, v) + sum(second[t, v]^2 for t, v));
    sum.backward();
    // What is in the cache is constant: of the first pass the gradient is that of two caches with one token each.
    let both = gpt.block().grad();
    assert!(both.iter().any(|gradient| *gradient != 0.0));
    gpt.block().update_gradients(|gradients| gradients.fill(0.0));
    first.backward_with(&first.data().iter().map(|x| 2.0 * x).collect::<Vec<_>>());
    let of_first = gpt.block().grad();
    gpt.block().update_gradients(|gradients| gradients.fill(0.0));
    for token in [4, 1] {
        let alone = gpt.logits(&[token], &mut Context::cache(&gpt, 1));
        alone.backward_with(&alone.data().iter().map(|x| 2.0 * x).collect::<Vec<_>>());
    }
    for (found, wanted) in of_first.iter().zip(gpt.block().grad()) {
        assert!((found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()), "{found} and {wanted}");
    }
}

#[test]
fn a_pass_has_one_token_of_each_stream() {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(6), &mut PythonRandom::new(5)).expect("a model");
    for (streams, text) in
        [([1, 1], "stream 1 has two tokens of one pass"), ([0, 3], "stream 3 of a cache of 3")]
    {
        let mut cache = Context::cache(&gpt, 3);
        cache.advance(streams);
        let pass = AssertUnwindSafe(|| gpt.logits(&[2, 2], &mut cache).data());
        let panic = catch_unwind(pass).expect_err("it panics");
        assert_eq!(*panic.downcast::<String>().expect("a message"), text);
    }
}

#[test]
fn one_query_of_each_of_some_streams_sees_its_own_document() {
    let tape = Tape::new();
    let config = Gpt { n_embd: 24, n_head: 3, n_layer: 2, std: 0.5, ..Gpt::new(7) };
    let gpt = Instance::new(&tape, config, &mut PythonRandom::new(5)).expect("a model");
    let mut cache = Context::cache(&gpt, 5);
    // Of the first stream several tokens before, without a word of streams.
    let _ = gpt.logits(&[3, 1, 2], &mut cache);
    let mut documents: [Vec<usize>; 5] = Default::default();
    documents[0].extend([3, 1, 2]);
    // Streams in any order, some of which rest, and one that begins anew.
    for (step, streams) in [&[3, 0][..], &[0, 1, 3], &[4], &[1, 0, 4, 3, 2], &[2, 3], &[3, 4, 0]]
        .into_iter()
        .enumerate()
    {
        if step == 4 {
            cache.restart(3);
            documents[3].clear();
        }
        let tokens: Vec<usize> = streams.iter().map(|stream| (stream * 3 + step) % 7).collect();
        cache.advance(streams.iter().copied());
        // Where nothing is recorded one call of attention is for all of them.
        let together = match step % 3 {
            0 => gpt.logits(&tokens, &mut cache).data(),
            _ => tape.inference(|| gpt.logits(&tokens, &mut cache).data()),
        };
        for ((&stream, token), row) in streams.iter().zip(tokens).zip(together.chunks_exact(7)) {
            documents[stream].push(token);
            let alone = gpt.logits(&documents[stream], &mut Context::document()).data();
            for (found, wanted) in row.iter().zip(&alone[alone.len() - 7..]) {
                assert!((found - wanted).abs() < 1e-12, "step {step}, stream {stream}");
            }
        }
    }
}

const TRAINING: Training = Training {
    steps: 12,
    learning_rate: 0.05,
    schedule: Schedule::Cosine { warm_up: 3, floor: 0.1 },
    rule: Rule::Sgd { momentum: 0.9 },
    clip: Some(0.5),
};

/// Trains so many steps, from the start or from a checkpoint.
fn trained<T: Real>(
    rule: Rule,
    threads: usize,
    from: Option<Checkpoint<Mixed, T>>,
    until: usize,
) -> Checkpoint<Mixed, T> {
    let documents = documents();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let tape = Tape::default();
    let model = from.as_ref().map(|from| from.instance(&tape).expect("a model"));
    let model = model.unwrap_or_else(|| mixed(&tape));
    let mut trainer = Trainer::new(&model, Training { rule, ..TRAINING });
    if let Some(progress) = from.and_then(|from| from.progress) {
        trainer = trainer.resumed(progress.steps, progress.optimiser);
    }
    trainer = trainer.threads(threads).expect("threads");
    while trainer.steps() < until {
        let first = trainer.steps() * 2 % 20;
        trainer.step(&documents[first..first + 9]).expect("a finite loss");
    }
    Checkpoint::of_training(&trainer, None, &PythonRandom::new(3))
}

#[test]
fn threads_and_stops_change_no_bit() {
    let adam = Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 };
    for rule in [TRAINING.rule, adam] {
        let whole = trained::<f64>(rule, 1, None, 12);
        assert_eq!(trained(rule, 3, None, 12), whole);
        let bytes = trained::<f64>(rule, 2, None, 5).to_bytes().expect("bytes");
        let half = Checkpoint::from_bytes(&bytes).expect("a checkpoint");
        assert_eq!(trained(rule, 1, Some(half), 12), whole);
        let single = trained::<f32>(rule, 1, None, 12);
        for (one, other) in single.parameters.iter().zip(&whole.parameters) {
            assert!((f64::from(*one) - other).abs() < 1e-3, "{one} and {other}");
        }
    }
}

#[test]
fn a_file_of_another_model_is_refused() {
    let bytes = trained::<f64>(TRAINING.rule, 1, None, 1).to_bytes().expect("bytes");
    let error = Checkpoint::<Gpt>::from_bytes(&bytes).expect_err("another model");
    assert!(error.to_string().starts_with("not a checkpoint of this model: "), "{error}");
}

/// The optimisers against their formulas, with plain numbers.
#[test]
fn steps_are_those_of_the_formulas() {
    #[derive(Clone)]
    struct Bowl;
    impl Model for Bowl {
        type Weights<'t, T: Real> = Bias<'t, T>;
        fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Bias<'t, T> {
            p.constant("x", (2,), 1.0)
        }
    }
    impl Loss for Bowl {
        type Example = [f64; 2];
        fn loss<'t, T: Real>(
            &self,
            _: &'t Tape<T>,
            x: &Bias<'t, T>,
            points: &[&[f64; 2]],
        ) -> Value<'t, T> {
            let scale: Vec<[T; 2]> = points.iter().map(|point| point.map(T::of)).collect();
            expr!(sum(scale[n, i] * x[i]^2 for n, i))
        }
    }
    let points = [&[1.0, 30.0], &[3.0, 10.0]];
    let (b1, b2, eps, decay) = (0.9, 0.99, 1e-8, 0.2);
    let adam = Rule::Adam { beta1: b1, beta2: b2, epsilon: eps, weight_decay: decay };
    for rule in [TRAINING.rule, adam] {
        let tape = Tape::new();
        let bowl = Instance::new(&tape, Bowl, &mut PythonRandom::new(0)).expect("a model");
        let mut trainer = Trainer::new(&bowl, Training { rule, ..TRAINING });
        let (mut x, mut m, mut v) = ([1.0_f64; 2], [0.0; 2], [0.0; 2]);
        for step in 0..12 {
            let loss = trainer.step(&points).expect("a finite loss");
            assert!((loss - (2.0 * x[0] * x[0] + 20.0 * x[1] * x[1])).abs() < 1e-12);
            let gradient = [4.0 * x[0], 40.0 * x[1]];
            let norm = (gradient[0].powi(2) + gradient[1].powi(2)).sqrt();
            let share = if step < 3 {
                f64::from(step + 1) / 3.0
            } else {
                0.1 + 0.45 * (1.0 + (std::f64::consts::PI * f64::from(step - 3) / 9.0).cos())
            };
            let rate = 0.05 * share;
            for i in 0..2 {
                let g = gradient[i] * (0.5 / norm).min(1.0);
                if rule == adam {
                    x[i] -= rate * decay * x[i];
                    m[i] = b1 * m[i] + (1.0 - b1) * g;
                    v[i] = b2 * v[i] + (1.0 - b2) * g * g;
                    let (m, v) =
                        (m[i] / (1.0 - b1.powi(step + 1)), v[i] / (1.0 - b2.powi(step + 1)));
                    x[i] -= rate * m / (v.sqrt() + eps);
                } else {
                    m[i] = 0.9 * m[i] + g;
                    x[i] -= rate * m[i];
                }
            }
            for (one, other) in bowl.weights().data().iter().zip(x) {
                assert!((one - other).abs() < 1e-12, "step {step}: {one} and {other}");
            }
        }
    }
}

/// A model whose logits are of these sizes, whatever they should be.
#[derive(Clone)]
struct Bent {
    rows: usize,
    columns: usize,
}

impl Model for Bent {
    type Weights<'t, T: Real> = Weight<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weight<'t, T> {
        p.gauss("w", (self.rows, self.columns), 0.1)
    }

    fn vocabulary(&self) -> Option<usize> {
        Some(5)
    }
}

impl LanguageModel for Bent {
    fn block_size(&self) -> usize {
        9
    }

    fn logits<'t, T: Real>(
        &self,
        w: &Weight<'t, T>,
        _: &[usize],
        _: &mut Context<'t, T>,
    ) -> Matrix<'t, usize, usize, T> {
        *w
    }
}

#[test]
fn logits_of_another_shape_are_refused_by_the_name_of_the_model() {
    for (rows, columns, is_right) in [(3, 5, true), (1, 5, false), (3, 64, false)] {
        let loss = catch_unwind(|| {
            let tape = Tape::new();
            let model = Bent { rows, columns };
            let bent = Instance::new(&tape, model, &mut PythonRandom::new(1)).expect("a model");
            bent.loss(&[&[4, 0, 1, 4]]).data()
        });
        let Err(panic) = loss else {
            assert!(is_right);
            continue;
        };
        let message = panic.downcast_ref::<String>().expect("a text");
        let told = format!(
            "Bent::logits` must have a row for each of 3 tokens and 5 columns, but its shape is ({rows}, {columns})"
        );
        assert!(!is_right && message.contains(&told), "{message}");
    }
}

#[test]
fn a_token_is_drawn_with_numbers_that_say_how() {
    let tape = Tape::<f64>::default();
    let model = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(1)).expect("a model");
    for (temperature, top_p, expected) in [
        (f64::NAN, None, "a temperature is 0 or more, not NaN"),
        (-1.0, None, "a temperature is 0 or more, not -1"),
        (1.0, Some(1.5), "top-p is a share from 0 to 1, not 1.5"),
        (0.0, Some(f64::NAN), "top-p is a share from 0 to 1, not NaN"),
    ] {
        let sampling = Sampling { temperature, top_p, top_k: None };
        let mut sampler = Sampler::new(&model, 4, sampling, PythonRandom::new(1));
        assert_eq!(sampler.sample().expect_err("refused").to_string(), expected);
        let mut streams = Streams::new(&model, 4, sampling, vec![PythonRandom::new(1)]);
        assert_eq!(streams.sample(1).expect_err("refused").to_string(), expected);
    }
}

#[test]
fn documents_without_tokens_have_no_logits() {
    let tape = Tape::<f64>::default();
    let model = Instance::new(&tape, MIXED, &mut PythonRandom::new(3)).expect("a model");
    assert_eq!(model.logits(&[], &mut Context::document()).shape(), (0, 5));
    assert_eq!(model.logits(&[], &mut Context::packed([0, 0])).shape(), (0, 5));
    let whole = model.logits(&[4, 1], &mut Context::document()).data();
    for lens in [vec![2, 0], vec![0, 2], vec![0, 2, 0]] {
        let found = model.logits(&[4, 1], &mut Context::packed(lens)).data();
        approx::assert_abs_diff_eq!(found[..], whole[..], epsilon = 1e-12);
    }
    let [first, second] = [[4], [1]].map(|one| model.logits(&one, &mut Context::document()).data());
    let apart = model.logits(&[4, 1], &mut Context::packed([1, 0, 1])).data();
    approx::assert_abs_diff_eq!(apart[..], [first, second].concat()[..], epsilon = 1e-12);
}

#[test]
fn a_context_that_no_forward_pass_has_begun_is_named() {
    let tape = Tape::<f64>::default();
    let x = tape.array((2, 6), &[0.5; 12]);
    let heads = x.reshape((2, 2, 3));
    let attend = || {
        Context::document().attend(heads, heads, heads, attention);
    };
    let scan = || {
        Context::document().scan(x, tape.vector(vec![0.0; 6]), |x, h| x + h);
    };
    for call in [&attend as &dyn Fn(), &scan] {
        let error = catch_unwind(AssertUnwindSafe(call));
        let error = error.expect_err("refused");
        let text = error.downcast_ref::<String>().expect("a message");
        assert!(text.contains("no forward pass has begun"), "{text}");
    }
}

#[test]
fn nothing_is_trained_with_numbers_that_cannot() {
    let tape = Tape::<f64>::default();
    let model = Instance::new(&tape, MIXED, &mut PythonRandom::new(3)).expect("a model");
    let before = model.block().data();
    for (training, expected) in [
        (Training { learning_rate: f64::INFINITY, ..Training::default() }, "the learning rate"),
        (Training { clip: Some(f64::NAN), ..Training::default() }, "the greatest norm"),
        (Training { rule: Rule::Sgd { momentum: 1.0 }, ..Training::default() }, "the momentum"),
    ] {
        let mut trainer = Trainer::new(&model, training);
        let error = trainer.step(&[&[4, 1, 4]]).expect_err("refused").to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(model.block().data(), before);
    }
}

#[test]
fn a_state_is_followed_by_one_as_long() {
    for len in [2, 8] {
        for tokens in [1, 3] {
            let tape = Tape::new();
            let [x, wider] = [4, len].map(|len| tape.zeros((tokens, len)));
            let start = tape.zeros((4,));
            let scan = || {
                let mut context = Context::packed([tokens]);
                let _ = context.scan(x, start, |_, _| wider.rows(0, 1));
            };
            let recurrence = || {
                let mut context = Context::packed([tokens]);
                let _ = context.recurrence(x, start, |_, _| wider.reshape((tokens, 1, len)));
            };
            for call in [&scan as &dyn Fn(), &recurrence] {
                let panic = catch_unwind(AssertUnwindSafe(call)).expect_err("another length");
                let text = panic.downcast_ref::<String>().expect("a text");
                assert_eq!(*text, format!("a state of {len} numbers, where the start has 4"));
            }
        }
    }
}
