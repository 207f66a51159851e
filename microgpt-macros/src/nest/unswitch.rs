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

use crate::graph::equations::Equations;
use crate::graph::{Graph, IndexId, Node, NodeId};

use super::Kernels;
use super::assume::{Facts, assume};
use super::comparisons::Room;
use super::ir::{Combine, Guard, Stmt, around, perfect};
use crate::tuning::CONDITIONS;

/// Gives the kernels of steps their versions.
pub fn unswitch(equations: &mut Equations, kernels: &mut Kernels) {
    for kernel in kernels.forward.iter_mut().chain(&mut kernels.backward) {
        let Some(steps) = &kernel.steps else { continue };
        let body = std::mem::take(&mut kernel.body);
        let body = body.into_iter().flat_map(|stmt| match perfect(&stmt) {
            None => vec![stmt],
            Some((loops, combine)) => {
                let indices: Vec<IndexId> = loops.into_iter().map(|(index, _)| index).collect();
                let mut versions = Versions { equations, steps: &steps.indices, loops: &indices };
                versions.of(combine.clone(), &Decided::default())
            }
        });
        kernel.body = body.collect();
    }
}

struct Versions<'a> {
    equations: &'a mut Equations,
    /// What has a value before the loops.
    steps: &'a [IndexId],
    loops: &'a [IndexId],
}

/// The conditions that a version has decided, and whether each holds.
#[derive(Clone, Default)]
struct Decided(Vec<(NodeId, bool)>);

impl Facts for Decided {
    fn holds(&self, _: &Graph, condition: NodeId) -> Option<bool> {
        self.0.iter().find(|(known, _)| *known == condition).map(|&(_, holds)| holds)
    }

    fn room(&self, graph: &Graph, index: IndexId) -> Room {
        let rooms = self.0.iter().map(|&(known, holds)| Room::of(graph, known, holds, index));
        rooms.fold(Room::default(), Room::and)
    }
}

impl Versions<'_> {
    fn of(&mut self, combine: Combine, decided: &Decided) -> Vec<Stmt> {
        if combine.adds && self.equations.graph.is_zero(combine.value) {
            return Vec::new();
        }
        let condition = self.condition(&combine, decided);
        let Some(condition) = condition.filter(|_| decided.0.len() < CONDITIONS) else {
            return vec![around(self.loops, Stmt::Combine(combine))];
        };
        let [then, otherwise] = [true, false].map(|holds| {
            let mut decided = decided.clone();
            decided.0.push((condition, holds));
            match assume(self.equations, &combine, &decided) {
                Some(combine) => self.of(combine, &decided),
                None => Vec::new(),
            }
        });
        if then.is_empty() && otherwise.is_empty() {
            return Vec::new();
        }
        vec![Stmt::Specialize { when: Guard::Holds(condition), then, otherwise }]
    }

    /// A condition that each step decides, on which an element depends that is there or not.
    fn condition(&self, combine: &Combine, decided: &Decided) -> Option<NodeId> {
        let graph = &self.equations.graph;
        let guard = |node: NodeId| match graph.nodes[node] {
            Node::Load { guard, .. } => guard,
            _ => None,
        };
        let guards = graph.below([combine.value]).into_iter().filter_map(guard);
        let mut open = guards.chain(combine.condition).filter_map(|guard| self.decided(guard));
        open.find(|&condition| decided.holds(graph, condition).is_none())
    }

    /// The greatest part of a condition that names no index of the loops.
    fn decided(&self, condition: NodeId) -> Option<NodeId> {
        let graph = &self.equations.graph;
        match graph.nodes[condition] {
            Node::Not(operand) => self.decided(operand),
            _ if graph.free(condition).iter().all(|index| self.steps.contains(index)) => {
                Some(condition)
            }
            Node::And(left, right) | Node::Or(left, right) => {
                self.decided(left).or_else(|| self.decided(right))
            }
            _ => None,
        }
    }
}
