//! Hoisting: a node is computed in the loop of its last index and no deeper.
//!
//! Of `[x[t, i] * (1 + scale[t]) for t, i]` the sum moves out of the loop along `i`:
//!
//! ```text
//! for t                                for t
//!   x[t, i] * (1 + scale[t]) along i     let a = 1 + scale[t]
//!                                        x[t, i] * a along i
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Array, Graph, IndexId, Node, NodeId, Subscript, children, indices_of};

use super::ir::{Guard, Let, Row, Stmt, Term, Update};
use super::layout::{Interleaving, stored};
use super::order::{Walk, walk};

/// Puts temporaries into the loops.
pub fn hoist(graph: &Graph, interleaving: Option<&Interleaving>, body: &mut Vec<Stmt>) {
    stmts(graph, interleaving, false, body);
}

fn stmts(
    graph: &Graph,
    interleaving: Option<&Interleaving>,
    is_interleaved: bool,
    body: &mut Vec<Stmt>,
) {
    let mut at = 0;
    while at < body.len() {
        match &mut body[at] {
            Stmt::Specialize { when, then, otherwise } => {
                let moved = is_interleaved || *when == Guard::Interleaved;
                stmts(graph, interleaving, moved, then);
                stmts(graph, interleaving, is_interleaved, otherwise);
            }
            Stmt::Scope(body) => stmts(graph, interleaving, is_interleaved, body),
            Stmt::Let(_) => {}
            nest => {
                let interleaving = interleaving.filter(|_| is_interleaved);
                let outside = Nest::new(graph, interleaving, nest).insert(nest);
                let count = outside.len();
                body.splice(at..at, outside);
                at += count;
            }
        }
        at += 1;
    }
}

/// The loops around one statement, with the temporaries of each.
struct Nest<'a> {
    graph: &'a Graph,
    interleaving: Option<&'a Interleaving>,
    loops: Vec<IndexId>,
    /// The index of the vectors.
    row: Option<IndexId>,
    /// What is computed in each loop, outside all of them first.
    levels: Vec<Vec<Stmt>>,
    loads: Vec<NodeId>,
    temporaries: Vec<NodeId>,
    uses: BTreeMap<NodeId, usize>,
    done: BTreeSet<NodeId>,
}

impl<'a> Nest<'a> {
    fn new(graph: &'a Graph, interleaving: Option<&'a Interleaving>, nest: &Stmt) -> Self {
        let mut loops = Vec::new();
        let innermost = innermost(nest, &mut loops);
        let row = match innermost {
            Stmt::StoreRow { row, .. } | Stmt::Term(Term::Row(row)) => Some(row.index),
            _ => None,
        };
        let levels = vec![Vec::new(); loops.len() + 1];
        let mut nest = Self {
            graph,
            interleaving,
            loops,
            row,
            levels,
            loads: Vec::new(),
            temporaries: Vec::new(),
            uses: BTreeMap::new(),
            done: BTreeSet::new(),
        };
        let mut seen = BTreeSet::new();
        let roots = roots(innermost);
        for &(root, _) in &roots {
            nest.count(root, &mut seen);
        }
        for (root, fused) in roots {
            match graph.factors(root).filter(|_| fused) {
                Some(factors) => {
                    for factor in factors {
                        nest.node(factor);
                    }
                }
                None => nest.node(root),
            }
        }
        if let Some(index) = row {
            let level = nest.level(&graph.range_indices(index));
            nest.levels[level].insert(0, Stmt::Let(Let::Length(index)));
        }
        nest
    }

    fn count(&mut self, node: NodeId, seen: &mut BTreeSet<NodeId>) {
        *self.uses.entry(node).or_default() += 1;
        if seen.insert(node) {
            for child in children(&self.graph.nodes[node]) {
                self.count(child, seen);
            }
        }
    }

    /// How many of the loops must be entered before all of these indices have values.
    fn level(&self, free: &BTreeSet<IndexId>) -> usize {
        self.loops.iter().rposition(|index| free.contains(index)).map_or(0, |at| at + 1)
    }

