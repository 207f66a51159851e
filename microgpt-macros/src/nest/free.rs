//! What the statements of a kernel name: its parameters.

use std::collections::BTreeSet;

use crate::graph::{Array, Graph, IndexId, IndexRange, Length, Node, NodeId, Subscript};
use crate::graph::{Fold, indices_of};
use crate::resolve::hir::{Atom, Integer, IntegersId};

use super::contract::Ragged;
use super::ir::{Accumulator, Element, Guard, Kernel, Let, MicroKernel, Reduce, Row, Stmt, Term};
use super::layout::{Interleaving, stored};

/// The free variables of a kernel.
#[derive(Default)]
pub struct Free {
    pub arrays: BTreeSet<Array>,
    /// Integer operands.
    pub integers: BTreeSet<IntegersId>,
    pub lengths: BTreeSet<Length>,
    /// The lengths that are asked for as typed axes.
    pub axes: BTreeSet<Length>,
    /// The indices whose first value is asked for.
    pub starts: BTreeSet<IndexId>,
    /// Whether a number is made in the precision of the arrays.
    pub constants: bool,
    /// Whether what lies below the record is asked for.
    pub below: bool,
}

/// What stands for the lengths of an array's axes, and of those of integers.
pub trait Shapes {
    fn axes(&self, array: Array) -> Vec<(Length, Option<IndexId>)>;
    fn integer_axes(&self, operand: IntegersId) -> Vec<Length>;
}

pub fn free(
    graph: &Graph,
    interleaving: Option<&Interleaving>,
    shapes: &dyn Shapes,
    kernel: &Kernel,
) -> Free {
    let mut walk = Walker {
        graph,
        interleaving,
        is_interleaved: false,
        shapes,
        free: Free::default(),
        seen: BTreeSet::new(),
    };
    walk.free.arrays.insert(kernel.target);
    walk.stmts(&kernel.body);
    walk.free
}

struct Walker<'a> {
    graph: &'a Graph,
    interleaving: Option<&'a Interleaving>,
    is_interleaved: bool,
    shapes: &'a dyn Shapes,
    free: Free,
    seen: BTreeSet<(NodeId, bool)>,
}

