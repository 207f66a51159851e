//! Contractions: sums of products of two arrays, which micro-kernels compute.
//!
//! Of `y[t, o] = sum(w[o, i] * x[t, i] for i)` nothing is left but a call: blocks of `y` are computed from
//! panels of `w` and `x`.

use crate::graph::{Fold, Graph, IndexId, IndexRange, Node, NodeId, Subscript, indices_of};
use crate::resolve::hir::Affine;
use crate::syntax::ast::Operator;

use super::ir::{Accumulator, Combine, Guard, MicroKernel, Reduce, Stmt, Term, around, nests};
use super::layout::Interleaving;
use super::order::{Walk, as_stored, nearest, walk};
use super::products::{Product, Products, products};

/// Puts calls in the place of loops that are contractions; one with bounds is called where those are long.
pub fn contract(graph: &Graph, interleaving: Option<&Interleaving>, body: &mut [Stmt]) {
    nests(interleaving, body, &mut |interleaving, loops, combine| {
        let indices: Vec<IndexId> = loops.iter().map(|&(index, _)| index).collect();
        let as_loops = around(&indices, Stmt::Combine(combine.clone()));
        if combine.fold != Fold::Sum || combine.condition.is_some() {
            return as_loops;
        }
        if let Some(interleaving) = interleaving {
            let found =
                products(graph, interleaving, &combine.to, combine.adds, &indices, combine.value);
            return found
                .map_or(as_loops, |found| small(graph, interleaving, &indices, combine, found));
        }
        let Some(found) = contraction(graph, combine, &indices) else {
            return vector_matrix(graph, combine, &indices).unwrap_or(as_loops);
        };
        let call = blocks(graph, &indices, combine, found);
        match found.bounded() {
            None => call,
            Some((outer, _)) => Stmt::Specialize {
                when: Guard::Long(outer),
                then: vec![call],
                otherwise: vec![as_loops],
            },
        }
    });
}

/// A contraction as blocks, in loops over all other indices.
fn blocks(graph: &Graph, indices: &[IndexId], combine: &Combine, found: Contraction) -> Stmt {
    let Contraction { rows: m, columns: n, terms: k, left, right, ragged } = found;
    let outside: Vec<_> =
        indices.iter().copied().filter(|index| ![m, n, k].contains(index)).collect();
    let (to, adds) = (combine.to.clone(), combine.adds);
    let call = MicroKernel::Contract { to, adds, m, n, k, left, right, ragged };
    around(&nearest(graph, &outside), Stmt::Call(call))
}

/// Small products, in loops over all other indices.
fn small(
    graph: &Graph,
    interleaving: &Interleaving,
    indices: &[IndexId],
    combine: &Combine,
    Products { product, each, along, left, right }: Products,
) -> Stmt {
    let mut loops = as_stored(Some(interleaving), &combine.to, indices);
    loops.retain(|index| ![each, along].contains(index));
    let loops = nearest(graph, &loops);
    let (to, adds) = (combine.to.clone(), combine.adds);
    let outside = loops.iter().rposition(|&index| to.indices().any(|one| one == index));
    let (outside, inside) = loops.split_at(outside.map_or(0, |position| position + 1));
    let body = match product {
        Product::Dot => Stmt::Call(MicroKernel::Dots { to, adds, each, along, left, right }),
        Product::Multiple => {
            let term = Stmt::Term(Term::Multiple { each, along, left, right });
            let accumulator = Accumulator::Vectors { each, along };
            let body = vec![around(inside, term)];
            Stmt::Reduce(Reduce { fold: Fold::Sum, accumulator, to, adds, over: None, body })
        }
    };
    around(outside, body)
}

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

