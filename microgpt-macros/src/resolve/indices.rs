//! Indices: which are in scope, and over what each runs.

use proc_macro2::Ident;

use super::{Checker, RangeFacts, Result, Role};
use crate::resolve::hir::{Array, Binder, BinderId, Integer, Range};
use crate::syntax::ast;
use crate::syntax::name::{Name, plain};
use crate::syntax::report::Diagnostic;

impl Checker<'_> {
    /// Resolves the ranges, then `body` with the indices in scope, then what implied ones run over.
    pub(super) fn bind<R>(
        &mut self,
        binders: &[ast::Binder],
        body: impl FnOnce(&mut Self) -> R,
    ) -> (Vec<BinderId>, R) {
        let mistakes = self.report.len() + self.unread;
        let outer = self.indices.len();
        let mut bound = Vec::new();
        for binder in binders {
            let name = Name::of(&binder.name);
            if self.indices.iter().any(|(taken, _)| *taken == name) {
                self.report.error(
                    binder.name.span(),
                    format!("index `{}` is bound twice", name.text),
                    "give this index a name of its own",
                );
            }
            let range = match &binder.range {
                None => self.known_range(&binder.name),
                Some(range) => self.range(&binder.name, range).unwrap_or_else(|diagnostic| {
                    self.report.push(diagnostic);
                    Range::stated(Integer::constant(0), Integer::constant(0))
                }),
            };
            let id = self.binder(binder.name.clone(), range);
            self.indices.push((name, id));
            bound.push(id);
        }
        let result = body(self);
        self.indices.truncate(outer);
        // After another mistake the subscript that would imply the range may not have been seen.
        if self.defers_ranges(&bound) {
        } else if self.report.len() + self.unread == mistakes {
            for &id in &bound {
                self.require_range(id);
            }
        }
        (bound, result)
    }

    /// One index more.
    pub(super) fn binder(&mut self, name: Ident, range: Range) -> BinderId {
        let ends = match &range {
            Range::Implied(_) => vec![],
            Range::Stated { low, high } => vec![low, high],
        };
        let facts = RangeFacts {
            depends: ends.iter().flat_map(|end| self.dependences(end)).collect(),
            weight: ends.iter().map(|end| self.weight(end)).fold(1.0, f64::max),
        };
        self.facts.push(facts);
        self.checked.binders.push(Binder { name, range })
    }

    pub(super) fn require_range(&mut self, id: BinderId) {
        let binder = &self.checked.binders[id];
        if binder.range == Range::Implied(None) {
            let name = &binder.name;
            let help = self.as_far_as(id).unwrap_or_else(|| {
                format!(
                    "use it as a subscript, `x[{name}]`, or state its range: `for {name} in 0..n`"
                )
            });
            self.report.error(
                name.span(),
                format!("index `{name}` has no range: no subscript is `{name}` alone"),
                help,
            );
        }
    }

    /// The range that was meant for an index, if another that is bounded by it runs along an axis.
    fn as_far_as(&self, id: BinderId) -> Option<String> {
        let name = &self.checked.binders[id].name;
        let bounded = |index: BinderId| match &self.checked.binders[index].range {
            Range::Stated { high, .. } => high.names(id),
            Range::Implied(_) => false,
        };
        self.checked.bounds.iter().find_map(|bound| {
            let inner = bound.subscript.as_index().filter(|&index| bounded(index))?;
            let inner = &self.checked.binders[inner].name;
            let Array::Operand(operand) = bound.array else { return None };
            let (operand, axis) = (&self.checked.operands[operand].name, bound.axis);
            let slice = if axis == 0 {
                format!("`for {name} in 0..{{{operand}.len()}}` for a slice or `Vec`, ")
            } else {
                String::new()
            };
            Some(format!(
                "`{inner}` runs as far as `{name}`, and nothing says how far that is. State it by the length of `{operand}`: {slice}`for {name} in 0..{{{operand}.shape().{axis}}}` for an `Array`"
            ))
        })
    }

    pub(super) fn range(&mut self, name: &Ident, range: &ast::Range) -> Result<Range> {
        let low = self.integer(&range.low, Role::Range)?;
        let high = self.integer(&range.high, Role::Range)?;
        let high = if range.inclusive { high.plus(1, &Integer::constant(1)) } else { high };
        if let Some(start @ ..0) = low.as_constant() {
            let (shift, name) = (-start, name.to_string());
            return Err(Diagnostic::new(
                range.low.span,
                format!("the range of `{name}` begins at {start}, but an index counts from 0"),
                format!(
                    "shift it: add {shift} to both ends of the range, and write `{name} - {shift}` where `{name}` stands now"
                ),
            ));
        }
        Ok(Range::stated(low, high))
    }

    pub(super) fn index(&self, name: &Ident) -> Option<BinderId> {
        let name = Name::of(name);
        self.indices.iter().rev().find(|(bound, _)| name == *bound).map(|&(_, id)| id)
    }

    /// The index of a name where nothing else can stand: also one with the same letters that the
    /// body of a macro binds around what is passed to it.
    pub(super) fn index_alone(&self, name: &Ident) -> Option<BinderId> {
        let text = plain(name);
        let same = |(bound, _): &&(Name, BinderId)| bound.text == text;
        self.index(name).or_else(|| self.indices.iter().rev().find(same).map(|&(_, id)| id))
    }
}