impl Walker<'_> {
    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Specialize { when, then, otherwise } => {
                let before = self.is_interleaved;
                match (when, self.interleaving) {
                    (Guard::Interleaved, Some(interleaving)) => {
                        self.free.axes.insert(interleaving.axis);
                        self.free.lengths.insert(interleaving.reach);
                        self.is_interleaved = true;
                    }
                    (Guard::Interleaved, None) => {}
                    (Guard::Long(index), _) => self.size(*index),
                    (Guard::Holds(condition), _) => self.node(*condition),
                }
                self.stmts(then);
                self.is_interleaved = before;
                self.stmts(otherwise);
            }
            Stmt::Scope(body) => self.stmts(body),
            Stmt::For { index, body, .. } => {
                self.bounds(*index);
                self.stmts(body);
            }
            Stmt::Let(of) => self.temporary(of),
            Stmt::Combine(_) => {}
            Stmt::Store { to, value } => {
                self.address(to, None);
                self.node(value.node());
            }
            Stmt::StoreIf { condition, to, value } => {
                self.node(*condition);
                self.node(*value);
                self.checked_address(to.array, &to.subscripts);
            }
            Stmt::StoreRow { to, row, .. } => {
                self.address(to, Some(row.index));
                self.row(row);
            }
            Stmt::Reduce(reduce) => self.reduce(reduce),
            Stmt::Term(Term::One(value)) => self.node(value.node()),
            Stmt::Term(Term::Row(row)) => self.row(row),
            Stmt::Term(Term::Multiple { each, along, left, right }) => {
                self.size(*each);
                self.size(*along);
                self.node(*left);
                self.node(*right);
            }
            Stmt::Scan { along, to, value, body } => {
                self.bounds(*along);
                self.address(to, None);
                self.node(*value);
                self.stmts(body);
            }
            Stmt::Call(call) => self.call(call),
            Stmt::Require { holds, within, .. } => {
                self.node(*holds);
                for &index in within {
                    self.bounds(index);
                }
            }
        }
    }

    fn temporary(&mut self, of: &Let) {
        match of {
            Let::Node(node) => self.node(*node),
            Let::Row { node, index, .. } => {
                if let Node::Load { array, subscripts, .. } = &self.graph.nodes[*node] {
                    let from = Element { array: *array, subscripts: subscripts.clone() };
                    self.address(&from, Some(*index));
                }
            }
            Let::Length(index) => match self.graph.indices[*index].range {
                IndexRange::Whole(length) => {
                    self.free.lengths.insert(length);
                }
                IndexRange::Stated { .. } => self.bounds(*index),
            },
            Let::Products => {}
        }
    }

    fn reduce(&mut self, reduce: &Reduce) {
        let row = match reduce.accumulator {
            Accumulator::Row(row) => Some(row),
            Accumulator::RowOfLanes { row, over } => {
                self.low(over);
                Some(row)
            }
            Accumulator::One => None,
            Accumulator::Vectors { each, along } => {
                self.size(each);
                self.size(along);
                None
            }
        };
        if let Some(row) = row {
            self.size(row);
        }
        self.address(&reduce.to, row);
        let cleared =
            !matches!(reduce.accumulator, Accumulator::One | Accumulator::RowOfLanes { .. });
        self.free.constants |= match reduce.fold {
            Fold::Sum => cleared && !reduce.adds,
            Fold::Max | Fold::Min if cleared => reduce.over.is_some_and(|(_, may)| may),
            // A row of elements knows its own.
            Fold::Max | Fold::Min => reduce.over.is_some(),
            _ => false,
        };
        if let (Some((over, _)), Accumulator::Row(_), Fold::Max | Fold::Min) =
            (reduce.over, reduce.accumulator, reduce.fold)
        {
            self.bounds(over);
        }
        self.stmts(&reduce.body);
    }

    fn call(&mut self, call: &MicroKernel) {
        self.free.below |= call.has_panels(self.graph);
        match call {
            MicroKernel::Dots { to, each, along, left, right, .. } => {
                self.size(*each);
                self.size(*along);
                self.address(to, None);
                self.node(*left);
                self.node(*right);
            }
            MicroKernel::Contract { to, m, n, k, left, right, ragged, .. } => {
                let (bounded, free) = match ragged {
                    None => (None, None),
                    Some(Ragged::Columns) => (Some((m, n)), Some(k)),
                    Some(Ragged::Terms) => (Some((m, k)), Some(n)),
                    Some(Ragged::Rows) => (Some((k, m)), Some(n)),
                };
                for indices in [m, n, k] {
                    let is_bounded =
                        bounded.is_some_and(|(outer, inner)| [outer, inner].contains(&indices));
                    for &index in indices {
                        if is_bounded {
                            self.bounds(index);
                            continue;
                        }
                        self.low(index);
                        if bounded.is_none() {
                            self.size(index);
                        }
                    }
                }
                for &index in free.into_iter().flatten() {
                    self.size(index);
                }
                for (node, line) in [(left, m), (right, n)] {
                    self.node(*node);
                    if let Node::Load { array, subscripts, .. } = &self.graph.nodes[*node] {
                        for index in line.last().into_iter().chain(k.last()) {
                            self.stride(*array, subscripts, *index);
                        }
                    }
                }
                self.address(to, None);
                if let Some(index) = m.last() {
                    self.stride(to.array, &to.subscripts, *index);
                }
            }
        }
    }

    fn row(&mut self, row: &Row) {
        for &node in &row.temporaries {
            self.node(node);
        }
        self.node(row.value.node());
        // Where the index itself counts, it begins with its first value.
        let names = |node: NodeId| {
            self.graph.free(node).contains(&row.index)
                && !matches!(self.graph.nodes[node], Node::Load { guard: None, .. })
        };
        let nodes = self.graph.below(row.temporaries.iter().copied().chain([row.value.node()]));
        if nodes.into_iter().any(names) {
            self.low(row.index);
        }
    }

    fn node(&mut self, node: NodeId) {
        if !self.seen.insert((node, self.is_interleaved)) {
            return;
        }
        let graph = self.graph;
        match &graph.nodes[node] {
            Node::Number(_) => self.free.constants = true,
            Node::Integer(integer) => {
                self.free.constants = true;
                self.integer(integer, 1);
            }
            Node::Count(index) => {
                self.free.constants = true;
                self.count(*index);
            }
            Node::Load { array, subscripts, guard: None } => {
                self.address(&Element { array: *array, subscripts: subscripts.clone() }, None);
            }
            Node::Load { array, subscripts, guard: Some(_) } => {
                self.free.constants = true;
                self.checked_address(*array, subscripts);
            }
            _ => {}
        }
        for child in crate::graph::children(&graph.nodes[node]) {
            self.node(child);
        }
    }

    fn axes(&self, array: Array) -> Vec<(Length, Option<IndexId>)> {
        let interleaving = self.interleaving.filter(|_| self.is_interleaved);
        stored(interleaving, array, &self.shapes.axes(array))
    }

    fn address(&mut self, of: &Element, row: Option<IndexId>) {
        self.free.arrays.insert(of.array);
        for (position, (length, axis)) in self.axes(of.array).into_iter().enumerate() {
            if position > 0 {
                self.free.lengths.insert(length);
            }
            self.free.starts.extend(axis);
        }
        for subscript in &of.subscripts {
            if let Some(row) = row
                && subscript.names(row)
            {
                self.low(row);
            }
            self.integer(subscript, 1);
        }
    }

    fn checked_address(&mut self, array: Array, subscripts: &[Subscript]) {
        self.free.arrays.insert(array);
        for (length, axis) in self.axes(array) {
            self.free.lengths.insert(length);
            self.free.starts.extend(axis);
        }
        for subscript in subscripts {
            self.integer(subscript, 0);
        }
    }

    fn stride(&mut self, array: Array, subscripts: &[Subscript], index: IndexId) {
        let interleaving = self.interleaving.filter(|_| self.is_interleaved);
        let subscripts = stored(interleaving, array, subscripts);
        let along = subscripts.iter().rposition(|subscript| indices_of(subscript).contains(&index));
        let inner = self.axes(array).into_iter().skip(along.map_or(0, |axis| axis + 1));
        self.free.lengths.extend(inner.map(|(length, _)| length));
    }

    /// An integer; of the axes of ids the lengths from `first` on are asked for.
    fn integer(&mut self, integer: &Integer<IndexId>, first: usize) {
        integer.walk(&mut |atom| match *atom {
            Atom::Index(_) | Atom::Of(..) => {}
            Atom::Len(index) => self.count(index),
            Atom::Integer(operand) => {
                self.free.integers.insert(operand);
            }
            Atom::Id { integers, .. } => {
                self.free.integers.insert(integers);
                self.free
                    .lengths
                    .extend(self.shapes.integer_axes(integers).into_iter().skip(first));
            }
        });
    }

    fn count(&mut self, index: IndexId) {
        match (&self.graph.indices[index].range, self.graph.count(index)) {
            (IndexRange::Whole(length), _) => {
                self.free.lengths.insert(*length);
            }
            (_, Some(count)) => self.integer(&count, 1),
            (_, None) => self.bounds(index),
        }
    }

    fn size(&mut self, index: IndexId) {
        match self.graph.indices[index].range {
            IndexRange::Whole(length) => {
                self.free.axes.insert(length);
            }
            IndexRange::Stated { .. } => self.bounds(index),
        }
    }

    /// The first value of an index.
    fn low(&mut self, index: IndexId) {
        let graph = self.graph;
        match &graph.indices[index].range {
            IndexRange::Whole(_) => {
                self.free.starts.insert(index);
            }
            IndexRange::Stated { low, .. } => self.integer(low, 1),
        }
    }

    /// The first value of an index and its end.
    fn bounds(&mut self, index: IndexId) {
        let graph = self.graph;
        self.low(index);
        match &graph.indices[index].range {
            IndexRange::Whole(length) => {
                self.free.lengths.insert(*length);
            }
            IndexRange::Stated { high, .. } => self.integer(high, 1),
        }
    }
}
