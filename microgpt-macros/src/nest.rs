//! Loop nests: for each equation and accumulation the order of its loops, what is innermost and
//! what is kept in registers.

use std::collections::BTreeSet;

use crate::graph::differentiate::Gradient;
use crate::graph::{Array, Fold, Graph, IndexId, IndexRange, Node, NodeId, Subscript, indices_of};
use crate::nest::storage::{Interleaving, Storage, stored};

pub mod build;
mod contraction;
pub mod free;
pub mod hoist;
pub mod ir;
mod products;
pub mod storage;

pub use contraction::{Contraction, Ragged};
use contraction::{blocks, contraction};
use products::products;
pub use products::{Product, Products};

/// `target[subscripts] = fold(body)` or `+=`, with its loops in order.
#[derive(Debug)]
pub struct Nest {
    pub target: Target,
    pub fold: Fold,
    /// The outermost first; the innermost is handled as `inner` says.
    pub loops: Vec<IndexId>,
    /// How many of the loops lie outside the sum that is kept in registers.
    pub outer: usize,
    pub inner: Inner,
    pub body: NodeId,
    /// Where the target is written, if not everywhere.
    pub condition: Option<NodeId>,
    /// How the arrays lie that it reads and writes.
    pub storage: Storage,
    /// The same as a contraction with bounds, for ranges that are long.
    pub long: Option<Box<Nest>>,
    /// The same on arrays that lie interleaved.
    pub interleaved: Option<Box<Nest>>,
}

#[derive(Clone, Debug)]
pub struct Target {
    pub array: Array,
    pub subscripts: Vec<Subscript>,
    /// Whether the nest adds to what is there.
    pub add: bool,
}

/// What happens along the innermost loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// A row of the target, in vectors.
    Row(IndexId),
    /// A row of sums along another index, each of them in the lanes it would have by itself.
    RowOfSums { row: IndexId, over: IndexId },
    /// A sum of rows, in lanes, or the greatest or least of their elements.
    Lanes(IndexId),
    /// A small product for each value of an index; its loops are the last two.
    Products(Products),
    /// Blocks of a product of two arrays; its loops are the last three, rows, columns and terms.
    Contraction(Contraction),
    /// One element at a time.
    Element,
}

impl Inner {
    /// The index of the innermost loop, if that is a row or a sum.
    pub fn index(self) -> Option<IndexId> {
        match self {
            Self::Row(index) | Self::RowOfSums { row: index, .. } | Self::Lanes(index) => {
                Some(index)
            }
            Self::Products(_) | Self::Contraction(_) | Self::Element => None,
        }
    }

    /// How many of the loops it takes the place of.
    pub fn depth(self) -> usize {
        match self {
            Self::Row(_) | Self::RowOfSums { .. } | Self::Lanes(_) => 1,
            Self::Products(_) => 2,
            Self::Contraction(_) => 3,
            Self::Element => 0,
        }
    }
}

/// The nests of both passes.
#[derive(Debug)]
pub struct Nests {
    /// One an equation, in order.
    pub forward: Vec<Nest>,
    /// One an accumulation, in order.
    pub backward: Vec<Nest>,
    /// The arrays that may lie interleaved, if any may.
    pub interleaving: Option<Interleaving>,
}

/// Chooses the loops of every equation and accumulation.
pub fn schedule(gradient: &Gradient) -> Nests {
    let graph = &gradient.graph;
    let planner = Planner { graph, interleaving: None };
    let forward = graph.equations.iter().enumerate().map(|(id, equation)| {
        let subscripts = equation
            .axes
            .iter()
            .map(|&axis| Subscript::Affine(crate::resolve::term::Affine::index(axis)))
            .collect();
        let target = Target { array: Array::Equation(id), subscripts, add: false };
        let fold = equation.fold.as_ref().map_or(Fold::Sum, |(fold, _)| *fold);
        planner.nest(target, fold, &equation.nest(), equation.body, None)
    });
    let backward = gradient.accumulations.iter().map(|one| {
        let array = match one.target {
            Array::Equation(id) => Array::Adjoint(id),
            Array::Operand(operand) => Array::Gradient(operand),
            other => other,
        };
        let target = Target { array, subscripts: one.subscripts.clone(), add: true };
        planner.nest(target, Fold::Sum, &one.nest, one.adjoint, one.condition)
    });
    let mut nests =
        Nests { forward: forward.collect(), backward: backward.collect(), interleaving: None };
    if let Some(interleaving) = Interleaving::of(graph) {
        nests.interleave(graph, interleaving);
    }
    nests
}

