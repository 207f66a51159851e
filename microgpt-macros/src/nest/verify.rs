//! Which bits a sum has must not depend on how the arrays lie: both versions of a kernel add up the same terms
//! in the same order, and round as often.
//!
//! That this order is the one of the text, in all kernels, is shown by `tests/additions.rs`.

use crate::graph::equations::Equations;
use crate::graph::{Fold, Graph, IndexId, Subscript};

use super::Kernels;
use super::accumulate::{is_fused, outside};
use super::ir::{
    Accumulator, Combine, Guard, Kind, Loop, MicroKernel, Reduce, Stmt, perfect, vector,
};
use super::layout::unspecialize;

/// Changes the versions for interleaved arrays until they add up as the others do; where one cannot, no array lies
/// interleaved.
pub fn keep_order(equations: &Equations, kernels: &mut Kernels) {
    let graph = &equations.graph;
    let all = kernels.forward.iter_mut().chain(&mut kernels.backward);
    if !all.into_iter().all(|kernel| can_keep(graph, &mut kernel.body)) {
        unspecialize(kernels);
    }
}

fn can_keep(graph: &Graph, body: &mut [Stmt]) -> bool {
    body.iter_mut().all(|stmt| {
        if let Stmt::Specialize { when: Guard::Holds(_), then, otherwise } = stmt {
            return can_keep(graph, then) && can_keep(graph, otherwise);
        }
        let Stmt::Specialize { when: Guard::Interleaved, then, otherwise } = stmt else {
            return true;
        };
        let ([then], [otherwise]) = (then.as_mut_slice(), otherwise.as_slice()) else {
            return true;
        };
        if matches!(then, Stmt::Scope(_)) {
            return true;
        }
        let written = match otherwise {
            // Long ranges are another matter: then no array lies interleaved.
            Stmt::Specialize { when: Guard::Long(_), otherwise, .. } => &otherwise[0],
            stmt => stmt,
        };
        keep(graph, written, then)
    })
}

/// How a nest adds up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sum {
    /// A row, term by term.
    Row(IndexId),
    /// In lanes along an index.
    Lanes(IndexId),
    /// Term by term.
    Element,
    /// A row of vectors, term by term.
    Vectors,
    Blocks,
}

fn keep(graph: &Graph, written: &Stmt, moved: &mut Stmt) -> bool {
    let Some((combine, before)) = of(written) else { return false };
    let Some((_, after)) = of(moved) else { return false };
    let mut one_by_one = false;
    match (before, after) {
        // The greatest is the same in any order.
        _ if combine.is_some_and(|combine| matches!(combine.fold, Fold::Max | Fold::Min)) => {
            return true;
        }
        (Sum::Lanes(over), Sum::Row(_)) => {
            change(moved, &mut |_, combine| combine.lanes = Some(over));
        }
        (Sum::Lanes(over), Sum::Lanes(moved_over)) if over == moved_over => {}
        (Sum::Element, Sum::Element) => {}
        (Sum::Row(_), Sum::Row(_) | Sum::Vectors) => one_by_one = true,
        // What was added to a row term by term is added to an element so.
        (Sum::Row(_), Sum::Lanes(_)) => {
            one_by_one = true;
            change(moved, &mut |loops, combine| {
                for (_, kind) in loops {
                    *kind = Kind::Serial;
                }
                combine.in_registers = !combine.adds;
            });
        }
        _ => return false,
    }
    let (Some(before), Some(after)) = (terms(graph, written), terms(graph, moved)) else {
        return false;
    };
    let same_order = if one_by_one {
        before.loops.concat() == after.loops.concat()
    } else {
        before.loops == after.loops
    };
    let sums = before.adds || !before.loops.concat().is_empty();
    same_order && (!sums || before.fused == after.fused)
}

fn of(stmt: &Stmt) -> Option<(Option<&Combine>, Sum)> {
    if let Some((loops, combine)) = perfect(stmt) {
        let sum = vector(&loops).map_or(Sum::Element, |index| {
            if combine.to.indices().any(|axis| axis == index) {
                Sum::Row(index)
            } else {
                Sum::Lanes(index)
            }
        });
        return Some((Some(combine), sum));
    }
    match stmt {
        Stmt::For { body, .. } => of(body.last()?),
        Stmt::Call(MicroKernel::Dots { along, .. }) => Some((None, Sum::Lanes(*along))),
        Stmt::Call(MicroKernel::Contract { .. }) => Some((None, Sum::Blocks)),
        Stmt::Reduce(_) => Some((None, Sum::Vectors)),
        _ => None,
    }
}

/// Changes a perfect nest.
fn change(stmt: &mut Stmt, by: &mut dyn FnMut(&mut [Loop], &mut Combine)) {
    let Some((mut loops, combine)) = perfect(stmt) else { return };
    let mut combine = combine.clone();
    by(&mut loops, &mut combine);
    let body = Stmt::Combine(combine);
    *stmt = loops.into_iter().rev().fold(body, |body, (index, kind)| Stmt::For {
        index,
        kind,
        body: vec![body],
    });
}

/// The terms of each element.
struct Terms {
    /// The loops whose passes meet in one element: outside the accumulator, and inside.
    loops: [Vec<IndexId>; 2],
    /// Whether each is a product that is fused with its addition.
    fused: bool,
    adds: bool,
}

fn terms(graph: &Graph, stmt: &Stmt) -> Option<Terms> {
    if let Some((loops, combine)) = perfect(stmt) {
        let indices: Vec<IndexId> = loops.iter().map(|&(index, _)| index).collect();
        let (before, inside) = indices.split_at(outside(graph, &loops, combine));
        let loops_of = [before, inside].map(|of| meeting(of, &combine.to.subscripts));
        let fused = is_fused(graph, &loops, combine);
        return Some(Terms { loops: loops_of, fused, adds: combine.adds });
    }
    let mut before = Vec::new();
    let mut stmt = stmt;
    while let Stmt::For { index, body, .. } = stmt {
        before.push(*index);
        stmt = body.last()?;
    }
    let (to, adds, inside) = match stmt {
        Stmt::Call(MicroKernel::Dots { to, adds, each, along, .. }) => {
            (to, *adds, vec![*each, *along])
        }
        Stmt::Reduce(Reduce {
            to,
            adds,
            accumulator: Accumulator::Vectors { each, along },
            body,
            ..
        }) => {
            let mut inside = Vec::new();
            let mut stmt = body.last()?;
            while let Stmt::For { index, body, .. } = stmt {
                inside.push(*index);
                stmt = body.last()?;
            }
            inside.extend([*each, *along]);
            (to, *adds, inside)
        }
        _ => return None,
    };
    let loops = [before, inside].map(|of| meeting(&of, &to.subscripts));
    Some(Terms { loops, fused: true, adds })
}

/// The loops that are not an axis of the element by themselves.
fn meeting(loops: &[IndexId], subscripts: &[Subscript]) -> Vec<IndexId> {
    let is_plain = |index: &IndexId| subscripts.contains(&Subscript::index(*index));
    loops.iter().copied().filter(|index| !is_plain(index)).collect()
}
