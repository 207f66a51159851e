//! Blocks of a product of two arrays, as a call.

use proc_macro2::{Ident, TokenStream};

use super::Writer;
use crate::emit::code;
use crate::graph::{Array, IndexId, IndexRange, Node, NodeId, Subscript, indices_of};
use crate::nest::{Contraction, Inner, Ragged};

impl Writer<'_> {
    /// Blocks of a product of two arrays.
    pub(super) fn contraction(&self, name: &Ident, contraction: Contraction) -> TokenStream {
        let runtime = self.runtime;
        let Contraction { rows, columns, terms, left, right, ragged } = contraction;
        let bounded = contraction.bounded();
        let starts = [rows, columns, terms].map(|index| {
            let (name, (low, _)) = (self.emitter.index(index), self.emitter.bounds(index));
            let own = bounded.is_some_and(|(_, inner)| inner == index);
            (!own).then(|| (code!(#name), low))
        });
        let (names, lows): (Vec<_>, Vec<_>) = starts.into_iter().flatten().unzip();
        let starts = code!(let (#(#names),*) = (#(#lows),*););
        let factor = |node: NodeId, line: IndexId| {
            let (array, subscripts) = self.element(node);
            let (elements, first) =
                (self.emitter.array(array), self.address(array, subscripts, None));
            let stride = self.stride(array, subscripts, line);
            let step = self.stride(array, subscripts, terms);
            code!(#runtime::expr::Factor::new(#elements, #first, #stride, #step))
        };
        let (left, right) = (factor(left, rows), factor(right, columns));
        let first = self.target_address(None);
        let stride = self.stride(self.nest.target.array, &self.nest.target.subscripts, rows);
        let add = self.nest.target.add;
        let target = code!(#runtime::expr::Target::new(#name, #first, #stride, #add));
        let (Some(ragged), Some((outer, inner))) = (ragged, bounded) else {
            let sizes = [rows, columns, terms].map(|index| self.size(index));
            return code! {
                #starts
                #runtime::expr::contract(#target, #left, #right, (#(#sizes),*));
            };
        };
        let (kind, free) = match ragged {
            Ragged::Columns => (code!(Columns), terms),
            Ragged::Terms => (code!(Terms), columns),
            Ragged::Rows => (code!(Rows), columns),
        };
        let (outer_name, (start, end)) = (self.emitter.index(outer), self.emitter.bounds(outer));
        let (inner_name, (low, high)) = (self.emitter.index(inner), self.emitter.bounds(inner));
        let free = self.size(free);
        code! {
            let ranges_ = |#outer_name: ::core::primitive::usize| (#low, #high);
            let #inner_name = #runtime::expr::least(#start..#end, ranges_);
            #starts
            #runtime::expr::contract_ragged(
                #runtime::expr::Ragged::#kind,
                #target,
                #left,
                #right,
                #free,
                #start..#end,
                #inner_name,
                ranges_,
            );
        }
    }

    /// The array and the subscripts of a factor.
    pub(super) fn element(&self, factor: NodeId) -> (Array, &[Subscript]) {
        let Node::Load { array, subscripts, .. } = &self.emitter.graph.nodes[factor] else {
            unreachable!("each factor is an element of an array")
        };
        (*array, subscripts)
    }

    /// Whether the ranges of a contraction with bounds are long.
    pub(super) fn is_long(&self) -> TokenStream {
        let Inner::Contraction(contraction) = self.nest.inner else {
            unreachable!("made for contractions alone")
        };
        let Some((outer, _)) = contraction.bounded() else {
            unreachable!("made for those with bounds")
        };
        let (runtime, size) = (self.runtime, self.size(outer));
        code!(#runtime::expr::is_long(#size))
    }

    /// From one value of an index to the next, in elements of an array where it moves by one.
    pub(super) fn stride(
        &self,
        array: Array,
        subscripts: &[Subscript],
        index: IndexId,
    ) -> TokenStream {
        let (axes, subscripts) = (self.axes(array), self.in_order(array, subscripts));
        let along = subscripts.iter().rposition(|one| indices_of(one).contains(&index));
        let inner = axes.iter().skip(along.map_or(0, |axis| axis + 1)).map(|(len, _)| len);
        inner.map(|len| code!(#len)).reduce(|all, len| code!(#all * #len)).unwrap_or(code!(1))
    }

    /// The number of values of an index, as an axis whose type may know it.
    pub(super) fn size(&self, index: IndexId) -> TokenStream {
        match &self.emitter.graph.indices[index].range {
            IndexRange::Whole(length) => {
                let axis = self.emitter.axis(*length);
                code!(#axis)
            }
            IndexRange::Stated { .. } => {
                let (runtime, (low, high)) = (self.runtime, self.emitter.bounds(index));
                code!(#runtime::expr::minus(#high, #low))
            }
        }
    }
}
