//! The intermediate representation of loop nests.
//!
//! A [`Kernel`] is one function of the expansion. Its statements are loops, temporaries and stores; their
//! values are nodes of the graph. Of `y[t, o] = sum(w[o, i] * x[t, i] for i)` it is, with vectors along `i`:
//!
//! ```text
//! for t                             Stmt::For
//!   for o                           Stmt::For
//!     let w_row = w[o, ..]          Stmt::Let(Let::Row)
//!     y[t, o] = sum                 Stmt::Reduce
//!       w[o, i] * x[t, i] along i   Stmt::Term(Term::Row)
//! ```

use crate::graph::equations::Steps;
use crate::graph::{Array, Fold, Graph, IndexId, Node, NodeId, Subscript, indices_of};

use super::contract::Ragged;
use super::layout::Interleaving;

/// One function of the expansion: it computes an array, or adds to one.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub target: Array,
    /// Whether the array is set to 0 before, as elements are read that the loops do not reach.
    pub clears: bool,
    /// If it does one step of a recurrence, the steps: their indices have values when it runs.
    pub steps: Option<Steps>,
    pub body: Vec<Stmt>,
}

impl Kernel {
    /// Whether it computes more than one element.
    pub fn has_loops(&self) -> bool {
        has_loops(&self.body)
    }

    /// Whether it keeps the panels of a factor for all steps.
    pub fn packs(&self) -> bool {
        packs(&self.body)
    }
}

/// The conditions on which versions run.
#[cfg(test)]
pub fn guards(body: &[Stmt]) -> Vec<Guard> {
    let inner = body.iter().map(|stmt| match stmt {
        Stmt::Specialize { when, then, otherwise } => {
            [vec![*when], guards(then), guards(otherwise)].concat()
        }
        Stmt::For { body, .. } | Stmt::Scope(body) => guards(body),
        _ => Vec::new(),
    });
    inner.collect::<Vec<_>>().concat()
}

fn has_loops(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Specialize { then, otherwise, .. } => has_loops(then) || has_loops(otherwise),
        Stmt::For { .. }
        | Stmt::StoreRow { .. }
        | Stmt::Reduce(_)
        | Stmt::Scan { .. }
        | Stmt::Call(_) => true,
        // Checks that stand before are no loops of it.
        Stmt::Scope(_)
        | Stmt::Let(_)
        | Stmt::Combine(_)
        | Stmt::Store { .. }
        | Stmt::StoreIf { .. }
        | Stmt::Term(_)
        | Stmt::Require { .. } => false,
    })
}

fn packs(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Call(MicroKernel::Contract { packed, .. }) => *packed,
        Stmt::For { body, .. } | Stmt::Scope(body) => packs(body),
        Stmt::Specialize { then, otherwise, .. } => packs(then) || packs(otherwise),
        _ => false,
    })
}

#[derive(Clone, Debug)]
pub enum Stmt {
    /// One of two versions of the same loops.
    Specialize { when: Guard, then: Vec<Stmt>, otherwise: Vec<Stmt> },
    /// Statements whose temporaries end with them.
    Scope(Vec<Stmt>),
    /// A loop over an index.
    For { index: IndexId, kind: Kind, body: Vec<Stmt> },
    /// What an element becomes over all values of the loops around, in whichever order they run.
    Combine(Combine),
    /// A temporary.
    Let(Let),
    /// `to = value`, or `to += value`.
    Store { to: Element, value: Update },
    /// `to += value` where the condition holds; only there the subscripts are on their axes.
    StoreIf { condition: NodeId, to: Element, value: NodeId },
    /// A row of elements, in vectors.
    StoreRow { to: Element, row: Row },
    /// A reduction over the loops in its body, which is then stored.
    Reduce(Reduce),
    /// A term of the reduction around it.
    Term(Term),
    /// The products over all other values of an index: from those before it, then from those after it.
    Scan { along: IndexId, to: Element, value: NodeId, body: Vec<Stmt> },
    /// A call of a micro-kernel.
    Call(MicroKernel),
    /// What must hold for a reduction to have a value, where these indices have values.
    Require { holds: NodeId, reduction: &'static str, index: String, within: Vec<IndexId> },
}

/// How a loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From the first value to the last.
    Serial,
    /// Over the values that the sum around it gives out: what is added up one by one must not become so
    /// long that terms are lost in it.
    Block,
    /// In SIMD vectors.
    Row,
}

/// A loop of a perfect nest.
pub type Loop = (IndexId, Kind);

/// The index of the vectors, if the innermost loop goes by them.
pub fn vector(loops: &[Loop]) -> Option<IndexId> {
    loops.last().filter(|(_, kind)| *kind == Kind::Row).map(|&(index, _)| index)
}

/// `to = fold(value)`, or `to += fold(value)`.
#[derive(Clone, Debug)]
pub struct Combine {
    pub fold: Fold,
    pub to: Element,
    /// Whether it is added to what is there.
    pub adds: bool,
    pub value: NodeId,
    /// Where the subscripts are on their axes, if not everywhere.
    pub condition: Option<NodeId>,
    /// Whether terms may be added up before they are added to what is there.
    pub in_registers: bool,
    /// The index along which each element of a row is a sum in lanes.
    pub lanes: Option<IndexId>,
}

impl Combine {
    pub fn new(
        fold: Fold,
        to: Element,
        adds: bool,
        value: NodeId,
        condition: Option<NodeId>,
    ) -> Self {
        Self { fold, to, adds, value, condition, in_registers: true, lanes: None }
    }
}

/// When a specialised version runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Where the intermediate arrays lie interleaved.
    Interleaved,
    /// Where this index takes many values.
    Long(IndexId),
    /// Where this condition holds, of indices that have values before.
    Holds(NodeId),
}

