//! Loop nests to Rust: operands, checks on entry, the layout of the record, and both passes.
//!
//! Every name that the generated code binds has the macro's own hygiene, and every path begins
//! with that of the run-time crate: nothing depends on what the user's code has named.

mod entry;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::ToTokens;

use crate::differentiate::Gradient;
use crate::functions::{Environment, Parameter};
use crate::graph::{Array, Graph, IndexId, IndexRange, Length};
use crate::loops;
use crate::schedule::{Nest, Nests};
use crate::storage::{Interleaving, Storage};
use crate::term::{Affine, Atom, Axis, Checked};

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

/// Writes the whole expansion.
pub fn emit(
    runtime: &TokenStream,
    checked: &Checked,
    gradient: &Gradient,
    nests: &Nests,
) -> TokenStream {
    let emitter = Emitter::new(runtime, checked, gradient, nests.interleaving.as_ref());
    let operands = emitter.operands();
    let entry = emitter.entry();
    let evaluate = emitter.evaluate(nests);
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
    interleaving: Option<&'a Interleaving>,
    /// Operands, integer operands and equations by their names in the generated code.
    values: Vec<Ident>,
    integers: Vec<Ident>,
    equations: Vec<Ident>,
    indices: Vec<Ident>,
    /// The word for each class of axes: that of an index which runs over it.
    classes: BTreeMap<usize, String>,
    /// The stated ranges that make an axis.
    extents: BTreeSet<IndexId>,
    /// The operands that the backward pass reads.
    read: BTreeSet<usize>,
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
        let graph = &gradient.graph;
        let mut names = Names::default();
        let mut give = |wish: &str| ident(&names.give(wish));
        let values = checked.operands.iter().map(|operand| give(&operand.name)).collect();
        let integers = checked.integers.iter().map(|operand| give(&operand.name)).collect();
        let equations = graph.equations.iter().map(|equation| give(&equation.name)).collect();
        let indices = graph.indices.iter().map(|index| give(&index.name)).collect();
        let mut classes = BTreeMap::new();
        for index in &graph.indices {
            if let IndexRange::Whole(Length::Class(class)) = index.range {
                classes.entry(class).or_insert_with(|| names.give(&index.name));
            }
        }
        for class in 0..graph.classes.count {
            if graph.classes.axes(class).next().is_some() {
                classes.entry(class).or_insert_with(|| names.give("whole"));
            }
        }
        let mut extents: BTreeSet<IndexId> = graph
            .equations
            .iter()
            .flat_map(|equation| equation.axes.iter().copied())
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
        let bounds = graph.bounds.iter().map(|bound| bound.length);
        for length in graph.reaches.iter().flat_map(|reach| reach.lengths).chain(bounds) {
            if let Length::Extent(extent) = length {
                extents.insert(extent);
            }
        }
        Self {
            runtime,
            checked,
            gradient,
            graph,
            interleaving,
            values,
            integers,
            equations,
            indices,
            classes,
            extents,
            read: gradient.operands_read(),
        }
    }

    // ------------------------------------------------------------ names

    fn source(&self, operand: usize) -> Ident {
        ident(&format!("{}source_", self.values[operand]))
    }

    fn kept(&self, operand: usize) -> Ident {
        ident(&format!("{}kept_", self.values[operand]))
    }

    /// The gradient of an array.
    fn adjoint(name: &Ident) -> Ident {
        ident(&format!("d_{name}"))
    }

    /// The gradient of an operand.
    pub fn gradient(&self, operand: usize) -> Ident {
        Self::adjoint(&self.values[operand])
    }

    fn dim(name: &Ident, axis: usize) -> Ident {
        ident(&format!("{name}axis_{axis}_"))
    }

    fn axis_dim(&self, axis: Axis) -> Ident {
        match axis {
            Axis::Operand { operand, axis } => Self::dim(&self.values[operand], axis),
            Axis::Integers { operand, axis } => Self::dim(&self.integers[operand], axis),
            Axis::Extent { binder } => unreachable!("binder {binder} has no axis of an operand"),
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
            Array::Adjoint(id) => Self::adjoint(&self.equations[id]),
            Array::Definition(id) => unreachable!("definition {id} became an equation"),
        }
    }

    /// The name of an array as the user knows it.
    pub fn text(&self, array: Array) -> &str {
        match array {
            Array::Operand(operand) => &self.checked.operands[operand].name,
            Array::Equation(id) | Array::Adjoint(id) => &self.graph.equations[id].name,
            Array::Definition(id) => &self.checked.definitions[id].name,
        }
    }

    pub fn integer_operand(&self, operand: usize) -> &Ident {
        &self.integers[operand]
    }

    /// The lengths of an array's axes, with the index whose first value is at position 0.
    pub fn axes(&self, array: Array) -> Vec<(Ident, Option<IndexId>)> {
        match array {
            Array::Operand(operand) => (0..self.checked.operands[operand].rank)
                .map(|axis| (self.class_len(Axis::Operand { operand, axis }), None))
                .collect(),
            Array::Equation(id) | Array::Adjoint(id) => self.graph.equations[id]
                .axes
                .iter()
                .map(|&axis| (self.len(self.graph.axis_length(axis)), Some(axis)))
                .collect(),
            Array::Definition(id) => unreachable!("definition {id} became an equation"),
        }
    }

    /// The order of the arrays that lie so.
    pub fn interleaving(&self, storage: Storage) -> Option<&Interleaving> {
        self.interleaving.filter(|_| storage == Storage::Interleaved)
    }

    /// Whether the arrays lie interleaved that may, if any may.
    pub fn is_interleaved(&self) -> Option<TokenStream> {
        let runtime = self.runtime;
        self.interleaving.map(|interleaving| {
            let (axis, reach) = (self.axis(interleaving.axis), self.len(interleaving.reach));
            code!(#runtime::expr::is_interleaved(#axis, #reach))
        })
    }

    pub fn integer_axes(&self, operand: usize) -> Vec<Ident> {
        (0..self.checked.integers[operand].rank)
            .map(|axis| self.class_len(Axis::Integers { operand, axis }))
            .collect()
    }

    fn class_len(&self, axis: Axis) -> Ident {
        self.len(Length::Class(self.graph.classes.class(axis).unwrap_or(0)))
    }

    fn size(&self, array: Array) -> TokenStream {
        product(self.axes(array).into_iter().map(|(len, _)| len))
    }

    // ------------------------------------------------------------ integers

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
    fn bound(&self, affine: &Affine<IndexId>) -> TokenStream {
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
    fn extreme(&self, affine: &Affine<IndexId>, greatest: bool) -> TokenStream {
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

    // ------------------------------------------------------------ the record

    fn evaluate(&self, nests: &Nests) -> TokenStream {
        let runtime = self.runtime;
        let activity = self.activity();
        let sizes = (0..self.equations.len()).map(|id| {
            let name = &self.graph.equations[id].name;
            let lens = self.axes(Array::Equation(id)).into_iter().map(|(len, _)| len);
            code!(#runtime::expr::size(#name, [#(#lens),*]))
        });
        let sizes = code!(#(#sizes)+*);
        let sizes = if sizes.is_empty() { code!(0) } else { sizes };
        let copies = self.read.iter().map(|&operand| {
            let (source, kept) = (self.source(operand), self.kept(operand));
            code! {
                let (#kept, size_) = #runtime::expr::Source::keep(#source, size_);
            }
        });
        let unread =
            (0..self.values.len()).filter(|operand| !self.read.contains(operand)).map(|operand| {
                let (source, kept) = (self.source(operand), self.kept(operand));
                code!(let #kept = #runtime::expr::Source::kept(#source, 0);)
            });
        let integers = self.integer_arrays().map(|id| &self.integers[id]).collect::<Vec<_>>();
        let words = self.words();
        let environment = self.environment();
        let forward = self.forward(&environment, &nests.forward);
        let backward = self.backward(&environment, nests);
        let equations = self.describe();
        code! {
            #activity
            let size_ = #sizes;
            #(#copies)*
            #(#unread)*
            // What is generated for all cases is not the shortest for each.
            #[allow(unused, unused_qualifications, clippy::all, clippy::pedantic)]
            let store_ = #runtime::expr::evaluate(
                real_,
                activity_,
                size_,
                &[#(#integers),*],
                |below_, own_| { #forward },
                #words,
                move |#words, pass_| { #backward },
                |#words| { #equations },
            );
        }
    }

    fn activity(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut tokens = code!(let activity_ = #runtime::expr::Plain;);
        for (id, operand) in self.checked.operands.iter().enumerate() {
            let source = self.source(id);
            let span = operand.span;
            let (activity, real) = (ident("activity_"), ident("real_"));
            let join = call!(span=> #runtime::expr::join(#activity, #real, #source));
            tokens.extend(code!(let activity_ = #join;));
        }
        tokens
    }

    fn integer_arrays(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.integers.len()).filter(|&id| self.checked.integers[id].rank > 0)
    }

    /// What the backward pass must know, as an expression and as a pattern.
    fn words(&self) -> TokenStream {
        let axes = self.classes.keys().map(|&class| self.axis(Length::Class(class)));
        let extents = self.extents.iter().flat_map(|&index| {
            [Some(self.len(Length::Extent(index))), self.start(index)].into_iter().flatten()
        });
        let integers = (0..self.integers.len())
            .filter(|&id| self.checked.integers[id].rank == 0)
            .map(|id| self.integers[id].clone());
        let kept = (0..self.values.len()).map(|operand| self.kept(operand));
        let all = axes.chain(extents).chain(integers).chain(kept);
        let mut words: Vec<TokenStream> = all.map(|word| code!(#word)).collect();
        // The run-time crate knows tuples of so many words, and words may be tuples.
        while words.len() > 8 {
            words = words.chunks(8).map(|some| code!((#(#some,)*))).collect();
        }
        code!((#(#words,)*))
    }

    /// Everything that the loops of a nest may name.
    fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        for name in &self.values {
            environment.add(name, Parameter::Numbers);
            environment.add(&Self::adjoint(name), Parameter::Numbers);
        }
        for id in 0..self.equations.len() {
            environment.add(&self.array(Array::Equation(id)), Parameter::Numbers);
            environment.add(&self.array(Array::Adjoint(id)), Parameter::Numbers);
        }
        for (name, operand) in self.integers.iter().zip(&self.checked.integers) {
            let array = operand.rank > 0;
            environment.add(name, if array { Parameter::Integers } else { Parameter::Integer });
        }
        for &class in self.classes.keys() {
            let axis = self.axis(Length::Class(class));
            environment.add(&axis, Parameter::Axis);
            environment.add_length(&self.len(Length::Class(class)), axis);
        }
        for &index in &self.extents {
            environment.add(&self.len(Length::Extent(index)), Parameter::Integer);
            if let Some(start) = self.start(index) {
                environment.add(&start, Parameter::Integer);
            }
        }
        environment
    }

    fn forward(&self, environment: &Environment, nests: &[Nest]) -> TokenStream {
        let runtime = self.runtime;
        let operands = (0..self.values.len()).map(|operand| {
            let (name, source) = (&self.values[operand], self.source(operand));
            code!(let #name = #runtime::expr::Source::read(&#source, below_);)
        });
        let equations = nests.iter().enumerate().map(|(id, nest)| {
            let name = &self.equations[id];
            let size = self.size(Array::Equation(id));
            let zero = nest
                .is_ragged(self.graph)
                .then(|| code!(#name.fill(#runtime::expr::constant(real_, 0.0));));
            let checks = loops::requirements::write(self, &self.graph.equations[id]);
            let loops = loops::write(self, nest);
            let loops = code!(#checks #loops);
            let loops =
                environment.function(runtime, &format!("forward_{name}"), name, nest, &loops);
            code! {
                let (#name, own_) = own_.split_at_mut(#size);
                #zero
                #loops
                let #name = &*#name;
            }
        });
        let copies = self.read.iter().map(|&operand| {
            let source = self.source(operand);
            code! {
                let (copy_, own_) = own_.split_at_mut(#runtime::expr::Source::copied(#source));
                #runtime::expr::Source::copy(#source, copy_);
            }
        });
        code! {
            #(#operands)*
            #(#equations)*
            #(#copies)*
        }
    }

    fn backward(&self, environment: &Environment, nests: &Nests) -> TokenStream {
        let runtime = self.runtime;
        if nests.backward.is_empty() {
            return TokenStream::new();
        }
        let lengths = self.lengths();
        let integers = self.integer_arrays().map(|id| {
            let name = &self.integers[id];
            let size = product(self.integer_axes(id).into_iter());
            code!(let (#name, integers_) = integers_.split_at(#size);)
        });
        let values = self.read.iter().map(|&operand| {
            let (name, kept) = (&self.values[operand], self.kept(operand));
            let size = self.size(Array::Operand(operand));
            code!(let #name = #kept.values(values_, start_, #size);)
        });
        let equations = (0..self.equations.len()).map(|id| {
            let (name, adjoint) = (self.array(Array::Equation(id)), self.array(Array::Adjoint(id)));
            let size = self.size(Array::Equation(id));
            code! {
                let (#name, own_values_) = own_values_.split_at(#size);
                let (#adjoint, own_) = own_.split_at_mut(#size);
            }
        });
        let written = self.gradient.accumulations.iter().zip(&nests.backward);
        let accumulations = written.enumerate().map(|(id, (one, nest))| {
            let name = loops::target_name(self, nest);
            let function = format!("backward_{id}_{}", self.array(one.target));
            let loops = loops::write(self, nest);
            let loops = environment.function(runtime, &function, &name, nest, &loops);
            match one.target {
                Array::Operand(operand) => {
                    let kept = self.kept(operand);
                    let size = self.size(one.target);
                    code! {
                        if #kept.active() {
                            let #name = #kept.gradients(below_, #size);
                            #loops
                        }
                    }
                }
                Array::Equation(_) => {
                    let active = self.any_active(&self.receivers(one.target));
                    code!(if #active { #loops })
                }
                Array::Definition(_) | Array::Adjoint(_) => {
                    unreachable!("gradients flow to operands and equations")
                }
            }
        });
        code! {
            let #runtime::tape::Pass { values: values_, gradients: gradients_, integers: integers_, start: start_ } = pass_;
            #lengths
            #(#integers)*
            #(#values)*
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            #(#equations)*
            #(#accumulations)*
        }
    }

    /// The operands one of which is tracked where an array receives a gradient.
    fn receivers(&self, target: Array) -> BTreeSet<usize> {
        match target {
            Array::Operand(operand) => BTreeSet::from([operand]),
            Array::Equation(id) => self.graph.equations[id].depends.clone(),
            Array::Definition(_) | Array::Adjoint(_) => {
                unreachable!("gradients flow to operands and equations")
            }
        }
    }

    /// Whether one of these operands is tracked.
    fn any_active(&self, operands: &BTreeSet<usize>) -> TokenStream {
        let active = operands.iter().map(|&operand| {
            let kept = self.kept(operand);
            code!(#kept.active())
        });
        code!(#(#active)||*)
    }

    /// The name of an integer operand, as the user knows it.
    pub fn integer_text(&self, operand: usize) -> &str {
        &self.checked.integers[operand].name
    }

    /// The names and axes of the record's values, and what the backward pass reads.
    fn describe(&self) -> TokenStream {
        let runtime = self.runtime;
        let lengths = self.lengths();
        // An array is read for the sake of what receives a gradient, and else left alone.
        let accumulations = &self.gradient.accumulations;
        let mut receivers: Vec<BTreeSet<usize>> = Vec::new();
        let mut readers: BTreeMap<Array, BTreeSet<usize>> = BTreeMap::new();
        for one in accumulations {
            let operands = self.receivers(one.target);
            let known = receivers.iter().position(|other| *other == operands);
            let id = known.unwrap_or_else(|| {
                receivers.push(operands);
                receivers.len() - 1
            });
            for array in self.gradient.arrays_read_by(one) {
                readers.entry(array).or_default().insert(id);
            }
        }
        let active = receivers.iter().map(|operands| self.any_active(operands));
        let readers = |array: Array| {
            let ids = readers.get(&array).into_iter().flatten();
            let ids = ids.map(|&id| Literal::usize_unsuffixed(id));
            code!(&[#(#ids),*])
        };
        let operands = self.read.iter().map(|&operand| {
            let (name, kept) = (&self.checked.operands[operand].name, self.kept(operand));
            let size = self.size(Array::Operand(operand));
            let readers = readers(Array::Operand(operand));
            code!(.reads(#name, #readers, #kept, #size))
        });
        let equations = (0..self.equations.len()).map(|id| {
            let name = &self.graph.equations[id].name;
            let readers = readers(Array::Equation(id));
            let axes = self.axes(Array::Equation(id)).into_iter().map(|(len, axis)| {
                let start = axis.and_then(|axis| self.start(axis));
                let start = start.map_or_else(|| code!(0), |start| code!(#start));
                code!((#len, #start))
            });
            let order = self.interleaving.and_then(|one| one.order(Array::Equation(id)));
            match order {
                None => code!(.and(#name, #readers, &[#(#axes),*])),
                Some(order) => {
                    let order = order.iter().map(|&axis| Literal::usize_unsuffixed(axis));
                    code!(.and(#name, #readers, &[#(#axes),*]).lies(interleaved_, &[#(#order),*]))
                }
            }
        });
        let interleaved = self.is_interleaved().map(|is_so| code!(let interleaved_ = #is_so;));
        code! {
            #lengths
            #interleaved
            #runtime::expr::Equations::new(::core::file!(), ::core::line!()).active(&[#(#active),*]) #(#equations)* #(#operands)*
        }
    }

    fn outputs(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut offsets = Vec::new();
        let mut offset = code!(0);
        for id in 0..self.equations.len() {
            offsets.push(offset.clone());
            let size = self.size(Array::Equation(id));
            offset.extend(code!(+ #size));
        }
        let outputs = self.graph.results.iter().map(|&id| {
            let axes = self.graph.equations[id]
                .axes
                .iter()
                .map(|&axis| self.axis(self.graph.axis_length(axis)));
            let offset = &offsets[id];
            code!(#runtime::expr::output(real_, activity_, &store_, #offset, (#(#axes,)*)))
        });
        if self.checked.tuple { code!((#(#outputs,)*)) } else { code!(#(#outputs)*) }
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
