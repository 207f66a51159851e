//! Loop nests to Rust: operands, checks on entry, the layout of the record, and both passes.
//!
//! Every name that the generated code binds has the macro's own hygiene, and every path begins
//! with that of the run-time crate: nothing depends on what the user's code has named.
//!
//! A trait of the user may have methods of any name, for all types. Those of a value's own type go before them only
//! where they take just what stands before the dot: a value, or a reference that is one already. So a sum under way is
//! a reference, `let sum_ = &mut Sum::new();`, all of whose methods take that, and what else would borrow a value is
//! called by its path.

mod entry;
mod integers;
mod kernel;
mod record;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, Span, TokenStream};

use crate::graph::differentiate::Gradient;
use crate::graph::notation::Notation;
use crate::graph::{Array, ClassId, EquationId, Graph, IndexId, IndexRange, Length};
use crate::ids::IdVec;
use crate::nest::Kernels;
use crate::nest::layout::Interleaving;
use crate::resolve::hir::{Axis, Checked, IntegersId, OperandId};

/// Tokens whose names have the macro's own hygiene.
macro_rules! code {
    ($($tokens:tt)*) => { quote::quote_spanned!(proc_macro2::Span::mixed_site()=> $($tokens)*) };
}

/// A call of the run-time crate that stands at a place in the user's code: there the compiler
/// reports a type that does not fit, and a panic its caller. All names in it are paths or `#names`.
macro_rules! call {
    ($span:expr=> $($tokens:tt)*) => { quote::quote_spanned!($span=> $($tokens)*) };
}

