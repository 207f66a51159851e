//! Reductions: sums in registers and in lanes, greatest and least values, products.

use proc_macro2::{Ident, TokenStream};

use super::Writer;
use crate::emit::{code, ident};
use crate::graph::{Fold, IndexId, NodeId};
use crate::nest::{Product, Products};

impl Writer<'_> {
    /// Sums in registers over the loops inside `outer`, then writes once.
    pub(super) fn summed(&mut self, name: &Ident, add: TokenStream) -> TokenStream {
        let runtime = self.runtime;
        let outer = self.nest.outer;
        let target = self.target_address(None);
        let sum = if outer == self.loops.len() {
            code!(let mut sum_ = #runtime::expr::Sum::new(); #add)
        } else {
            let (range, inside) = self.in_blocks(add);
            code!(let sum_ = #runtime::expr::Sum::in_blocks(#range, |sum_, range_| { #inside });)
        };
        let write = if self.nest.target.add {
            code!(#name[#target] = #runtime::ops::add(#name[#target], sum_.total());)
        } else {
            code!(#name[#target] = sum_.total();)
        };
        code! {
            #sum
            #write
        }
    }

    /// A row of sums, each in lanes.
    pub(super) fn row_of_sums(&mut self, name: &Ident, row: IndexId, over: IndexId) -> TokenStream {
        let runtime = self.runtime;
        let step = self.step(true);
        let (rows, axis) = (&self.rows, self.size(row));
        let (index, (low, _)) = (self.emitter.index(over), self.emitter.bounds(over));
        let add = code!(sums_.add(#index - #low, [#(#rows),*], #step););
        let inside = self.around(self.nest.outer, add);
        let adds = self.nest.target.add;
        let row = self.target_row(name, row);
        code! {
            #runtime::expr::sum_rows(#axis, #row, #adds, |sums_| { #inside });
        }
    }

    pub(super) fn best(&mut self, name: &Ident) -> TokenStream {
        let runtime = self.runtime;
        let outer = self.nest.outer;
        let of_nothing = self.of_nothing();
        let (take, result) = match self.nest.fold {
            Fold::Max => (code!(max), code!(value(#of_nothing))),
            Fold::Min => (code!(min), code!(value(#of_nothing))),
            Fold::ArgMax => (code!(max), code!(position())),
            Fold::ArgMin => (code!(min), code!(position())),
            Fold::Prod => (code!(times), code!(value())),
            Fold::Sum | Fold::Others => unreachable!("written by themselves"),
        };
        let over = self.loops[self.loops.len() - 1];
        let index = self.emitter.index(over);
        let value = self.node(self.nest.body);
        let step = if self.nest.fold == Fold::Prod {
            code!(product_.take(#value);)
        } else {
            code!(best_.#take(#index, #value);)
        };
        let inside = self.around(outer, step);
        let target = self.target_address(None);
        if self.nest.fold == Fold::Prod {
            return code! {
                let mut product_ = #runtime::expr::Product::new();
                #inside
                #name[#target] = product_.number();
            };
        }
        code! {
            let mut best_ = #runtime::expr::Best::new();
            #inside
            #name[#target] = best_.#result;
        }
    }

    /// A maximum or minimum of each element of a row.
    pub(super) fn best_row(&mut self, name: &Ident, row: IndexId) -> TokenStream {
        let runtime = self.runtime;
        let outer = self.nest.outer;
        let better = if self.nest.fold == Fold::Max { code!(greater) } else { code!(lesser) };
        let over = self.loops[self.loops.len() - 1];
        let (low, high) = self.emitter.bounds(over);
        let step = self.step(false);
        let (rows, index) = (&self.rows, self.emitter.index(over));
        let best = code!(#runtime::expr::#better(row_, #index == #low, [#(#rows),*], #step););
        let inside = self.around(outer, best);
        let axis = self.size(row);
        let of_nothing = self.of_nothing();
        let empty = (!self.emitter.graph.is_never_empty(over))
            .then(|| code!(if #low >= #high { row_.fill(#of_nothing); }));
        let row = self.target_row(name, row);
        code!(#runtime::shape::Dim::local(#axis, #row, |row_| { #empty #inside });)
    }

    /// The maximum or minimum of no elements: what leaves others as they are.
    fn of_nothing(&self) -> TokenStream {
        let (runtime, is_max) = (self.runtime, matches!(self.nest.fold, Fold::Max | Fold::ArgMax));
        let infinity = if is_max { code!(NEG_INFINITY) } else { code!(INFINITY) };
        code!(#runtime::expr::constant(real_, ::core::primitive::f64::#infinity))
    }

    /// A maximum or minimum along contiguous elements.
    pub(super) fn best_in_lanes(&mut self, name: &Ident) -> TokenStream {
        let runtime = self.runtime;
        let best = if self.nest.fold == Fold::Max { code!(greatest) } else { code!(smallest) };
        let step = self.step(false);
        let (rows, len, target) = (&self.rows, ident("row_len_"), self.target_address(None));
        code!(#name[#target] = #runtime::expr::#best(#len, [#(#rows),*], #step);)
    }

    /// A small product for each value of an index.
    pub(super) fn products(&mut self, name: &Ident, products: Products) -> TokenStream {
        let runtime = self.runtime;
        let Products { product, each, along, left, right } = products;
        let [rows, columns] = [each, along].map(|index| self.size(index));
        let starts = [each, along].map(|index| self.emitter.index(index));
        let factor = |node: NodeId| {
            let (array, subscripts) = self.element(node);
            let (elements, first) =
                (self.emitter.array(array), self.address(array, subscripts, None));
            code!(&#elements[#first..])
        };
        let (left, right) = (factor(left), factor(right));
        let target = self.target_address(None);
        let add = self.nest.target.add;
        let body = match product {
            Product::Dot => code! {
                #runtime::expr::dots(#rows, #columns, &mut #name[#target..], #add, #left, #right);
            },
            Product::Multiple => {
                let multiples =
                    code!(#runtime::expr::add_multiples(#rows, #columns, row_, #left, #right););
                let inside = self.around(self.nest.outer, multiples);
                let clear = (!add).then(|| code!(row_.fill(#runtime::expr::constant(real_, 0.0));));
                code! {
                    #runtime::expr::local_rows(#rows, #columns, &mut #name[#target..], |row_| {
                        #clear
                        #inside
                    });
                }
            }
        };
        let [each, along] = starts;
        self.statements[0].push(code!(let (#each, #along) = (0, 0);));
        body
    }

    /// The product over all others, from those before and those after.
    pub(super) fn others(mut self, name: &Ident) -> TokenStream {
        let runtime = self.runtime;
        let (along, around) = match self.loops {
            [around @ .., along] => (*along, around.len()),
            [] => unreachable!("a product has an index"),
        };
        let value = self.node(self.nest.body);
        let target = self.target_address(None);
        let index = self.emitter.index(along);
        let (low, high) = self.emitter.bounds(along);
        let statements = std::mem::take(&mut self.statements[around + 1]);
        let body = code! {
            for #index in #low..#high {
                #(#statements)*
                others_.before(#value);
            }
            others_.turn();
            for #index in ::core::iter::Iterator::rev(#low..#high) {
                #(#statements)*
                #name[#target] = others_.after(#value);
            }
        };
        let body = self.around_to(0, around, body);
        let statements = std::mem::take(&mut self.statements[0]);
        code!(let mut others_ = #runtime::expr::Others::new(); #(#statements)* #body)
    }
}
