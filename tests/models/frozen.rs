//! Trainings that leave some parameters as they are.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};

use microgpt::checkpoint::CheckpointError;
use microgpt::model::Bias;
use microgpt::{
    Checkpoint, Gpt, Instance, Loss, Model, Parameters, PythonRandom, Real, Rule, Schedule, Tape,
    Trainer, Training, Value, expr,
};
use safetensors::SafeTensors;

const ADAM: Rule = Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 };
const RULES: [Rule; 2] = [ADAM, Rule::Sgd { momentum: 0.9 }];
const TRAINING: Training = Training {
    steps: 12,
    learning_rate: 0.05,
    schedule: Schedule::Linear,
    rule: ADAM,
    clip: Some(0.5),
};

/// A line through points, whose parts are parameters or numbers.
#[derive(Clone)]
struct Line {
    parameters: &'static [&'static str],
}

const PARTS: [(&str, f64); 3] = [("slope", 0.5), ("offset", -1.0), ("bend", 0.25)];

impl Model for Line {
    type Weights<'t, T: Real> = [Option<Bias<'t, T>>; 3];

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Self::Weights<'t, T> {
        PARTS.map(|(name, number)| {
            self.parameters.contains(&name).then(|| p.constant(name, (1,), number))
        })
    }

    fn micro_batch(&self) -> usize {
        2
    }
}

impl Loss for Line {
    type Example = f64;

    fn loss<'t, T: Real>(
        &self,
        tape: &'t Tape<T>,
        weights: &Self::Weights<'t, T>,
        points: &[&f64],
    ) -> Value<'t, T> {
        let x: Vec<T> = points.iter().map(|&&x| T::of(x)).collect();
        let part = |at: usize| weights[at].unwrap_or_else(|| tape.vector(vec![T::of(PARTS[at].1)]));
        let [slope, offset, bend] = [0, 1, 2].map(part);
        expr!(sum((slope[0] * x[n] + offset[0] + bend[0] * x[n]^2 - sin(3 * x[n]))^2 for n))
    }
}

/// The parameters after some steps.
fn trained(parameters: &'static [&'static str], frozen: &[&str], rule: Rule) -> Vec<f64> {
    let tape = Tape::new();
    let line = Instance::new(&tape, Line { parameters }, &mut PythonRandom::new(1));
    let line = line.expect("a model");
    let mut trainer = Trainer::new(&line, Training { rule, ..TRAINING });
    if !frozen.is_empty() {
        trainer = trainer.freeze(|name| frozen.contains(&name));
    }
    for _ in 0..12 {
        trainer.step(&[&0.1, &0.7, &1.5, &-0.3]).expect("a finite loss");
    }
    line.block().data()
}

/// The optimiser, weight decay and the norm are those of the parameters that move.
#[test]
fn what_is_frozen_is_a_number_like_any_other() {
    for rule in RULES {
        let some = trained(&["slope", "bend"], &[], rule);
        let frozen = trained(&["slope", "offset", "bend"], &["offset"], rule);
        assert_eq!(frozen[1].to_bits(), PARTS[1].1.to_bits());
        for (one, other) in [frozen[0], frozen[2]].iter().zip(&some) {
            assert!((one - other).abs() < 1e-12, "{one} and {other}");
        }
        let one = trained(&["slope", "offset", "bend"], &["slope", "offset"], rule);
        let other = trained(&["bend"], &[], rule);
        assert!((one[2] - other[0]).abs() < 1e-12 && one[..2] == [PARTS[0].1, PARTS[1].1]);
    }
}

fn is_frozen(name: &str) -> bool {
    name == "wpe" || name.ends_with("wq")
}

/// A GPT after so many steps, from the start or from a checkpoint.
fn gpt(rule: Rule, threads: usize, from: Option<&[u8]>, until: usize) -> Checkpoint<Gpt> {
    let documents: [&[usize]; 3] = [&[4, 0, 1, 4], &[4, 2, 4], &[4, 3, 3, 1, 0, 4]];
    let batch: Vec<&[usize]> = (0..60).map(|at| documents[at % 3]).collect();
    let tape = Tape::new();
    let config = Gpt { n_embd: 4, n_head: 2, block_size: 6, ..Gpt::new(5) };
    let (mut gpt, mut progress) = (Instance::new(&tape, config, &mut PythonRandom::new(2)), None);
    if let Some(bytes) = from {
        let found = Checkpoint::<Gpt>::from_bytes(bytes).expect("a checkpoint");
        (gpt, progress) = (found.instance(&tape), found.progress);
    }
    let gpt = gpt.expect("a model");
    let mut trainer = Trainer::new(&gpt, Training { rule, ..TRAINING });
    trainer = match progress {
        None => trainer.freeze(is_frozen),
        Some(progress) => progress.trainer(&gpt),
    };
    let mut trainer = trainer.threads(threads).expect("threads");
    while trainer.steps() < until {
        trainer.step(&batch).expect("a finite loss");
    }
    Checkpoint::of_training(&trainer, None, &PythonRandom::new(3))
}

