//! Bands: ranges of a few values that move along with another index.
//!
//! ```text
//! logsumexp(f[t - 1, r] for r in s - 2..=s)       for each s
//!
//!        r 0 1 2 3 4              counted from the beginning:  r 0 1 2
//!     s 0  x                                                s 0  . . x
//!       1  x x                                                1  . x x
//!       2  x x x                                              2  x x x
//!       3    x x x                                            3  x x x
//!       4      x x x                                          4  x x x
//! ```
//!
//! An array of all `r` would be as long as they reach, and mostly empty. So inside of the reduction the index is
//! counted from where its range begins: `s - 2 + r` for `r in 0..3`. A range is cut off at 0, so what lies before is
//! left out by a condition, `s - 2 + r >= 0`.

use super::{Builder, filtered_height, reduce, with_heights};
use crate::graph::{IndexId, IndexRange, Node, NodeId};
use crate::resolve::hir::{Atom, BinderId, Integer, Range, Value};
use crate::syntax::ast::Comparison;
use crate::tuning::WIDEST_BAND;

/// What stands for the index of a band.
pub(super) struct Band {
    pub index: Integer<IndexId>,
    /// Whether it may be below 0.
    pub is_cut_off: bool,
}

impl Builder<'_> {
    /// The terms of a reduction, whose indices are bound one by one: a range may name the index before it.
    pub(super) fn reduction(&mut self, value: &Value) -> NodeId {
        let Value::Reduce { reduction, binders, filter, body } = value else {
            unreachable!("only reductions are lowered here")
        };
        let filter = filter.as_deref();
        let (mut counted, mut indices, mut within) = (Vec::new(), Vec::new(), None);
        for (binder, height) in with_heights(binders, filtered_height(filter, body)) {
            let index = self.index(binder, height);
            counted.push(index);
            indices.push(self.band(binder, index, value).unwrap_or(index));
            let Some(Band { index, is_cut_off: true }) = self.in_bands.get(&binder) else {
                continue;
            };
            let sides = [Integer::constant(0), index.clone()];
            let [left, right] = sides.map(|side| self.graph.add(Node::Integer(side)));
            let comparison = Comparison::LessOrEqual;
            let is_within = self.graph.add(Node::Compare { comparison, left, right });
            within = Some(self.graph.both(within, is_within));
        }
        let is_filtered = filter.is_some();
        let filter = match (filter, within) {
            (Some(filter), Some(within)) => {
                let filter = self.where_taken(within, |builder| builder.condition(filter));
                Some(self.graph.both(Some(within), filter))
            }
            (Some(filter), None) => Some(self.condition(filter)),
            (None, within) => within,
        };
        let term = match filter {
            Some(filter) => self.branch(filter, body),
            None => self.node(body),
        };
        for binder in binders {
            self.in_bands.remove(binder);
        }
        let terms =
            reduce::Terms { indices: &indices, counted: &counted, is_filtered, filter, term };
        self.reduce(reduction, &terms)
    }

    /// The index that counts the values of a band, if the range of this one is such.
    fn band(&mut self, binder: BinderId, index: IndexId, reduction: &Value) -> Option<IndexId> {
        let index = &self.graph.indices[index];
        let IndexRange::Stated { low, high } = &index.range else { return None };
        let width = high.clone().plus(-1, low).as_constant()?;
        if low.indices().is_empty() || !low.is_affine() || !(1..=WIDEST_BAND).contains(&width) {
            return None;
        }
        let is_cut_off = !low.is_never_negative();
        if is_cut_off && self.is_asked_for_everywhere(binder, reduction) {
            return None;
        }
        let (low, height, name) = (low.clone(), index.height, index.name.clone());
        let range =
            IndexRange::Stated { low: Integer::constant(0), high: Integer::constant(width) };
        let counter = self.graph.index(height, range, &name);
        let index = low.plus(1, &Integer::index(counter));
        self.in_bands.insert(binder, Band { index, is_cut_off });
        Some(counter)
    }

    /// Whether an index is where only what is not below 0 may stand, whether its term is taken or not: in the place of
    /// an id, divided, or at an end of another range, which would then be empty.
    fn is_asked_for_everywhere(&self, binder: BinderId, reduction: &Value) -> bool {
        let within = |integer: &Integer| {
            integer.terms.keys().flat_map(Atom::parts).any(|part| part.names(binder))
        };
        let mut found = false;
        reduction.walk(&mut |value| match value {
            Value::Integer(integer, _) => found |= within(integer),
            Value::Load { subscripts, .. } => found |= subscripts.iter().any(within),
            Value::Reduce { binders, .. } => {
                for &bound in binders {
                    if let Range::Stated { low, high } = &self.checked.binders[bound].range {
                        found |= low.names(binder) || high.names(binder);
                    }
                }
            }
            _ => {}
        });
        found
    }

    /// Whether subscripts may leave their axes where a band is cut off.
    pub(super) fn may_leave(&self, subscripts: &[Integer]) -> bool {
        let cut_off = |(binder, band): (&BinderId, &Band)| {
            band.is_cut_off && subscripts.iter().any(|subscript| subscript.names(*binder))
        };
        self.in_bands.iter().any(cut_off)
    }
}
