//! Fused equals unfused: random programs through the pipeline, and one `Value` at a time.

use microgpt::{PythonRandom, Tape};
use proptest::prelude::*;

use crate::graph::notation::Notation;
use crate::tests::generate::{OPERANDS, Shapes, program, recurrence};
use crate::tests::interpret::Interpreter;
use crate::tests::{stages, times, unfused};

fn agree(what: &str, found: &[f64], wanted: &[f64]) -> Result<(), String> {
    if found.len() != wanted.len() {
        return Err(format!("{what}: {} and {} numbers", found.len(), wanted.len()));
    }
    // Rounding adds up with the largest term of a sum, which may cancel.
    let scale = found.iter().chain(wanted).fold(1.0f64, |scale, x| scale.max(x.abs()));
    for (position, (x, y)) in found.iter().zip(wanted).enumerate() {
        let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= 1e-12 * scale;
        if !same {
            return Err(format!("{what}, number {position}: {x:e} and {y:e}"));
        }
    }
    Ok(())
}

/// What a program gives, by one way of computing it.
pub struct Answer {
    pub results: Vec<f64>,
    /// For each operand that the program uses its number among all, and its gradient.
    pub gradients: Vec<(usize, Vec<f64>)>,
}

impl Answer {
    pub fn agrees(&self, wanted: &Self) -> Result<(), String> {
        agree("the results", &self.results, &wanted.results)?;
        for (at, gradient) in &self.gradients {
            let same = wanted.gradients.iter().find(|(operand, _)| operand == at);
            let (_, same) = same.ok_or_else(|| format!("`{}` is not used", OPERANDS[*at].0))?;
            agree(&format!("the gradient of `{}`", OPERANDS[*at].0), gradient, same)?;
        }
        Ok(())
    }
}

/// Draws the operands in their order, row-major.
pub fn operands(random: &mut PythonRandom, shapes: &Shapes) -> Vec<(Vec<usize>, Vec<f64>)> {
    let mut operand = |kinds: &[usize]| {
        let lens: Vec<usize> = kinds.iter().map(|&kind| shapes.lengths[kind]).collect();
        let data = (0..lens.iter().product()).map(|_| random.gauss(0.0, 1.0)).collect();
        (lens, data)
    };
    OPERANDS.iter().map(|(_, kinds)| operand(kinds)).collect()
}

/// A program one `Value` at a time, and its equations by the interpreter, which must agree.
///
/// Returns the answer and the cotangents that were drawn for the results.
pub fn compare(text: &str, seed: u64, shapes: &Shapes) -> Result<(Answer, Vec<f64>), String> {
    let tokens = text.parse().map_err(|error| format!("{error}"))?;
    let (program, checked, gradient) = stages(&tokens)?;

    let mut random = PythonRandom::new(seed);
    let operands = operands(&mut random, shapes);
    let tape = Tape::new();
    let leaves: Vec<_> = OPERANDS
        .iter()
        .zip(&operands)
        .map(|((name, _), (lens, data))| ((*name).to_owned(), lens.clone(), tape.vector(data)))
        .collect();
    let values = unfused::evaluate(&tape, &program, &leaves, &shapes.integers);
    let cotangents: Vec<f64> = values.iter().map(|_| random.gauss(0.0, 1.0)).collect();
    let loss = values
        .iter()
        .zip(&cotangents)
        .fold(tape.value(0.0), |sum, (&value, &cotangent)| sum + value * cotangent);
    loss.backward();

    let used: Vec<usize> = checked
        .operands
        .iter()
        .map(|operand| OPERANDS.iter().position(|(name, _)| *name == operand.name))
        .collect::<Option<_>>()
        .ok_or("an operand of another name")?;
    let unfused = Answer {
        results: values.iter().map(|value| value.data()).collect(),
        gradients: used.iter().map(|&at| (at, leaves[at].2.grad())).collect(),
    };
    let given: Vec<_> = used.iter().map(|&at| operands[at].clone()).collect();
    let mut interpreter = Interpreter::new(&checked, &gradient, &given, &shapes.integers);
    let interpreted = Answer {
        results: interpreter.results(),
        gradients: used.into_iter().zip(interpreter.pull_back(&cotangents)).collect(),
    };
    interpreted.agrees(&unfused).map_err(|error| {
        format!("{error}\n{}", Notation::new(&checked, &gradient).equations().join("\n"))
    })?;
    Ok((unfused, cotangents))
}

fn cases() -> u32 {
    u32::try_from(times(500)).expect("fewer than 2^32")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or_else(cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn fused_equals_unfused(seed: u64) {
        let shapes = Shapes::drawn(&mut PythonRandom::new(seed), 4);
        let text = program(seed, &shapes);
        if let Err(error) = compare(&text, seed, &shapes) {
            prop_assert!(false, "{text}\n{error}");
        }
    }
}

#[test]
fn recurrences_step_by_step_are_what_one_value_at_a_time_gives() {
    for seed in 0..times(600) {
        let shapes = Shapes::drawn(&mut PythonRandom::new(seed), 4);
        let text = recurrence(seed, &shapes);
        if let Err(error) = compare(&text, seed, &shapes) {
            panic!("{seed}: {text}\n{error}");
        }
    }
}

#[test]
fn every_form_is_generated() {
    let all: String = (0..2000).map(|seed| program(seed, &Shapes::default()) + "\n").collect();
    for form in [
        "let l",
        "l0",
        "sum(",
        "mean(",
        "max(",
        "min(",
        "prod(",
        "logsumexp(",
        "norm(",
        " where ",
        "dot(",
        "·",
        "stop(",
        "len(",
        "if ",
        " + 1]",
        "ids[",
        "near[near[",
        "near[max(",
        "] + 1]",
        " / 2",
        " % ",
        "clip(",
        "min(i",
        "mask[",
        "in near[",
        "in max(",
        "in 0..=",
        "in 0..3",
        " - 1..=",
        "^",
        "atan2(",
        "3 - ",
        " + 1..",
        " && ",
        " || !(",
        "), ",
        "]",
    ] {
        assert!(all.contains(form), "{form} is never generated");
    }
}
