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

use crate::graph::{Array, Fold, IndexId, NodeId, Subscript};

use super::Ragged;

/// One function of the expansion: it computes an array, or adds to one.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub target: Array,
    /// Whether the array is set to 0 before, as the loops do not reach all of its elements.
    pub clears: bool,
    pub body: Vec<Stmt>,
}

impl Kernel {
    /// Whether it computes more than one element.
    pub fn has_loops(&self) -> bool {
        has_loops(&self.body)
    }
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
        | Stmt::Store { .. }
        | Stmt::StoreIf { .. }
        | Stmt::Term(_)
        | Stmt::Require { .. } => false,
    })
}

#[derive(Clone, Debug)]
pub enum Stmt {
    /// One of two versions of the same loops.
    Specialize { when: Guard, then: Vec<Stmt>, otherwise: Vec<Stmt> },
    /// Statements whose temporaries end with them.
    Scope(Vec<Stmt>),
    /// A loop over all values of an index, or with `blocked` over those that the sum around it gives out:
    /// what is added up one by one must not become so long that terms are lost in it.
    For { index: IndexId, blocked: bool, body: Vec<Stmt> },
    /// A temporary.
    Let(Let),
    /// `to = value`, or `to += value`.
    Store { to: Element, value: Update },
    /// `to += value` where the condition holds; only there the subscripts are on their axes.
    StoreIf { condition: NodeId, to: Element, value: NodeId },
    /// A row of elements, in vectors.
    StoreRow { to: Element, row: Row, padded: bool },
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

/// When a specialised version runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Where the intermediate arrays lie interleaved.
    Interleaved,
    /// Where this index takes many values.
    Long(IndexId),
}

#[derive(Clone, Debug)]
pub enum Let {
    /// The value of a node.
    Node(NodeId),
    /// The elements of an array along an index, of which a node is one.
    Row { node: NodeId, index: IndexId, padded: bool },
    /// The number of elements along an index.
    Length(IndexId),
    /// The first value of each index, where a micro-kernel takes the place of its loop.
    Firsts(Vec<IndexId>),
    /// The running products of a scan.
    Products,
}

/// An element of an array.
#[derive(Clone, Debug)]
pub struct Element {
    pub array: Array,
    pub subscripts: Vec<Subscript>,
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
    /// `to[m, n] += Σ left[m, k] * right[k, n]`, in blocks.
    Contract {
        to: Element,
        adds: bool,
        m: IndexId,
        n: IndexId,
        k: IndexId,
        left: NodeId,
        right: NodeId,
        ragged: Option<Ragged>,
    },
    /// `to[each] += Σ left[each, along] * right[each, along]`
    Dots { to: Element, adds: bool, each: IndexId, along: IndexId, left: NodeId, right: NodeId },
}
