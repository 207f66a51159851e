//! Conditions on one index alone: loops over the values where they hold, and over the others.
//!
//! Of `[if t > 0 { x[t, i] - x[t - 1, i] } else { x[t, i] } for t, i]` no element is asked for the condition then, and
//! `x[t - 1, ..]` is a row:
//!
//! ```text
//! for t                                          for t in 0..min(1, len(t))
//!   for i                                          for i
//!     y[t, i] = if t > 0 { x[t, i] - x[t-1, i] }     y[t, i] = x[t, i]
//!               else { x[t, i] }                 for t in 1..len(t)
//!                                                  for i
//!                                                    y[t, i] = x[t, i] - x[t-1, i]
//! ```
//!
//! A sum over `t` stays in one piece, in which it is added up as written, unless it is one of nothing but zeros in all
//! parts but one.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::equations::Equations;
use crate::graph::requirements::substituted;
use crate::graph::{Fold, Graph, IndexId, IndexRange, NodeId};
use crate::resolve::hir::{Integer, Operation};
use crate::syntax::ast::Comparison;

use super::assume::{Facts, assume};
use super::comparisons::{Ends, From, Room, Test};
use super::ir::{Combine, Stmt, around, perfect};
use crate::tuning::PARTS;

/// Divides the loops of a kernel.
pub fn split(equations: &mut Equations, body: &mut Vec<Stmt>) {
    let whole = std::mem::take(body);
    body.extend(whole.into_iter().flat_map(|stmt| nest(equations, stmt)));
}

fn nest(equations: &mut Equations, stmt: Stmt) -> Vec<Stmt> {
    let Some((loops, combine)) = perfect(&stmt) else { return vec![stmt] };
    let loops: Vec<IndexId> = loops.into_iter().map(|(index, _)| index).collect();
    let divided = loops.iter().find_map(|&index| {
        let graph = &equations.graph;
        let cuts = Cuts::of(graph, combine, index)?;
        let may_be_divided =
            !loops.iter().any(|&inner| graph.range_indices(inner).contains(&index));
        may_be_divided.then(|| cuts.divide(equations, &loops, combine)).flatten()
    });
    match divided {
        // The parts may be divided by another index.
        Some(parts) => parts.into_iter().flat_map(|part| nest(equations, part)).collect(),
        None => vec![stmt],
    }
}

/// Where an index is cut: between its values `from + cut - 1` and `from + cut`.
struct Cuts {
    index: IndexId,
    ends: Ends,
    from: From,
    at: BTreeSet<i64>,
}

/// The values from one cut to the next, or to the end of all.
#[derive(Clone, Copy)]
struct Part {
    low: Option<i64>,
    high: Option<i64>,
}

impl Cuts {
    /// The cuts by the conditions of a combination, if all of them count from the same end.
    fn of(graph: &Graph, combine: &Combine, index: IndexId) -> Option<Self> {
        // The products over all other values of an index are of all of them.
        let may_be_cut = combine.fold != Fold::Others && graph.indices[index].part_of.is_none();
        let ends = Ends::of(graph, index).filter(|_| may_be_cut)?;
        let nodes = graph.below([combine.value].into_iter().chain(combine.condition));
        let tests: Vec<Test> =
            nodes.into_iter().filter_map(|node| Test::of(graph, node, index, &ends)).collect();
        let from = tests.first()?.from;
        if tests.iter().any(|test| test.from != from) {
            return None;
        }
        let is_within = |cut: &i64| if from == From::Zero { *cut > ends.low } else { *cut < 0 };
        let at: BTreeSet<i64> = tests.iter().flat_map(Test::cuts).filter(is_within).collect();
        (!at.is_empty() && at.len() < PARTS).then_some(Self { index, ends, from, at })
    }

