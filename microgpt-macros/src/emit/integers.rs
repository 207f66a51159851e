//! Integer expressions: subscripts, bounds of ranges, lengths, as `usize`s that never go below 0.

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::{Emitter, code, literal};
use crate::graph::{IndexId, IndexRange, Length};
use crate::resolve::hir::{Atom, Integer, IntegersId, Operation};

/// Whether the places of ids are known to be on the axes of their arrays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// As the checks on entry have found.
    Known,
    /// No: each is looked at here.
    Checked,
}

impl Emitter<'_> {
    /// An integer expression: what is added, and what is taken away.
    pub fn parts(
        &self,
        integer: &Integer<IndexId>,
        ids: Ids,
    ) -> (TokenStream, Option<TokenStream>) {
        if !has_only_natural_atoms(integer) {
            let (runtime, signed) = (self.runtime, self.signed(integer, ids));
            return (code!(#runtime::expr::unsigned(#signed)), None);
        }
        let side = |sign: i64| {
            let mut terms = Vec::new();
            for (atom, &factor) in &integer.terms {
                let factor = factor * sign;
                if factor > 0 {
                    let atom = self.atom(atom, ids);
                    terms.push(times(factor, &atom));
                }
            }
            if integer.constant * sign > 0 {
                terms.push(literal(integer.constant * sign));
            }
            (!terms.is_empty()).then(|| code!(#(#terms)+*))
        };
        (side(1).unwrap_or_else(|| code!(0)), side(-1))
    }

    /// An atom that is never negative, as a `usize`.
    fn atom(&self, atom: &Atom<IndexId>, ids: Ids) -> TokenStream {
        let runtime = self.runtime;
        match atom {
            Atom::Index(index) => self.index(*index).to_token_stream(),
            Atom::Len(index) => self.count(*index),
            Atom::Integer(operand) => self.integers[*operand].to_token_stream(),
            Atom::Id { integers, at } => self.id(*integers, at, ids),
            Atom::Of(operation, both) => {
                let are_natural = both.iter().all(Integer::is_never_negative);
                let is_number = both[1].as_constant().is_some();
                // What is never negative has nothing that is taken away.
                let sides = || both.each_ref().map(|side| self.parts(side, ids).0);
                match operation {
                    Operation::Min if are_natural => {
                        let [left, right] = sides();
                        code!(::core::cmp::Ord::min(#left, #right))
                    }
                    Operation::Max if are_natural => {
                        let [left, right] = sides();
                        code!(::core::cmp::Ord::max(#left, #right))
                    }
                    Operation::Quotient if are_natural && is_number => {
                        let [left, right] = sides();
                        code!(((#left) / #right))
                    }
                    Operation::Remainder if are_natural && is_number => {
                        let [left, right] = sides();
                        code!(((#left) % #right))
                    }
                    _ => {
                        let signed = self.signed_atom(atom, ids);
                        code!(#runtime::expr::unsigned(#signed))
                    }
                }
            }
        }
    }

    /// `ids[at]`
    fn id(&self, integers: IntegersId, at: &[Integer<IndexId>], ids: Ids) -> TokenStream {
        let (runtime, name) = (self.runtime, self.integer_operand(integers));
        let mut place = TokenStream::new();
        for (axis, (len, at)) in self.integer_axes(integers).iter().zip(at).enumerate() {
            let at = match ids {
                Ids::Known => self.group(at),
                Ids::Checked => {
                    let (plus, minus) = self.parts(at, ids);
                    let minus = minus.unwrap_or_else(|| code!(0));
                    let text = format!("axis {axis} of `{}`", self.integer_text(integers));
                    let text = self.checked.at_run_time(&text);
                    code!(#runtime::expr::place(#plus, #minus, 0, #len, #text))
                }
            };
            place = if place.is_empty() { at } else { code!((#place) * #len + #at) };
        }
        code!(#name[#place])
    }

    /// An integer as an `isize`.
    fn signed(&self, integer: &Integer<IndexId>, ids: Ids) -> TokenStream {
        let runtime = self.runtime;
        let (mut natural, mut terms) = (Integer::constant(integer.constant), Vec::new());
        for (atom, &factor) in &integer.terms {
            if atom.is_never_negative() {
                natural.terms.insert(atom.clone(), factor);
            } else {
                terms.push(times(factor, &self.signed_atom(atom, ids)));
            }
        }
        if let Some(constant) = natural.as_constant() {
            if constant != 0 || terms.is_empty() {
                terms.push(literal(constant));
            }
        } else {
            let (plus, minus) = self.parts(&natural, ids);
            let minus = minus.unwrap_or_else(|| code!(0));
            terms.push(code!(#runtime::expr::signed(#plus, #minus)));
        }
        code!(#(#terms)+*)
    }

    fn signed_atom(&self, atom: &Atom<IndexId>, ids: Ids) -> TokenStream {
        let runtime = self.runtime;
        let Atom::Of(operation, both) = atom else {
            let natural = self.atom(atom, ids);
            return code!(#runtime::expr::signed(#natural, 0));
        };
        let [left, right] = both.each_ref().map(|side| self.signed(side, ids));
        let divisor = match both[1].as_atom() {
            // In braces as it was written.
            Some(Atom::Integer(operand)) => {
                let text = self.checked.integers[*operand].tokens.to_string();
                text.replace("{ ", "{").replace(" }", "}")
            }
            _ => self.notation.integer(&both[1]),
        };
        match operation {
            Operation::Product => code!(#runtime::expr::product(#left, #right)),
            Operation::Quotient => code!(#runtime::expr::quotient(#left, #right, #divisor)),
            Operation::Remainder => code!(#runtime::expr::remainder(#left, #right, #divisor)),
            Operation::Min => code!(::core::cmp::Ord::min(#left, #right)),
            Operation::Max => code!(::core::cmp::Ord::max(#left, #right)),
        }
    }

    /// A subscript, which the checks on entry keep from being negative.
    pub fn integer(&self, integer: &Integer<IndexId>) -> TokenStream {
        match self.parts(integer, Ids::Known) {
            (plus, None) => plus,
            (plus, Some(minus)) => code!((#plus) - (#minus)),
        }
    }

    /// A subscript as one operand.
    pub fn group(&self, integer: &Integer<IndexId>) -> TokenStream {
        let tokens = self.integer(integer);
        let is_single = integer.terms.len() + usize::from(integer.constant != 0) <= 1
            && integer.terms.values().all(|&factor| factor == 1);
        if is_single { tokens } else { code!((#tokens)) }
    }

    /// The sum of an integer and of one in Rust, which is not negative.
    pub fn plus(&self, integer: &Integer<IndexId>, more: &TokenStream) -> TokenStream {
        if !has_only_natural_atoms(integer) {
            let (runtime, signed) = (self.runtime, self.signed(integer, Ids::Known));
            return code!(#runtime::expr::unsigned(#signed + #runtime::expr::signed(#more, 0)));
        }
        match self.parts(integer, Ids::Known) {
            (plus, None) => code!((#plus + #more)),
            (plus, Some(minus)) => code!((#plus + #more - (#minus))),
        }
    }

    /// An integer as a number.
    pub fn number(&self, integer: &Integer<IndexId>) -> TokenStream {
        let runtime = self.runtime;
        if !has_only_natural_atoms(integer) {
            let signed = self.signed(integer, Ids::Known);
            return code!(#runtime::expr::signed_number(real_, #signed));
        }
        match self.parts(integer, Ids::Known) {
            (plus, None) => code!(#runtime::expr::number(real_, #plus)),
            (plus, Some(minus)) => code!(#runtime::expr::difference(real_, #plus, #minus)),
        }
    }

    /// A bound of a range: below 0 is 0.
    fn bound(&self, integer: &Integer<IndexId>, ids: Ids) -> TokenStream {
        let runtime = self.runtime;
        if !has_only_natural_atoms(integer) {
            let signed = self.signed(integer, ids);
            return code!(#runtime::expr::from_zero(#signed));
        }
        match self.parts(integer, ids) {
            (plus, None) => plus,
            (plus, Some(minus)) => code!(#runtime::expr::minus(#plus, #minus)),
        }
    }

    /// How many values an index takes.
    pub fn count(&self, index: IndexId) -> TokenStream {
        if let IndexRange::Whole(length) = self.graph.indices[index].range {
            return self.len(length).to_token_stream();
        }
        if let Some(count) = self.graph.count(index) {
            return self.integer(&count);
        }
        let (runtime, (low, high)) = (self.runtime, self.bounds(index));
        code!(#runtime::expr::minus(#high, #low))
    }

    /// The first and the end of an index's values.
    pub fn bounds(&self, index: IndexId) -> (TokenStream, TokenStream) {
        self.bounds_with(index, Ids::Known)
    }

    /// The same before the checks on entry.
    pub fn checked_bounds(&self, index: IndexId) -> (TokenStream, TokenStream) {
        self.bounds_with(index, Ids::Checked)
    }

    fn bounds_with(&self, index: IndexId, ids: Ids) -> (TokenStream, TokenStream) {
        match &self.graph.indices[index].range {
            IndexRange::Whole(length) => {
                let len = self.len(*length);
                match self.start(index) {
                    Some(start) => (code!(#start), code!(#start + #len)),
                    None => (code!(0), code!(#len)),
                }
            }
            IndexRange::Stated { low, high } => (self.bound(low, ids), self.bound(high, ids)),
        }
    }

    /// The least or greatest value of an integer expression over all ranges, as an `isize`, or one beyond it.
    pub(super) fn extreme(&self, integer: &Integer<IndexId>, greatest: bool) -> TokenStream {
        let runtime = self.runtime;
        let (affine, compound) = integer.divided();
        if !compound.is_empty() {
            let mut terms = Vec::new();
            if affine.as_constant() != Some(0) {
                terms.push(self.extreme(&affine, greatest));
            }
            for (atom, factor) in compound {
                terms.push(times(factor, &self.extreme_atom(atom, greatest == (factor > 0))));
            }
            return if let [term] = &terms[..] { term.clone() } else { code!((#(#terms)+*)) };
        }
        let indices = affine.indices();
        let innermost = indices.into_iter().min_by_key(|&index| self.graph.indices[index].height);
        let Some(index) = innermost else {
            if let Some(constant) = affine.as_constant() {
                return literal(constant);
            }
            let (plus, minus) = self.parts(&affine, Ids::Checked);
            let minus = minus.unwrap_or_else(|| code!(0));
            return code!(#runtime::expr::signed(#plus, #minus));
        };
        let rises = affine.factor(index) > 0;
        let (low, high) = match &self.graph.indices[index].range {
            IndexRange::Whole(Length::Extent(stated)) => {
                let affine = affine.substitute(index, &Integer::index(*stated));
                return self.extreme(&affine, greatest);
            }
            IndexRange::Whole(Length::Class(_)) => {
                (Integer::constant(0), Integer::atom(Atom::Len(index)))
            }
            IndexRange::Stated { low, high } => (low.clone(), high.clone()),
        };
        if rises == greatest {
            let last = high.plus(-1, &Integer::constant(1));
            return self.extreme(&affine.substitute(index, &last), greatest);
        }
        let at_low = self.extreme(&affine.substitute(index, &low), greatest);
        if low.is_never_negative() {
            return at_low;
        }
        // A range that would begin below 0 begins at 0.
        let at_zero = self.extreme(&affine.substitute(index, &Integer::constant(0)), greatest);
        if greatest {
            code!(::core::cmp::Ord::min(#at_low, #at_zero))
        } else {
            code!(::core::cmp::Ord::max(#at_low, #at_zero))
        }
    }

    fn extreme_atom(&self, atom: &Atom<IndexId>, greatest: bool) -> TokenStream {
        let runtime = self.runtime;
        match atom {
            Atom::Index(_) | Atom::Len(_) | Atom::Integer(_) => {
                self.extreme(&Integer::atom(atom.clone()), greatest)
            }
            Atom::Id { integers, .. } => {
                let ids = self.integer_operand(*integers);
                let end = if greatest { code!(greatest_id) } else { code!(least_id) };
                code!(#runtime::expr::#end(#ids))
            }
            Atom::Of(operation, both) => {
                let [left, right] = both.each_ref();
                match operation {
                    Operation::Min | Operation::Max => {
                        let [left, right] = [left, right].map(|side| self.extreme(side, greatest));
                        let name =
                            if *operation == Operation::Min { code!(min) } else { code!(max) };
                        code!(::core::cmp::Ord::#name(#left, #right))
                    }
                    Operation::Remainder if !greatest => literal(0),
                    Operation::Remainder => {
                        let divisor = self.extreme(right, true);
                        code!((#divisor - 1))
                    }
                    Operation::Quotient => {
                        let dividend = self.extreme(left, greatest);
                        let [least, most] = [false, true].map(|most| self.extreme(right, most));
                        code!(#runtime::expr::quotient_bound(#dividend, #least, #most, #greatest))
                    }
                    Operation::Product => {
                        let ends = |of| [false, true].map(|most| self.extreme(of, most));
                        let ([a, b], [c, d]) = (ends(left), ends(right));
                        code!(#runtime::expr::product_bound([#a, #b], [#c, #d], #greatest))
                    }
                }
            }
        }
    }
}

/// The product with a number.
fn times(factor: i64, of: &TokenStream) -> TokenStream {
    match factor {
        1 => of.clone(),
        -1 => code!(-#of),
        _ => {
            let factor = literal(factor);
            code!(#factor * #of)
        }
    }
}

/// Whether what is added and what is taken away are sums of what is never negative.
fn has_only_natural_atoms(integer: &Integer<IndexId>) -> bool {
    integer.terms.keys().all(Atom::is_never_negative)
}
