//! What is added up stays in registers: each element is read and written once, outside of the loops that do
//! not change where it is.
//!
//! ```text
//! for t                          for t
//!   for o                          let sum[..] = 0
//!     dx[t, i] += … along i        for o
//!                                    sum[i] += … along i
//!                                  dx[t, ..] += sum[..]
//! ```

use crate::graph::{Fold, Graph, IndexId};

use super::ir::{
    Accumulator, Combine, Kind, Let, Loop, Reduce, Stmt, Term, Update, around, replace_nests,
    vector,
};
use super::layout::Interleaving;

/// Gives each combination its accumulator.
pub fn accumulate(graph: &Graph, interleaving: Option<&Interleaving>, body: &mut Vec<Stmt>) {
    replace_nests(interleaving, body, &mut |_, loops, combine| nest(graph, loops, combine));
    declare(body);
}

/// Declares the running products of a scan once, outside of all its loops.
fn declare(body: &mut Vec<Stmt>) {
    let mut at = 0;
    while at < body.len() {
        if let Stmt::Specialize { then, otherwise, .. } = &mut body[at] {
            declare(then);
            declare(otherwise);
        } else if has_scan(&body[at]) {
            body.insert(at, Stmt::Let(Let::Products));
            at += 1;
        }
        at += 1;
    }
}

fn has_scan(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Scan { .. } => true,
        Stmt::For { body, .. } => body.iter().any(has_scan),
        _ => false,
    }
}

/// How many of the loops lie outside the accumulator: those that an element's subscripts name, and those
/// that say how long its row is.
pub fn outside(graph: &Graph, loops: &[Loop], combine: &Combine) -> usize {
    if combine.condition.is_some() || !combine.in_registers {
        // With a condition each element is computed alone: where it is false, the subscripts may be off
        // the axis.
        return loops.len();
    }
    let vector = vector(loops);
    let names = |index: IndexId| combine.to.indices().any(|axis| axis == index);
    let row = vector.filter(|&index| names(index));
    let outside = loops.iter().rposition(|&(index, _)| {
        let bounds_row = row.is_some_and(|row| graph.range_indices(row).contains(&index));
        Some(index) != vector && (names(index) || bounds_row)
    });
    outside.map_or(0, |position| position + 1)
}

/// Whether each term is a product that is fused with its addition: one that changes along the innermost
/// loop.
pub fn is_fused(graph: &Graph, loops: &[Loop], combine: &Combine) -> bool {
    let innermost = loops.last();
    graph.factors(combine.value).is_some()
        && innermost.is_none_or(|(index, _)| graph.free(combine.value).contains(index))
}

fn nest(graph: &Graph, loops: &[Loop], combine: &Combine) -> Stmt {
    let Combine { fold, to, adds, value, condition, lanes, .. } = combine.clone();
    let vector = vector(loops);
    let row = vector.filter(|&index| to.indices().any(|axis| axis == index));
    let indices: Vec<IndexId> =
        loops.iter().filter(|(_, kind)| *kind != Kind::Row).map(|(index, _)| *index).collect();
    let (outside, inside) = indices.split_at(outside(graph, loops, combine).min(indices.len()));
    let set = Update::Set(value);
    let onto =
        if is_fused(graph, loops, combine) { Update::AddFused(value) } else { Update::Add(value) };
    let along = |stmt: Stmt| match vector {
        Some(index) => Stmt::For { index, kind: Kind::Row, body: vec![stmt] },
        None => stmt,
    };
    let body = match (fold, condition) {
        (_, Some(condition)) => Stmt::StoreIf { condition, to, value },
        (Fold::Others, None) => {
            let Some((&last, outside)) = indices.split_last() else {
                unreachable!("a product has an index")
            };
            let scan = Stmt::Scan { along: last, to, value, body: Vec::new() };
            return around(outside, scan);
        }
        (Fold::Sum, None) if inside.is_empty() && (vector.is_none() || row.is_some()) => {
            along(Stmt::Store { to, value: if adds { onto } else { set } })
        }
        _ => {
            let accumulator = match (row, lanes) {
                (Some(row), Some(over)) => Accumulator::RowOfLanes { row, over },
                (Some(row), None) => Accumulator::Row(row),
                (None, _) => Accumulator::One,
            };
            let value = if fold == Fold::Sum { onto } else { set };
            let mut body = around(inside, along(Stmt::Term(Term::One(value))));
            let in_blocks = fold == Fold::Sum && lanes.is_none();
            if let (true, Stmt::For { kind: kind @ Kind::Serial, .. }) = (in_blocks, &mut body) {
                *kind = Kind::Block;
            }
            let over = inside.last().map(|&over| (over, !graph.is_never_empty(over)));
            Stmt::Reduce(Reduce { fold, accumulator, to, adds, over, body: vec![body] })
        }
    };
    around(outside, body)
}
