//! Conditions that each step of a recurrence decides: one version of the loops where they hold, one where not.
//!
//! Of `for t { let h = [if t > 0 { h[t - 1, i] + x[t, i] } else { x[t, i] } for i]; }` the condition is the same for
//! all `i`, and where it holds `h[t - 1, ..]` is a row:
//!
//! ```text
//! for i                                          if t > 0
//!   h[t, i] = if t > 0 { h[t-1, i] + x[t, i] }     for i
//!             else { x[t, i] }                       h[t, i] = h[t-1, i] + x[t, i]
//!                                                else
//!                                                  for i
//!                                                    h[t, i] = x[t, i]
//! ```

use std::collections::BTreeMap;

use crate::graph::equations::Equations;
use crate::graph::{Array, Graph, IndexId, Node, NodeId, Rewrite};

use super::Kernels;
use super::ir::{Combine, Guard, Stmt, around, perfect};

/// So many conditions make versions of one kernel: each doubles its code.
const CONDITIONS: usize = 2;

/// Gives the kernels of steps their versions.
pub fn unswitch(equations: &mut Equations, kernels: &mut Kernels) {
    for kernel in kernels.forward.iter_mut().chain(&mut kernels.backward) {
        let Some(steps) = &kernel.steps else { continue };
        let body = std::mem::take(&mut kernel.body);
        let body = body.into_iter().flat_map(|stmt| match perfect(&stmt) {
            None => vec![stmt],
            Some((loops, combine)) => {
                let indices: Vec<IndexId> = loops.into_iter().map(|(index, _)| index).collect();
                let mut versions = Versions {
                    graph: &mut equations.graph,
                    steps: &steps.indices,
                    loops: &indices,
                };
                versions.of(combine.clone(), CONDITIONS)
            }
        });
        kernel.body = body.collect();
    }
}

struct Versions<'a> {
    graph: &'a mut Graph,
    /// What has a value before the loops.
    steps: &'a [IndexId],
    loops: &'a [IndexId],
}

impl Versions<'_> {
    fn of(&mut self, combine: Combine, conditions: usize) -> Vec<Stmt> {
        if combine.adds && self.graph.nodes[combine.value] == Node::Number(0.0_f64.to_bits()) {
            return Vec::new();
        }
        let Some(condition) = self.condition(&combine).filter(|_| conditions > 0) else {
            return vec![around(self.loops, Stmt::Combine(combine))];
        };
        let [then, otherwise] =
            [true, false].map(|holds| match assume(self.graph, &combine, condition, holds) {
                Some(combine) => self.of(combine, conditions - 1),
                None => Vec::new(),
            });
        if then.is_empty() && otherwise.is_empty() {
            return Vec::new();
        }
        vec![Stmt::Specialize { when: Guard::Holds(condition), then, otherwise }]
    }

    /// A condition that each step decides, on which an element depends that is there or not.
    fn condition(&self, combine: &Combine) -> Option<NodeId> {
        let guard = |node: NodeId| match self.graph.nodes[node] {
            Node::Load { guard, .. } => guard,
            _ => None,
        };
        let below = self.graph.below([combine.value]).into_iter();
        below.filter_map(guard).chain(combine.condition).find_map(|guard| self.decided(guard))
    }

    /// The greatest part of a condition that names no index of the loops.
    fn decided(&self, condition: NodeId) -> Option<NodeId> {
        match self.graph.nodes[condition] {
            Node::Not(operand) => self.decided(operand),
            _ if self.graph.free(condition).iter().all(|index| self.steps.contains(index)) => {
                Some(condition)
            }
            Node::And(left, right) | Node::Or(left, right) => {
                self.decided(left).or_else(|| self.decided(right))
            }
            _ => None,
        }
    }
}

/// A combination where a condition holds, or does not; nothing if nothing is combined then.
fn assume(graph: &mut Graph, combine: &Combine, condition: NodeId, holds: bool) -> Option<Combine> {
    let mut assumed = Assume { graph, condition, holds, done: BTreeMap::new() };
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
    graph: &'a mut Graph,
    condition: NodeId,
    holds: bool,
    done: BTreeMap<NodeId, NodeId>,
}

impl Assume<'_> {
    fn truth(&mut self, condition: NodeId) -> Truth {
        if condition == self.condition {
            return Truth::Known(self.holds);
        }
        match self.graph.nodes[condition] {
            Node::Not(operand) => match self.truth(operand) {
                Truth::Known(holds) => Truth::Known(!holds),
                Truth::Open(operand) => Truth::Open(self.graph.add(Node::Not(operand))),
            },
            Node::And(left, right) => match (self.truth(left), self.truth(right)) {
                (Truth::Known(false), _) | (_, Truth::Known(false)) => Truth::Known(false),
                (Truth::Known(true), other) | (other, Truth::Known(true)) => other,
                (Truth::Open(left), Truth::Open(right)) => {
                    Truth::Open(self.graph.add(Node::And(left, right)))
                }
            },
            Node::Or(left, right) => match (self.truth(left), self.truth(right)) {
                (Truth::Known(true), _) | (_, Truth::Known(true)) => Truth::Known(true),
                (Truth::Known(false), other) | (other, Truth::Known(false)) => other,
                (Truth::Open(left), Truth::Open(right)) => {
                    Truth::Open(self.graph.add(Node::Or(left, right)))
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
        let new = match self.graph.nodes[node].clone() {
            Node::Select { condition, then, otherwise } => match self.truth(condition) {
                Truth::Known(true) => self.node(then)?,
                Truth::Known(false) => self.node(otherwise)?,
                Truth::Open(condition) => {
                    let (then, otherwise) = (self.node(then)?, self.node(otherwise)?);
                    self.graph.add(Node::Select { condition, then, otherwise })
                }
            },
            Node::Load { array, subscripts, guard: Some(guard) } => {
                let guard = match self.truth(guard) {
                    Truth::Known(true) => None,
                    Truth::Known(false) => {
                        let zero = self.graph.add(Node::Number(0.0_f64.to_bits()));
                        self.done.insert(node, zero);
                        return Some(zero);
                    }
                    Truth::Open(guard) => Some(guard),
                };
                self.graph.add(Node::Load { array, subscripts, guard })
            }
            other => {
                let new = other.rewritten(self)?;
                self.graph.add(new)
            }
        };
        self.done.insert(node, new);
        Some(new)
    }

    fn array(&mut self, array: Array) -> Option<Array> {
        Some(array)
    }
}
