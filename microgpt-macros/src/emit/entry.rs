//! Operands, and the checks on entry: each length once, with the names that the user knows.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

use super::integers::Ids;
use super::{Emitter, call, code, ident, pointed};
use crate::graph::{ClassId, IndexId, IndexRange, Length};
use crate::resolve::MAX_RANK;
use crate::resolve::hir::{Axis, Integer, Operand, OperandId};

/// By how many there are.
const SUBSCRIPTS: [&str; MAX_RANK + 1] = [
    "NoSubscript",
    "OneSubscript",
    "TwoSubscripts",
    "ThreeSubscripts",
    "FourSubscripts",
    "FiveSubscripts",
    "SixSubscripts",
];

/// Binds what a call gives. The braces around a name in it stand where the compiler is to point; it would call them
/// unnecessary.
fn bound(pattern: impl ToTokens, call: &TokenStream) -> TokenStream {
    code!(#[allow(unused_braces)] let #pattern = #call;)
}

impl Emitter<'_> {
    /// Evaluates and opens the operands.
    pub(super) fn operands(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut tokens = TokenStream::new();
        let values = self.checked.operands.iter().zip(&self.values);
        let integers = self.checked.integers.iter().zip(&self.integers);
        for (Operand { tokens: rust, .. }, name) in values.chain(integers) {
            tokens.extend(code!(let #name = &#rust;));
        }
        // An array says what the precision is; a float literal in Rust would leave it open.
        let mut order: Vec<OperandId> = self.values.ids().collect();
        order.sort_by_key(|&operand| self.checked.operands[operand].rank == 0);
        let real = ident("real_");
        for (position, &id) in order.iter().enumerate() {
            let Operand { rank, span, .. } = self.checked.operands[id];
            let (name, source) = (&self.values[id], self.source(id));
            let operand = pointed(name, span);
            let subscripts = self.subscripts(rank);
            tokens.extend(if position == 0 {
                let open = call!(span=> #runtime::expr::open::<#subscripts, _, _, _, _>(#operand));
                let bound = bound(code!((#source, shape_)), &open);
                code! {
                    #bound
                    let real_ = #runtime::expr::precision(&#source);
                }
            } else {
                let open = call!(span=> #runtime::expr::open_as::<#subscripts, _, _, _, _>(#real, #operand));
                bound(code!((#source, shape_)), &open)
            });
            tokens.extend(self.opened_axes(name, rank, span));
        }
        if order.is_empty() {
            tokens
                .extend(code!(let real_ = ::core::marker::PhantomData::<::core::primitive::f64>;));
        }
        for ((id, &Operand { rank, span, .. }), name) in
            self.checked.integers.enumerate().zip(&self.integers)
        {
            let operand = pointed(name, span);
            let is_condition = self.checked.conditions.contains(&id);
            tokens.extend(if is_condition && rank == 0 {
                let open = call!(span=> #runtime::expr::open_condition(#operand));
                bound(name, &open)
            } else if is_condition {
                let open = call!(span=> #runtime::expr::open_conditions(#operand));
                let bound = bound(code!((#name, shape_)), &open);
                let axes = self.opened_axes(name, rank, span);
                code! {
                    #bound
                    let #name = &#name[..];
                    #axes
                }
            } else if rank == 0 {
                let open = call!(span=> #runtime::expr::open_integer(#operand));
                bound(name, &open)
            } else {
                let open = call!(span=> #runtime::expr::open_integers(#operand));
                let bound = bound(code!((#name, shape_)), &open);
                let axes = self.opened_axes(name, rank, span);
                code!(#bound #axes)
            });
        }
        tokens
    }

    /// The type that says with how many subscripts an operand stands.
    fn subscripts(&self, rank: usize) -> TokenStream {
        let (runtime, subscripts) = (self.runtime, ident(SUBSCRIPTS[rank]));
        code!(#runtime::expr::#subscripts)
    }

    /// The axes of the operand that was opened last, one for each subscript.
    fn opened_axes(&self, name: &Ident, rank: usize, span: Span) -> TokenStream {
        let (runtime, subscripts) = (self.runtime, self.subscripts(rank));
        let dims = (0..rank).map(|axis| Self::dim(name, axis));
        let shape = pointed(&ident("shape_"), span);
        let axes = call!(span=> #runtime::expr::axes::<#subscripts, _, _>(#shape));
        bound(code!((#(#dims,)*)), &axes)
    }

    /// Unifies the axes of each class, and checks what only the run time can tell.
    pub(super) fn entry(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut tokens = TokenStream::new();
        for &class in self.classes.keys() {
            tokens.extend(self.unify(class));
        }
        tokens.extend(self.lengths());
        for &index in &self.extents {
            tokens.extend(self.extent(index));
        }
        for reach in &self.gradient.equations.reaches {
            let [first, second] = reach.lengths.map(|length| self.reach(length));
            let index = self.checked.index_at_run_time(&reach.index);
            let [first_name, second_name] = &reach.names;
            let same = call! {reach.span=>
                #runtime::expr::same_values(#first, #second, (#index, #first_name, #second_name))
            };
            tokens.extend(code!(#same;));
        }
        for bound in &self.gradient.equations.bounds {
            let (len, name) = (self.len(bound.length), self.checked.at_run_time(&bound.name));
            let start = bound.axis.and_then(|axis| self.start(axis));
            let start = start.map_or_else(|| code!(0), |start| code!(#start));
            tokens.extend(match bound.subscript.as_id() {
                None => {
                    let least = self.extreme(&bound.subscript, false);
                    let greatest = self.extreme(&bound.subscript, true);
                    let values = self.values_of(&bound.subscript);
                    call! {bound.span=>
                        #runtime::expr::on_axis(#least, #greatest, #start, #len, #name, #values);
                    }
                }
                Some(integers) => {
                    let ids = &self.integers[integers];
                    let ids_name = &self.checked.integers[integers].name;
                    call! {bound.span=>
                        #runtime::expr::ids_on_axis(#ids, #start, #len, #ids_name, #name);
                    }
                }
            });
        }
        tokens
    }

    /// The first value and the length of an axis that a stated range makes: from the least value that
    /// its index ever takes to the greatest.
    fn extent(&self, index: IndexId) -> TokenStream {
        let runtime = self.runtime;
        let (len, start) = (self.len(Length::Extent(index)), self.start(index));
        let (low, high) = self.checked_bounds(index);
        let (bounding, values) = self.values_of_index(index);
        if bounding.is_empty() {
            let start = start.map(|start| code!(let #start = #low;));
            return code!(#start let #len = #runtime::expr::minus(#high, #low););
        }
        let start = start.map_or_else(|| code!(_), |start| code!(#start));
        code!(let (#start, #len) = #runtime::expr::extent(#values);)
    }

    /// The values of an index over an axis: the first, and how many.
    fn reach(&self, length: Length) -> TokenStream {
        let len = self.len(length);
        let start = match length {
            Length::Extent(stated) => self.start(stated),
            Length::Class(_) => None,
        };
        let start = start.map_or_else(|| code!(0), |start| code!(#start));
        code!((#start, #len))
    }

    /// The indices in the bounds of an index, and what shows every value that it takes.
    fn values_of_index(&self, index: IndexId) -> (BTreeSet<IndexId>, TokenStream) {
        let (low, high) = self.checked_bounds(index);
        let bounding = self.graph.with_bounds(self.graph.range_indices(index));
        let loops = self.loops(&bounding, code!(values_.range(#low, #high);));
        (bounding, code!(|values_| { #loops }))
    }

    /// What shows every value of a subscript, to find out whether one that its ranges allow is ever taken.
    fn values_of(&self, integer: &Integer<IndexId>) -> TokenStream {
        if let Some(index) = integer.as_index() {
            return self.values_of_index(index).1;
        }
        let (plus, minus) = self.parts(integer, Ids::Checked);
        let minus = minus.unwrap_or_else(|| code!(0));
        let indices = self.graph.with_bounds(integer.indices());
        let loops = self.loops(&indices, code!(values_.difference(#plus, #minus);));
        code!(|values_| { #loops })
    }

    /// Loops over all values of these indices, which include those that their bounds name.
    fn loops(&self, indices: &BTreeSet<IndexId>, body: TokenStream) -> TokenStream {
        let mut indices: Vec<IndexId> = indices.iter().copied().collect();
        indices.sort_by_key(|&index| std::cmp::Reverse(self.graph.indices[index].height));
        indices.into_iter().rev().fold(body, |body, index| {
            let (name, (low, high)) = (self.index(index), self.checked_bounds(index));
            match &self.graph.indices[index].range {
                // Two literals of which no value lies between are a mistake to clippy.
                IndexRange::Stated { low: first, high: end }
                    if first.as_constant().is_some() && end.as_constant().is_some() =>
                {
                    let runtime = self.runtime;
                    code!(for #name in #low..#runtime::expr::minus(#high, 0) { #body })
                }
                _ => code!(for #name in #low..#high { #body }),
            }
        })
    }

    /// The axis that all axes of a class are.
    fn unify(&self, class: ClassId) -> TokenStream {
        let runtime = self.runtime;
        let axis = self.axis(Length::Class(class));
        let mut seen: Vec<Axis> = Vec::new();
        let mut tokens = TokenStream::new();
        let uses = self.checked.axis_uses.iter().map(|axis_use| {
            (axis_use.axis, self.checked.binders[axis_use.binder].name.to_string(), axis_use.span)
        });
        let rest =
            self.graph.classes.axes(class).map(|axis| (axis, String::new(), Span::mixed_site()));
        for (used, index, span) in uses.chain(rest) {
            if self.graph.classes.class(used) != Some(class) || seen.contains(&used) {
                continue;
            }
            let dim = self.axis_dim(used);
            tokens.extend(match seen.first() {
                None => code!(let #axis = #dim;),
                Some(&first) => {
                    let [first, this] = [first, used].map(|axis| self.checked.axis_name(axis));
                    let index = self.checked.index_at_run_time(&index);
                    let (before, found) = (pointed(&axis, span), pointed(&dim, span));
                    let same = call! {span=>
                        #runtime::expr::same(#before, #found, (#index, #first, #this))
                    };
                    bound(&axis, &same)
                }
            });
            seen.push(used);
        }
        tokens
    }

    /// The lengths of the classes, in both passes.
    pub(super) fn lengths(&self) -> TokenStream {
        let runtime = self.runtime;
        let lengths = self.classes.keys().map(|&class| {
            let (axis, len) = (self.axis(Length::Class(class)), self.len(Length::Class(class)));
            code!(let #len = #runtime::shape::Dim::len(#axis);)
        });
        code!(#(#lengths)*)
    }
}
