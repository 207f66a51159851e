//! Contractions: sums of products of two arrays, which micro-kernels compute.
//!
//! Of `y[t, o] = sum(w[o, i] * x[t, i] for i)` nothing is left but a call: blocks of `y` are computed from
//! panels of `w` and `x`.

use crate::graph::{Fold, Graph, IndexId, IndexRange, Node, NodeId, Subscript, indices_of};
use crate::syntax::ast::Operator;

use super::ir::{
    Accumulator, Combine, Guard, MicroKernel, Reduce, Stmt, Term, around, replace_nests,
};
use super::layout::Interleaving;
use super::order::{Walk, as_stored, nearest, walk};
use super::products::{Product, Products, products};

/// Puts calls in the place of loops that are contractions; one with bounds is called where those are long.
pub fn contract(graph: &Graph, interleaving: Option<&Interleaving>, body: &mut [Stmt]) {
    replace_nests(interleaving, body, &mut |interleaving, loops, combine| {
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
        let Some((found, bounded)) = contraction(graph, combine, &indices) else {
            return as_loops;
        };
        let call = blocks(graph, &indices, combine, found);
        match bounded {
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
    let outside = found.outside(indices);
    let Contraction { rows: m, columns: n, terms: k, left, right, ragged } = found;
    let (to, adds) = (combine.to.clone(), combine.adds);
    let call = MicroKernel::Contract { to, adds, m, n, k, left, right, packed: false, ragged };
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
    let outside = loops.iter().rposition(|&index| to.indices().any(|axis| axis == index));
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
///
/// Rows, columns and terms are each an index, or several whose axes lie side by side in both arrays, the
/// outermost first. Of `y[t, n, o] = sum(w[o, i] * x[t, n, i] for i)` the rows are `t` and `n`.
#[derive(Clone, Debug)]
struct Contraction {
    /// Indices of the target and the left factor.
    rows: Vec<IndexId>,
    /// Indices of the target, of which they are the last, and the right factor.
    columns: Vec<IndexId>,
    /// Indices of both factors.
    terms: Vec<IndexId>,
    /// The factors, each an element of an array.
    left: NodeId,
    right: NodeId,
    /// Which of the three has bounds that another sets, if one has.
    ragged: Option<Ragged>,
}

impl Contraction {
    /// The indices that are none of its own.
    fn outside(&self, indices: &[IndexId]) -> Vec<IndexId> {
        let own = [&self.rows[..], &self.columns, &self.terms].concat();
        indices.iter().copied().filter(|index| !own.contains(index)).collect()
    }
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

/// The contraction that a sum is, if it is one, and an index that bounds another one of it: one without bounds
/// where there is a choice.
fn contraction(
    graph: &Graph,
    combine: &Combine,
    indices: &[IndexId],
) -> Option<(Contraction, Option<(IndexId, IndexId)>)> {
    let bounding = |index: IndexId| -> Vec<IndexId> {
        let named = graph.range_indices(index);
        indices.iter().copied().filter(|outer| named.contains(outer)).collect()
    };
    let bounded = |index: IndexId| -> Vec<IndexId> {
        indices
            .iter()
            .copied()
            .filter(|inner| graph.range_indices(*inner).contains(&index))
            .collect()
    };
    // A bound that names another index ties the two: both stay loops, or both are outside.
    let is_free = |index: IndexId| bounding(index).is_empty() && bounded(index).is_empty();
    let among: Vec<IndexId> = indices.iter().copied().filter(|&index| is_free(index)).collect();
    let search = Search { graph, combine, indices, among };
    if let Some(found) = search.find_widest() {
        return Some((found, None));
    }
    // Or they are a pair, of nothing else, and the rows and columns or terms of the contraction.
    indices.iter().find_map(|&inner| {
        let [outer] = bounding(inner)[..] else { return None };
        if !graph.goes_one_way(inner, outer) {
            return None;
        }
        if !bounding(outer).is_empty() || !bounded(inner).is_empty() || bounded(outer) != [inner] {
            return None;
        }
        let among = |index: &IndexId| is_free(*index) || [inner, outer].contains(index);
        let among = indices.iter().copied().filter(among).collect();
        let search = Search { graph, combine, indices, among };
        let found = search.find()?;
        let Contraction { rows, columns, terms, left, .. } = &found;
        // A subscript of both may be off its axis where the two begin, which is not in range.
        let both = |subscript: &Subscript| {
            [inner, outer].iter().all(|of| indices_of(subscript).contains(of))
        };
        if graph.element(*left).is_some_and(|(_, subscripts)| subscripts.iter().any(both)) {
            return None;
        }
        let ragged = match (rows[..] == [outer], rows[..] == [inner]) {
            (true, _) if columns[..] == [inner] => Ragged::Columns,
            (true, _) if terms[..] == [inner] => Ragged::Terms,
            (_, true) if terms[..] == [outer] && combine.adds => Ragged::Rows,
            _ => return None,
        };
        Some((Contraction { ragged: Some(ragged), ..found }, Some((outer, inner))))
    })
}

/// The search for the contraction that a sum is.
struct Search<'a> {
    graph: &'a Graph,
    combine: &'a Combine,
    indices: &'a [IndexId],
    /// The indices that may be its rows, columns and terms.
    among: Vec<IndexId>,
}

impl<'a> Search<'a> {
    /// One of an index each, and no rows only in a step of a recurrence: outside of steps a sum of which the
    /// matrix alone has two indices is left to loops.
    fn find(&self) -> Option<Contraction> {
        let found = self.of_single_indices()?;
        (self.is_possible(&found)).then_some(found)
    }

    /// One with all indices whose axes lie side by side.
    fn find_widest(&self) -> Option<Contraction> {
        let found = self.of_single_indices()?;
        let (to, left, right) = (
            &self.combine.to.subscripts[..],
            self.subscripts(found.left),
            self.subscripts(found.right),
        );
        let mut sums = self.sums();
        sums.retain(|index| Some(index) != found.terms.last());
        let rows = self.side_by_side(found.rows, [to, left], right, |_| true);
        // Where one subscript moves with rows and columns, rows overlap, and a block would write one over another.
        let columns = self.side_by_side(found.columns, [to, right], left, |columns| {
            let moves = |subscript: &Subscript, with: &[IndexId]| {
                with.iter().any(|&index| subscript.names(index))
            };
            !to.iter().any(|subscript| moves(subscript, columns) && moves(subscript, &rows))
        });
        // The terms come in the order of the text.
        let terms = self.side_by_side(found.terms, [left, right], to, |terms| {
            terms.split_last().is_some_and(|(_, outer)| sums.ends_with(outer))
        });
        let found = Contraction { rows, columns, terms, ..found };
        self.is_possible(&found).then_some(found)
    }

    /// Each pass of a sum around it adds to the target, which must hold something then.
    fn is_possible(&self, found: &Contraction) -> bool {
        let sums = self.sums();
        self.combine.adds || !found.outside(self.indices).iter().any(|index| sums.contains(index))
    }

    /// The indices that are summed, as written.
    fn sums(&self) -> Vec<IndexId> {
        let of_target = |index: &IndexId| self.combine.to.indices().any(|axis| axis == *index);
        self.indices.iter().copied().filter(|index| !of_target(index)).collect()
    }

    fn subscripts(&self, factor: NodeId) -> &'a [Subscript] {
        self.graph.element(factor).map_or(&[], |(_, subscripts)| subscripts)
    }

    fn of_single_indices(&self) -> Option<Contraction> {
        let (graph, target) = (self.graph, &self.combine.to);
        let Node::Binary { operator: Operator::Mul, left, right } = graph.nodes[self.combine.value]
        else {
            return None;
        };
        let (first, second) = (graph.element(left)?, graph.element(right)?);
        let columns = *self.among.iter().find(|&&index| {
            walk(&target.subscripts, index) == Walk::Contiguous
                && target.indices().filter(|axis| *axis == index).count() == 1
        })?;
        let [left, right] = match [first.1, second.1].map(|subscripts| single(subscripts, columns))
        {
            [Some(false), Some(true)] => [first, second],
            [Some(true), Some(false)] => [second, first],
            _ => return None,
        };
        // The last of several: the one that is innermost as written.
        let last = |in_target, in_left, in_right| {
            self.among.iter().rev().copied().find(|&index| {
                index != columns
                    && single(&target.subscripts, index) == Some(in_target)
                    && single(left.1, index) == Some(in_left)
                    && single(right.1, index) == Some(in_right)
            })
        };
        let terms = last(false, true, true)?;
        let rows = last(true, true, false);
        // Where both move along the last axis, rows overlap, and a block would write one over another.
        if rows.is_some_and(|rows| walk(&target.subscripts, rows) == Walk::Contiguous)
            || rows.is_none() && !self.is_step()
        {
            return None;
        }
        let (rows, columns, terms) = (rows.into_iter().collect(), vec![columns], vec![terms]);
        Some(Contraction { rows, columns, terms, left: left.0, right: right.0, ragged: None })
    }

    /// Whether an index has a value when the loops run: that of a step.
    fn is_step(&self) -> bool {
        let of_value = self.graph.free(self.combine.value).iter().copied();
        of_value.chain(self.combine.to.indices()).any(|index| !self.indices.contains(&index))
    }

    /// An index with those before it whose axes lie side by side in two arrays, and which a third has not.
    fn side_by_side(
        &self,
        mut found: Vec<IndexId>,
        arrays: [&[Subscript]; 2],
        third: &[Subscript],
        may_be: impl Fn(&[IndexId]) -> bool,
    ) -> Vec<IndexId> {
        while let Some(&inner) = found.first() {
            let before = self.among.iter().copied().find(|&outer| {
                single(third, outer) == Some(false)
                    && arrays
                        .iter()
                        .all(|subscripts| lie_side_by_side(self.graph, subscripts, outer, inner))
                    && may_be(&[&[outer], &found[..]].concat())
            });
            let Some(outer) = before else { break };
            found.insert(0, outer);
        }
        found
    }
}

/// Whether the elements along one index follow each other so that all along another one lie between:
/// `x[.., outer + 1, inner, ..]`, where `inner` runs over its whole axis.
fn lie_side_by_side(
    graph: &Graph,
    subscripts: &[Subscript],
    outer: IndexId,
    inner: IndexId,
) -> bool {
    let is_whole = matches!(graph.indices[inner].range, IndexRange::Whole(_));
    let plain = Subscript::index(inner);
    let times = |index: IndexId| {
        subscripts.iter().flat_map(indices_of).filter(|named| *named == index).count()
    };
    let follow = subscripts.windows(2).any(|two| two[0].step(outer) == Some(1) && two[1] == plain);
    is_whole && follow && [outer, inner].into_iter().all(|index| times(index) == 1)
}

/// Whether an index moves along one axis, by one; nothing if it moves in any other way.
fn single(subscripts: &[Subscript], index: IndexId) -> Option<bool> {
    let mut moving = subscripts.iter().filter(|subscript| indices_of(subscript).contains(&index));
    match (moving.next(), moving.next()) {
        (None, _) => Some(false),
        (Some(subscript), None) if subscript.step(index) == Some(1) => Some(true),
        _ => None,
    }
}