impl Nests {
    /// Plans the nests a second time, for arrays that lie interleaved, if no sum is then added up in
    /// another order: which bits it has must not depend on how the arrays lie.
    fn interleave(&mut self, graph: &Graph, interleaving: Interleaving) {
        let planner = Planner { graph, interleaving: Some(&interleaving) };
        let all = self.forward.iter().chain(&self.backward);
        let plans: Option<Vec<Option<Box<Nest>>>> = all
            .map(|nest| {
                let touches = planner.touches(nest);
                let plan = touches.then(|| planner.again(nest));
                plan.map_or(Some(None), |plan| plan.map(|plan| Some(Box::new(plan))))
            })
            .collect();
        if let Some(plans) = plans {
            for (nest, plan) in self.forward.iter_mut().chain(&mut self.backward).zip(plans) {
                nest.interleaved = plan;
            }
            self.interleaving = Some(interleaving);
        }
    }
}

/// Chooses the loops of nests, for arrays that lie in one way.
struct Planner<'a> {
    graph: &'a Graph,
    interleaving: Option<&'a Interleaving>,
}

impl Planner<'_> {
    /// Whether a nest reads or writes an array that may lie interleaved.
    fn touches(&self, nest: &Nest) -> bool {
        let roots = [Some(nest.body), nest.condition];
        let read = self.graph.below(roots.into_iter().flatten()).into_iter();
        let read = read.filter_map(|node| match self.graph.nodes[node] {
            Node::Load { array, .. } => Some(array),
            _ => None,
        });
        let ordered = |array| {
            self.interleaving.is_some_and(|interleaving| interleaving.order(array).is_some())
        };
        read.chain([nest.target.array]).any(ordered)
    }

    /// A nest that was planned for arrays as written, if each sum can keep its order and its rounding.
    fn again(&self, nest: &Nest) -> Option<Nest> {
        let Nest { target, fold, loops, body, condition, .. } = nest;
        let mut plan = self.nest(target.clone(), *fold, loops, *body, *condition);
        let mut one_by_one = false;
        match (nest.inner, plan.inner) {
            // The greatest is the same in any order.
            _ if matches!(fold, Fold::Max | Fold::Min) => return Some(plan),
            (Inner::Lanes(over), Inner::Row(row)) => plan.inner = Inner::RowOfSums { row, over },
            (Inner::Lanes(one), Inner::Lanes(other)) if one == other => {}
            (Inner::Lanes(along), Inner::Products(dots))
                if (dots.product, dots.along) == (Product::Dot, along) => {}
            (Inner::Element, Inner::Element) => {}
            (Inner::Row(_), Inner::Row(_)) => one_by_one = true,
            (Inner::Row(_), Inner::Products(multiples))
                if multiples.product == Product::Multiple =>
            {
                one_by_one = true;
            }
            // What was added to a row term by term is added to an element so.
            (Inner::Row(_), Inner::Lanes(_)) => {
                one_by_one = true;
                plan.inner = Inner::Element;
                if target.add {
                    plan.outer = plan.loops.len();
                }
            }
            _ => return None,
        }
        let [before, after] = [nest, &plan].map(Nest::terms);
        let same_order =
            if one_by_one { before.concat() == after.concat() } else { before == after };
        let sums = target.add || !before.concat().is_empty();
        let same_rounding = !sums || nest.is_fused(self.graph) == plan.is_fused(self.graph);
        (same_order && same_rounding).then_some(plan)
    }

    fn nest(
        &self,
        target: Target,
        fold: Fold,
        indices: &[IndexId],
        body: NodeId,
        condition: Option<NodeId>,
    ) -> Nest {
        let graph = self.graph;
        let of_target: BTreeSet<IndexId> = target.subscripts.iter().flat_map(indices_of).collect();
        let storage = match self.interleaving {
            Some(_) => Storage::Interleaved,
            None => Storage::AsWritten,
        };
        if let (Fold::Sum, None, Some(interleaving)) = (fold, condition, self.interleaving)
            && let Some(products) = products(graph, interleaving, &target, indices, body)
        {
            let within = [products.each, products.along];
            let mut loops = self.as_stored(&target, indices);
            loops.retain(|index| !within.contains(index));
            let mut loops = ordered(graph, &loops);
            let outer = loops.iter().rposition(|index| of_target.contains(index));
            let outer = outer.map_or(0, |position| position + 1);
            loops.extend(within);
            return Nest::sum(target, loops, outer, Inner::Products(products), body, storage);
        }
        let mut long = None;
        if let (Fold::Sum, None, Storage::AsWritten) = (fold, condition, storage)
            && let Some(contraction) = contraction(graph, &target, indices, body)
        {
            let nest = blocks(graph, target.clone(), indices, body, contraction);
            if contraction.ragged.is_none() {
                return nest;
            }
            long = Some(Box::new(nest));
        }
        let inner = match fold {
            Fold::Sum | Fold::Max | Fold::Min if condition.is_none() => {
                self.innermost(&target, &of_target, indices, body)
            }
            _ => Inner::Element,
        };
        let last = inner.index();
        let row = matches!(inner, Inner::Row(_));
        let rank = |index: IndexId| (Some(index) == last, !of_target.contains(&index));
        // The product over the others runs along the last of its loops.
        let mut preferred = match fold {
            Fold::Others => indices.to_vec(),
            _ => self.as_stored(&target, indices),
        };
        preferred.sort_by_key(|&index| rank(index));
        let loops = ordered(graph, &preferred);
        // With a condition each element by itself: outside of it there may not even be a place.
        let outer = if condition.is_some() {
            loops.len()
        } else {
            let innermost_outer = loops.iter().rposition(|index| {
                let bounds_row = last.is_some_and(|last| graph.range_indices(last).contains(index));
                Some(*index) != last && (of_target.contains(index) || row && bounds_row)
            });
            innermost_outer.map_or(0, |position| position + 1)
        };
        Nest {
            target,
            fold,
            loops,
            outer,
            inner,
            body,
            condition,
            storage,
            long,
            interleaved: None,
        }
    }

    /// The indices of a nest, those of its target in the order in which that lies.
    fn as_stored(&self, target: &Target, indices: &[IndexId]) -> Vec<IndexId> {
        let mut indices = indices.to_vec();
        if self.interleaving.is_some_and(|interleaving| interleaving.order(target.array).is_some())
        {
            let subscripts = stored(self.interleaving, target.array, &target.subscripts);
            let place =
                |index: IndexId| subscripts.iter().position(|one| indices_of(one).contains(&index));
            indices.sort_by_key(|&index| place(index).unwrap_or(subscripts.len()));
        }
        indices
    }

    /// The index along which most of the arrays lie in one piece.
    fn innermost(
        &self,
        target: &Target,
        of_target: &BTreeSet<IndexId>,
        indices: &[IndexId],
        body: NodeId,
    ) -> Inner {
        let graph = self.graph;
        let as_stored = |(array, subscripts): (Array, &[Subscript])| {
            stored(self.interleaving, array, subscripts)
        };
        let loads: Vec<_> = loads(graph, body).into_iter().map(as_stored).collect();
        let result = as_stored((target.array, &target.subscripts));
        let cost = |index: IndexId| -> u32 {
            let walks = loads.iter().map(|load| match walk(load, index) {
                Walk::Still => 1,
                Walk::Contiguous => 4,
                Walk::Strided => 16,
            });
            let result = match walk(&result, index) {
                Walk::Still => 6,
                Walk::Contiguous => 4,
                Walk::Strided => 64,
            };
            walks.sum::<u32>() + result
        };
        let bounds_of: BTreeSet<IndexId> =
            indices.iter().flat_map(|&index| graph.range_indices(index)).collect();
        let free = indices.iter().copied().filter(|index| !bounds_of.contains(index));
        // The last of equals: the one that is innermost as written.
        let Some(index) = free.rev().min_by_key(|&index| cost(index)) else {
            return Inner::Element;
        };
        match walk(&result, index) {
            Walk::Contiguous => Inner::Row(index),
            Walk::Still if !of_target.contains(&index) => Inner::Lanes(index),
            _ => Inner::Element,
        }
    }
}

