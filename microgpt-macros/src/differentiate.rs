//! Reverse-mode differentiation: what each equation adds to the gradients of what it uses.
//!
//! Equations are taken from the last to the first. Inside one, the adjoint of its elements flows
//! back through plain arithmetic and at most one call, whose local gradient the op table gives,
//! to each load; that is one accumulation, `gradient[subscripts] += adjoint`, over all loops of
//! the equation.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::Operator;
use crate::graph::{Array, Equation, Fold, Graph, IndexId, Node, NodeId, Subscript, children};

/// The equations with their gradients.
#[derive(Debug)]
pub struct Gradient {
    pub graph: Graph,
    /// In the order in which they run.
    pub accumulations: Vec<Accumulation>,
}

/// `gradient of target[subscripts] += adjoint`, for all values of the indices of an equation.
#[derive(Debug)]
pub struct Accumulation {
    pub target: Array,
    pub subscripts: Vec<Subscript>,
    pub nest: Vec<IndexId>,
    pub adjoint: NodeId,
}

/// Derives the accumulations of every equation that a gradient can flow through.
pub fn differentiate(mut graph: Graph) -> Gradient {
    let mut accumulations = Vec::new();
    for id in (0..graph.equations.len()).rev() {
        if graph.equations[id].depends.is_empty() {
            continue;
        }
        accumulations.extend(equation(&mut graph, id));
    }
    Gradient { graph, accumulations }
}

fn equation(graph: &mut Graph, id: usize) -> Vec<Accumulation> {
    let Equation { axes, fold, body, .. } = graph.equations[id].clone();
    let nest = graph.equations[id].nest();
    let seed = graph.load(Array::Adjoint(id), &axes);
    let seed = match fold {
        None | Some((Fold::Sum, _)) => seed,
        Some((fold @ (Fold::Max | Fold::Min), over)) => {
            let index = over[0];
            let winner = winner(graph, id, fold);
            let position = graph.load(Array::Equation(winner), &axes);
            graph.add(Node::WhereAt { index, position, value: seed })
        }
        Some((Fold::ArgMax | Fold::ArgMin, _)) => return Vec::new(),
    };
    let mut adjoints = BTreeMap::from([(body, seed)]);
    let mut accumulations = Vec::new();
    // Children have lower numbers: every use of a node has been seen when its turn comes.
    while let Some((node, adjoint)) = adjoints.pop_last() {
        if let Node::Load { array, subscripts } = graph.nodes[node].clone() {
            accumulations.push(Accumulation {
                target: array,
                subscripts,
                nest: nest.clone(),
                adjoint,
            });
            continue;
        }
        for (child, contribution) in contributions(graph, id, node, adjoint) {
            let sum = match adjoints.get(&child) {
                Some(&before) => graph.binary(Operator::Add, before, contribution),
                None => contribution,
            };
            adjoints.insert(child, sum);
        }
    }
    accumulations
}

/// The equation that holds, for each maximum, the index where it was found.
fn winner(graph: &mut Graph, id: usize, fold: Fold) -> usize {
    let mut winner = graph.equations[id].clone();
    let fold = if fold == Fold::Max { Fold::ArgMax } else { Fold::ArgMin };
    winner.name = format!("{}_at", winner.name);
    winner.fold = winner.fold.map(|(_, over)| (fold, over));
    winner.depends = BTreeSet::new();
    graph.equations.push(winner);
    graph.equations.len() - 1
}

/// The chain rule, one node at a time.
fn contributions(
    graph: &mut Graph,
    equation: usize,
    node: NodeId,
    adjoint: NodeId,
) -> Vec<(NodeId, NodeId)> {
    let mut flows = Vec::new();
    match graph.nodes[node].clone() {
        Node::Negate(operand) => flows.push((operand, graph.add(Node::Negate(adjoint)))),
        Node::Binary { operator, left, right } => {
            let (to_left, to_right) = (graph.is_active(left), graph.is_active(right));
            match operator {
                Operator::Add => flows.extend([(left, adjoint), (right, adjoint)]),
                Operator::Sub => {
                    flows.push((left, adjoint));
                    if to_right {
                        flows.push((right, graph.add(Node::Negate(adjoint))));
                    }
                }
                Operator::Mul => {
                    if to_left {
                        flows.push((left, graph.binary(Operator::Mul, adjoint, right)));
                    }
                    if to_right {
                        flows.push((right, graph.binary(Operator::Mul, adjoint, left)));
                    }
                }
                Operator::Div => {
                    let quotient = graph.binary(Operator::Div, adjoint, right);
                    flows.push((left, quotient));
                    if to_right {
                        let product = graph.binary(Operator::Mul, quotient, node);
                        flows.push((right, graph.add(Node::Negate(product))));
                    }
                }
                Operator::Pow => unreachable!("a power is a call of the op `pow`"),
            }
        }
        Node::Call { function, arguments } => {
            // A call that a gradient flows through is the root of its equation.
            let axes = graph.equations[equation].axes.clone();
            let result = graph.load(Array::Equation(equation), &axes);
            for (position, &argument) in arguments.iter().enumerate() {
                if graph.is_active(argument) {
                    let arguments = arguments.clone();
                    let local =
                        graph.add(Node::Local { function, arguments, result, argument: position });
                    flows.push((argument, graph.binary(Operator::Mul, adjoint, local)));
                }
            }
        }
        _ => {}
    }
    flows.retain(|(child, _)| graph.is_active(*child));
    flows
}

impl Gradient {
    /// The operands whose values a backward pass reads.
    pub fn operands_read(&self) -> BTreeSet<usize> {
        let mut read = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack: Vec<NodeId> = self.accumulations.iter().map(|one| one.adjoint).collect();
        while let Some(node) = stack.pop() {
            if seen.insert(node) {
                if let Node::Load { array: Array::Operand(operand), .. } = &self.graph.nodes[node] {
                    read.insert(*operand);
                }
                stack.extend(children(&self.graph.nodes[node]));
            }
        }
        read
    }
}
