//! The loops that go by SIMD vectors: what is computed for each element becomes one statement.

use crate::graph::{Graph, IndexId, Node, NodeId};

use super::ir::{Guard, Kind, Row, Stmt, Term, Update};
use super::order::{Walk, walk};

/// Makes rows of the innermost loops that are marked.
pub fn vectorize(graph: &Graph, body: &mut [Stmt]) {
    stmts(graph, false, body);
}

fn stmts(graph: &Graph, is_interleaved: bool, body: &mut [Stmt]) {
    for stmt in body {
        match stmt {
            Stmt::Specialize { when, then, otherwise } => {
                stmts(graph, is_interleaved || *when == Guard::Interleaved, then);
                stmts(graph, is_interleaved, otherwise);
            }
            Stmt::For { index, kind: Kind::Row, body } => {
                let index = *index;
                let row = |value| Row { index, loads: Vec::new(), temporaries: Vec::new(), value };
                match body.pop() {
                    Some(Stmt::Store { to, value }) => {
                        let padded = !is_interleaved && is_padded(graph, value, index);
                        *stmt = Stmt::StoreRow { to, row: row(value), padded };
                    }
                    Some(Stmt::Term(Term::One(value))) => *stmt = Stmt::Term(Term::Row(row(value))),
                    other => body.extend(other),
                }
            }
            Stmt::For { body, .. } => stmts(graph, is_interleaved, body),
            Stmt::Reduce(reduce) => stmts(graph, is_interleaved, &mut reduce.body),
            _ => {}
        }
    }
}

/// Whether a row calls ops, which cost more than what else a row takes, and can be computed past its
/// end: it reads contiguous elements alone, and no op of the user's is called, which may not be made
/// for what lies there.
fn is_padded(graph: &Graph, value: Update, row: IndexId) -> bool {
    let along = graph.below([value.node()]).into_iter();
    let mut along = along.filter(|&node: &NodeId| graph.free(node).contains(&row));
    value.is_set()
        && graph.has_call(value.node())
        && along.all(|node| match &graph.nodes[node] {
            Node::Load { subscripts, guard, .. } => {
                guard.is_none() && walk(subscripts, row) == Walk::Contiguous
            }
            Node::Call { function, .. } => graph.is_of_table(*function),
            _ => true,
        })
}