    /// The loops over each part, if they compute the same.
    fn divide(
        &self,
        equations: &mut Equations,
        loops: &[IndexId],
        combine: &Combine,
    ) -> Option<Vec<Stmt>> {
        let (first, last) = match self.from {
            From::Zero => (Some(self.ends.low), None),
            From::End => (None, Some(0)),
        };
        let cuts = || self.at.iter().copied().map(Some);
        let lows = [first].into_iter().chain(cuts());
        let parts = lows.zip(cuts().chain([last])).map(|(low, high)| Part { low, high });
        // Each element of the target belongs to one value of the index.
        let is_axis = combine.to.subscripts.iter().any(|subscript| {
            subscript.indices() == BTreeSet::from([self.index])
                && subscript.step(self.index).is_some_and(|step| step != 0)
        });
        let mut divided = Vec::new();
        for part in parts {
            let Some(mut own) = assume(equations, combine, &Within { cuts: self, part }) else {
                continue;
            };
            let graph = &mut equations.graph;
            // What is written must be, were it 0; the other parts of a sum need not be added to it.
            if (own.adds || !is_axis) && graph.is_zero(own.value) {
                continue;
            }
            let index = self.index_of(graph, part)?;
            let by = BTreeMap::from([(self.index, Integer::index(index))]);
            own.value = substituted(graph, own.value, &by)?;
            if let Some(condition) = own.condition {
                own.condition = Some(substituted(graph, condition, &by)?);
            }
            for subscript in &mut own.to.subscripts {
                *subscript = subscript.replaced(&by);
            }
            let own_loops: Vec<IndexId> =
                loops.iter().map(|&old| if old == self.index { index } else { old }).collect();
            divided.push(around(&own_loops, Stmt::Combine(own)));
        }
        let is_one_sum = combine.fold == Fold::Sum && divided.len() == 1;
        (is_axis && !divided.is_empty() || is_one_sum).then_some(divided)
    }

    /// The index of a part.
    fn index_of(&self, graph: &mut Graph, part: Part) -> Option<IndexId> {
        let Ends { low, high } = &self.ends;
        let at = |cut: i64| match self.from {
            From::Zero => Integer::constant(cut),
            From::End => Integer::constant(cut).plus(1, high),
        };
        let low = match (part.low, self.from) {
            (None, _) => Integer::constant(*low),
            // The range may be shorter than what lies before its end.
            (Some(cut), From::End) if *low > 0 => {
                Integer::of(Operation::Max, Integer::constant(*low), at(cut))?
            }
            (Some(cut), _) => at(cut),
        };
        let high = match (part.high, self.from) {
            (None, _) => high.clone(),
            // The range may be shorter.
            (Some(cut), From::Zero) => Integer::of(Operation::Min, at(cut), high.clone())?,
            (Some(cut), From::End) => at(cut),
        };
        Some(graph.part(self.index, IndexRange::Stated { low, high }))
    }
}

/// The index has a value of the part.
struct Within<'a> {
    cuts: &'a Cuts,
    part: Part,
}

impl Facts for Within<'_> {
    fn holds(&self, graph: &Graph, condition: NodeId) -> Option<bool> {
        self.part.decides(&Test::of(graph, condition, self.cuts.index, &self.cuts.ends)?)
    }

    fn room(&self, _: &Graph, index: IndexId) -> Room {
        let Part { low, high } = self.part;
        match self.cuts.from {
            _ if index != self.cuts.index => Room::default(),
            From::Zero => Room { before: low.unwrap_or(0), after: 0 },
            From::End => Room { before: 0, after: high.map_or(0, |high| -high) },
        }
    }
}

impl Part {
    /// Whether a condition holds for all of its values, or for none.
    fn decides(self, test: &Test) -> Option<bool> {
        let Test { comparison, number, .. } = *test;
        let below = |number: i64| match self {
            Self { high: Some(high), .. } if high <= number => Some(true),
            Self { low: Some(low), .. } if low >= number => Some(false),
            _ => None,
        };
        let not = |holds: Option<bool>| holds.map(|holds| !holds);
        let equal = || match (below(number), below(number + 1)) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            _ => None,
        };
        match comparison {
            Comparison::Less => below(number),
            Comparison::GreaterOrEqual => not(below(number)),
            Comparison::LessOrEqual => below(number + 1),
            Comparison::Greater => not(below(number + 1)),
            Comparison::Equal => equal(),
            Comparison::NotEqual => not(equal()),
        }
    }
}