/// An argument of such a call: the braces stand in the user's code, the name in them does not.
fn pointed(name: &Ident, span: Span) -> TokenStream {
    call!(span=> { #name })
}

pub(crate) use {call, code};

use integers::Ids;

/// Writes the whole expansion.
pub fn emit(
    runtime: &TokenStream,
    checked: &Checked,
    gradient: &Gradient,
    kernels: &Kernels,
) -> TokenStream {
    let emitter = Emitter::new(runtime, checked, gradient, kernels.interleaving.as_ref());
    let operands = emitter.operands();
    let entry = emitter.entry();
    let evaluate = emitter.evaluate(kernels);
    let outputs = emitter.outputs();
    code! {{
        #operands
        #entry
        #evaluate
        #outputs
    }}
}

/// The names of everything in one expansion.
pub struct Emitter<'a> {
    pub runtime: &'a TokenStream,
    checked: &'a Checked,
    gradient: &'a Gradient,
    pub graph: &'a Graph,
    notation: Notation<'a>,
    interleaving: Option<&'a Interleaving>,
    /// Operands, integer operands and equations by their names in the generated code.
    values: IdVec<OperandId, Ident>,
    integers: IdVec<IntegersId, Ident>,
    equations: IdVec<EquationId, Ident>,
    indices: IdVec<IndexId, Ident>,
    /// The word for each class of axes: that of an index which runs over it.
    classes: BTreeMap<ClassId, String>,
    /// The stated ranges that make an axis.
    extents: BTreeSet<IndexId>,
    /// The operands that the backward pass reads.
    read: BTreeSet<OperandId>,
}

/// A name of the generated code.
pub fn ident(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Gives out names, each once.
///
/// Every name of the generated code ends in an underscore, and a name that is made from one of the
/// user's has a number before it: `x` becomes `x_0_`. Two that are made from different names can then
/// never be equal, nor can one be equal to a name that the code gives to a thing of its own, such as
/// `row_len_`. The underscore keeps them apart from what the user has declared: a variable cannot
/// have the name of a constant, a static or a unit struct in scope, however hygienic it is.
#[derive(Default)]
struct Names(usize);

impl Names {
    fn give(&mut self, wish: &str) -> String {
        let number = self.0;
        self.0 += 1;
        let word: String = wish
            .to_lowercase()
            .chars()
            .map(|letter| if letter.is_alphanumeric() { letter } else { '_' })
            .collect();
        format!("{}_{number}_", word.trim_matches('_'))
    }
}

impl<'a> Emitter<'a> {
    fn new(
        runtime: &'a TokenStream,
        checked: &'a Checked,
        gradient: &'a Gradient,
        interleaving: Option<&'a Interleaving>,
    ) -> Self {
        let equations = &gradient.equations;
        let graph = &equations.graph;
        let mut names = Names::default();
        let mut give = |wish: &str| ident(&names.give(wish));
        let values = checked.operands.iter().map(|operand| give(&operand.name)).collect();
        let integers = checked.integers.iter().map(|operand| give(&operand.name)).collect();
        let equation_names = equations.iter().map(|equation| give(&equation.name)).collect();
        let indices = graph.indices.iter().map(|index| give(&index.name)).collect();
        let mut classes = BTreeMap::new();
        for index in &graph.indices {
            if let IndexRange::Whole(Length::Class(class)) = index.range {
                classes.entry(class).or_insert_with(|| names.give(&index.name));
            }
        }
        for class in graph.classes.ids() {
            if graph.classes.axes(class).next().is_some() {
                classes.entry(class).or_insert_with(|| names.give("whole"));
            }
        }
        let mut extents: BTreeSet<IndexId> = equations
            .iter()
            .flat_map(|equation| equation.shape.iter().copied())
            .filter_map(|axis| match graph.axis_length(axis) {
                Length::Extent(extent) => Some(extent),
                Length::Class(_) => None,
            })
            .collect();
        for index in &graph.indices {
            if let IndexRange::Whole(Length::Extent(extent)) = index.range {
                extents.insert(extent);
            }
        }
        let bounds = equations.bounds.iter().map(|bound| bound.length);
        for length in equations.reaches.iter().flat_map(|reach| reach.lengths).chain(bounds) {
            if let Length::Extent(extent) = length {
                extents.insert(extent);
            }
        }
        Self {
            runtime,
            checked,
            gradient,
            graph,
            notation: Notation::new(checked, gradient),
            interleaving,
            values,
            integers,
            equations: equation_names,
            indices,
            classes,
            extents,
            read: gradient.operands_read(),
        }
    }

    // ------------------------------------------------------------ names

    fn source(&self, operand: OperandId) -> Ident {
        ident(&format!("{}source_", self.values[operand]))
    }

    fn saved(&self, operand: OperandId) -> Ident {
        ident(&format!("{}saved_", self.values[operand]))
    }

    /// The gradient of an array.
    fn adjoint(name: &Ident) -> Ident {
        ident(&format!("d_{name}"))
    }

    fn dim(name: &Ident, axis: usize) -> Ident {
        ident(&format!("{name}axis_{axis}_"))
    }

    fn axis_dim(&self, axis: Axis) -> Ident {
        match axis {
            Axis::Operand { operand, axis } => Self::dim(&self.values[operand], axis),
            Axis::Integers { operand, axis } => Self::dim(&self.integers[operand], axis),
            Axis::Extent { binder } => unreachable!("{binder:?} has no axis of an operand"),
        }
    }

    pub fn index(&self, index: IndexId) -> &Ident {
        &self.indices[index]
    }

    /// The typed axis of a length.
    pub fn axis(&self, length: Length) -> Ident {
        match length {
            Length::Class(class) => ident(&format!("axis_{}", self.classes[&class])),
            Length::Extent(index) => ident(&format!("len_of_{}", self.indices[index])),
        }
    }

    pub fn len(&self, length: Length) -> Ident {
        match length {
            Length::Class(class) => ident(&format!("len_{}", self.classes[&class])),
            Length::Extent(_) => self.axis(length),
        }
    }

    /// The first value of an index, if it may be above 0.
    pub fn start(&self, index: IndexId) -> Option<Ident> {
        // What runs over the reach of a stated range begins where that does.
        let index = match self.graph.axis_length(index) {
            Length::Extent(stated) => stated,
            Length::Class(_) => index,
        };
        (self.extents.contains(&index) && !self.starts_at_zero(index))
            .then(|| ident(&format!("start_of_{}", self.indices[index])))
    }

    /// Whether the first value of an index is 0, and lies at the first position of its axis.
    pub fn begins_at_zero(&self, index: IndexId) -> bool {
        self.start(index).is_none() && self.starts_at_zero(index)
    }

    fn starts_at_zero(&self, index: IndexId) -> bool {
        match &self.graph.indices[index].range {
            IndexRange::Whole(_) => true,
            IndexRange::Stated { low, .. } => low.as_constant() == Some(0),
        }
    }

    pub fn array(&self, array: Array) -> Ident {
        match array {
            Array::Operand(operand) => self.values[operand].clone(),
            Array::Equation(id) => self.equations[id].clone(),
            Array::Present(id) => ident(&format!("{}here_", self.equations[id])),
            Array::Adjoint(id) => Self::adjoint(&self.equations[id]),
            Array::PresentAdjoint(id) => Self::adjoint(&self.array(Array::Present(id))),
            Array::Gradient(operand) => Self::adjoint(&self.values[operand]),
        }
    }

    /// The name of an array as the user knows it.
    pub fn text(&self, array: Array) -> &str {
        match array {
            Array::Operand(operand) | Array::Gradient(operand) => {
                &self.checked.operands[operand].name
            }
            Array::Equation(id)
            | Array::Present(id)
            | Array::Adjoint(id)
            | Array::PresentAdjoint(id) => &self.gradient.equations[id].name,
        }
    }

    pub fn integer_operand(&self, operand: IntegersId) -> &Ident {
        &self.integers[operand]
    }

    /// The lengths of an array's axes, with the index whose first value is at position 0.
    pub fn axis_lengths(&self, array: Array) -> Vec<(Length, Option<IndexId>)> {
        match array {
            Array::Operand(operand) | Array::Gradient(operand) => {
                (0..self.checked.operands[operand].rank)
                    .map(|axis| (self.class(Axis::Operand { operand, axis }), None))
                    .collect()
            }
            Array::Equation(id) | Array::Adjoint(id) => self.gradient.equations[id]
                .shape
                .iter()
                .map(|&axis| (self.graph.axis_length(axis), Some(axis)))
                .collect(),
            Array::Present(id) | Array::PresentAdjoint(id) => {
                let steps = self.gradient.equations.recurrence(id);
                let steps = steps.map_or(0, |recurrence| recurrence.steps.indices.len());
                self.axis_lengths(Array::Equation(id)).split_off(steps)
            }
        }
    }

    /// The names of these lengths.
    pub fn axes(&self, array: Array) -> Vec<(Ident, Option<IndexId>)> {
        let lengths = self.axis_lengths(array).into_iter();
        lengths.map(|(length, axis)| (self.len(length), axis)).collect()
    }

    /// The order of the arrays that may lie interleaved, where they do.
    pub fn interleaving(&self, is_interleaved: bool) -> Option<&Interleaving> {
        self.interleaving.filter(|_| is_interleaved)
    }

    /// Whether the arrays lie interleaved that may, if any may.
    pub fn is_interleaved(&self) -> Option<TokenStream> {
        let runtime = self.runtime;
        self.interleaving.map(|interleaving| {
            let (axis, reach) = (self.axis(interleaving.axis), self.len(interleaving.reach));
            code!(#runtime::expr::is_interleaved(#axis, #reach))
        })
    }

    pub fn integer_axes(&self, operand: IntegersId) -> Vec<Ident> {
        let rank = self.checked.integers[operand].rank;
        (0..rank).map(|axis| self.len(self.class(Axis::Integers { operand, axis }))).collect()
    }

    /// Whether an operand is an array of integers, and not one alone.
    pub fn is_integer_array(&self, operand: IntegersId) -> bool {
        self.checked.integers[operand].rank > 0
    }

    fn class(&self, axis: Axis) -> Length {
        Length::Class(self.graph.classes[axis])
    }

    fn size(&self, array: Array) -> TokenStream {
        product(self.axes(array).into_iter().map(|(len, _)| len))
    }

    /// The name of an integer operand, as the user knows it.
    pub fn integer_text(&self, operand: IntegersId) -> &str {
        &self.checked.integers[operand].name
    }
}

/// A literal without a type.
pub fn literal(n: i64) -> TokenStream {
    let literal = Literal::i64_unsuffixed(n);
    code!(#literal)
}

fn product(factors: impl Iterator<Item = Ident>) -> TokenStream {
    factors
        .map(|factor| code!(#factor))
        .reduce(|product, factor| code!(#product * #factor))
        .unwrap_or_else(|| code!(1))
}
