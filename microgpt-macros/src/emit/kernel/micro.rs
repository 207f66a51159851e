//! Calls of micro-kernels.

use proc_macro2::TokenStream;

use super::Printer;
use crate::emit::code;
use crate::graph::{Array, IndexId, IndexRange, Node, NodeId, Subscript, indices_of};
use crate::nest::contract::Ragged;
use crate::nest::ir::{Element, MicroKernel};

impl Printer<'_> {
    pub(super) fn call(&self, call: &MicroKernel) -> TokenStream {
        let runtime = self.runtime;
        match call {
            MicroKernel::Dots { to, adds, each, along, left, right } => {
                let name = self.emitter.array(to.array);
                let [rows, columns] = [each, along].map(|index| self.size(*index));
                let [left, right] = [left, right].map(|node| self.elements(*node));
                let target = self.element(to);
                let starts = self.starts(&[*each, *along]);
                code! {
                    #starts
                    #runtime::expr::dots(#rows, #columns, &mut #name[#target..], #adds, #left, #right);
                }
            }
            MicroKernel::Contract { to, adds, m, n, k, left, right, packed, ragged } => {
                let left = self.factor(*left, m, k);
                let mut right = self.factor(*right, n, k);
                if call.has_panels(self.emitter.graph) {
                    right.extend(code!(.below(below_)));
                }
                let target = self.target(to, *adds, m);
                match ragged {
                    None => {
                        let starts = self.starts(&[&m[..], n, k].concat());
                        let sizes = [m, n, k].map(|indices| self.size_of_all(indices));
                        let sizes = code!((#(#sizes),*));
                        if *packed {
                            return code! {
                                #starts
                                #runtime::expr::contract_packed(#target, #left, #right, #sizes, packed_);
                            };
                        }
                        code! {
                            #starts
                            #runtime::expr::contract(#target, #left, #right, #sizes);
                        }
                    }
                    Some(ragged) => self.ragged(*ragged, [m, n, k], &[target, left, right]),
                }
            }
        }
    }

    /// A contraction whose bounds change with one of its indices.
    fn ragged(
        &self,
        ragged: Ragged,
        [m, n, k]: [&[IndexId]; 3],
        operands: &[TokenStream; 3],
    ) -> TokenStream {
        let runtime = self.runtime;
        let (kind, outer, inner, free) = match ragged {
            Ragged::Columns => (code!(Columns), m, n, k),
            Ragged::Terms => (code!(Terms), m, k, n),
            Ragged::Rows => (code!(Rows), k, m, n),
        };
        let ([outer], [inner]) = (outer, inner) else {
            unreachable!("what bounds another index is one")
        };
        let all = [m, n, k].concat();
        let rest: Vec<IndexId> = all.into_iter().filter(|index| index != inner).collect();
        let starts = self.starts(&rest);
        let (outer_name, (start, end)) = (self.emitter.index(*outer), self.emitter.bounds(*outer));
        let (inner_name, (low, high)) = (self.emitter.index(*inner), self.emitter.bounds(*inner));
        let free = self.size_of_all(free);
        code! {
            let ranges_ = |#outer_name: ::core::primitive::usize| (#low, #high);
            let #inner_name = #runtime::expr::least(#start..#end, ranges_);
            #starts
            #runtime::expr::contract_ragged(
                #runtime::expr::Ragged::#kind,
                #(#operands,)*
                #free,
                #start..#end,
                #inner_name,
                ranges_,
            );
        }
    }

    /// The first values of indices, where their loops would begin.
    pub(super) fn starts(&self, indices: &[IndexId]) -> TokenStream {
        let names = indices.iter().map(|&index| self.emitter.index(index));
        let lows = indices.iter().map(|&index| self.emitter.bounds(index).0);
        code!(let (#(#names),*) = (#(#lows),*);)
    }

    /// A factor of a contraction: from one line to the next, if there are several, and along the terms.
    fn factor(&self, factor: NodeId, lines: &[IndexId], terms: &[IndexId]) -> TokenStream {
        let (runtime, (array, subscripts)) = (self.runtime, self.load_of(factor));
        let (elements, first) = (self.emitter.array(array), self.address(array, subscripts, None));
        let [stride, step] = [lines, terms].map(|of| self.stride(array, subscripts, of));
        code!(#runtime::expr::Factor::new(#elements, #first, #stride, #step))
    }

    fn target(&self, to: &Element, adds: bool, rows: &[IndexId]) -> TokenStream {
        let (runtime, name) = (self.runtime, self.emitter.array(to.array));
        let (first, stride) = (self.element(to), self.stride(to.array, &to.subscripts, rows));
        code!(#runtime::expr::Target::new(#name, #first, #stride, #adds))
    }

    /// The elements of a factor from its first on.
    pub(super) fn elements(&self, factor: NodeId) -> TokenStream {
        let (array, subscripts) = self.load_of(factor);
        let (elements, first) = (self.emitter.array(array), self.address(array, subscripts, None));
        code!(&#elements[#first..])
    }

    /// The array and the subscripts of a factor.
    fn load_of(&self, factor: NodeId) -> (Array, &[Subscript]) {
        let Node::Load { array, subscripts, .. } = &self.emitter.graph.nodes[factor] else {
            unreachable!("each factor is an element of an array")
        };
        (*array, subscripts)
    }

    /// From one value of indices that move by one, as one, to the next, in elements of an array.
    fn stride(&self, array: Array, subscripts: &[Subscript], indices: &[IndexId]) -> TokenStream {
        let Some(index) = indices.last() else { return code!(0) };
        let (axes, subscripts) = (self.axes(array), self.in_order(array, subscripts));
        let along = subscripts.iter().rposition(|subscript| indices_of(subscript).contains(index));
        let inner = axes.iter().skip(along.map_or(0, |axis| axis + 1)).map(|(len, _)| len);
        inner.map(|len| code!(#len)).reduce(|all, len| code!(#all * #len)).unwrap_or(code!(1))
    }

    /// The number of values of indices whose axes lie side by side, as one axis.
    fn size_of_all(&self, indices: &[IndexId]) -> TokenStream {
        let runtime = self.runtime;
        match indices {
            [] => return code!(#runtime::Const::<1>),
            [index] => return self.size(*index),
            _ => {}
        }
        let len = |&index: &IndexId| {
            let axis = self.size(index);
            code!(#runtime::shape::Dim::len(#axis))
        };
        let all = indices.iter().map(len).reduce(|all, len| code!(#all * #len));
        all.unwrap_or_else(|| code!(1))
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
