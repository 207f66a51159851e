//! The loops of kernels, as text.

use crate::graph::{Fold, IndexId, NodeId};
use crate::nest::ir::{
    Accumulator, Element, Guard, Kernel, MicroKernel, Reduce, Stmt, Term, Update,
};

use crate::graph::notation::Notation;

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

/// The loops of each version of a kernel in words.
pub fn words(notation: &Notation<'_>, kernel: &Kernel) -> String {
    let mut stmt = kernel.body.last();
    let mut versions = Vec::new();
    while let Some(Stmt::Specialize { when, then, otherwise }) = stmt {
        let when = match when {
            Guard::Interleaved => "interleaved",
            Guard::Long(_) => "where long",
        };
        if let Some(then) = then.last() {
            versions.push(format!("; {when}, {}", version(notation, then)));
        }
        stmt = otherwise.last();
    }
    // The one that is chosen first is the most special.
    versions.reverse();
    stmt.map_or_else(String::new, |stmt| version(notation, stmt)) + &versions.concat()
}

fn version(notation: &Notation<'_>, stmt: &Stmt) -> String {
    let (outside, stmt) = descend(stmt);
    let names = |indices: &[IndexId]| notation.indices(indices);
    let name = |index: IndexId| names(&[index]);
    let mut inside = Vec::new();
    let (mut outside, mut what) = (outside, String::from("one element"));
    match stmt {
        Stmt::StoreRow { row, .. } => what = format!("a row along {}", name(row.index)),
        Stmt::Scan { along, .. } => outside.push(*along),
        Stmt::Call(MicroKernel::Dots { each, along, .. }) => {
            what = format!("a sum along {} for each {}", name(*along), name(*each));
        }
        Stmt::Call(MicroKernel::Contract { m, n, k, .. }) => {
            what = format!("blocks of {} summed along {}", names(&[*m, *n]), name(*k));
        }
        Stmt::Reduce(Reduce { fold, accumulator, body, .. }) => {
            let Some(body) = body.last() else { return what };
            let (loops, term) = descend(body);
            inside = loops;
            what = match (accumulator, term) {
                (Accumulator::Row(row), _) => format!("a row along {}", name(*row)),
                (Accumulator::RowOfLanes { row, over }, _) => {
                    format!("a row along {} of sums along {} in lanes", name(*row), name(*over))
                }
                (Accumulator::Vectors { each, along }, _) => {
                    format!("a row along {} for each {}", name(*along), name(*each))
                }
                (Accumulator::One, Stmt::Term(Term::Row(row))) if *fold == Fold::Sum => {
                    format!("a sum along {} in lanes", name(row.index))
                }
                (Accumulator::One, Stmt::Term(Term::Row(row))) => {
                    format!("the best along {} in lanes", name(row.index))
                }
                (Accumulator::One, _) => what,
            };
        }
        _ => {}
    }
    let outside = (!outside.is_empty()).then(|| format!("for {}", names(&outside)));
    let inside = (!inside.is_empty()).then(|| format!("kept in registers over {}", names(&inside)));
    let parts: Vec<String> = outside.into_iter().chain([what]).chain(inside).collect();
    parts.join(", ")
}

/// The loops of a kernel in the version for arrays as written and ranges that are not long.
pub fn as_written(kernel: &Kernel) -> Option<Loops<'_>> {
    let mut stmt = kernel.body.last()?;
    while let Stmt::Specialize { otherwise, .. } = stmt {
        stmt = otherwise.last()?;
    }
    let (mut all, stmt) = descend(stmt);
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
            all.extend([*m, *n, *k]);
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
