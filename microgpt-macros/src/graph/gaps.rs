//! Arrays whose gaps nothing reads: what lies between their ragged rows may be anything.
//!
//! Of `let e = [exp(x[t, s]) for t, s in 0..=t]; [sum(e[t, s] for s in 0..=t) for t]` the elements behind the diagonal
//! are neither computed nor read, so that to set them to 0 would be a pass over memory for nothing:
//!
//! ```text
//! e00  .   .   .
//! e10 e11  .   .
//! e20 e21 e22  .
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::differentiate::Gradient;
use crate::graph::equations::{Equation, Equations};
use crate::graph::{Array, EquationId, Graph, IndexId, IndexRange, Node, Subscript};
use crate::resolve::hir::Integer;

/// The equations between whose ragged rows elements of the array or of its adjoint are read, or may be.
pub fn read_gaps(gradient: &Gradient) -> BTreeSet<EquationId> {
    let equations = &gradient.equations;
    let with_gaps = equations.ids().filter(|&id| equations.is_ragged(id));
    let mut read: BTreeSet<EquationId> =
        with_gaps.filter(|&id| may_always_be_read(equations, id)).collect();
    for node in &equations.graph.nodes {
        if let Node::Load { array, subscripts, .. } = node
            && let Array::Equation(id) | Array::Adjoint(id) = array
            && equations.is_ragged(*id)
            && !is_reached(&equations.graph, &equations[*id], subscripts)
        {
            read.insert(*id);
        }
    }
    read
}

/// Whether loads alone do not tell: all of a result is seen, and what an array of a recurrence has at other steps is
/// read by rules of its own.
fn may_always_be_read(equations: &Equations, id: EquationId) -> bool {
    equations.is_result(id)
        || equations.recurrence(id).is_some()
        || !equations[id].starts.is_empty()
        || equations[id].axes.iter().any(|&axis| equations.graph.is_scattered(axis))
}

/// Whether an element is one that the loops of the equation reach: the ranges of its ragged axes are those that the
/// equation has there, with the other subscripts in the place of the indices. A range that only turns out to be the
/// same is another: so of each Rust expression in braces, and of `len(s)` where that may change from row to row.
fn is_reached(graph: &Graph, equation: &Equation, subscripts: &[Subscript]) -> bool {
    let names: BTreeMap<IndexId, Subscript> =
        equation.axes.iter().copied().zip(subscripts.iter().cloned()).collect();
    let is_same = |own: &Integer<IndexId>, end: &Integer<IndexId>| {
        !own.has_lengths() && own.replaced(&names) == *end
    };
    equation.axes.iter().zip(subscripts).all(|(&axis, subscript)| {
        let IndexRange::Stated { low: own_low, high: own_high } = &graph.indices[axis].range else {
            return true;
        };
        let range = subscript.as_index().map(|index| &graph.indices[index].range);
        matches!(range, Some(IndexRange::Stated { low, high })
            if is_same(own_low, low) && is_same(own_high, high))
    })
}
