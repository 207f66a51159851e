//! One kernel to Rust: a walk over its statements, which decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};

use crate::emit::{Emitter, code, ident, steps};
use crate::graph::{Array, IndexId, IndexRange, Length, Node, NodeId, Subscript};
use crate::nest::free::{Shapes, free};
use crate::nest::ir::{Element, Guard, Kernel, Kind, Let, Reduce, Row, Stmt};
use crate::nest::temporaries::Temporaries;
use crate::resolve::hir::{Axis, IntegersId};

mod address;
mod micro;
mod reduce;
mod value;

/// What a kernel is in Rust.
pub struct Function {
    pub name: Ident,
    /// The function itself.
    pub item: TokenStream,
    pub call: TokenStream,
    /// The arrays that it names.
    pub arrays: BTreeSet<Array>,
}

/// A function that does what a kernel says. What it computes is its documentation.
pub fn function(emitter: &Emitter<'_>, name: &str, computed: &str, kernel: &Kernel) -> Function {
    let (runtime, name) = (emitter.runtime, ident(name));
    let free = free(emitter.graph, emitter.interleaving(true), emitter, kernel);
    let mut parameters = BTreeMap::new();
    let mut parameter = |name: &Ident, kind: TokenStream| {
        parameters.insert(name.to_string(), (name.clone(), kind));
    };
    for &array in &free.arrays {
        let mutable = (array == kernel.target).then(|| code!(mut));
        parameter(&emitter.array(array), code!(&#mutable [T]));
    }
    for &operand in &free.integers {
        let integers = code!(&[::core::primitive::usize]);
        let integer = code!(::core::primitive::usize);
        let is_array = emitter.is_integer_array(operand);
        parameter(emitter.integer_operand(operand), if is_array { integers } else { integer });
    }
    let (mut axes, mut lengths) = (free.axes, BTreeMap::new());
    for &length in &free.lengths {
        if let Length::Class(_) = length {
            // Computed in the function: a constant where the axis is one.
            let (len, axis) = (emitter.len(length), emitter.axis(length));
            lengths.insert(len.to_string(), code!(let #len = #runtime::shape::Dim::len(#axis);));
        }
        axes.insert(length);
    }
    for &length in &axes {
        let kind = match length {
            Length::Class(_) => code!(impl #runtime::shape::Dim),
            Length::Extent(_) => code!(::core::primitive::usize),
        };
        parameter(&emitter.axis(length), kind);
    }
    for start in free.starts.iter().filter_map(|&index| emitter.start(index)) {
        parameter(&start, code!(::core::primitive::usize));
    }
    for &index in kernel.steps.iter().flat_map(|steps| &steps.indices) {
        parameter(emitter.index(index), code!(::core::primitive::usize));
    }
    let split = steps::split(&free.arrays, kernel).filter(|split| split.after);
    if let Some(split) = split {
        parameter(&emitter.first_of(split.array), code!(::core::primitive::usize));
    }
    if kernel.packs() {
        parameter(&ident("packed_"), code!(&mut #runtime::expr::Packed<T>));
    }
    if free.below {
        parameter(&ident("below_"), code!(#runtime::expr::Below<'_, T>));
    }
    let real = free.constants.then(|| code!(let real_ = ::core::marker::PhantomData::<T>;));
    // A loop costs more than a call, and is compiled best by itself; arithmetic does not.
    let inline = kernel.has_loops().then(|| code!(#[inline(never)]));
    let temporaries = Temporaries::default();
    let mut printer = Printer {
        emitter,
        runtime,
        is_interleaved: false,
        row: None,
        after: split.map(|split| split.array),
        temporaries,
    };
    let body = printer.stmts(&kernel.body, None);
    let lengths = lengths.into_values();
    let arguments = parameters.values().map(|(name, _)| name);
    let parameters = parameters.values().map(|(name, kind)| code!(#name: #kind));
    let computed = format!(" `{computed}`");
    let item = code! {
        #[doc = #computed]
        #inline
        fn #name<T: #runtime::Real>(#(#parameters),*) {
            #real
            #(#lengths)*
            #body
        }
    };
    let call = code!(#name(#(#arguments),*););
    Function { name, item, call, arrays: free.arrays }
}

impl Shapes for Emitter<'_> {
    fn axes(&self, array: Array) -> Vec<(Length, Option<IndexId>)> {
        self.axis_lengths(array)
    }

    fn integer_axes(&self, operand: IntegersId) -> Vec<Length> {
        let rank = self.checked.integers[operand].rank;
        (0..rank).map(|axis| self.class(Axis::Integers { operand, axis })).collect()
    }
}

/// Writes statements one after the other.
struct Printer<'a> {
    emitter: &'a Emitter<'a>,
    runtime: &'a TokenStream,
    /// Whether the arrays lie interleaved that may.
    is_interleaved: bool,
    /// The index of the vectors, inside what is computed for each of their elements.
    row: Option<IndexId>,
    /// The array of which only what lies after the present step is at hand.
    after: Option<Array>,
    temporaries: Temporaries,
}

impl Printer<'_> {
    /// The name of a node, if it has one.
    fn name(&self, node: NodeId) -> Option<Ident> {
        self.temporaries.name(node).map(|name| ident(&format!("{name}_")))
    }

    /// Statements in turn, inside of a reduction or of none.
    fn stmts(&mut self, stmts: &[Stmt], reduce: Option<&Reduce>) -> TokenStream {
        let before = self.temporaries.clone();
        let mut code = TokenStream::new();
        for stmt in stmts {
            code.extend(self.stmt(stmt, reduce));
            if !matches!(stmt, Stmt::Let(_)) {
                self.temporaries.end_nest(&before);
            }
        }
        code
    }

    /// Statements whose temporaries end with them.
    fn scope(&self, is_interleaved: bool, stmts: &[Stmt]) -> TokenStream {
        Printer { is_interleaved, ..self.inner() }.stmts(stmts, None)
    }

    /// The statements inside a loop, or of a reduction, whose temporaries end with them.
    fn within(&self, stmts: &[Stmt], reduce: Option<&Reduce>) -> TokenStream {
        self.inner().stmts(stmts, reduce)
    }

    /// What writes a block inside, whose temporaries are none of what comes after it.
    fn inner(&self) -> Self {
        Printer { temporaries: self.temporaries.clone(), ..*self }
    }

    fn stmt(&mut self, stmt: &Stmt, reduce: Option<&Reduce>) -> TokenStream {
        let runtime = self.runtime;
        match stmt {
            Stmt::Specialize { when, then, otherwise } => {
                let (when, is_interleaved) = match when {
                    Guard::Interleaved => (self.emitter.is_interleaved(), true),
                    Guard::Holds(condition) => (Some(self.node(*condition)), self.is_interleaved),
                    Guard::Long(index) => {
                        let size = self.size(*index);
                        (Some(code!(#runtime::expr::is_long(#size))), self.is_interleaved)
                    }
                };
                let then = self.scope(is_interleaved, then);
                let is_chain = matches!(otherwise.as_slice(), [Stmt::Specialize { .. }]);
                let otherwise = self.scope(self.is_interleaved, otherwise);
                if otherwise.is_empty() {
                    code!(if #when { #then })
                } else if is_chain {
                    code!(if #when { #then } else #otherwise)
                } else {
                    code!(if #when { #then } else { #otherwise })
                }
            }
            Stmt::Scope(body) => {
                let body = self.scope(self.is_interleaved, body);
                code!({ #body })
            }
            Stmt::For { index, kind, body } => {
                let body = self.within(body, reduce);
                let name = self.emitter.index(*index);
                if *kind == Kind::Block {
                    return code!(for #name in range_ { #body });
                }
                let (low, high) = self.emitter.bounds(*index);
                code!(for #name in #low..#high { #body })
            }
            Stmt::Combine(_) => unreachable!("each combination has its accumulator"),
            Stmt::Let(of) => self.temporary(of),
            Stmt::Store { to, value } => {
                let (name, address) = (self.emitter.array(to.array), self.element(to));
                let new = self.update(*value);
                if value.is_set() {
                    code!(#name[#address] = #new;)
                } else {
                    code!(#name[#address] = { let sum_ = #name[#address]; #new };)
                }
            }
            Stmt::StoreIf { condition, to, value } => {
                let name = self.emitter.array(to.array);
                let (condition, value) = (self.node(*condition), self.node(*value));
                let place = self.checked_address(to.array, &to.subscripts);
                code! {
                    if #condition {
                        let place_ = #place;
                        #name[place_] = #runtime::ops::add(#name[place_], #value);
                    }
                }
            }
            Stmt::StoreRow { to, row } => {
                let (rows, step) = (self.loads(row), self.step(row));
                let target = self.target_row(to, row.index);
                let write = if row.value.is_set() { code!(map) } else { code!(accumulate) };
                code!(#runtime::expr::#write(#target, [#(#rows),*], #step);)
            }
            Stmt::Reduce(reduce) => self.reduce(reduce),
            Stmt::Term(term) => match reduce {
                Some(reduce) => self.term(term, reduce),
                None => unreachable!("a term is one of a reduction"),
            },
            Stmt::Scan { along, to, value, body } => self.scan(*along, to, *value, body),
            Stmt::Call(call) => self.call(call),
            Stmt::Require { holds, reduction, index, within } => {
                let holds = self.node(*holds);
                let index = self.emitter.checked.index_at_run_time(index);
                let check = code!(#runtime::expr::require(#holds, #reduction, #index););
                let has_value = within.iter().map(|&index| {
                    let (low, high) = self.emitter.bounds(index);
                    code!(#low < #high)
                });
                if within.is_empty() { check } else { code!(if #(#has_value)&&* { #check }) }
            }
        }
    }

    fn temporary(&mut self, of: &Let) -> TokenStream {
        let runtime = self.runtime;
        let value = match of {
            Let::Node(node) => self.node(*node),
            Let::Row { node, index } => self.row_of(*node, *index),
            Let::Length(index) => {
                let len = ident("row_len_");
                if let IndexRange::Whole(length) = self.emitter.graph.indices[*index].range {
                    let whole = self.emitter.len(length);
                    return code!(let #len = #whole;);
                }
                let (low, high) = self.emitter.bounds(*index);
                return if low.to_string() == "0" {
                    code!(let #len = #high;)
                } else {
                    code!(let #len = #runtime::expr::minus(#high, #low);)
                };
            }
            Let::Products => return code!(let others_ = &mut #runtime::expr::Others::new();),
        };
        let name = self.temporaries.add(of).and_then(|node| self.name(node));
        code!(let #name = #value;)
    }

    /// The rows that a row reads.
    fn loads(&self, row: &Row) -> Vec<Ident> {
        row.loads.iter().filter_map(|&node| self.name(node)).collect()
    }

    /// What is computed for each element of a row: a closure.
    fn step(&self, row: &Row) -> TokenStream {
        let mut inner = Printer { row: Some(row.index), ..self.inner() };
        let mut temporaries = TokenStream::new();
        for &node in &row.temporaries {
            temporaries.extend(inner.temporary(&Let::Node(node)));
        }
        let value = inner.update(row.value);
        let sum = (!row.value.is_set()).then(|| code!(sum_,));
        let names = self.loads(row);
        code!(|#sum position_, [#(#names),*]| { #temporaries #value })
    }

    /// The row that is written.
    fn target_row(&self, to: &Element, index: IndexId) -> TokenStream {
        let (runtime, len, name) = (self.runtime, ident("row_len_"), self.emitter.array(to.array));
        let first = self.address(to.array, &to.subscripts, Some(index));
        let stored = self.in_order(to.array, &to.subscripts);
        if self.begins_with_its_axis(&stored, index) {
            code!(&mut #name[#first..][..#len])
        } else {
            code!(&mut #runtime::expr::from_mut(#name, #len, || #first)[..#len])
        }
    }

    /// A row that is read: the elements of an array along an index.
    fn row_of(&self, node: NodeId, index: IndexId) -> TokenStream {
        let Node::Load { array, subscripts, .. } = &self.emitter.graph.nodes[node] else {
            unreachable!("a row is of elements of an array")
        };
        let (runtime, len) = (self.runtime, ident("row_len_"));
        let (name, stored) = (self.emitter.array(*array), self.in_order(*array, subscripts));
        let first = self.address(*array, subscripts, Some(index));
        if self.begins_with_its_axis(&stored, index) {
            code!(&#name[#first..][..#len])
        } else {
            // A row without elements may begin beyond the array.
            code!(&#runtime::expr::from(#name, #len, || #first)[..#len])
        }
    }

    /// Whether a row begins where its axis does.
    fn begins_with_its_axis(&self, subscripts: &[Subscript], index: IndexId) -> bool {
        let plain = Subscript::index(index);
        subscripts.last() == Some(&plain) && self.emitter.begins_at_zero(index)
    }
}
