//! The loops of a kernel, of which its cost follows.

use crate::graph::{IndexId, NodeId};
use crate::nest::ir::{Element, Guard, Kernel, MicroKernel, Reduce, Stmt, Term, Update};

/// The loops around the innermost statement of a kernel as written.
pub struct Loops<'a> {
    pub to: &'a Element,
    pub adds: bool,
    /// All loops, the outermost first, with those that a row or a micro-kernel takes the place of.
    pub all: Vec<IndexId>,
    pub values: Vec<NodeId>,
    /// The multiplications of a micro-kernel, which are no nodes of their own.
    pub products: usize,
}

/// The loops of a kernel in the version for arrays as written, ranges that are not long, and steps where something
/// is computed.
pub fn as_written(kernel: &Kernel) -> Option<Loops<'_>> {
    let mut stmt = kernel.body.last()?;
    while let Stmt::Specialize { when, then, otherwise } = stmt {
        stmt = match when {
            // Most conditions of steps say which is the first, and that one is less work.
            Guard::Holds(_) if !then.is_empty() => then.last()?,
            _ => otherwise.last()?,
        };
    }
    let (inside, stmt) = descend(stmt);
    let steps = kernel.steps.iter().flat_map(|steps| &steps.indices).copied();
    let mut all: Vec<IndexId> = steps.chain(inside).collect();
    let mut products = 0;
    let node = |value: &Update| vec![value.node()];
    let (to, adds, values) = match stmt {
        Stmt::Store { to, value } => (to, !value.is_set(), node(value)),
        Stmt::StoreIf { condition, to, value } => (to, true, vec![*value, *condition]),
        Stmt::StoreRow { to, row, .. } => {
            all.push(row.index);
            (to, !row.value.is_set(), node(&row.value))
        }
        Stmt::Scan { along, to, value, .. } => {
            all.push(*along);
            (to, false, vec![*value])
        }
        Stmt::Call(MicroKernel::Contract { to, adds, m, n, k, left, right, .. }) => {
            all.extend(m.iter().chain(n).chain(k));
            products = 1;
            (to, *adds, vec![*left, *right])
        }
        Stmt::Reduce(Reduce { to, adds, body, .. }) => {
            let (inside, term) = descend(body.last()?);
            all.extend(inside);
            match term {
                Stmt::Term(Term::One(value)) => (to, *adds, node(value)),
                Stmt::Term(Term::Row(row)) => {
                    all.push(row.index);
                    (to, *adds, node(&row.value))
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Loops { to, adds, all, values, products })
}

/// The loops around the first statement that is none.
fn descend(stmt: &Stmt) -> (Vec<IndexId>, &Stmt) {
    let (mut loops, mut stmt) = (Vec::new(), stmt);
    while let Stmt::For { index, body, .. } = stmt {
        loops.push(*index);
        let Some(last) = body.last() else { break };
        stmt = last;
    }
    (loops, stmt)
}