/// The order that is nearest to the preferred one and has each index after those in its bounds.
pub fn ordered(graph: &Graph, preferred: &[IndexId]) -> Vec<IndexId> {
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
        ([axis], Some(Subscript::Affine(last)))
            if *axis + 1 == subscripts.len() && last.factor(index) == 1 =>
        {
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

impl Nest {
    /// A sum over products, which has no other form.
    fn sum(
        target: Target,
        loops: Vec<IndexId>,
        outer: usize,
        inner: Inner,
        body: NodeId,
        storage: Storage,
    ) -> Self {
        let (fold, condition, long, interleaved) = (Fold::Sum, None, None, None);
        Self { target, fold, loops, outer, inner, body, condition, storage, long, interleaved }
    }

    /// The loops whose passes meet in one element of the target: those outside the sum that is kept in
    /// registers, and those inside.
    fn terms(&self) -> [Vec<IndexId>; 2] {
        let is_plain = |index: IndexId| {
            let plain = Subscript::Affine(crate::resolve::term::Affine::index(index));
            self.target.subscripts.contains(&plain)
        };
        let among = |loops: &[IndexId]| {
            loops.iter().copied().filter(|&index| !is_plain(index)).collect::<Vec<_>>()
        };
        let (outside, inside) = self.loops.split_at(self.outer);
        [among(outside), among(inside)]
    }

    /// Whether each term is a product that is fused with its addition: one that changes along the
    /// innermost loop.
    pub fn is_fused(&self, graph: &Graph) -> bool {
        let is_product = graph.factors(self.body).is_some();
        let innermost = self.inner.index().or(self.loops.last().copied());
        is_product && innermost.is_none_or(|index| graph.free(self.body).contains(&index))
    }

    /// Whether some elements of the target are not reached by the loops.
    pub fn is_ragged(&self, graph: &Graph) -> bool {
        self.target.subscripts.iter().flat_map(indices_of).any(|index| {
            matches!(&graph.indices[index].range, IndexRange::Stated { low, high }
                if low.indices().chain(high.indices()).next().is_some())
        })
    }
}
