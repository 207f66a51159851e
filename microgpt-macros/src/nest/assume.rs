//! What is left of a value where some of its conditions are known.
//!
//! Of `if t > 0 { h[t - 1, i] + x[t, i] } else { x[t, i] }` it is `x[t, i]` where `t > 0` is known not to hold. Where it
//! holds, `h[t - 1, i]` is read without a question, for it is on its axes then. An element of which that is not known
//! keeps its condition, and is looked for where its branch is taken.

use std::collections::BTreeMap;

use crate::graph::equations::Equations;
use crate::graph::{Array, Graph, IndexId, IndexRange, Node, NodeId, Rewrite, Subscript};
use crate::resolve::hir::Atom;

use super::comparisons::Room;
use super::ir::Combine;

/// What is known where something is computed.
pub trait Facts {
    /// Whether a condition holds, if that is known.
    fn holds(&self, graph: &Graph, condition: NodeId) -> Option<bool>;
    /// Where the values of an index lie on its axis.
    fn room(&self, graph: &Graph, index: IndexId) -> Room;
}

/// A combination where some conditions are known; nothing if nothing is combined then.
pub fn assume(equations: &mut Equations, combine: &Combine, facts: &dyn Facts) -> Option<Combine> {
    let mut assumed = Assume { equations, facts, done: BTreeMap::new() };
    let where_to = match combine.condition.map(|of| assumed.truth(of)) {
        Some(Truth::Known(false)) => return None,
        Some(Truth::Open(node)) => Some(node),
        Some(Truth::Known(true)) | None => None,
    };
    let value = assumed.node(combine.value)?;
    Some(Combine { value, condition: where_to, ..combine.clone() })
}

/// A condition, of which something is known.
#[derive(Clone, Copy)]
enum Truth {
    Known(bool),
    Open(NodeId),
}

struct Assume<'a> {
    equations: &'a mut Equations,
    facts: &'a dyn Facts,
    done: BTreeMap<NodeId, NodeId>,
}

impl Assume<'_> {
    /// Whether an element is surely one of its array. What stands in a branch is not checked on entry, ids neither.
    fn is_on_axes(&self, array: Array, subscripts: &[Subscript]) -> bool {
        subscripts
            .iter()
            .enumerate()
            .all(|(axis, subscript)| self.is_on_axis(array, axis, subscript))
    }

    fn is_on_axis(&self, array: Array, axis: usize, subscript: &Subscript) -> bool {
        let graph = &self.equations.graph;
        let mut atoms = subscript.terms.iter();
        let (Some((&Atom::Index(index), 1)), None) = (atoms.next(), atoms.next()) else {
            return false;
        };
        let IndexRange::Whole(length) = graph.indices[index].range else { return false };
        let Room { before, after } = self.facts.room(graph, index);
        graph.canonical(length) == self.equations.axis_length(array, axis)
            && before + subscript.constant >= 0
            && after - subscript.constant >= 0
    }

    fn truth(&mut self, condition: NodeId) -> Truth {
        if let Some(holds) = self.facts.holds(&self.equations.graph, condition) {
            return Truth::Known(holds);
        }
        match self.equations.graph.nodes[condition] {
            Node::Not(operand) => match self.truth(operand) {
                Truth::Known(holds) => Truth::Known(!holds),
                Truth::Open(operand) => Truth::Open(self.equations.graph.add(Node::Not(operand))),
            },
            Node::And(left, right) => match (self.truth(left), self.truth(right)) {
                (Truth::Known(false), _) | (_, Truth::Known(false)) => Truth::Known(false),
                (Truth::Known(true), rest) | (rest, Truth::Known(true)) => rest,
                (Truth::Open(left), Truth::Open(right)) => {
                    Truth::Open(self.equations.graph.add(Node::And(left, right)))
                }
            },
            Node::Or(left, right) => match (self.truth(left), self.truth(right)) {
                (Truth::Known(true), _) | (_, Truth::Known(true)) => Truth::Known(true),
                (Truth::Known(false), rest) | (rest, Truth::Known(false)) => rest,
                (Truth::Open(left), Truth::Open(right)) => {
                    Truth::Open(self.equations.graph.add(Node::Or(left, right)))
                }
            },
            _ => Truth::Open(self.node(condition).unwrap_or(condition)),
        }
    }
}

impl Rewrite<Array, Array> for Assume<'_> {
    fn node(&mut self, node: NodeId) -> Option<NodeId> {
        if let Some(&done) = self.done.get(&node) {
            return Some(done);
        }
        let new = match self.equations.graph.nodes[node].clone() {
            Node::Select { condition, then, otherwise } => match self.truth(condition) {
                Truth::Known(true) => self.node(then)?,
                Truth::Known(false) => self.node(otherwise)?,
                Truth::Open(condition) => {
                    let (then, otherwise) = (self.node(then)?, self.node(otherwise)?);
                    self.equations.graph.add(Node::Select { condition, then, otherwise })
                }
            },
            Node::Load { array, subscripts, guard: Some(guard) } => {
                let guard = match self.truth(guard) {
                    Truth::Known(true) if self.is_on_axes(array, &subscripts) => None,
                    Truth::Known(true) => Some(guard),
                    Truth::Known(false) => {
                        let zero = self.equations.graph.add(Node::Number(0.0_f64.to_bits()));
                        self.done.insert(node, zero);
                        return Some(zero);
                    }
                    Truth::Open(guard) => Some(guard),
                };
                self.equations.graph.add(Node::Load { array, subscripts, guard })
            }
            parent => {
                let new = parent.rewritten(self)?;
                self.equations.graph.add(new)
            }
        };
        self.done.insert(node, new);
        Some(new)
    }

    fn array(&mut self, array: Array) -> Option<Array> {
        Some(array)
    }
}