/// The contraction that a sum is, if it is one: one without bounds where there is a choice.
fn contraction(graph: &Graph, combine: &Combine, indices: &[IndexId]) -> Option<Contraction> {
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
    if let Some(found) = contraction_of(graph, combine, indices, &free) {
        return Some(found);
    }
    // Or they are a pair, of nothing else, and the rows and columns or terms of the contraction.
    indices.iter().find_map(|&inner| {
        let [outer] = bounding(inner)[..] else { return None };
        if !bounding(outer).is_empty() || !bounded(inner).is_empty() || bounded(outer) != [inner] {
            return None;
        }
        let among = |index: &IndexId| is_free(*index) || [inner, outer].contains(index);
        let found = contraction_of(graph, combine, indices, &among)?;
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
        } else if (outer, inner) == (terms, rows) && combine.adds {
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
    combine: &Combine,
    indices: &[IndexId],
    among: &dyn Fn(&IndexId) -> bool,
) -> Option<Contraction> {
    let Node::Binary { operator: Operator::Mul, left, right } = graph.nodes[combine.value] else {
        return None;
    };
    let target = &combine.to;
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
    if !combine.adds && sums.count() > 1 {
        return None;
    }
    Some(Contraction { rows, columns, terms, left: left.0, right: right.0, ragged: None })
}

/// A vector times a matrix, in loops over all other indices, if a step of a recurrence is one.
///
/// Outside of steps a sum of which the matrix alone has two indices is left to loops.
fn vector_matrix(graph: &Graph, combine: &Combine, indices: &[IndexId]) -> Option<Stmt> {
    let Node::Binary { operator: Operator::Mul, left, right } = graph.nodes[combine.value] else {
        return None;
    };
    let in_target: Vec<IndexId> = combine.to.indices().collect();
    let free = graph.free(combine.value).iter().chain(&in_target);
    let is_step = free.into_iter().any(|index| !indices.contains(index));
    let is_alone = |index: &IndexId| {
        graph.range_indices(*index).iter().all(|outer| !indices.contains(outer))
            && indices.iter().all(|inner| !graph.range_indices(*inner).contains(index))
    };
    let candidates: Vec<IndexId> = indices.iter().copied().filter(is_alone).collect();
    let of_target = |index: IndexId| in_target.iter().filter(|one| **one == index).count();
    let n = *candidates.iter().find(|&&index| {
        walk(&combine.to.subscripts, index) == Walk::Contiguous && of_target(index) == 1
    })?;
    let (one, other) = (graph.element(left)?, graph.element(right)?);
    let [left, right] = match [one.1, other.1].map(|subscripts| single(subscripts, n)) {
        [Some(false), Some(true)] => [one, other],
        [Some(true), Some(false)] => [other, one],
        _ => return None,
    };
    let k = *candidates.iter().rev().find(|&&index| {
        of_target(index) == 0 && [left.1, right.1].map(|one| single(one, index)) == [Some(true); 2]
    })?;
    let side_by_side = |inner: IndexId, arrays: [&[Subscript]; 2]| {
        let mut all = vec![inner];
        let before = |index: IndexId| {
            candidates
                .iter()
                .copied()
                .find(|&outer| arrays.iter().all(|one| lie_side_by_side(graph, one, outer, index)))
        };
        while let Some(outer) = before(all[0]) {
            all.insert(0, outer);
        }
        all
    };
    let n = side_by_side(n, [&combine.to.subscripts, right.1]);
    let k = side_by_side(k, [left.1, right.1]);
    let outside: Vec<_> =
        indices.iter().copied().filter(|index| !n.contains(index) && !k.contains(index)).collect();
    let sums = outside.iter().any(|&index| of_target(index) == 0);
    let clashes = n.iter().any(|&index| single(left.1, index) != Some(false));
    if !is_step || clashes || !combine.adds && sums {
        return None;
    }
    let (to, adds) = (combine.to.clone(), combine.adds);
    let call = MicroKernel::VectorMatrix { to, adds, n, k, left: left.0, right: right.0 };
    Some(around(&nearest(graph, &outside), Stmt::Call(call)))
}

/// Whether two indices run over the whole of two axes of an array of which one follows the other.
fn lie_side_by_side(
    graph: &Graph,
    subscripts: &[Subscript],
    outer: IndexId,
    inner: IndexId,
) -> bool {
    let is_whole = |index: IndexId| matches!(graph.indices[index].range, IndexRange::Whole(_));
    let plain = |index: IndexId| Subscript::Affine(Affine::index(index));
    let times =
        |index: IndexId| subscripts.iter().flat_map(indices_of).filter(|one| *one == index).count();
    let follow = subscripts.windows(2).any(|two| two == [plain(outer), plain(inner)]);
    outer != inner
        && follow
        && [outer, inner].into_iter().all(|one| is_whole(one) && times(one) == 1)
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
