//! The chosen loops of a nest as statements, before temporaries have their places.

use std::collections::BTreeSet;

use crate::graph::{Array, Equation, Fold, Graph, IndexId, Node, Requirement};

use super::ir::{
    Accumulator, Element, Guard, Kernel, Let, MicroKernel, Reduce, Row, Stmt, Term, Update,
};
use super::storage::{Interleaving, Storage};
use super::{Inner, Nest, Nests, Product, Products, Walk, ordered, walk};

/// The kernel of a nest, without checks.
pub fn kernel(graph: &Graph, nest: &Nest) -> Kernel {
    let loops = |nest| Loops { graph, nest }.stmts();
    let mut body = loops(nest);
    if let Some(long) = &nest.long
        && let Inner::Contraction(contraction) = long.inner
        && let Some((outer, _)) = contraction.bounded()
    {
        let when = Guard::Long(outer);
        body = vec![Stmt::Specialize { when, then: loops(long), otherwise: body }];
    }
    if let Some(interleaved) = &nest.interleaved {
        let when = Guard::Interleaved;
        body = vec![Stmt::Specialize { when, then: loops(interleaved), otherwise: body }];
    }
    Kernel { target: nest.target.array, clears: !nest.target.add && nest.is_ragged(graph), body }
}

/// The kernel of an equation: what must hold for its elements to have values, then its loops.
pub fn equation(graph: &Graph, nests: &Nests, equation: &Equation, nest: &Nest) -> Kernel {
    let mut kernel = kernel(graph, nest);
    let each = equation.requirements.iter();
    let checks = each.map(|one| requirement(graph, nests.interleaving.as_ref(), one));
    kernel.body.splice(0..0, checks.collect::<Vec<_>>());
    kernel
}

/// A check for each of the elements that there are.
fn requirement(
    graph: &Graph,
    interleaving: Option<&Interleaving>,
    requirement: &Requirement,
) -> Stmt {
    let check = Stmt::Scope(vec![check(graph, requirement)]);
    let reads = graph.below([requirement.holds]).into_iter();
    let mut arrays = reads.filter_map(|node| match graph.nodes[node] {
        Node::Load { array, .. } => Some(array),
        _ => None,
    });
    let moves = |array: Array| interleaving.is_some_and(|one| one.order(array).is_some());
    if arrays.any(moves) {
        let then = vec![check.clone()];
        return Stmt::Specialize { when: Guard::Interleaved, then, otherwise: vec![check] };
    }
    check
}

/// Loops over the indices that the condition names; the others need only have a value.
fn check(graph: &Graph, Requirement { holds, reduction, index, within }: &Requirement) -> Stmt {
    let nest = ordered(graph, within);
    let named: BTreeSet<IndexId> = nest
        .iter()
        .flat_map(|&index| graph.range_indices(index))
        .chain(graph.loops_of(*holds))
        .collect();
    let (loops, within): (Vec<IndexId>, Vec<IndexId>) =
        nest.into_iter().partition(|index| named.contains(index));
    let require = Stmt::Require { holds: *holds, reduction, index: index.clone(), within };
    around(&loops, require)
}

/// Loops around a statement, the first of them outermost.
fn around(loops: &[IndexId], body: Stmt) -> Stmt {
    loops.iter().rev().fold(body, |body, &index| Stmt::For {
        index,
        blocked: false,
        body: vec![body],
    })
}

struct Loops<'a> {
    graph: &'a Graph,
    nest: &'a Nest,
}

