//! One loop nest to Rust.
//!
//! A node is computed in the loop of its last index and no deeper. Along the innermost index
//! contiguous operands are rows: slices of one length, whose elements a closure receives.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;

use crate::emit::{Emitter, code, ident};
use crate::graph::{
    Array, Fold, Graph, IndexId, IndexRange, Node, NodeId, Subscript, Through, children, indices_of,
};
use crate::nest::storage::Storage;
use crate::nest::{Inner, Nest, Target, Walk, walk};
use crate::resolve::term::{Affine, Function};
use crate::syntax::ast::{Comparison, Operator};

mod address;
mod contraction;
mod fold;
pub mod requirements;

/// Writes a nest.
pub fn write(emitter: &Emitter<'_>, nest: &Nest) -> TokenStream {
    let mut cases = TokenStream::new();
    if let (Some(interleaved), Some(is_interleaved)) = (&nest.interleaved, emitter.is_interleaved())
    {
        let rows = Writer::new(emitter, interleaved).nest();
        cases.extend(code!(if #is_interleaved { #rows } else));
    }
    if let Some(long) = &nest.long {
        let writer = Writer::new(emitter, long);
        let is_long = writer.is_long();
        let blocks = writer.nest();
        cases.extend(code!(if #is_long { #blocks } else));
    }
    let loops = Writer::new(emitter, nest).nest();
    if cases.is_empty() { loops } else { code!(#cases { #loops }) }
}

/// The array that a nest writes, or the gradient.
pub fn target_name(emitter: &Emitter<'_>, nest: &Nest) -> Ident {
    match nest.target.array {
        Array::Operand(operand) => emitter.gradient(operand),
        other => emitter.array(other),
    }
}

struct Writer<'a> {
    emitter: &'a Emitter<'a>,
    nest: &'a Nest,
    runtime: &'a TokenStream,
    /// The innermost index, if it is handled by rows.
    row_index: Option<IndexId>,
    /// Whether a row may be computed a few elements too far, by whole vectors.
    padded: bool,
    /// The loops that are written as loops.
    loops: &'a [IndexId],
    /// What is computed in each loop, outside all of them first.
    statements: Vec<Vec<TokenStream>>,
    rows: Vec<TokenStream>,
    row_names: Vec<Ident>,
    /// Statements of the closure along the row.
    inner: Vec<TokenStream>,
    uses: BTreeMap<NodeId, usize>,
    done: BTreeMap<NodeId, TokenStream>,
}

impl<'a> Writer<'a> {
    fn new(emitter: &'a Emitter<'a>, nest: &'a Nest) -> Self {
        let row_index = nest.inner.index();
        let loops = &nest.loops[..nest.loops.len() - nest.inner.depth()];
        let mut writer = Self {
            emitter,
            nest,
            runtime: emitter.runtime,
            row_index,
            padded: nest.storage == Storage::AsWritten
                && row_index.is_some_and(|index| is_padded(emitter.graph, nest, index)),
            loops,
            statements: vec![Vec::new(); loops.len() + 1],
            rows: Vec::new(),
            row_names: Vec::new(),
            inner: Vec::new(),
            uses: BTreeMap::new(),
            done: BTreeMap::new(),
        };
        let mut seen = BTreeSet::new();
        for root in [Some(nest.body), nest.condition].into_iter().flatten() {
            writer.count(root, &mut seen);
        }
        writer
    }

    fn count(&mut self, node: NodeId, seen: &mut BTreeSet<NodeId>) {
        *self.uses.entry(node).or_default() += 1;
        if seen.insert(node) {
            for child in children(&self.emitter.graph.nodes[node]) {
                self.count(child, seen);
            }
        }
    }

    // ------------------------------------------------------------ the nest

    fn nest(mut self) -> TokenStream {
        let runtime = self.runtime;
        let outer = self.nest.outer;
        let name = target_name(self.emitter, self.nest);
        let body = match self.nest.inner {
            Inner::Row(index) if self.nest.fold != Fold::Sum => self.best_row(&name, index),
            Inner::Row(index) => {
                let len = ident("row_len_");
                let step = self.step(self.nest.target.add || outer < self.loops.len());
                let rows = &self.rows;
                let row = self.target_row(&name, index);
                if self.padded {
                    code!(#runtime::expr::map_padded(#row, #len, [#(#rows),*], #step);)
                } else if outer == self.loops.len() {
                    let write = if self.nest.target.add { code!(accumulate) } else { code!(map) };
                    code!(#runtime::expr::#write(#row, [#(#rows),*], #step);)
                } else {
                    let axis = self.size(index);
                    let clear = (!self.nest.target.add)
                        .then(|| code!(row_.fill(#runtime::expr::constant(real_, 0.0));));
                    let accumulate = code!(#runtime::expr::accumulate(row_, [#(#rows),*], #step););
                    let (range, inside) = self.in_blocks(accumulate);
                    code!(#runtime::shape::Dim::local_blocks(#axis, #row, #range, |row_, range_| {
                        #clear
                        #inside
                    });)
                }
            }
            Inner::RowOfSums { row, over } => self.row_of_sums(&name, row, over),
            Inner::Lanes(_) if self.nest.fold != Fold::Sum => self.best_in_lanes(&name),
            Inner::Lanes(_) => {
                let step = self.step(true);
                let (rows, len) = (&self.rows, ident("row_len_"));
                let add = code!(sum_.row(#len, [#(#rows),*], #step););
                self.summed(&name, add)
            }
            Inner::Products(products) => self.products(&name, products),
            Inner::Contraction(contraction) => self.contraction(&name, contraction),
            Inner::Element if self.nest.condition.is_some() => self.conditional(&name),
            Inner::Element if self.nest.fold == Fold::Sum && outer == self.loops.len() => {
                let target = self.target_address(None);
                if self.nest.target.add {
                    let value = self.accumulated(self.nest.body);
                    code!(#name[#target] = { let sum_ = #name[#target]; #value };)
                } else {
                    let value = self.node(self.nest.body);
                    code!(#name[#target] = #value;)
                }
            }
            Inner::Element if self.nest.fold == Fold::Sum => {
                let value = self.accumulated(self.nest.body);
                self.summed(&name, code!(sum_.term(|sum_| #value);))
            }
            Inner::Element if self.nest.fold == Fold::Others => return self.others(&name),
            Inner::Element => self.best(&name),
        };
        // What belongs inside the kept sum was written there; the rest goes around it.
        let body = self.around_to(0, outer, body);
        let statements = std::mem::take(&mut self.statements[0]);
        code!(#(#statements)* #body)
    }

    /// An addition where the target has a place.
    fn conditional(&mut self, name: &Ident) -> TokenStream {
        let runtime = self.runtime;
        let condition = self.nest.condition.map(|condition| self.node(condition));
        let value = self.node(self.nest.body);
        let place = self.checked_address(self.nest.target.array, &self.nest.target.subscripts);
        code! {
            if #condition {
                let place_ = #place;
                #name[place_] = #runtime::ops::add(#name[place_], #value);
            }
        }
    }

    /// The loops from `level` inwards around `body`; what is computed outside the first of them
    /// stays with the loop outside.
    fn around(&mut self, level: usize, body: TokenStream) -> TokenStream {
        self.around_to(level, self.loops.len(), body)
    }

    fn around_to(&mut self, level: usize, end: usize, body: TokenStream) -> TokenStream {
        (level..end).rev().fold(body, |body, position| {
            let statements = std::mem::take(&mut self.statements[position + 1]);
            self.one_loop(self.loops[position], &statements, &body)
        })
    }

    /// The loops of a sum that is kept in registers, the first of them over a part of its range: what is
    /// added up one by one must not become so long that terms are lost in it.
    fn in_blocks(&mut self, body: TokenStream) -> (TokenStream, TokenStream) {
        let first = self.nest.outer;
        let inside = self.around(first + 1, body);
        let statements = std::mem::take(&mut self.statements[first + 1]);
        let index = self.loops[first];
        let (name, (low, high)) = (self.emitter.index(index), self.emitter.bounds(index));
        (code!(#low..#high), code!(for #name in range_ { #(#statements)* #inside }))
    }

    fn one_loop(
        &self,
        index: IndexId,
        statements: &[TokenStream],
        body: &TokenStream,
    ) -> TokenStream {
        let name = self.emitter.index(index);
        let (low, high) = self.emitter.bounds(index);
        code!(for #name in #low..#high { #(#statements)* #body })
    }

    /// The number of elements along a row, and the loop in which it is known.
    fn row_length(&self, index: IndexId) -> (usize, TokenStream) {
        let level = self.level(&self.emitter.graph.range_indices(index));
        let len = ident("row_len_");
        let tokens = match &self.emitter.graph.indices[index].range {
            IndexRange::Whole(length) => {
                let whole = self.emitter.len(*length);
                code!(let #len = #whole;)
            }
            IndexRange::Stated { .. } => {
                let (low, high) = self.emitter.bounds(index);
                let runtime = self.runtime;
                if low.to_string() == "0" {
                    code!(let #len = #high;)
                } else {
                    code!(let #len = #runtime::expr::minus(#high, #low);)
                }
            }
        };
        (level, tokens)
    }

    /// How many of the loops must be entered before all of these indices have values.
    fn level(&self, free: &BTreeSet<IndexId>) -> usize {
        self.loops.iter().rposition(|index| free.contains(index)).map_or(0, |at| at + 1)
    }

    // ------------------------------------------------------------ nodes

    /// The closure along a row; `sums` if it takes what is there before.
    fn step(&mut self, sums: bool) -> TokenStream {
        let body = self.nest.body;
        let value = if sums { self.accumulated(body) } else { self.node(body) };
        if let Some(index) = self.row_index {
            let (level, length) = self.row_length(index);
            self.statements[level].insert(0, length);
        }
        let (names, inner) = (&self.row_names, &self.inner);
        let sum = sums.then(|| code!(sum_,));
        code!(|#sum position_, [#(#names),*]| { #(#inner)* #value })
    }

    /// `sum + body`, fused where the body is a product that changes along the innermost loop.
    fn accumulated(&mut self, node: NodeId) -> TokenStream {
        let runtime = self.runtime;
        if let Some([left, right]) = self.emitter.graph.factors(node)
            && self.nest.is_fused(self.emitter.graph)
        {
            let is_adjoint = matches!(self.emitter.graph.nodes[node], Node::Pullback { .. });
            let fused = if is_adjoint { code!(pull_onto) } else { code!(fma) };
            let (left, right) = (self.node(left), self.node(right));
            return code!(#runtime::expr::#fused(#left, #right, sum_));
        }
        let value = self.node(node);
        code!(#runtime::ops::add(sum_, #value))
    }

    /// Whether a node is computed before the innermost loop.
    fn is_outside(&self, node: NodeId) -> bool {
        match self.row_index {
            Some(index) => !self.emitter.graph.free(node).contains(&index),
            None => self.level(self.emitter.graph.free(node)) < self.loops.len(),
        }
    }

    /// The value of a node, in the loop where it is asked for.
    fn node(&mut self, node: NodeId) -> TokenStream {
        if let Some(done) = self.done.get(&node) {
            return done.clone();
        }
        let value = self.value(node);
        let trivial = matches!(self.emitter.graph.nodes[node], Node::Number(_))
            || value.clone().into_iter().count() == 1;
        let outside = self.row_index.is_some_and(|_| self.is_outside(node));
        let shared = self.uses.get(&node).copied().unwrap_or(1) > 1;
        let level = self.level(self.emitter.graph.free(node));
        // What is used once, in the loop where it is computed, needs no name.
        let named = !trivial && (shared || outside || level < self.loops.len());
        let done = if named {
            let name = ident(&format!("row{node}_"));
            let statement = code!(let #name = #value;);
            if self.row_index.is_some() && !outside {
                self.inner.push(statement);
            } else {
                self.statements[level].push(statement);
            }
            code!(#name)
        } else {
            value
        };
        self.done.insert(node, done.clone());
        done
    }

    #[allow(clippy::too_many_lines)] // one case for each kind of node
    fn value(&mut self, node: NodeId) -> TokenStream {
        let runtime = self.runtime;
        let graph = self.emitter.graph;
        match graph.nodes[node].clone() {
            Node::Number(bits) => {
                let number = match f64::from_bits(bits) {
                    f64::INFINITY => code!(::core::primitive::f64::INFINITY),
                    f64::NEG_INFINITY => code!(::core::primitive::f64::NEG_INFINITY),
                    number => proc_macro2::Literal::f64_suffixed(number).to_token_stream(),
                };
                code!(#runtime::expr::constant(real_, #number))
            }
            Node::Integer(affine) => self.number(&affine),
            Node::Count(index) => {
                let bounds = graph.range_indices(index);
                let count = self.emitter.count(index);
                self.along_row(
                    |index| bounds.contains(&index),
                    code!(#runtime::expr::number(real_, #count)),
                )
            }
            Node::Load { array, subscripts, guard: None } => self.load(array, &subscripts, node),
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
                    subscripts.iter().flat_map(indices_of).any(|one| one == *index)
                };
                let index = self.row_index.filter(moves).map(|index| {
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
            Node::And(one, other) => {
                let (one, other) = (self.node(one), self.node(other));
                code!((#one && #other))
            }
            Node::Or(one, other) => {
                let (one, other) = (self.node(one), self.node(other));
                code!((#one || #other))
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

    fn nodes(&mut self, nodes: &[NodeId]) -> Vec<TokenStream> {
        nodes.iter().map(|&node| self.node(node)).collect()
    }

    fn function(&self, function: usize) -> TokenStream {
        let runtime = self.runtime;
        match &self.emitter.graph.functions[function] {
            Function::Builtin(name) => {
                let name = ident(name);
                code!(#runtime::ops::#name)
            }
            Function::User(path) => path.clone(),
        }
    }

    /// An index where it stands: along a row, its first value and the position.
    fn current(&self, index: IndexId) -> TokenStream {
        if Some(index) != self.row_index {
            let name = self.emitter.index(index);
            return code!(#name);
        }
        let (low, _) = self.emitter.bounds(index);
        if low.to_string() == "0" { code!(position_) } else { code!(#low + position_) }
    }

    fn number(&self, affine: &Affine<IndexId>) -> TokenStream {
        let runtime = self.runtime;
        let (plus, minus) = self.emitter.parts(affine);
        let value = match minus {
            None => code!(#runtime::expr::number(real_, #plus)),
            Some(minus) => code!(#runtime::expr::difference(real_, #plus, #minus)),
        };
        self.along_row(|index| affine.factor(index) != 0, value)
    }

    /// A value with the index of the row bound around it, if it names that.
    fn along_row(&self, names: impl Fn(IndexId) -> bool, value: TokenStream) -> TokenStream {
        let Some(index) = self.row_index.filter(|&index| names(index)) else { return value };
        let (name, current) = (self.emitter.index(index), self.current(index));
        code!({ let #name = #current; #value })
    }

    /// The row that the nest writes.
    fn target_row(&self, name: &Ident, index: IndexId) -> TokenStream {
        let (runtime, len) = (self.runtime, ident("row_len_"));
        let Target { array, subscripts, .. } = &self.nest.target;
        let first = self.address(*array, subscripts, Some(index));
        let stored = self.in_order(*array, subscripts);
        let whole = (!self.padded).then(|| code!([..#len]));
        if self.begins_with_its_axis(&stored, index) {
            code!(&mut #name[#first..]#whole)
        } else {
            let row = code!(#runtime::expr::from_mut(#name, #len, || #first));
            if self.padded { row } else { code!(&mut #row[..#len]) }
        }
    }

    /// A row that the nest reads: the elements of an array from `first` on.
    fn row(
        &self,
        name: &Ident,
        stored: &[Subscript],
        first: &TokenStream,
        index: IndexId,
    ) -> TokenStream {
        let (runtime, len) = (self.runtime, ident("row_len_"));
        let whole = (!self.padded).then(|| code!([..#len]));
        if self.begins_with_its_axis(stored, index) {
            code!(&#name[#first..]#whole)
        } else {
            // A row without elements may begin beyond the array.
            let row = code!(#runtime::expr::from(#name, #len, || #first));
            if self.padded { row } else { code!(&#row[..#len]) }
        }
    }

    /// Whether a row begins where its axis does.
    fn begins_with_its_axis(&self, subscripts: &[Subscript], index: IndexId) -> bool {
        let plain = Subscript::Affine(Affine::index(index));
        subscripts.last() == Some(&plain) && self.emitter.begins_at_zero(index)
    }

    fn load(&mut self, array: Array, subscripts: &[Subscript], node: NodeId) -> TokenStream {
        let name = self.emitter.array(array);
        let stored = self.in_order(array, subscripts);
        let along = self.row_index.map(|index| (index, walk(&stored, index)));
        match along {
            Some((index, Walk::Contiguous)) => {
                let first = self.address(array, subscripts, Some(index));
                let mut free: BTreeSet<IndexId> = subscripts.iter().flat_map(indices_of).collect();
                free.remove(&index);
                free.extend(self.emitter.graph.range_indices(index));
                let level = self.level(&free);
                let row = ident(&format!("row{node}_"));
                let part = self.row(&name, &stored, &first, index);
                self.statements[level].push(code!(let #row = #part;));
                self.rows.push(code!(#row));
                self.row_names.push(row.clone());
                code!(#row)
            }
            Some((index, Walk::Strided)) => {
                let address = self.address(array, subscripts, None);
                let (index_name, current) = (self.emitter.index(index), self.current(index));
                code!({ let #index_name = #current; #name[#address] })
            }
            _ => {
                let address = self.address(array, subscripts, None);
                code!(#name[#address])
            }
        }
    }
}

/// Whether a row calls ops, which cost more than what else a row takes, and can be computed past its
/// end: it reads contiguous elements alone, and no op of the user's is called, which may not be made
/// for what lies there.
fn is_padded(graph: &Graph, nest: &Nest, row: IndexId) -> bool {
    let along = graph.below([nest.body]).into_iter();
    let mut along = along.filter(|&node| graph.free(node).contains(&row));
    let pointwise = !nest.target.add && nest.outer + 1 == nest.loops.len();
    let calls = graph.has_call(nest.body) && nest.inner == Inner::Row(row);
    pointwise
        && calls
        && along.all(|node| match &graph.nodes[node] {
            Node::Load { subscripts, guard, .. } => {
                guard.is_none() && walk(subscripts, row) == Walk::Contiguous
            }
            Node::Call { function, .. } => {
                matches!(graph.functions[*function], Function::Builtin(_))
            }
            _ => true,
        })
}
