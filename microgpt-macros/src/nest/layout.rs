//! Layout: in which order the axes of an intermediate array lie in memory.
//!
//! As written, `score[h, t, s]` with `s in 0..=t` has short rows, each of another length, and a
//! processor is busier with where they end than with what is in them. Where the type says how long
//! the axis of the heads is, and the ranges are short, that axis lies innermost instead, the
//! heads interleaved: then every row has one length, which the compiler knows.

use std::collections::BTreeMap;

use crate::graph::equations::{Equation, Equations};
use crate::graph::{Array, EquationId, Graph, IndexId, IndexRange, Length};

use super::Kernels;
use super::ir::{Guard, Stmt};

/// The arrays that may lie interleaved.
#[derive(Debug)]
pub struct Interleaving {
    /// The axis that is then innermost.
    pub axis: Length,
    /// How far the ranges of the first such array reach; all of them follow it.
    pub reach: Length,
    /// For each equation that takes part the positions of its axes, the outermost first.
    orders: BTreeMap<EquationId, Vec<usize>>,
}

impl Interleaving {
    /// That of an expression, if it has ranges with bounds and an axis which they do not name.
    pub fn of(equations: &Equations) -> Option<Self> {
        // One step of a recurrence is one row as it lies.
        if !equations.recurrences.is_empty() {
            return None;
        }
        let graph = &equations.graph;
        let intermediate = || equations.enumerate().filter(|(id, _)| !equations.is_result(*id));
        let (bounding, axis, reach) =
            intermediate().find_map(|(_, equation)| ragged(graph, equation))?;
        let order = |equation: &Equation| {
            let (&last, before) = equation.axes.split_last()?;
            let takes_part = ragged(graph, equation).is_some_and(|(_, own, _)| own == axis)
                || whole(graph, last) == Some(bounding);
            let inner = before.iter().rposition(|&index| whole(graph, index) == Some(axis))?;
            let rest = (0..equation.axes.len()).filter(|&position| position != inner);
            takes_part.then(|| rest.chain([inner]).collect())
        };
        let orders = intermediate().filter_map(|(id, equation)| Some((id, order(equation)?)));
        Some(Self { axis, reach, orders: orders.collect() })
    }

    /// The positions of an array's axes, the outermost first, if they are not in order.
    pub fn order(&self, array: Array) -> Option<&[usize]> {
        match array {
            Array::Equation(id) | Array::Adjoint(id) => self.orders.get(&id).map(Vec::as_slice),
            Array::Operand(_)
            | Array::Gradient(_)
            | Array::Present(_)
            | Array::PresentAdjoint(_) => None,
        }
    }
}

/// What belongs to the axes of an array, in the order in which they lie: as written without an
/// interleaving.
pub fn stored<A: Clone>(interleaving: Option<&Interleaving>, array: Array, axes: &[A]) -> Vec<A> {
    match interleaving.and_then(|interleaving| interleaving.order(array)) {
        Some(order) => order.iter().map(|&position| axes[position].clone()).collect(),
        None => axes.to_vec(),
    }
}

/// The axis whose index bounds the last one of an equation, the last axis that does not, and how
/// far the bounds reach.
fn ragged(graph: &Graph, equation: &Equation) -> Option<(Length, Length, Length)> {
    let (&last, before) = equation.axes.split_last()?;
    let named = graph.range_indices(last);
    let bounding = before.iter().find(|index| named.contains(index))?;
    let bounding = whole(graph, *bounding)?;
    let free = before.iter().rev().filter(|index| !named.contains(index));
    let axis = free.filter_map(|&index| whole(graph, index)).find(|&axis| axis != bounding)?;
    Some((bounding, axis, graph.axis_length(last)))
}

/// The length of the operands' axis that an index runs over all of, if it does.
fn whole(graph: &Graph, index: IndexId) -> Option<Length> {
    match graph.indices[index].range {
        IndexRange::Whole(length @ Length::Class(_)) => Some(length),
        _ => None,
    }
}

/// Finds the arrays that may lie interleaved, and gives each kernel that touches one a second version for when
/// they do.
pub fn specialize(equations: &Equations, kernels: &mut Kernels) {
    kernels.interleaving = Interleaving::of(equations);
    let graph = &equations.graph;
    kernels.each_body(|interleaving, body| {
        if let Some(interleaving) = interleaving {
            versions(graph, interleaving, body);
        }
    });
}

fn versions(graph: &Graph, interleaving: &Interleaving, body: &mut [Stmt]) {
    for stmt in body {
        if let Stmt::Specialize { when: Guard::Holds(_), then, otherwise } = stmt {
            versions(graph, interleaving, then);
            versions(graph, interleaving, otherwise);
            continue;
        }
        let nest = match &*stmt {
            Stmt::Scope(body) => &body[0],
            nest => nest,
        };
        if touches(graph, interleaving, nest) {
            let then = vec![stmt.clone()];
            let otherwise = vec![stmt.clone()];
            *stmt = Stmt::Specialize { when: Guard::Interleaved, then, otherwise };
        }
    }
}

/// Whether a nest reads or writes an array that may lie interleaved.
fn touches(graph: &Graph, interleaving: &Interleaving, nest: &Stmt) -> bool {
    let mut innermost = nest;
    while let Stmt::For { body, .. } = innermost {
        innermost = &body[0];
    }
    let (roots, target) = match innermost {
        Stmt::Combine(combine) => {
            (vec![Some(combine.value), combine.condition], Some(combine.to.array))
        }
        Stmt::Require { holds, .. } => (vec![Some(*holds)], None),
        _ => return false,
    };
    let read = graph.arrays_below(roots.into_iter().flatten());
    read.chain(target).any(|array| interleaving.order(array).is_some())
}

/// Takes the second versions out again.
pub fn unspecialize(kernels: &mut Kernels) {
    kernels.interleaving = None;
    kernels.each_body(|_, body| as_written(body));
}

fn as_written(body: &mut [Stmt]) {
    for stmt in body {
        match stmt {
            Stmt::Specialize { when: Guard::Interleaved, otherwise, .. } => {
                if let Some(only) = otherwise.pop() {
                    *stmt = only;
                }
            }
            Stmt::Specialize { when: Guard::Holds(_), then, otherwise } => {
                as_written(then);
                as_written(otherwise);
            }
            _ => {}
        }
    }
}
