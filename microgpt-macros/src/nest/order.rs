//! The order of loops: the index along which most of the arrays lie in one piece is innermost.
//!
//! Of `dx[t, i] += dy[t, o] * w[o, i] for t, o, i` the arrays `dx` and `w` lie in one piece along `i`.

use std::collections::BTreeSet;

use crate::graph::{Array, Fold, Graph, IndexId, Node, NodeId, Subscript, indices_of};

use super::ir::{Combine, Element, Kind, Loop, Stmt, around, replace_nests};
use super::layout::{Interleaving, stored};
use crate::tuning::{CONTIGUOUS, Cost, STILL, STRIDED};

/// Orders the loops of all nests that arrays in this layout have.
pub fn order(graph: &Graph, interleaving: Option<&Interleaving>, body: &mut [Stmt]) {
    replace_nests(interleaving, body, &mut |interleaving, loops, combine| {
        let planner = Order { graph, interleaving };
        planner.nest(loops, combine)
    });
}

struct Order<'a> {
    graph: &'a Graph,
    interleaving: Option<&'a Interleaving>,
}

impl Order<'_> {
    fn nest(&self, indices: &[Loop], combine: &Combine) -> Stmt {
        let indices: Vec<IndexId> = indices.iter().map(|&(index, _)| index).collect();
        // What names elements by ids, or rounded, may name one more than once, and adds up there.
        let moves = |index: &IndexId| {
            combine.to.subscripts.iter().any(|subscript| subscript.factor(*index) != 0)
        };
        let of_target: BTreeSet<IndexId> = combine.to.indices().filter(moves).collect();
        let row = match combine.fold {
            Fold::Sum | Fold::Max | Fold::Min if combine.condition.is_none() => {
                self.innermost(combine, &of_target, &indices)
            }
            _ => None,
        };
        // The product over the others runs along the last of its loops.
        let mut preferred = match combine.fold {
            Fold::Others => indices,
            _ => as_stored(self.interleaving, &combine.to, &indices),
        };
        let sums = |loops: &[IndexId]| -> Vec<IndexId> {
            let is_sum = |index: &IndexId| Some(*index) != row && !of_target.contains(index);
            loops.iter().copied().filter(is_sum).collect()
        };
        let as_written = preferred.clone();
        preferred.sort_by_key(|&index| (Some(index) == row, !of_target.contains(&index)));
        let mut loops = nearest(self.graph, &preferred);
        if sums(&loops) != sums(&as_written) {
            // Bounds have pulled an index before others of the sum, which keeps the order of the text.
            preferred = as_written;
            preferred.sort_by_key(|&index| Some(index) == row);
            loops = nearest(self.graph, &preferred);
        }
        let mut nest = around(&loops, Stmt::Combine(combine.clone()));
        mark(&mut nest, row);
        nest
    }

    /// The index along which most of the arrays lie in one piece, if the result does or stays still.
    fn innermost(
        &self,
        combine: &Combine,
        of_target: &BTreeSet<IndexId>,
        indices: &[IndexId],
    ) -> Option<IndexId> {
        let graph = self.graph;
        let as_stored = |(array, subscripts): (Array, &[Subscript])| {
            stored(self.interleaving, array, subscripts)
        };
        let loads: Vec<_> = loads(graph, combine.value).into_iter().map(as_stored).collect();
        let result = as_stored((combine.to.array, &combine.to.subscripts));
        let cost = |index: IndexId| -> u32 {
            let of = |Cost { load, result }: Cost, is_result| if is_result { result } else { load };
            let of_array = |subscripts: &[Subscript], is_result| match walk(subscripts, index) {
                Walk::Still => of(STILL, is_result),
                Walk::Contiguous => of(CONTIGUOUS, is_result),
                Walk::Strided => of(STRIDED, is_result),
            };
            loads.iter().map(|load| of_array(load, false)).sum::<u32>() + of_array(&result, true)
        };
        let bounds_of: BTreeSet<IndexId> =
            indices.iter().flat_map(|&index| graph.range_indices(index)).collect();
        let free = indices.iter().copied().filter(|index| !bounds_of.contains(index));
        // The last of equals: the one that is innermost as written.
        let index = free.rev().min_by_key(|&index| cost(index))?;
        match walk(&result, index) {
            Walk::Contiguous => Some(index),
            Walk::Still if !of_target.contains(&index) => Some(index),
            _ => None,
        }
    }
}

/// Marks the loop that goes by vectors.
fn mark(nest: &mut Stmt, row: Option<IndexId>) {
    if let Stmt::For { index, kind, body } = nest {
        if Some(*index) == row {
            *kind = Kind::Row;
        }
        for stmt in body {
            mark(stmt, row);
        }
    }
}

/// Indices with those of a target in the order in which that lies.
pub fn as_stored(
    interleaving: Option<&Interleaving>,
    to: &Element,
    indices: &[IndexId],
) -> Vec<IndexId> {
    let mut indices = indices.to_vec();
    if interleaving.is_some_and(|interleaving| interleaving.order(to.array).is_some()) {
        let subscripts = stored(interleaving, to.array, &to.subscripts);
        let place = |index: IndexId| {
            subscripts.iter().position(|subscript| indices_of(subscript).contains(&index))
        };
        indices.sort_by_key(|&index| place(index).unwrap_or(subscripts.len()));
    }
    indices
}

/// The order that is nearest to the preferred one and has each index after those in its bounds.
pub fn nearest(graph: &Graph, preferred: &[IndexId]) -> Vec<IndexId> {
    let mut loops = Vec::new();
    for &index in preferred {
        place(graph, index, preferred, &mut loops);
    }
    loops
}

fn place(graph: &Graph, index: IndexId, all: &[IndexId], loops: &mut Vec<IndexId>) {
    if loops.contains(&index) {
        return;
    }
    for outer in graph.range_indices(index) {
        if all.contains(&outer) {
            place(graph, outer, all, loops);
        }
    }
    loops.push(index);
}

/// How a subscripted array is walked when one index advances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    Still,
    Contiguous,
    Strided,
}

/// How `array[subscripts]` is walked along an index.
pub fn walk(subscripts: &[Subscript], index: IndexId) -> Walk {
    let moving: Vec<usize> = subscripts
        .iter()
        .enumerate()
        .filter(|(_, subscript)| indices_of(subscript).contains(&index))
        .map(|(axis, _)| axis)
        .collect();
    match (moving.as_slice(), subscripts.last()) {
        ([], _) => Walk::Still,
        ([axis], Some(last)) if *axis + 1 == subscripts.len() && last.step(index) == Some(1) => {
            Walk::Contiguous
        }
        _ => Walk::Strided,
    }
}

/// Every element that a body reads in rows, by its array and subscripts.
fn loads(graph: &Graph, body: NodeId) -> Vec<(Array, &[Subscript])> {
    let load = |node: NodeId| match &graph.nodes[node] {
        Node::Load { array, subscripts, guard: None } => Some((*array, subscripts.as_slice())),
        _ => None,
    };
    graph.below([body]).into_iter().filter_map(load).collect()
}
