//! `len(i)`: the length of an index's range, inside of the `for` that binds it and outside.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;

use super::{Checker, Result};
use crate::resolve::hir::{Atom, BinderId, Integer, Range};
use crate::syntax::name::plain;
use crate::syntax::report::Diagnostic;

impl Checker<'_> {
    /// The length of an index's range; `sum(q[j] for j) / len(j)` may name it outside.
    pub(super) fn len(&mut self, name: &Ident) -> Integer {
        let index = self.index_alone(name).unwrap_or_else(|| {
            let id = self.stand_in(name.clone());
            self.lengths.push((name.clone(), id));
            id
        });
        Integer::atom(Atom::Len(index))
    }

    /// The length of an index's range as an integer. What may be cut off is counted as a number alone:
    /// where it depends on other indices, it is no sum of integers.
    pub(super) fn integer_len(&mut self, name: &Ident) -> Result<Integer> {
        let length = self.len(name);
        let may_be_cut_off = |index| self.is_ragged(index) && self.may_be_cut_off(index);
        if matches!(length.as_atom(), Some(&Atom::Len(index)) if may_be_cut_off(index)) {
            return Err(Diagnostic::new(
                name.span(),
                format!(
                    "`len({name})` as an integer, of a range that depends on another index and may be cut off"
                ),
                format!(
                    "a range is cut off below 0, and empty where it would end before it begins: `len({name})` is a number then, but stands in no subscript or range; one that is never cut off is `for {name} in 0..=t`"
                ),
            ));
        }
        Ok(length)
    }

    /// Whether a stated range may begin below 0, or end before it begins.
    fn may_be_cut_off(&self, binder: BinderId) -> bool {
        let Range::Stated { low, high } = &self.checked.binders[binder].range else { return false };
        let count = high.clone().plus(-1, low);
        !low.is_never_negative() || !count.is_never_negative()
    }

    /// Whether an index takes other values for other values of the indices outside of it.
    pub(super) fn is_ragged(&self, binder: BinderId) -> bool {
        !self.facts[binder].depends.is_empty()
    }

    /// An index that no `for` of the text binds, so that no `len` may find it.
    pub(super) fn stand_in(&mut self, name: Ident) -> BinderId {
        let id = self.binder(name, Range::Implied(None));
        self.stand_ins.insert(id);
        id
    }

    /// Finds the index of each `len` outside of its `for`: the first of this definition, else the last
    /// before it.
    pub(super) fn resolve_lengths(&mut self, first: BinderId) {
        let lengths = std::mem::take(&mut self.lengths);
        let found: BTreeMap<BinderId, BinderId> = lengths
            .iter()
            .filter_map(|(name, id)| Some((*id, self.bound_elsewhere(name, first)?)))
            .collect();
        for (name, id) in lengths {
            match found.get(&id).copied() {
                Some(_) if self.is_its_own_length(id, &found) => self.report.error(
                    name.span(),
                    format!("the range of `{name}` depends on its own length, `len({name})`"),
                    format!("say how far `{name}` runs by something else, `for {name} in 0..{{n}}`; without a range it runs over the axis that it subscripts"),
                ),
                Some(found) if self.is_ragged(found) => self.report.error(
                    name.span(),
                    format!("`len({name})`: the range of `{name}` depends on another index"),
                    format!("use it inside the `for` that binds `{name}`"),
                ),
                Some(found) => {
                    let range = self.checked.binders[found].range.clone();
                    if range == Range::Implied(None) {
                        self.later_lengths.push((id, found));
                    }
                    self.checked.binders[id].range = range;
                }
                None if self.letters.contains_key(&plain(&name)) => {
                    self.checked.binders[id].range = self.known_range_of_letter(&name);
                }
                None => self.report.error(
                    name.span(),
                    format!("`len({name})`: no `for` binds an index `{name}`"),
                    "`len` takes an index; the length of a Rust value is `{x.len()}` in a range, `{x.len() as f64}` as a number",
                ),
            }
        }
    }

    /// The index of that name: the first of the definition that begins with this binder, else the last
    /// before it.
    fn bound_elsewhere(&self, name: &Ident, first: BinderId) -> Option<BinderId> {
        let text = plain(name);
        let binders = &self.checked.binders;
        // No `len` says what another one means.
        let is_named =
            |id: BinderId| !self.stand_ins.contains(&id) && plain(&binders[id].name) == text;
        let from_here = binders.ids().find(|&id| id >= first && is_named(id));
        from_here.or_else(|| binders.ids().rfind(|&id| id < first && is_named(id)))
    }

    /// Whether a length leads back to itself, through the ranges of the indices `found` for those that
    /// stand for a `len`: `for i in 0..len(i)`, or two indices of which each runs as far as the other.
    fn is_its_own_length(&self, id: BinderId, found: &BTreeMap<BinderId, BinderId>) -> bool {
        let (mut next, mut seen) = (vec![id], BTreeSet::new());
        while let Some(binder) = next.pop() {
            let binder = found.get(&binder).copied().unwrap_or(binder);
            let Range::Stated { low, high } = &self.checked.binders[binder].range else { continue };
            let mut named = BTreeSet::new();
            for end in [low, high] {
                end.walk(&mut |atom| {
                    if let Atom::Len(index) | Atom::Index(index) = *atom {
                        named.insert(index);
                    }
                });
            }
            if named.contains(&id) {
                return true;
            }
            next.extend(named.into_iter().filter(|&index| seen.insert(index)));
        }
        false
    }
}
