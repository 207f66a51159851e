//! Recurrences: equations that need each other, in the order in which they can be computed.
//!
//! Of a block only those equations go step by step that need their own past. In
//!
//! ```text
//! for t {
//!     let x = [sum(w[i, j] * u[t, j] for j) for i];       needs no past: all t at once, before
//!     let h = [tanh(x[i] + a[i] * h[t - 1, i]) for i];    one t after the other
//!     let y = sum(v[i] * h[i] for i);                     all t at once, after
//! }
//! ```
//!
//! two of three equations are ordinary ones.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::equations::{Equations, Recurrence};
use crate::graph::lower::Definition;
use crate::graph::{Array, EquationId, Graph, Node, Subscript};
use crate::ids::{Id, IdVec};
use crate::resolve::hir::{self, DefinitionId};

/// The definitions that need each other, in groups.
pub fn components(
    graph: &Graph<hir::Array>,
    definitions: &IdVec<DefinitionId, Definition>,
) -> Vec<Vec<DefinitionId>> {
    if definitions.iter().all(|definition| definition.block.is_none()) {
        return Vec::new();
    }
    let needs = |id: DefinitionId| -> BTreeSet<DefinitionId> {
        let needed = graph.arrays_below([definitions[id].root]).filter_map(|array| match array {
            hir::Array::Definition(id) => Some(id),
            hir::Array::Operand(_) => None,
        });
        needed.collect()
    };
    let needs: BTreeMap<DefinitionId, BTreeSet<DefinitionId>> =
        definitions.ids().map(|id| (id, needs(id))).collect();
    let mut groups = groups(&needs);
    groups.retain(|group| group.len() > 1 || needs[&group[0]].contains(&group[0]));
    groups
}

/// What needs each other, in groups, each after those that it needs, and else in the order of the ids.
fn groups<I: Id + Ord>(needs: &BTreeMap<I, BTreeSet<I>>) -> Vec<Vec<I>> {
    let mut reached: BTreeMap<I, BTreeSet<I>> = BTreeMap::new();
    for &id in needs.keys() {
        let mut seen = BTreeSet::new();
        let mut stack: Vec<I> = needs[&id].iter().copied().collect();
        while let Some(next) = stack.pop() {
            if seen.insert(next) {
                stack.extend(&needs[&next]);
            }
        }
        reached.insert(id, seen);
    }
    let with = |id: I| -> Vec<I> {
        let each_other =
            |needed: &I| reached[needed].contains(&id) && reached[&id].contains(needed);
        let mut group: Vec<I> = reached[&id].iter().copied().filter(each_other).collect();
        if !group.contains(&id) {
            group.push(id);
        }
        group
    };
    let mut groups = Vec::new();
    let mut done = BTreeSet::new();
    for &id in needs.keys() {
        place(id, &reached, &with, &mut done, &mut groups);
    }
    groups
}

fn place<I: Id + Ord>(
    id: I,
    reached: &BTreeMap<I, BTreeSet<I>>,
    with: &dyn Fn(I) -> Vec<I>,
    done: &mut BTreeSet<I>,
    groups: &mut Vec<Vec<I>>,
) {
    if done.contains(&id) {
        return;
    }
    let group = with(id);
    done.extend(&group);
    for &before in &reached[&id] {
        place(before, reached, with, done, groups);
    }
    groups.push(group);
}

/// Finds the equations of each recurrence, also those that were made of parts of others, and puts all
/// equations in an order in which each comes after what it needs.
pub fn settle(equations: &mut Equations) {
    if equations.recurrences.is_empty()
        && equations.iter().all(|equation| equation.starts.is_empty())
    {
        return;
    }
    let needs: BTreeMap<EquationId, BTreeSet<EquationId>> =
        equations.ids().map(|id| (id, equations.needs(id))).collect();
    let mut order: Vec<EquationId> = Vec::new();
    let mut recurrences = Vec::new();
    for mut group in groups(&needs) {
        let of = equations
            .recurrences
            .iter()
            .find(|recurrence| recurrence.equations.iter().any(|id| group.contains(id)));
        if let Some(Recurrence { steps, .. }) = of {
            let mut present = BTreeMap::new();
            for &id in &group {
                let mut used = at_this_step(equations, id, steps.indices.len());
                used.retain(|id| group.contains(id));
                present.insert(id, used);
            }
            group = groups(&present).concat();
            let first = order.len();
            let equations = (first..first + group.len()).map(EquationId::at).collect();
            recurrences.push(Recurrence { steps: steps.clone(), equations });
        }
        order.extend(group);
    }
    equations.reorder(&order);
    equations.recurrences = recurrences;
}

/// The equations of which one uses elements of its own step, also to find out whether its own have values.
fn at_this_step(equations: &Equations, id: EquationId, steps: usize) -> BTreeSet<EquationId> {
    let below = equations.graph.below(equations[id].roots()).into_iter();
    let used = below.filter_map(|node| match &equations.graph.nodes[node] {
        Node::Load { array: Array::Equation(used), subscripts, .. } => {
            is_present(equations, *used, subscripts, steps).then_some(*used)
        }
        _ => None,
    });
    used.collect()
}

/// Whether an element is one of the step that is being computed.
fn is_present(
    equations: &Equations,
    id: EquationId,
    subscripts: &[Subscript],
    steps: usize,
) -> bool {
    let own = &equations[id].subscripts;
    own.len() >= steps && own[..steps] == subscripts[..steps]
}