    fn node(&mut self, node: NodeId) {
        if self.done.contains(&node) {
            return;
        }
        let free = self.graph.free(node);
        let row = self.row;
        let mut trivial = matches!(
            self.graph.nodes[node],
            Node::Number(_) | Node::And(..) | Node::Or(..) | Node::Not(_)
        );
        match &self.graph.nodes[node] {
            Node::Load { array, subscripts, guard: None } => {
                let walk = row.map(|row| walk(&self.stored(*array, subscripts), row));
                trivial = matches!(walk, Some(Walk::Contiguous | Walk::Strided));
                if let (Some(Walk::Contiguous), Some(index)) = (walk, row) {
                    let mut free: BTreeSet<IndexId> =
                        subscripts.iter().flat_map(indices_of).collect();
                    free.remove(&index);
                    free.extend(self.graph.range_indices(index));
                    let level = self.level(&free);
                    self.levels[level].push(Stmt::Let(Let::Row { node, index }));
                    self.loads.push(node);
                }
            }
            // An index along the row is no more than the position.
            Node::Integer(integer) if integer.has_ids() => {}
            Node::Integer(_) | Node::Count(_) => {
                trivial = row.is_some_and(|row| free.contains(&row));
            }
            parent => {
                for child in children(parent) {
                    self.node(child);
                }
            }
        }
        let outside = row.is_some_and(|row| !free.contains(&row));
        let shared = self.uses.get(&node).copied().unwrap_or(1) > 1;
        let level = self.level(free);
        // What is used once, in the loop where it is computed, needs no name.
        if !trivial && (shared || outside || level < self.loops.len()) {
            if row.is_some() && !outside {
                self.temporaries.push(node);
            } else {
                self.levels[level].push(Stmt::Let(Let::Node(node)));
            }
        }
        self.done.insert(node);
    }

    fn stored(&self, array: Array, subscripts: &[Subscript]) -> Vec<Subscript> {
        stored(self.interleaving, array, subscripts)
    }

    /// Puts the temporaries into the loops, and returns those outside all of them.
    fn insert(self, nest: &mut Stmt) -> Vec<Stmt> {
        let Self { loads, temporaries, levels, .. } = self;
        let mut levels = levels.into_iter();
        let outside = levels.next().unwrap_or_default();
        let mut stmt = nest;
        loop {
            stmt = match stmt {
                Stmt::For { body, .. } => {
                    body.splice(0..0, levels.next().unwrap_or_default());
                    let Some(last) = body.last_mut() else { break };
                    last
                }
                Stmt::Reduce(reduce) => {
                    let Some(last) = reduce.body.last_mut() else { break };
                    last
                }
                Stmt::Scan { body, .. } => {
                    *body = levels.next().unwrap_or_default();
                    break;
                }
                Stmt::StoreRow { row, .. } | Stmt::Term(Term::Row(row)) => {
                    *row = Row { loads, temporaries, ..row.clone() };
                    break;
                }
                _ => break,
            };
        }
        outside
    }
}

/// The innermost statement, and the loops around it.
fn innermost<'a>(stmt: &'a Stmt, loops: &mut Vec<IndexId>) -> &'a Stmt {
    let body = match stmt {
        Stmt::For { index, body, .. } => {
            loops.push(*index);
            body
        }
        Stmt::Reduce(reduce) => &reduce.body,
        Stmt::Scan { along, .. } => {
            loops.push(*along);
            return stmt;
        }
        _ => return stmt,
    };
    body.last().map_or(stmt, |last| innermost(last, loops))
}

/// The nodes that a statement asks for, and whether one is a product that is fused with an addition.
fn roots(stmt: &Stmt) -> Vec<(NodeId, bool)> {
    let update = |value: Update| vec![(value.node(), matches!(value, Update::AddFused(_)))];
    match stmt {
        Stmt::Store { value, .. } | Stmt::Term(Term::One(value)) => update(*value),
        Stmt::StoreRow { row, .. } | Stmt::Term(Term::Row(row)) => update(row.value),
        Stmt::StoreIf { condition, value, .. } => vec![(*condition, false), (*value, false)],
        Stmt::Scan { value, .. } => vec![(*value, false)],
        Stmt::Require { holds, .. } => vec![(*holds, false)],
        _ => Vec::new(),
    }
}
