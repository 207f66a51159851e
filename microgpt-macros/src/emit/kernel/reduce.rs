//! Reductions: sums in registers and in lanes, greatest and least values, products.

use proc_macro2::TokenStream;

use super::Printer;
use crate::emit::{code, ident};
use crate::graph::{Fold, IndexId, NodeId};
use crate::nest::ir::{Accumulator, Element, Kind, Reduce, Stmt, Term, Update};

impl Printer<'_> {
    pub(super) fn reduce(&mut self, reduce: &Reduce) -> TokenStream {
        match (reduce.accumulator, reduce.fold) {
            (Accumulator::One, Fold::Sum) => self.sum(reduce),
            (Accumulator::One, Fold::Prod) => self.product(reduce),
            (Accumulator::One, _) => self.best(reduce),
            (Accumulator::Row(row), Fold::Sum) => self.row_of_sums(reduce, row),
            (Accumulator::Row(row), _) => self.row_of_bests(reduce, row),
            (Accumulator::RowOfLanes { row, .. }, _) => self.row_of_lanes(reduce, row),
            (Accumulator::Vectors { each, along }, _) => self.vectors(reduce, each, along),
        }
    }

    pub(super) fn term(&mut self, term: &Term, reduce: &Reduce) -> TokenStream {
        let runtime = self.runtime;
        match (term, reduce.accumulator, reduce.fold) {
            (Term::One(value), _, Fold::Sum) => {
                let value = self.update(*value);
                code!(sum_.term(|sum_| #value);)
            }
            (Term::One(value), _, Fold::Prod) => {
                let value = self.update(*value);
                code!(product_.take(#value);)
            }
            (Term::One(value), ..) => {
                let value = self.update(*value);
                let take = if is_greatest(reduce.fold) { code!(max) } else { code!(min) };
                let index = reduce.over.map(|(over, _)| self.emitter.index(over));
                code!(best_.#take(#index, #value);)
            }
            (Term::Row(row), Accumulator::Row(_), Fold::Sum) => {
                let (rows, step) = (self.loads(row), self.step(row));
                code!(#runtime::expr::accumulate(row_, [#(#rows),*], #step);)
            }
            (Term::Row(row), Accumulator::Row(_), fold) => {
                let better = if is_greatest(fold) { code!(greater) } else { code!(lesser) };
                let (rows, step) = (self.loads(row), self.step(row));
                let first = reduce.over.map(|(over, _)| {
                    let (index, (low, _)) = (self.emitter.index(over), self.emitter.bounds(over));
                    code!(#index == #low)
                });
                code!(#runtime::expr::#better(row_, #first, [#(#rows),*], #step);)
            }
            (Term::Row(row), Accumulator::RowOfLanes { over, .. }, _) => {
                let (rows, step) = (self.loads(row), self.step(row));
                let (index, (low, _)) = (self.emitter.index(over), self.emitter.bounds(over));
                code!(sums_.add(#index - #low, [#(#rows),*], #step);)
            }
            (Term::Row(row), _, Fold::Sum) => {
                let (rows, step, len) = (self.loads(row), self.step(row), ident("row_len_"));
                code!(sum_.row(#len, [#(#rows),*], #step);)
            }
            (Term::Row(row), _, fold) => {
                let best = if is_greatest(fold) { code!(greatest) } else { code!(smallest) };
                let (rows, step, len) = (self.loads(row), self.step(row), ident("row_len_"));
                code!(#runtime::expr::#best(#len, [#(#rows),*], #step))
            }
            (Term::Multiple { each, along, left, right }, ..) => {
                let [rows, columns] = [each, along].map(|index| self.size(*index));
                let [left, right] = [left, right].map(|node| self.elements(*node));
                code!(#runtime::expr::add_multiples(#rows, #columns, row_, #left, #right);)
            }
        }
    }

    /// The body of a sum, whose first loop is over `range_`, and that range.
    fn blocks(&mut self, reduce: &Reduce) -> (Option<TokenStream>, TokenStream) {
        let range = match reduce.body.first() {
            Some(Stmt::For { index, kind: Kind::Block, .. }) => {
                let (low, high) = self.emitter.bounds(*index);
                Some(code!(#low..#high))
            }
            _ => None,
        };
        (range, self.within(&reduce.body, Some(reduce)))
    }

    /// A sum in registers, written once.
    fn sum(&mut self, reduce: &Reduce) -> TokenStream {
        let (runtime, name) = (self.runtime, self.emitter.array(reduce.to.array));
        let sum = match self.blocks(reduce) {
            (None, add) => code!(let sum_ = &mut #runtime::expr::Sum::new(); #add),
            (Some(range), inside) => {
                code!(let sum_ = &mut #runtime::expr::Sum::in_blocks(#range, |sum_, range_| { #inside });)
            }
        };
        let target = self.element(&reduce.to);
        let write = if reduce.adds {
            code!(#name[#target] = #runtime::ops::add(#name[#target], sum_.total());)
        } else {
            code!(#name[#target] = sum_.total();)
        };
        code!(#sum #write)
    }

    fn product(&mut self, reduce: &Reduce) -> TokenStream {
        let (runtime, name) = (self.runtime, self.emitter.array(reduce.to.array));
        let inside = self.within(&reduce.body, Some(reduce));
        let target = self.element(&reduce.to);
        code! {
            let product_ = &mut #runtime::expr::Product::new();
            #inside
            #name[#target] = product_.number();
        }
    }

    /// A maximum or minimum, or where it was found.
    fn best(&mut self, reduce: &Reduce) -> TokenStream {
        let (runtime, name) = (self.runtime, self.emitter.array(reduce.to.array));
        let inside = self.within(&reduce.body, Some(reduce));
        let target = self.element(&reduce.to);
        if let [Stmt::Term(Term::Row(_))] = reduce.body.as_slice() {
            return code!(#name[#target] = #inside;);
        }
        let result = match reduce.fold {
            Fold::ArgMax | Fold::ArgMin => code!(position()),
            fold => {
                let of_nothing = self.constant(fold.rule().identity);
                code!(value(#of_nothing))
            }
        };
        code! {
            let best_ = &mut #runtime::expr::Best::new();
            #inside
            #name[#target] = best_.#result;
        }
    }

    /// A row of sums in registers.
    fn row_of_sums(&mut self, reduce: &Reduce, row: IndexId) -> TokenStream {
        let runtime = self.runtime;
        let (range, inside) = self.blocks(reduce);
        let (axis, target) = (self.size(row), self.target_row(&reduce.to, row));
        let clear = self.clear(reduce);
        code!(#runtime::shape::Dim::local_blocks(#axis, #target, #range, |row_, range_| {
            #clear
            #inside
        });)
    }

    /// A maximum or minimum of each element of a row.
    fn row_of_bests(&mut self, reduce: &Reduce, row: IndexId) -> TokenStream {
        let runtime = self.runtime;
        let inside = self.within(&reduce.body, Some(reduce));
        let (axis, target) = (self.size(row), self.target_row(&reduce.to, row));
        let empty = reduce.over.filter(|(_, may_be_empty)| *may_be_empty).map(|(over, _)| {
            let of_nothing = self.constant(reduce.fold.rule().identity);
            let (low, high) = self.emitter.bounds(over);
            code!(if #low >= #high { row_.fill(#of_nothing); })
        });
        code!(#runtime::shape::Dim::local(#axis, #target, |row_| { #empty #inside });)
    }

    /// A row of sums, each in lanes.
    fn row_of_lanes(&mut self, reduce: &Reduce, row: IndexId) -> TokenStream {
        let (runtime, adds) = (self.runtime, reduce.adds);
        let inside = self.within(&reduce.body, Some(reduce));
        let (axis, target) = (self.size(row), self.target_row(&reduce.to, row));
        code!(#runtime::expr::sum_rows(#axis, #target, #adds, |sums_| { #inside });)
    }

    /// Rows of a small product.
    fn vectors(&mut self, reduce: &Reduce, each: IndexId, along: IndexId) -> TokenStream {
        let (runtime, name) = (self.runtime, self.emitter.array(reduce.to.array));
        let inside = self.within(&reduce.body, Some(reduce));
        let [rows, columns] = [each, along].map(|index| self.size(index));
        let (target, clear) = (self.element(&reduce.to), self.clear(reduce));
        let starts = self.starts(&[each, along]);
        code! {
            #starts
            #runtime::expr::local_rows(#rows, #columns, &mut #name[#target..], |row_| {
                #clear
                #inside
            });
        }
    }

    /// Sets a row to 0, unless it is added to.
    fn clear(&self, reduce: &Reduce) -> Option<TokenStream> {
        let runtime = self.runtime;
        (!reduce.adds).then(|| code!(row_.fill(#runtime::expr::constant(real_, 0.0));))
    }

    /// The product over all others, from those before and those after.
    pub(super) fn scan(
        &self,
        along: IndexId,
        to: &Element,
        value: NodeId,
        body: &[Stmt],
    ) -> TokenStream {
        let mut inner = self.inner();
        let temporaries = inner.stmts(body, None);
        let (name, target) = (self.emitter.array(to.array), inner.element(to));
        let value = inner.update(Update::Set(value));
        let (index, (low, high)) = (self.emitter.index(along), self.emitter.bounds(along));
        code! {
            for #index in #low..#high {
                #temporaries
                others_.before(#value);
            }
            others_.turn();
            for #index in ::core::iter::Iterator::rev(#low..#high) {
                #temporaries
                #name[#target] = others_.after(#value);
            }
        }
    }
}

fn is_greatest(fold: Fold) -> bool {
    matches!(fold, Fold::Max | Fold::ArgMax)
}