#[test]
fn a_training_that_freezes_goes_on_with_the_same_bits() {
    for rule in RULES {
        let whole = gpt(rule, 1, None, 8);
        assert_eq!(gpt(rule, 2, None, 8), whole);
        let half = gpt(rule, 1, None, 3).to_bytes().expect("bytes");
        assert_eq!(gpt(rule, 2, Some(&half), 8), whole);
        let frozen = &whole.progress.as_ref().expect("a training").frozen;
        let names = ["layer0.attn_wq", "wpe"].map(str::to_owned);
        assert_eq!(*frozen, BTreeSet::from(names));
        let file = SafeTensors::deserialize(&half).expect("safetensors");
        for name in ["wpe", "layer0.attn_wq", "layer0.attn_wk"] {
            for what in ["adam.mean", "adam.square", "sgd.velocity"] {
                let is_there = file.tensor(&format!("{what}.{name}")).is_ok();
                let is_of_rule = (what == "sgd.velocity") == (rule != ADAM);
                assert_eq!(is_there, is_of_rule && !is_frozen(name), "{what}.{name}");
            }
            assert!(file.tensor(name).is_ok());
        }
    }
}

#[test]
fn what_cannot_be_frozen_is_told() {
    let tape = Tape::new();
    let gpt_5 = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let all = || drop(Trainer::new(&gpt_5, TRAINING).freeze(|_| true));
    let panic = catch_unwind(AssertUnwindSafe(all)).expect_err("nothing moves");
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"all parameters are frozen: none is left to train")
    );
    // A file is held to the same.
    let good = gpt(ADAM, 1, None, 2);
    let frozen = |names: &[&str]| {
        let mut checkpoint = good.clone();
        let progress = checkpoint.progress.as_mut().expect("a training");
        progress.frozen = names.iter().map(|&name| name.to_owned()).collect();
        checkpoint.to_bytes()
    };
    assert!(frozen(&["wpe", "layer0.attn_wq"]).is_ok());
    assert!(matches!(frozen(&["wpe", "wq"]), Err(CheckpointError::Frozen(name)) if name == "wq"));
    // What is remembered is of other parameters.
    let Err(CheckpointError::Remembered { expected, found }) = frozen(&["wpe"]) else {
        panic!("the optimiser remembers less than is trained")
    };
    assert_eq!(expected - found, 16);
    let every: Vec<&str> = gpt_5.parameters().iter().map(|one| one.name.as_str()).collect();
    assert!(matches!(frozen(&every), Err(CheckpointError::AllFrozen)));
    // So is a training that goes on.
    let progress = good.progress.clone().expect("a training");
    let tape = Tape::new();
    let again = good.instance(&tape).expect("a model");
    let resumed = AssertUnwindSafe(|| {
        let trainer = Trainer::new(&again, progress.training);
        drop(trainer.resumed(progress.steps, progress.optimiser.clone()));
    });
    let text = panic_of(resumed);
    assert!(
        text.starts_with("the optimiser remembers ") && text.contains("freezes first"),
        "{text}"
    );
    let text = panic_of(AssertUnwindSafe(|| {
        drop(progress.trainer(&again).freeze(|name| name == "lm_head"));
    }));
    assert!(text.starts_with("the optimiser remembers "), "{text}");
}

#[test]
fn names_are_frozen_beside_those_before_and_none_in_vain() {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let trainer = || Trainer::new(&gpt, TRAINING).freeze(|name| name == "wte");
    let frozen: Vec<String> =
        trainer().freeze(|name| name == "wpe").frozen().iter().cloned().collect();
    assert_eq!(frozen, ["wpe", "wte"]);
    let text = panic_of(AssertUnwindSafe(|| drop(trainer().freeze(|name| name == "wtte"))));
    assert!(text.starts_with("no parameter that is to be frozen: there are wte, wpe, "), "{text}");
    // Before the first step the optimiser remembers nothing, and what is frozen stays so all the same.
    let bytes = Checkpoint::of_training(&trainer(), None, &PythonRandom::new(3)).to_bytes();
    let found = Checkpoint::<Gpt>::from_bytes(&bytes.expect("bytes")).expect("a checkpoint");
    let mut resumed = found.progress.expect("a training").trainer(&gpt);
    let before = gpt.weights().wte.data();
    resumed.step(&[&[4, 0, 4]]).expect("a finite loss");
    assert_eq!(gpt.weights().wte.data(), before);
}

fn panic_of(what: impl FnOnce() + UnwindSafe) -> String {
    let panic = catch_unwind(what).expect_err("it panics");
    panic.downcast_ref::<String>().expect("a text").clone()
}
