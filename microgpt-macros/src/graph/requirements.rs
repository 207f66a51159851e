//! Requirements: where a reduction that has no value over an empty range is asked for one.
//!
//! What is computed for no value is not computed: `[x[i] * max(x[j] for j) for i]` of an empty `x` is
//! empty, although the maximum, an equation of its own, runs before. So a requirement moves from an
//! equation to those that use its elements, with their subscripts in the place of its axes, until it
//! comes to a result. There each element is asked for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::graph::equations::Equations;
use crate::graph::{
    Array, EquationId, Graph, IndexId, IndexRange, Node, NodeId, Requirement, Rewrite, Subscript,
};
use crate::resolve::hir::Integer;

/// Moves the requirements of all equations to where they are asked for.
pub fn lift(equations: &mut Equations) {
    for id in equations.ids() {
        settle(equations, id);
        // What a later step of a recurrence may need is computed at each, and so is all that the first begins with.
        let is_start =
            equations.iter().flat_map(|equation| &equation.starts).any(|start| start.of == id);
        let has_starts = !equations[id].starts.is_empty();
        if equations.is_result(id) || is_used_later(equations, id) || has_starts || is_start {
            continue;
        }
        // What is asked for within a reduction stays with that.
        let axes: BTreeSet<IndexId> = equations[id].axes.iter().copied().collect();
        let all = std::mem::take(&mut equations[id].requirements);
        let (requirements, own): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|requirement| requirement.within.iter().all(|index| axes.contains(index)));
        equations[id].requirements = own;
        let uses = if requirements.is_empty() { Vec::new() } else { uses(equations, id) };
        for requirement in requirements {
            for place in &uses {
                if let Some(lifted) = place.lifted(equations, id, &requirement) {
                    equations[place.by].requirements.push(lifted);
                } else {
                    // Which elements a gather asks for only the run time knows: take all.
                    equations[id].requirements.push(requirement.clone());
                    break;
                }
            }
        }
    }
}

/// Whether a later step of a recurrence uses what an equation of it was: equations use only those before them at the
/// same step.
fn is_used_later(equations: &Equations, id: EquationId) -> bool {
    let Some(recurrence) = equations.recurrence(id) else { return false };
    let bodies = recurrence.equations.iter().filter(|by| **by <= id).map(|by| equations[*by].body);
    equations.graph.arrays_below(bodies).into_iter().any(|array| array == Array::Equation(id))
}

/// Leaves out what is said twice, and what holds wherever an element is computed at all.
fn settle(equations: &mut Equations, id: EquationId) {
    let mut settled: Vec<Requirement> = Vec::new();
    for requirement in std::mem::take(&mut equations[id].requirements) {
        let holds = |index: IndexId| {
            let range = &equations.graph.indices[index].range;
            requirement.within.iter().any(|&outer| equations.graph.indices[outer].range == *range)
        };
        let trivial = is_trivial(&equations.graph, requirement.holds, &holds);
        if !trivial && !settled.contains(&requirement) {
            settled.push(requirement);
        }
    }
    equations[id].requirements = settled;
}

/// Whether a condition says no more than that an index of the loops takes values, for which `holds`.
fn is_trivial(graph: &Graph, condition: NodeId, holds: &dyn Fn(IndexId) -> bool) -> bool {
    match graph.nodes[condition] {
        Node::Compare { right, .. } => {
            matches!(graph.nodes[right], Node::Count(index) if holds(index))
        }
        Node::Or(_, right) => is_trivial(graph, right, holds),
        _ => false,
    }
}

/// A place where the element of an equation is asked for.
struct Use {
    by: EquationId,
    subscripts: Vec<Subscript>,
    /// In a branch, and behind `&&` or `||`, where it is asked for.
    taken: Option<NodeId>,
}

fn uses(equations: &mut Equations, used: EquationId) -> Vec<Use> {
    let mut uses = Vec::new();
    for by in equations.ids().filter(|&by| by > used) {
        let mut seen = HashSet::new();
        let mut stack = vec![(equations[by].body, None)];
        while let Some((node, taken)) = stack.pop() {
            if !seen.insert((node, taken)) {
                continue;
            }
            match equations.graph.nodes[node].clone() {
                Node::Load { array, subscripts, guard } => {
                    stack.extend(guard.map(|guard| (guard, taken)));
                    if array == Array::Equation(used) {
                        let taken = match guard {
                            Some(guard) => Some(equations.graph.both(taken, guard)),
                            None => taken,
                        };
                        uses.push(Use { by, subscripts, taken });
                    }
                }
                _ => stack.extend(equations.graph.parts(node, taken)),
            }
        }
    }
    uses
}

impl Use {
    /// The requirement of an element that is asked for here.
    fn lifted(
        &self,
        equations: &mut Equations,
        used: EquationId,
        requirement: &Requirement,
    ) -> Option<Requirement> {
        let axes = equations[used].axes.clone();
        let mut by = BTreeMap::new();
        for (axis, subscript) in axes.into_iter().zip(&self.subscripts) {
            if subscript.has_ids() {
                return None;
            }
            by.insert(axis, subscript.clone());
        }
        let mut holds =
            Substitution { graph: &mut equations.graph, by: &by }.node(requirement.holds)?;
        if let Some(taken) = self.taken {
            let not_taken = equations.graph.add(Node::Not(taken));
            holds = equations.graph.add(Node::Or(not_taken, holds));
        }
        let within = equations[self.by].nest();
        Some(Requirement { holds, within, ..requirement.clone() })
    }
}

/// A node with integers in the place of indices.
pub fn substituted(
    graph: &mut Graph,
    node: NodeId,
    by: &BTreeMap<IndexId, Integer<IndexId>>,
) -> Option<NodeId> {
    Substitution { graph, by }.node(node)
}

/// Puts integers in the place of indices.
struct Substitution<'a> {
    graph: &'a mut Graph,
    by: &'a BTreeMap<IndexId, Integer<IndexId>>,
}

impl Rewrite<Array, Array> for Substitution<'_> {
    fn node(&mut self, node: NodeId) -> Option<NodeId> {
        let mut node = self.graph.nodes[node].clone();
        match &mut node {
            Node::Integer(integer) => *integer = integer.replaced(self.by),
            Node::Count(index) => *index = self.index(*index),
            Node::Load { subscripts, .. } => {
                for subscript in subscripts {
                    *subscript = subscript.replaced(self.by);
                }
            }
            Node::WhereAt { index, .. } => {
                if let Some(by) = self.by.get(index) {
                    *index = by.as_index()?;
                }
            }
            // None stands in an equation.
            Node::Reduce { .. } => return None,
            _ => {}
        }
        let node = node.rewritten(self)?;
        Some(self.graph.add(node))
    }

    fn array(&mut self, array: Array) -> Option<Array> {
        Some(array)
    }
}

impl Substitution<'_> {
    /// An index whose range names others that are replaced.
    fn index(&mut self, index: IndexId) -> IndexId {
        let IndexRange::Stated { low, high } = &self.graph.indices[index].range else {
            return index;
        };
        let (own, by) = ((low, high), self.by);
        let (low, high) = (low.replaced(by), high.replaced(by));
        if own == (&low, &high) {
            return index;
        }
        let range = IndexRange::Stated { low, high };
        let name = self.graph.indices[index].name.clone();
        self.graph.index(0, range, &name)
    }
}
