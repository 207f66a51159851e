//! What is told of numbers that are not finite.

use microgpt::model::Bias;
use microgpt::tape::Quantity;
use microgpt::train::TrainingError;
use microgpt::{
    Instance, Loss, Model, Parameters, PythonRandom, Real, Tape, Trainer, Training, Value, expr,
};

/// Two parameters, of which one number alone is used.
#[derive(Clone)]
struct Pair;

impl Model for Pair {
    type Weights<'t, T: Real> = [Bias<'t, T>; 2];

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> [Bias<'t, T>; 2] {
        ["used", "unused"].map(|name| p.constant(name, (3,), 0.5))
    }
}

impl Loss for Pair {
    type Example = f64;

    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        [used, _]: &[Bias<'t, T>; 2],
        points: &[&f64],
    ) -> Value<'t, T> {
        let points: Vec<T> = points.iter().map(|&&point| T::of(point)).collect();
        expr!(sum(used[0] * points[n] for n))
    }
}

#[test]
fn a_parameter_that_is_not_finite_is_named_rather_than_an_equation_of_it() {
    for (at, name, index) in [(2, "used", 2), (0, "used", 0), (4, "unused", 1)] {
        for number in [f64::NAN, f64::INFINITY] {
            for threads in [1, 2] {
                let tape = Tape::new();
                let pair = Instance::new(&tape, Pair, &mut PythonRandom::new(1)).expect("a model");
                pair.block().update(|values, _| values[at] = number);
                let trainer = Trainer::new(&pair, Training::default()).check_finite(true);
                let mut trainer = trainer.threads(threads).expect("threads");
                let error = trainer.step(&[&1.0; 200]).expect_err("it is not finite");
                let told =
                    format!("step 1: the value of the parameter `{name}` at [{index}] is {number}");
                assert_eq!(error.to_string(), told);
                let value = Quantity::Value;
                assert!(
                    matches!(error, TrainingError::Parameter { quantity, .. } if quantity == value)
                );
            }
        }
    }
}

#[test]
fn an_equation_is_named_where_the_parameters_are_finite() {
    let tape = Tape::new();
    let pair = Instance::new(&tape, Pair, &mut PythonRandom::new(1)).expect("a model");
    let mut trainer = Trainer::new(&pair, Training::default()).check_finite(true);
    let error = trainer.step(&[&f64::MAX, &f64::MAX, &f64::MAX]).expect_err("it is not finite");
    assert!(matches!(error, TrainingError::NotFinite { .. }), "{error}");
}