impl Loops<'_> {
    fn stmts(&self) -> Vec<Stmt> {
        let Nest { inner, fold, loops, outer, body: value, .. } = self.nest;
        let (outside, inside) = loops[..loops.len() - inner.depth()].split_at(*outer);
        let adds = self.nest.target.add;
        let to = Element {
            array: self.nest.target.array,
            subscripts: self.nest.target.subscripts.clone(),
        };
        let row = |index, value| Row { index, loads: Vec::new(), temporaries: Vec::new(), value };
        let set = Update::Set(*value);
        let onto = if self.nest.is_fused(self.graph) {
            Update::AddFused(*value)
        } else {
            Update::Add(*value)
        };
        let over = inside.last().map(|&over| (over, !self.graph.is_never_empty(over)));
        let reduce = |accumulator, inside: &[IndexId], term| {
            let blocked =
                *fold == Fold::Sum && matches!(accumulator, Accumulator::One | Accumulator::Row(_));
            let mut body = around(inside, Stmt::Term(term));
            if let Stmt::For { blocked: first, .. } = &mut body {
                *first = blocked;
            }
            Stmt::Reduce(Reduce {
                fold: *fold,
                accumulator,
                to: to.clone(),
                adds,
                over,
                body: vec![body],
            })
        };
        let mut before = None;
        let body = match *inner {
            Inner::Row(index) if *fold != Fold::Sum => {
                reduce(Accumulator::Row(index), inside, Term::Row(row(index, set)))
            }
            Inner::Row(index) if inside.is_empty() => Stmt::StoreRow {
                to,
                row: row(index, if adds { onto } else { set }),
                padded: self.nest.storage == Storage::AsWritten
                    && is_padded(self.graph, self.nest, index),
            },
            Inner::Row(index) => {
                reduce(Accumulator::Row(index), inside, Term::Row(row(index, onto)))
            }
            Inner::RowOfSums { row: along, over } => {
                let accumulator = Accumulator::RowOfLanes { row: along, over };
                reduce(accumulator, inside, Term::Row(row(along, onto)))
            }
            Inner::Lanes(index) => {
                let value = if *fold == Fold::Sum { onto } else { set };
                reduce(Accumulator::One, inside, Term::Row(row(index, value)))
            }
            Inner::Products(Products { product, each, along, left, right }) => {
                before = Some(Stmt::Let(Let::Firsts(vec![each, along])));
                match product {
                    Product::Dot => {
                        Stmt::Call(MicroKernel::Dots { to, adds, each, along, left, right })
                    }
                    Product::Multiple => {
                        let term = Term::Multiple { each, along, left, right };
                        reduce(Accumulator::Vectors { each, along }, inside, term)
                    }
                }
            }
            Inner::Contraction(contraction) => Stmt::Call(MicroKernel::Contract {
                to,
                adds,
                m: contraction.rows,
                n: contraction.columns,
                k: contraction.terms,
                left: contraction.left,
                right: contraction.right,
                ragged: contraction.ragged,
            }),
            Inner::Element => match self.nest.condition {
                Some(condition) => Stmt::StoreIf { condition, to, value: *value },
                None if *fold == Fold::Others => return self.scan(to),
                None if *fold == Fold::Sum && inside.is_empty() => {
                    Stmt::Store { to, value: if adds { onto } else { set } }
                }
                None if *fold == Fold::Sum => reduce(Accumulator::One, inside, Term::One(onto)),
                None => reduce(Accumulator::One, inside, Term::One(set)),
            },
        };
        before.into_iter().chain([around(outside, body)]).collect()
    }

    /// The product over all others.
    fn scan(&self, to: Element) -> Vec<Stmt> {
        let Some((&along, outside)) = self.nest.loops.split_last() else {
            unreachable!("a product has an index")
        };
        let scan = Stmt::Scan { along, to, value: self.nest.body, body: Vec::new() };
        vec![Stmt::Let(Let::Products), around(outside, scan)]
    }
}

/// Whether a row calls ops, which cost more than what else a row takes, and can be computed past its
/// end: it reads contiguous elements alone, and no op of the user's is called, which may not be made
/// for what lies there.
fn is_padded(graph: &Graph, nest: &Nest, row: IndexId) -> bool {
    let along = graph.below([nest.body]).into_iter();
    let mut along = along.filter(|&node| graph.free(node).contains(&row));
    let pointwise = !nest.target.add && nest.outer + 1 == nest.loops.len();
    pointwise
        && graph.has_call(nest.body)
        && along.all(|node| match &graph.nodes[node] {
            Node::Load { subscripts, guard, .. } => {
                guard.is_none() && walk(subscripts, row) == Walk::Contiguous
            }
            Node::Call { function, .. } => graph.is_of_table(*function),
            _ => true,
        })
}
