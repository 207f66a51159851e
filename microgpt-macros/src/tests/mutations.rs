//! The check of the compiler's rules is itself checked: each rule is made wrong in every way that comes to
//! mind, and some program of the corpus must show it.

use std::collections::BTreeMap;

use microgpt::PythonRandom;

use crate::graph::differentiate::Gradient;
use crate::graph::{Array, IndexId, IndexRange, Node, Through};
use crate::resolve::hir::Integer;
use crate::syntax::ast::Operator;
use crate::tests::compiled;
use crate::tests::fused::{compare, operands};
use crate::tests::generate::{OPERANDS, Shapes};
use crate::tests::interpret::Interpreter;

/// A program for each rule of differentiation.
const PROGRAMS: [(&str, &str); 17] = [
    ("sum and difference", "c + 2 * d - u[0]"),
    ("product", "c * d * u[1]"),
    ("quotient", "[u[i] / (3 + v[i]^2) for i]"),
    ("negation", "[-u[i] * -v[i] for i]"),
    ("call of one argument", "[sin(u[i]) for i]"),
    ("call of two arguments", "[atan2(u[i], 2 + v[i]) for i]"),
    ("power", "[(1 + u[i]^2)^v[i] for i]"),
    ("sum over an index", "[sum(m[i, k] * a[k] for k) for i]"),
    ("matrix product", "[sum(m[i, k] * w[k, j] for k) for i, j]"),
    ("square matrices", "[sum(q[k, l] * q[l, k] * a[l] for l) for k]"),
    ("ragged range", "[sum(q[k, l] * a[l] for l in 0..=k) for k]"),
    ("greatest and least", "[max(m[i, k] for k) * min(m[i, k] for k) for i]"),
    ("product over an index", "[prod(1.5 + m[i, k] for k) for i]"),
    ("logsumexp and mean", "[logsumexp(m[i, k] for k) * mean(m[i, k]^2 for k) for i]"),
    ("choice", "[if u[i] > 0 { u[i] * v[i] } else { 3 * v[i] } for i]"),
    (
        "choice of an element",
        "[sum(if k >= l { a[k - l] * b[l] } else { 0 } for l in 0..3) for k in 0..4]",
    ),
    ("gather and shift", "[q[ids[i], i + 1] * a[i + 1] for i]"),
];

/// What is wrong with one accumulation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mutation {
    Sign,
    Factor,
    SmallFactor,
    Missing,
    /// The other factor's place, or the other side's.
    WrongArgument,
    Transposed,
    /// `=` in the place of `+=`: only the last term counts.
    Overwritten,
    /// The range ends one too early.
    RangeTooShort,
    /// The subscript is one too far, around the end.
    Shifted,
    /// A quotient for a product, or the other way round.
    Inverted,
}

const MUTATIONS: [Mutation; 10] = [
    Mutation::Sign,
    Mutation::Factor,
    Mutation::SmallFactor,
    Mutation::Missing,
    Mutation::WrongArgument,
    Mutation::Transposed,
    Mutation::Overwritten,
    Mutation::RangeTooShort,
    Mutation::Shifted,
    Mutation::Inverted,
];

/// Makes one accumulation wrong; false if this mutation does not apply to it, or changes nothing.
fn mutate(gradient: &mut Gradient, at: usize, mutation: Mutation) -> bool {
    let graph = &mut gradient.equations.graph;
    let adjoint = gradient.accumulations[at].adjoint;
    let scaled = |graph: &mut crate::graph::Graph, by: f64| {
        let by = graph.number(by);
        graph.binary(Operator::Mul, adjoint, by)
    };
    let mutated = match mutation {
        Mutation::Sign => graph.add(Node::Negate(adjoint)),
        Mutation::Factor => scaled(graph, 2.0),
        Mutation::SmallFactor => scaled(graph, 1.0 + 1e-6),
        Mutation::Missing => scaled(graph, 0.0),
        Mutation::WrongArgument => {
            let targets = gradient
                .accumulations
                .iter()
                .map(|accumulation| accumulation.target)
                .collect::<Vec<_>>();
            let same_rank =
                |target: &Array| matches!(target, Array::Operand(_)) && *target != targets[at];
            let rank = gradient.accumulations[at].subscripts.len();
            let found = gradient.accumulations.iter().find(|accumulation| {
                same_rank(&accumulation.target) && accumulation.subscripts.len() == rank
            });
            let Some(target) = found.map(|accumulation| accumulation.target) else { return false };
            if !matches!(targets[at], Array::Operand(_)) {
                return false;
            }
            gradient.accumulations[at].target = target;
            return true;
        }
        Mutation::Transposed => {
            let subscripts = &mut gradient.accumulations[at].subscripts;
            subscripts.reverse();
            let reversed: Vec<_> = subscripts.iter().rev().cloned().collect();
            return *subscripts != reversed;
        }
        Mutation::Shifted => {
            let Some(subscript) = gradient.accumulations[at].subscripts.last_mut() else {
                return false;
            };
            *subscript = subscript.clone().plus(1, &Integer::constant(1));
            return true;
        }
        Mutation::Overwritten => {
            // The adjoint of one value of an index that the target does not name.
            let accumulation = &gradient.accumulations[at];
            let named: Vec<_> =
                accumulation.subscripts.iter().flat_map(crate::graph::indices_of).collect();
            let summed = accumulation.nest.iter().copied().find(|index| !named.contains(index));
            let Some(index) = summed else { return false };
            let position = graph.number(0.0);
            graph.add(Node::WhereAt { index, position, value: adjoint })
        }
        Mutation::RangeTooShort => {
            let nest = gradient.accumulations[at].nest.clone();
            let ragged = nest
                .into_iter()
                .find(|&index| matches!(&graph.indices[index].range, IndexRange::Stated { .. }));
            let Some(index) = ragged else { return false };
            let IndexRange::Stated { low, high } = graph.indices[index].range.clone() else {
                return false;
            };
            let range = IndexRange::Stated { low, high: high.plus(-1, &Integer::constant(1)) };
            let name = graph.indices[index].name.clone();
            let height = graph.indices[index].height;
            let shorter = graph.index(height, range, &name);
            // Only this accumulation: its index is another one.
            return replace_index(gradient, at, index, shorter);
        }
        Mutation::Inverted => match graph.nodes[adjoint].clone() {
            Node::Binary { operator: Operator::Mul, left, right } => {
                graph.binary(Operator::Div, left, right)
            }
            Node::Pullback { adjoint, through, factor } => {
                let through = match through {
                    Through::Times => Through::Over,
                    Through::Over => Through::Times,
                };
                graph.add(Node::Pullback { adjoint, through, factor })
            }
            _ => return false,
        },
    };
    gradient.accumulations[at].adjoint = mutated;
    true
}

