//! Each op of the table, and each operator, within each: fused as one value at a time, at the ends of
//! arithmetic.

use microgpt::ops::TABLE;
use microgpt::{PythonRandom, Tape};

use crate::graph::differentiate::Gradient;
use crate::resolve::hir::Checked;
use crate::syntax::ast::Program;
use crate::tests::generate::{Integers, below};
use crate::tests::interpret::Interpreter;
use crate::tests::{stages, times, unfused};

/// Zeros, the least number, small and large ones, infinities, none.
const ENDS: [f64; 9] =
    [0.0, -0.0, 5e-324, 1e-300, 1e300, 0.75, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

/// So many points of a pair are tried, or all if there are no more.
fn most_points() -> usize {
    usize::try_from(times(17)).expect("small")
}

/// A function as it is written, of arguments in braces' place: `{}`.
struct Form {
    text: String,
    arity: usize,
}

impl Form {
    fn of(&self, arguments: &[String]) -> String {
        arguments.iter().fold(self.text.clone(), |text, argument| text.replacen("{}", argument, 1))
    }
}

fn forms() -> Vec<Form> {
    // The operators are ops of the table by other names.
    let called = TABLE.iter().filter(|op| !["add", "sub", "mul", "div", "neg"].contains(&op.name));
    let ops = called.map(|op| {
        let places = vec!["{}"; op.arguments.len()].join(", ");
        Form { text: format!("{}({places})", op.name), arity: op.arguments.len() }
    });
    let operators = ["({} + {})", "({} - {})", "({} * {})", "({} / {})"];
    let operators = operators.into_iter().map(|text| Form { text: text.to_owned(), arity: 2 });
    ops.chain(operators).chain([Form { text: "(-{})".to_owned(), arity: 1 }]).collect()
}

/// The value and the gradients of one number each.
type Numbers = (f64, Vec<f64>);

fn one_value_at_a_time(program: &Program, names: &[String], point: &[f64]) -> Numbers {
    let (tape, integers) = (Tape::new(), Integers::drawn([0, 0], |_, _| 0));
    let leaves: Vec<_> = names
        .iter()
        .zip(point)
        .map(|(name, &x)| (name.clone(), vec![], tape.vector([x]).reshape((1,))))
        .collect();
    let values = unfused::evaluate(&tape, program, &leaves, &integers);
    values[0].backward();
    (values[0].data(), leaves.iter().map(|leaf| leaf.2.grad()[0]).collect())
}

fn fused(checked: &Checked, gradient: &Gradient, names: &[String], point: &[f64]) -> Numbers {
    let place = |name: &String| names.iter().position(|known| known == name).expect("an operand");
    let places: Vec<usize> = checked.operands.iter().map(|operand| place(&operand.name)).collect();
    let operands: Vec<_> = places.iter().map(|&at| (vec![], vec![point[at]])).collect();
    let integers = Integers::drawn([0, 0], |_, _| 0);
    let mut interpreter = Interpreter::new(checked, gradient, &operands, &integers);
    let value = interpreter.results()[0];
    let mut gradients = vec![0.0; names.len()];
    for (at, gradient) in places.into_iter().zip(interpreter.pull_back(&[1.0])) {
        gradients[at] = gradient[0];
    }
    (value, gradients)
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-13 * a.abs().max(b.abs())
}

fn own_are_finite(point: &[f64]) -> bool {
    point.iter().all(|x| x.is_finite())
}

fn points(arity: usize, random: &mut PythonRandom) -> Vec<Vec<f64>> {
    let all = ENDS.len().pow(u32::try_from(arity).expect("few"));
    let most = most_points();
    (0..all.min(most))
        .map(|at| {
            let mut rest = if all > most { below(random, all) } else { at };
            let mut next = || {
                let end = ENDS[rest % ENDS.len()];
                rest /= ENDS.len();
                end
            };
            (0..arity).map(|_| next()).collect()
        })
        .collect()
}

#[test]
fn every_pair_of_ops_is_fused_as_it_is_one_value_at_a_time() {
    let forms = forms();
    let mut random = PythonRandom::new(1);
    let (mut pairs, mut compared, mut differences) = (0, 0, Vec::new());
    for outer in &forms {
        for inner in &forms {
            for place in 0..outer.arity {
                let names: Vec<String> =
                    (0..outer.arity + inner.arity - 1).map(|at| format!("x{at}")).collect();
                let (own, rest) = names.split_at(inner.arity);
                let mut arguments = rest.to_vec();
                arguments.insert(place, inner.of(own));
                let text = outer.of(&arguments);
                let (program, checked, gradient) =
                    stages(&text.parse().expect("tokens")).expect(&text);
                pairs += 1;
                for point in points(names.len(), &mut random) {
                    let found = fused(&checked, &gradient, &names, &point);
                    let wanted = one_value_at_a_time(&program, &names, &point);
                    compared += 1;
                    let agree = same(found.0, wanted.0)
                        && found.1.iter().zip(&wanted.1).all(|(a, b)| same(*a, *b));
                    let is_product = |form: &Form| form.text == "({} * {})";
                    // A product by what is not finite is one, also of a zero adjoint.
                    let is_exempt = (is_product(inner) && !own_are_finite(&point[..inner.arity]))
                        || (is_product(outer) && !found.0.is_finite());
                    if !agree && !is_exempt {
                        differences.push(format!(
                            "{text} at {point:?}: {found:?}, but one value at a time {wanted:?}"
                        ));
                    }
                }
            }
        }
    }
    println!("{pairs} pairs at {compared} points");
    differences.dedup_by_key(|text| text.split(" at ").next().map(str::to_owned));
    let first: Vec<_> = differences.iter().take(400).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), first.join("\n"));
}
