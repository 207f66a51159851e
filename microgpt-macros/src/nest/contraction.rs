//! Contractions: sums of products of two arrays, which are computed in blocks.

use crate::graph::{Graph, IndexId, Node, NodeId, Subscript, indices_of};
use crate::nest::storage::Storage;
use crate::syntax::ast::Operator;

use super::{Inner, Nest, Target, Walk, ordered, walk};

/// `target[.., rows, .., columns] += Σ left[.., rows, .., terms, ..] · right[.., terms, columns, ..]`
/// with the last two in any places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contraction {
    /// The index of the target and the left factor.
    pub rows: IndexId,
    /// The index of the target, where it is the last, and the right factor.
    pub columns: IndexId,
    /// The index of both factors.
    pub terms: IndexId,
    /// The factors, each an element of an array.
    pub left: NodeId,
    pub right: NodeId,
    /// Which of the three has bounds that another sets, if one has.
    pub ragged: Option<Ragged>,
}

/// Which index of a contraction has bounds that name another one of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ragged {
    /// The columns, by the rows.
    Columns,
    /// The terms, by the rows.
    Terms,
    /// The rows, by the terms.
    Rows,
}

impl Contraction {
    /// The index that bounds another one, and that one.
    pub fn bounded(&self) -> Option<(IndexId, IndexId)> {
        self.ragged.map(|ragged| match ragged {
            Ragged::Columns => (self.rows, self.columns),
            Ragged::Terms => (self.rows, self.terms),
            Ragged::Rows => (self.terms, self.rows),
        })
    }
}

/// A contraction as blocks, in loops over all other indices.
pub fn blocks(
    graph: &Graph,
    target: Target,
    indices: &[IndexId],
    body: NodeId,
    contraction: Contraction,
) -> Nest {
    let blocks = [contraction.rows, contraction.columns, contraction.terms];
    let outside: Vec<_> = indices.iter().copied().filter(|index| !blocks.contains(index)).collect();
    let mut loops = ordered(graph, &outside);
    let outer = loops.len();
    loops.extend(blocks);
    Nest::sum(target, loops, outer, Inner::Contraction(contraction), body, Storage::AsWritten)
}

/// The contraction that a sum is, if it is one: one without bounds where there is a choice.
pub fn contraction(
    graph: &Graph,
    target: &Target,
    indices: &[IndexId],
    body: NodeId,
) -> Option<Contraction> {
    let bounding = |index: IndexId| -> Vec<IndexId> {
        let named = graph.range_indices(index);
        indices.iter().copied().filter(|outer| named.contains(outer)).collect()
    };
    let bounded = |index: IndexId| -> Vec<IndexId> {
        indices.iter().copied().filter(|one| graph.range_indices(*one).contains(&index)).collect()
    };
    // A bound that names another index ties the two: both stay loops, or both are outside.
    let is_free = |index: IndexId| bounding(index).is_empty() && bounded(index).is_empty();
    let free = |index: &IndexId| is_free(*index);
    if let Some(found) = contraction_of(graph, target, indices, body, &free) {
        return Some(found);
    }
    // Or they are a pair, of nothing else, and the rows and columns or terms of the contraction.
    indices.iter().find_map(|&inner| {
        let [outer] = bounding(inner)[..] else { return None };
        if !bounding(outer).is_empty() || !bounded(inner).is_empty() || bounded(outer) != [inner] {
            return None;
        }
        let among = |index: &IndexId| is_free(*index) || [inner, outer].contains(index);
        let found = contraction_of(graph, target, indices, body, &among)?;
        let Contraction { rows, columns, terms, left, .. } = found;
        // A subscript of both may be off its axis where the two begin, which is not in range.
        let both = |one: &Subscript| [inner, outer].iter().all(|of| indices_of(one).contains(of));
        if graph.element(left).is_some_and(|(_, subscripts)| subscripts.iter().any(both)) {
            return None;
        }
        let ragged = if (outer, inner) == (rows, columns) {
            Ragged::Columns
        } else if (outer, inner) == (rows, terms) {
            Ragged::Terms
        } else if (outer, inner) == (terms, rows) && target.add {
            Ragged::Rows
        } else {
            return None;
        };
        Some(Contraction { ragged: Some(ragged), ..found })
    })
}

/// The contraction that a sum is over some of its indices.
fn contraction_of(
    graph: &Graph,
    target: &Target,
    indices: &[IndexId],
    body: NodeId,
    among: &dyn Fn(&IndexId) -> bool,
) -> Option<Contraction> {
    let Node::Binary { operator: Operator::Mul, left, right } = graph.nodes[body] else {
        return None;
    };
    let (one, other) = (graph.element(left)?, graph.element(right)?);
    let candidates: Vec<IndexId> = indices.iter().copied().filter(|index| among(index)).collect();
    let columns = *candidates.iter().find(|&&index| {
        walk(&target.subscripts, index) == Walk::Contiguous
            && target.subscripts.iter().flat_map(indices_of).filter(|one| *one == index).count()
                == 1
    })?;
    let [left, right] = match [one.1, other.1].map(|subscripts| single(subscripts, columns)) {
        [Some(false), Some(true)] => [one, other],
        [Some(true), Some(false)] => [other, one],
        _ => return None,
    };
    // The last of several: the one that is innermost as written.
    let last = |in_target, in_left, in_right| {
        candidates.iter().rev().copied().find(|&index| {
            index != columns
                && single(&target.subscripts, index) == Some(in_target)
                && single(left.1, index) == Some(in_left)
                && single(right.1, index) == Some(in_right)
        })
    };
    let rows = last(true, true, false)?;
    // Where both move along the last axis, rows overlap, and a block would write one over another.
    if walk(&target.subscripts, rows) == Walk::Contiguous {
        return None;
    }
    let terms = last(false, true, true)?;
    let sums = indices.iter().filter(|&&index| {
        !target.subscripts.iter().flat_map(indices_of).any(|of_target| of_target == index)
    });
    // Each pass of a further sum adds to the target, which must hold something then.
    if !target.add && sums.count() > 1 {
        return None;
    }
    Some(Contraction { rows, columns, terms, left: left.0, right: right.0, ragged: None })
}

/// Whether an index moves along one axis, by one; nothing if it moves in any other way.
fn single(subscripts: &[Subscript], index: IndexId) -> Option<bool> {
    let mut moving = subscripts.iter().filter(|one| indices_of(one).contains(&index));
    match (moving.next(), moving.next()) {
        (None, _) => Some(false),
        (Some(Subscript::Affine(affine)), None) if affine.factor(index) == 1 => Some(true),
        _ => None,
    }
}