/// Puts another index in the place of one in the loops of an accumulation, and where it stands there.
fn replace_index(gradient: &mut Gradient, at: usize, index: IndexId, by: IndexId) -> bool {
    let map = BTreeMap::from([(index, Integer::index(by))]);
    let mut substituted =
        |node| crate::graph::requirements::substituted(&mut gradient.equations.graph, node, &map);
    let accumulation = &gradient.accumulations[at];
    let Some(adjoint) = substituted(accumulation.adjoint) else { return false };
    let condition = match accumulation.condition {
        None => None,
        Some(condition) => match substituted(condition) {
            None => return false,
            new => new,
        },
    };
    let accumulation = &mut gradient.accumulations[at];
    (accumulation.adjoint, accumulation.condition) = (adjoint, condition);
    for looped in &mut accumulation.nest {
        if *looped == index {
            *looped = by;
        }
    }
    for subscript in &mut accumulation.subscripts {
        *subscript = subscript.substitute(index, &Integer::index(by));
    }
    true
}

/// The gradients of all operands of a program with one accumulation made wrong, if it can be made so.
fn gradients(
    text: &str,
    at: usize,
    mutation: Mutation,
    cotangents: &[f64],
) -> Option<Vec<Vec<f64>>> {
    let (checked, mut gradient) = compiled(&text.parse().expect("tokens"));
    if !mutate(&mut gradient, at, mutation) {
        return None;
    }
    let shapes = Shapes::default();
    let all = operands(&mut PythonRandom::new(SEED), &shapes);
    let used = checked.operands.iter().map(|operand| {
        let at = OPERANDS.iter().position(|(name, _)| *name == operand.name);
        all[at.expect("an operand")].clone()
    });
    let given: Vec<_> = used.collect();
    let mut interpreter = Interpreter::new(&checked, &gradient, &given, &shapes.integers);
    Some(interpreter.pull_back(cotangents))
}

const SEED: u64 = 5;

/// The relative error that the checks of the gradients allow.
const ALLOWED: f64 = 1e-7;

#[test]
fn every_wrong_rule_is_caught() {
    let (mut caught, mut all, mut missed) = (0, 0, Vec::new());
    for (rule, text) in PROGRAMS {
        // One `Value` at a time knows nothing of the compiler's rules.
        let (answer, cotangents) = compare(text, SEED, &Shapes::default()).expect("both agree");
        let right: Vec<Vec<f64>> = answer.gradients.into_iter().map(|(_, all)| all).collect();
        let (_, gradient) = compiled(&text.parse().expect("tokens"));
        for at in 0..gradient.accumulations.len() {
            for mutation in MUTATIONS {
                let Some(wrong) = gradients(text, at, mutation, &cotangents) else { continue };
                let differs =
                    right.iter().flatten().zip(wrong.iter().flatten()).any(|(wanted, found)| {
                        !((wanted - found).abs() <= ALLOWED * wanted.abs().max(found.abs()))
                    });
                all += 1;
                caught += usize::from(differs);
                if !differs {
                    missed.push(format!("{rule}: accumulation {at}, {mutation:?}"));
                }
            }
        }
    }
    println!("{caught} of {all} wrong rules are caught");
    assert!(missed.is_empty(), "{caught} of {all}; missed: {missed:#?}");
    assert!(all > 200, "only {all} mutations");
}