#[derive(Clone, Debug)]
pub enum Let {
    /// The value of a node.
    Node(NodeId),
    /// The elements of an array along an index, of which a node is one.
    Row { node: NodeId, index: IndexId },
    /// The number of elements along an index.
    Length(IndexId),
    /// The running products of a scan.
    Products,
}

/// An element of an array.
#[derive(Clone, Debug)]
pub struct Element {
    pub array: Array,
    pub subscripts: Vec<Subscript>,
}

impl Element {
    /// The indices in its subscripts.
    pub fn indices(&self) -> impl Iterator<Item = IndexId> + '_ {
        self.subscripts.iter().flat_map(indices_of)
    }
}

/// What is made of the number that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The value takes its place.
    Set(NodeId),
    /// The value is added to it.
    Add(NodeId),
    /// The value is a product, and is added with one rounding.
    AddFused(NodeId),
}

impl Update {
    pub fn is_set(self) -> bool {
        matches!(self, Self::Set(_))
    }

    pub fn node(self) -> NodeId {
        match self {
            Self::Set(node) | Self::Add(node) | Self::AddFused(node) => node,
        }
    }
}

/// Values along an index, computed one SIMD vector after the other.
#[derive(Clone, Debug)]
pub struct Row {
    pub index: IndexId,
    /// The loads that go along contiguous elements, each a `Let::Row` outside.
    pub loads: Vec<NodeId>,
    /// The nodes that are computed for each element and have a name.
    pub temporaries: Vec<NodeId>,
    pub value: Update,
}

#[derive(Clone, Debug)]
pub struct Reduce {
    pub fold: Fold,
    pub accumulator: Accumulator,
    pub to: Element,
    /// Whether the result is added to what is there.
    pub adds: bool,
    /// The index along which the greatest or least is looked for, and whether it may take no value.
    pub over: Option<(IndexId, bool)>,
    pub body: Vec<Stmt>,
}

/// What a reduction is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulator {
    /// One number, or a sum in lanes whose total is taken at the end.
    One,
    /// A row of numbers along an index.
    Row(IndexId),
    /// A row along an index of sums along another, each in lanes.
    RowOfLanes { row: IndexId, over: IndexId },
    /// A row of vectors, which are the rows of a small product.
    Vectors { each: IndexId, along: IndexId },
}

#[derive(Clone, Debug)]
pub enum Term {
    /// One number.
    One(Update),
    /// All numbers along an index.
    Row(Row),
    /// `left[each] * right[each, along]`, to each vector of the reduction.
    Multiple { each: IndexId, along: IndexId, left: NodeId, right: NodeId },
}

#[derive(Clone, Debug)]
pub enum MicroKernel {
    /// `to[m, n] += Σ left[m, k] * right[k, n]`, in blocks. Of several indices the axes lie side by side, as
    /// one: the outermost comes first. A step of a recurrence may have no rows.
    Contract {
        to: Element,
        adds: bool,
        m: Vec<IndexId>,
        n: Vec<IndexId>,
        k: Vec<IndexId>,
        left: NodeId,
        right: NodeId,
        /// Whether the panels of the right factor are kept for all steps of a recurrence.
        packed: bool,
        ragged: Option<Ragged>,
    },
    /// `to[each] += Σ left[each, along] * right[each, along]`
    Dots { to: Element, adds: bool, each: IndexId, along: IndexId, left: NodeId, right: NodeId },
}

impl MicroKernel {
    /// Whether the tape may keep the right factor in panels: it is an operand of a forward pass.
    pub fn has_panels(&self, graph: &Graph) -> bool {
        let Self::Contract { to, m, right, ragged: None, .. } = self else { return false };
        let right = &graph.nodes[*right];
        !m.is_empty()
            && matches!(to.array, Array::Equation(_))
            && matches!(right, Node::Load { array: Array::Operand(_), .. })
    }
}

/// Loops around a statement, the first of them outermost.
pub fn around(loops: &[IndexId], body: Stmt) -> Stmt {
    loops.iter().rev().fold(body, |body, &index| Stmt::For {
        index,
        kind: Kind::Serial,
        body: vec![body],
    })
}

/// The loops of a perfect nest, and what they are around.
pub fn perfect(stmt: &Stmt) -> Option<(Vec<Loop>, &Combine)> {
    let mut loops = Vec::new();
    let mut stmt = stmt;
    while let Stmt::For { index, kind, body } = stmt {
        loops.push((*index, *kind));
        let [inner] = &body[..] else { return None };
        stmt = inner;
    }
    match stmt {
        Stmt::Combine(combine) => Some((loops, combine)),
        _ => None,
    }
}

/// What a pass makes of a perfect nest, by the layout that its arrays have.
pub type Replace<'a> = dyn FnMut(Option<&Interleaving>, &[Loop], &Combine) -> Stmt + 'a;

/// Puts other statements in the place of all perfect nests, each with the layout that its arrays have.
pub fn replace_nests(interleaving: Option<&Interleaving>, body: &mut [Stmt], by: &mut Replace<'_>) {
    replace_nests_in(interleaving, None, body, by);
}

fn replace_nests_in<'a>(
    interleaving: Option<&'a Interleaving>,
    current: Option<&'a Interleaving>,
    body: &mut [Stmt],
    by: &mut Replace<'_>,
) {
    for stmt in body {
        if let Some((loops, combine)) = perfect(stmt) {
            *stmt = by(current, &loops, combine);
            continue;
        }
        if let Stmt::Specialize { when, then, otherwise } = stmt {
            let moved = if *when == Guard::Interleaved { interleaving } else { current };
            replace_nests_in(interleaving, moved, then, by);
            replace_nests_in(interleaving, current, otherwise, by);
        }
    }
}
