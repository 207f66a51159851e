//! How a model declares its parameters, and what is told where it does so in another way than it may.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use microgpt::model::Bias;
use microgpt::{
    Instance, Loss, Model, Parameters, PythonRandom, Real, Tape, Trainer, Training, Value, expr,
};

/// The text of a panic.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else { panic!("it does not panic") };
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
    }
}

/// A parameter that is read where it is declared, in one of several ways.
#[derive(Clone)]
struct Reads(usize);

impl Model for Reads {
    type Weights<'t, T: Real> = Bias<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Bias<'t, T> {
        let w = p.constant("w", (3,), 1.0);
        match self.0 {
            0 => drop(expr!([2 * w[i] for i])),
            1 => drop(w.reshape((1, 3)).data()),
            2 => drop(w.at([2]) * w.at([1])),
            3 => w.update(|values, _| values[0] = T::one()),
            _ => w.at([0]).backward(),
        }
        w
    }
}

#[test]
fn a_parameter_is_not_read_where_it_is_declared() {
    for way in 0..5 {
        let tape = Tape::new();
        let text = panic_of(|| Instance::new(&tape, Reads(way), &mut PythonRandom::new(1)).is_ok());
        let told = "a parameter is read in `Model::weights`, which has no numbers yet: there declare it alone, and \
                    compute with it in `Loss::loss` or `LanguageModel::logits`";
        assert_eq!(text, told, "way {way}");
    }
}

/// What is declared at each call: names and lengths.
type Calls = &'static [&'static [(&'static str, usize)]];

/// A model that declares other parameters from call to call.
#[derive(Clone)]
struct Fickle {
    calls: Calls,
    made: Arc<AtomicUsize>,
}

impl Fickle {
    fn new(calls: Calls) -> Self {
        Self { calls, made: Arc::default() }
    }
}

impl Model for Fickle {
    type Weights<'t, T: Real> = Vec<Bias<'t, T>>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Vec<Bias<'t, T>> {
        let call = self.made.fetch_add(1, Ordering::Relaxed).min(self.calls.len() - 1);
        let mut part = p.within("part");
        let all = self.calls[call].iter();
        all.map(|&(name, len)| part.constant(name, (len,), 1.0)).collect()
    }
}

impl Loss for Fickle {
    type Example = ();

    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        weights: &Vec<Bias<'t, T>>,
        _: &[&()],
    ) -> Value<'t, T> {
        let w = weights[0];
        expr!(sum(w[i]^2 for i))
    }

    fn positions(&self, (): &()) -> usize {
        200
    }
}

#[test]
fn a_parameter_that_stands_elsewhere_at_another_call_is_named() {
    let rest = "each call must declare the same parameters in the same order";
    let cases: [(Calls, &str); 4] = [
        (
            &[&[("a", 2), ("b", 2)], &[("b", 2), ("a", 2)]],
            "declares `part.b` of shape [2], where it declared `part.a` of shape [2] before",
        ),
        (
            &[&[("a", 2), ("b", 3)], &[("a", 2), ("b", 2)]],
            "declares `part.b` of shape [2], where it declared `part.b` of shape [3] before",
        ),
        (
            &[&[("a", 2)], &[("a", 2), ("b", 3)]],
            "declares `part.b` of shape [3], where it declared nothing more before",
        ),
        (
            &[&[("a", 2), ("b", 3)], &[("a", 2)]],
            "declares nothing more, where it declared `part.b` of shape [3] before",
        ),
    ];
    for (calls, told) in cases {
        let tape = Tape::new();
        let new = || Instance::new(&tape, Fickle::new(calls), &mut PythonRandom::new(1)).is_ok();
        assert_eq!(panic_of(new), format!("`Model::weights` {told}: {rest}"));
    }
}

/// Each thread has weights of its own, and a Hessian-vector product has.
#[test]
fn later_calls_are_held_to_the_first_too() {
    let [a, b]: [&[_]; 2] = [&[("a", 2), ("b", 2)], &[("b", 2), ("a", 2)]];
    let calls: Calls = Box::leak(Box::new([a, a, b]));
    let tape = Tape::new();
    let made = || Instance::new(&tape, Fickle::new(calls), &mut PythonRandom::new(1));
    let model = made().expect("a model");
    let told = "`part.b` of shape [2], where it declared `part.a` of shape [2] before";
    let text = panic_of(|| model.hvp(&[&()], &[0.0; 4]));
    assert!(text.contains(told), "{text}");
    let model = made().expect("a model");
    let trainer = Trainer::new(&model, Training::default());
    let mut trainer = trainer.threads(2).expect("threads");
    let text = panic_of(|| trainer.step(&[&(), &()]));
    assert!(text.contains(told), "{text}");
}
