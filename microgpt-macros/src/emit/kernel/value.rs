//! The values of a kernel: nodes of the graph, by their names where they have one.

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::Printer;
use crate::emit::{code, ident};
use crate::graph::{Array, FunctionId, IndexId, Node, NodeId, Subscript, Through, indices_of};
use crate::nest::ir::Update;
use crate::resolve::hir::Function;
use crate::syntax::ast::{Comparison, Operator};

impl Printer<'_> {
    /// The name of a node, if it has one, or what computes it.
    pub(super) fn node(&self, node: NodeId) -> TokenStream {
        match self.name(node) {
            Some(name) => code!(#name),
            None => self.unnamed(node),
        }
    }

    /// The value that an element gets, from that which is in `sum_`.
    pub(super) fn update(&self, value: Update) -> TokenStream {
        let runtime = self.runtime;
        match value {
            Update::Set(node) => self.node(node),
            Update::Add(node) => {
                let value = self.node(node);
                code!(#runtime::ops::add(sum_, #value))
            }
            Update::AddFused(node) => {
                let graph = self.emitter.graph;
                let Some([left, right]) = graph.factors(node) else {
                    unreachable!("what is fused is a product")
                };
                let is_adjoint = matches!(graph.nodes[node], Node::Pullback { .. });
                let fused = if is_adjoint { code!(pull_onto) } else { code!(fma) };
                let (left, right) = (self.node(left), self.node(right));
                code!(#runtime::expr::#fused(#left, #right, sum_))
            }
        }
    }

    pub(super) fn constant(&self, number: f64) -> TokenStream {
        let runtime = self.runtime;
        let number = match number {
            f64::INFINITY => code!(::core::primitive::f64::INFINITY),
            f64::NEG_INFINITY => code!(::core::primitive::f64::NEG_INFINITY),
            number => proc_macro2::Literal::f64_suffixed(number).to_token_stream(),
        };
        code!(#runtime::expr::constant(real_, #number))
    }

    #[allow(clippy::too_many_lines)] // one case for each kind of node
    fn unnamed(&self, node: NodeId) -> TokenStream {
        let runtime = self.runtime;
        let graph = self.emitter.graph;
        match graph.nodes[node].clone() {
            Node::Number(bits) => self.constant(f64::from_bits(bits)),
            Node::Integer(integer) => {
                self.along_row(|index| integer.names(index), self.emitter.number(&integer))
            }
            Node::Count(index) => {
                let bounds = graph.range_indices(index);
                let count = self.emitter.count(index);
                self.along_row(
                    |index| bounds.contains(&index),
                    code!(#runtime::expr::number(real_, #count)),
                )
            }
            Node::Load { array, subscripts, guard: None } => self.load(array, &subscripts),
            Node::Call { function, arguments } => {
                let path = self.function(function);
                let arguments = self.nodes(&arguments);
                code!(#path(#(#arguments),*))
            }
            Node::Local { function, arguments, result, argument } => {
                let path = self.function(function);
                let arguments = self.nodes(&arguments);
                let result = self.node(result);
                let argument = proc_macro2::Literal::usize_unsuffixed(argument);
                code!(#path::gradient([#(#arguments),*], #result)[#argument])
            }
            Node::Negate(operand) => {
                let operand = self.node(operand);
                code!(#runtime::ops::neg(#operand))
            }
            Node::Binary { operator, left, right } => {
                let (left, right) = (self.node(left), self.node(right));
                let op = match operator {
                    Operator::Add => code!(add),
                    Operator::Sub => code!(sub),
                    Operator::Mul => code!(mul),
                    Operator::Div => code!(div),
                    Operator::Pow => code!(pow),
                };
                code!(#runtime::ops::#op(#left, #right))
            }
            Node::Pullback { adjoint, through, factor } => {
                let (adjoint, factor) = (self.node(adjoint), self.node(factor));
                let pull = match through {
                    Through::Times => code!(pull),
                    Through::Over => code!(pull_over),
                };
                code!(#runtime::expr::#pull(#adjoint, #factor))
            }
            Node::Stop(operand) => {
                let operand = self.node(operand);
                code!(#runtime::expr::stopped(#operand))
            }
            Node::Select { condition, then, otherwise } => {
                let condition = self.node(condition);
                let (then, otherwise) = (self.node(then), self.node(otherwise));
                code!(if #condition { #then } else { #otherwise })
            }
            Node::Load { array, subscripts, guard: Some(guard) } => {
                let guard = self.node(guard);
                let name = self.emitter.array(array);
                let place = self.checked_address(array, &subscripts);
                let moves = |index: &IndexId| {
                    subscripts.iter().flat_map(indices_of).any(|named| named == *index)
                };
                let index = self.row.filter(moves).map(|index| {
                    let (name, current) = (self.emitter.index(index), self.current(index));
                    code!(let #name = #current;)
                });
                code!(if #guard { #index #name[#place] } else { #runtime::expr::constant(real_, 0.0) })
            }
            Node::Compare { comparison, left, right } => {
                let (left, right) = (self.node(left), self.node(right));
                let compare = match comparison {
                    Comparison::Less => code!(less(#left, #right)),
                    Comparison::Greater => code!(less(#right, #left)),
                    Comparison::LessOrEqual => code!(less_or_equal(#left, #right)),
                    Comparison::GreaterOrEqual => code!(less_or_equal(#right, #left)),
                    Comparison::Equal => code!(equal(#left, #right)),
                    Comparison::NotEqual => {
                        return code!(!#runtime::expr::equal(#left, #right));
                    }
                };
                code!(#runtime::expr::#compare)
            }
            Node::And(left, right) => {
                let (left, right) = (self.node(left), self.node(right));
                code!((#left && #right))
            }
            Node::Or(left, right) => {
                let (left, right) = (self.node(left), self.node(right));
                code!((#left || #right))
            }
            Node::Not(operand) => {
                let operand = self.node(operand);
                code!((!#operand))
            }
            Node::WhereAt { index, position, value } => {
                let (position, value) = (self.node(position), self.node(value));
                let index = self.current(index);
                code!(#runtime::expr::where_at(#index, #position, #value))
            }
            Node::Reduce { .. } => unreachable!("a reduction is the root of an equation"),
        }
    }

    fn nodes(&self, nodes: &[NodeId]) -> Vec<TokenStream> {
        nodes.iter().map(|&node| self.node(node)).collect()
    }

    fn function(&self, function: FunctionId) -> TokenStream {
        let runtime = self.runtime;
        match &self.emitter.graph.functions[function] {
            Function::Builtin(name) => {
                let name = ident(name);
                code!(#runtime::ops::#name)
            }
            Function::User(path) => path.clone(),
        }
    }

    /// An element that is not one of a row with a name.
    fn load(&self, array: Array, subscripts: &[Subscript]) -> TokenStream {
        let name = self.emitter.array(array);
        let address = self.address(array, subscripts, None);
        let moves =
            |index: &IndexId| subscripts.iter().flat_map(indices_of).any(|named| named == *index);
        if let Some(index) = self.row.filter(moves) {
            let (index_name, current) = (self.emitter.index(index), self.current(index));
            return code!({ let #index_name = #current; #name[#address] });
        }
        code!(#name[#address])
    }

    /// An index where it stands: along a row, its first value and the position.
    fn current(&self, index: IndexId) -> TokenStream {
        if Some(index) != self.row {
            let name = self.emitter.index(index);
            return code!(#name);
        }
        let (low, _) = self.emitter.bounds(index);
        if low.to_string() == "0" { code!(position_) } else { code!(#low + position_) }
    }

    /// A value with the index of the row bound around it, if it names that.
    fn along_row(&self, names: impl Fn(IndexId) -> bool, value: TokenStream) -> TokenStream {
        let Some(index) = self.row.filter(|&index| names(index)) else { return value };
        let (name, current) = (self.emitter.index(index), self.current(index));
        code!({ let #name = #current; #value })
    }
}
