//! Integer expressions: subscripts, bounds of ranges, lengths, as `usize`s that never go below 0.

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::{Emitter, code, literal};
use crate::graph::{IndexId, IndexRange, Length};
use crate::resolve::hir::{Affine, Atom};

impl Emitter<'_> {
    /// An integer expression: what is added, and what is taken away.
    pub fn parts(&self, affine: &Affine<IndexId>) -> (TokenStream, Option<TokenStream>) {
        let side = |sign: i64| {
            let mut terms = Vec::new();
            for (atom, &factor) in &affine.terms {
                let factor = factor * sign;
                if factor > 0 {
                    let atom = match *atom {
                        Atom::Index(index) => self.index(index).to_token_stream(),
                        Atom::Len(index) => self.count(index),
                        Atom::Integer(operand) => self.integers[operand].to_token_stream(),
                    };
                    let times = literal(factor);
                    terms.push(if factor == 1 { atom } else { code!(#times * #atom) });
                }
            }
            if affine.constant * sign > 0 {
                terms.push(literal(affine.constant * sign));
            }
            (!terms.is_empty()).then(|| code!(#(#terms)+*))
        };
        (side(1).unwrap_or_else(|| code!(0)), side(-1))
    }

    /// A subscript, which the checks on entry keep from being negative.
    pub fn integer(&self, affine: &Affine<IndexId>) -> TokenStream {
        match self.parts(affine) {
            (plus, None) => plus,
            (plus, Some(minus)) => code!((#plus) - (#minus)),
        }
    }

    /// A bound of a range: below 0 is 0.
    pub(super) fn bound(&self, affine: &Affine<IndexId>) -> TokenStream {
        match self.parts(affine) {
            (plus, None) => plus,
            (plus, Some(minus)) => {
                let runtime = self.runtime;
                code!(#runtime::expr::minus(#plus, #minus))
            }
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
        match &self.graph.indices[index].range {
            IndexRange::Whole(length) => {
                let len = self.len(*length);
                match self.start(index) {
                    Some(start) => (code!(#start), code!(#start + #len)),
                    None => (code!(0), code!(#len)),
                }
            }
            IndexRange::Stated { low, high } => (self.bound(low), self.bound(high)),
        }
    }

    /// The least or greatest value of an integer expression over all ranges, as an `isize`.
    pub(super) fn extreme(&self, affine: &Affine<IndexId>, greatest: bool) -> TokenStream {
        let runtime = self.runtime;
        let innermost = affine.indices().min_by_key(|&index| self.graph.indices[index].height);
        let Some(index) = innermost else {
            if let Some(constant) = affine.as_constant() {
                return literal(constant);
            }
            let (plus, minus) = self.parts(affine);
            let minus = minus.unwrap_or_else(|| code!(0));
            return code!(#runtime::expr::signed(#plus, #minus));
        };
        let rises = affine.factor(index) > 0;
        let (low, high) = match &self.graph.indices[index].range {
            IndexRange::Whole(Length::Extent(stated)) => {
                let affine = affine.substitute(index, &Affine::index(*stated));
                return self.extreme(&affine, greatest);
            }
            IndexRange::Whole(Length::Class(_)) => {
                (Affine::constant(0), Affine::atom(Atom::Len(index)))
            }
            IndexRange::Stated { low, high } => (low.clone(), high.clone()),
        };
        if rises == greatest {
            let last = high.plus(-1, &Affine::constant(1));
            return self.extreme(&affine.substitute(index, &last), greatest);
        }
        let at_low = self.extreme(&affine.substitute(index, &low), greatest);
        if low.constant >= 0 && low.terms.values().all(|&factor| factor > 0) {
            return at_low;
        }
        // A range that would begin below 0 begins at 0.
        let at_zero = self.extreme(&affine.substitute(index, &Affine::constant(0)), greatest);
        if greatest {
            code!(::core::cmp::Ord::min(#at_low, #at_zero))
        } else {
            code!(::core::cmp::Ord::max(#at_low, #at_zero))
        }
    }
}
