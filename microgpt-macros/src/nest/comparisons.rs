//! Comparisons of one index with a number, as `t > 0`, or with its end, as `t < len(t) - 1`.

use std::ops::RangeInclusive;

use crate::graph::{Graph, IndexId, IndexRange, Length, Node, NodeId};
use crate::resolve::hir::{Atom, Integer};
use crate::syntax::ast::Comparison;

/// The first value of an index, and the end of its values.
pub struct Ends {
    pub low: i64,
    pub high: Integer<IndexId>,
}

/// What the number counts from: it is 0 in `t > 0`, and -1 from the end in `t < len(t) - 1`.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    Zero,
    End,
}

/// How many positions of an axis lie at least before each value of an index that runs over all of it, and how many after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    pub before: i64,
    pub after: i64,
}

/// A condition on an index alone: `index < from + number`, or another comparison.
pub struct Test {
    pub comparison: Comparison,
    pub from: From,
    pub number: i64,
}

impl Ends {
    /// Those that no other index changes.
    pub fn of(graph: &Graph, index: IndexId) -> Option<Self> {
        match &graph.indices[index].range {
            IndexRange::Whole(Length::Class(_)) => {
                Some(Self { low: 0, high: Integer::atom(Atom::Len(index)) })
            }
            IndexRange::Whole(Length::Extent(_)) => None,
            IndexRange::Stated { low, high } => {
                let low = low.as_constant().filter(|_| high.indices().is_empty())?;
                Some(Self { low, high: high.clone() })
            }
        }
    }
}

impl Test {
    pub fn of(graph: &Graph, node: NodeId, index: IndexId, ends: &Ends) -> Option<Self> {
        let Node::Compare { comparison, left, right } = graph.nodes[node] else { return None };
        let difference = whole(graph, left)?.plus(-1, &whole(graph, right)?);
        let factor = difference.factor(index);
        let rest = difference.plus(-factor, &Integer::index(index));
        // Of `0 < t` the difference is `-t`: `t > 0` is meant.
        let (comparison, rest) = match factor {
            1 => (comparison, rest),
            -1 => (mirrored(comparison), rest.times(-1)?),
            _ => return None,
        };
        let from_end = rest.clone().plus(1, &ends.high);
        let (from, rest) = match (rest.as_constant(), from_end.as_constant()) {
            (Some(rest), _) => (From::Zero, rest),
            (None, Some(rest)) => (From::End, rest),
            (None, None) => return None,
        };
        Some(Self { comparison, from, number: rest.checked_neg()? })
    }

    /// Where the index has values for which the condition holds, or does not.
    fn room(&self, holds: bool) -> Room {
        let comparison = if holds { self.comparison } else { negated(self.comparison) };
        let number = self.number;
        let (before, after) = match (self.from, comparison) {
            (From::Zero, Comparison::GreaterOrEqual | Comparison::Equal) => (number, 0),
            (From::Zero, Comparison::Greater) => (number + 1, 0),
            (From::Zero, Comparison::NotEqual) if number == 0 => (1, 0),
            (From::End, Comparison::Less) => (0, -number),
            (From::End, Comparison::LessOrEqual | Comparison::Equal) => (0, -number - 1),
            (From::End, Comparison::NotEqual) if number == -1 => (0, 1),
            _ => (0, 0),
        };
        Room { before: before.max(0), after: after.max(0) }
    }

    /// The first values from which on the condition may be another.
    pub fn cuts(&self) -> RangeInclusive<i64> {
        let (at, after) = (self.number, self.number + 1);
        match self.comparison {
            Comparison::Less | Comparison::GreaterOrEqual => at..=at,
            Comparison::LessOrEqual | Comparison::Greater => after..=after,
            Comparison::Equal | Comparison::NotEqual => at..=after,
        }
    }
}

impl Room {
    /// That of an index where a condition holds, or where it does not.
    pub fn of(graph: &Graph, condition: NodeId, holds: bool, index: IndexId) -> Self {
        match graph.nodes[condition] {
            Node::Not(operand) => Self::of(graph, operand, !holds, index),
            Node::And(left, right) if holds => Self::of_both(graph, [left, right], holds, index),
            Node::Or(left, right) if !holds => Self::of_both(graph, [left, right], holds, index),
            _ => Ends::of(graph, index)
                .and_then(|ends| Test::of(graph, condition, index, &ends))
                .map_or(Self::default(), |test| test.room(holds)),
        }
    }

    fn of_both(graph: &Graph, both: [NodeId; 2], holds: bool, index: IndexId) -> Self {
        let [left, right] = both.map(|condition| Self::of(graph, condition, holds, index));
        left.and(right)
    }

    /// What is known where both are.
    pub fn and(self, also: Self) -> Self {
        Self { before: self.before.max(also.before), after: self.after.max(also.after) }
    }
}

/// A node that is an integer.
fn whole(graph: &Graph, node: NodeId) -> Option<Integer<IndexId>> {
    match &graph.nodes[node] {
        Node::Integer(integer) => Some(integer.clone()),
        Node::Count(index) => Some(Integer::atom(Atom::Len(*index))),
        Node::Number(bits) => {
            let number = f64::from_bits(*bits);
            #[allow(clippy::cast_possible_truncation)] // it is whole, and small
            let whole = (number.fract() == 0.0 && number.abs() < 1e9).then_some(number as i64);
            whole.map(Integer::constant)
        }
        _ => None,
    }
}

/// The comparison of what stands on the other side.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Equal | Comparison::NotEqual => comparison,
    }
}

/// The comparison that holds where another does not.
fn negated(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
    }
}
