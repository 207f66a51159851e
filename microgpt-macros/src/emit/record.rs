//! The record: its layout, what is computed into it, its backward pass, and what it says of itself.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream};

use super::kernel::{self, Function};
use super::{Emitter, call, code, ident, product};
use crate::graph::adjoints::Beginning;
use crate::graph::equations::Output;
use crate::graph::{Array, EquationId, IndexId, Length};
use crate::ids::{Id, IdVec};
use crate::nest::Kernels;
use crate::nest::ir::Kernel;
use crate::resolve::hir::{IntegersId, OperandId};

impl Emitter<'_> {
    pub(super) fn evaluate(&self, kernels: &Kernels) -> TokenStream {
        let runtime = self.runtime;
        let activity = self.activity();
        let sizes = self.equations.ids().map(|id| {
            let name = self.checked.at_run_time(&format!("`{}`", self.gradient.equations[id].name));
            let lens = self.axes(Array::Equation(id)).into_iter().map(|(len, _)| len);
            code!(#runtime::expr::size(#name, [#(#lens),*]))
        });
        let sizes = code!(#(#sizes)+*);
        let intermediates = self.intermediates(kernels).map(|id| self.size(Array::Equation(id)));
        let intermediates = code!(#(#intermediates)+*);
        let intermediates = if intermediates.is_empty() { code!(0) } else { intermediates };
        let sizes = if sizes.is_empty() { code!(0) } else { sizes };
        let copies = self.read.iter().map(|&operand| {
            let (source, saved) = (self.source(operand), self.saved(operand));
            code! {
                let (#saved, size_) = #runtime::expr::Source::save(#source, size_);
            }
        });
        let unread =
            self.values.ids().filter(|operand| !self.read.contains(operand)).map(|operand| {
                let (source, saved) = (self.source(operand), self.saved(operand));
                code!(let #saved = #runtime::expr::Source::saved(#source, 0);)
            });
        let integers = self.integer_arrays().map(|id| &self.integers[id]).collect::<Vec<_>>();
        let words = self.words();
        let forward = self.forward(kernels);
        let backward = self.backward(kernels);
        let equations = self.describe(kernels);
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
                #runtime::expr::Sizes { all: size_, intermediates: #intermediates },
                &[#(#integers),*],
                |below_, own_| { #forward },
                #words,
                move |#words, pass_| { #backward },
                |#words| { #equations },
            );
        }
    }

    pub(super) fn activity(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut tokens = code!(let activity_ = #runtime::expr::Plain;);
        for (id, operand) in self.checked.operands.enumerate() {
            let source = self.source(id);
            let span = operand.span;
            let (activity, real) = (ident("activity_"), ident("real_"));
            let join = call!(span=> #runtime::expr::join(#activity, #real, #source));
            tokens.extend(code!(let activity_ = #join;));
        }
        tokens
    }

    pub(super) fn integer_arrays(&self) -> impl Iterator<Item = IntegersId> + '_ {
        self.integers.ids().filter(|&id| self.checked.integers[id].rank > 0)
    }

    /// What the backward pass must know, as an expression and as a pattern.
    pub(super) fn words(&self) -> TokenStream {
        let axes = self.classes.keys().map(|&class| self.axis(Length::Class(class)));
        let extents = self.extents.iter().flat_map(|&index| {
            [Some(self.len(Length::Extent(index))), self.start(index)].into_iter().flatten()
        });
        let integers = self
            .integers
            .ids()
            .filter(|&id| self.checked.integers[id].rank == 0)
            .map(|id| self.integers[id].clone());
        let saved = self.values.ids().map(|operand| self.saved(operand));
        let all = axes.chain(extents).chain(integers).chain(saved);
        let mut words: Vec<TokenStream> = all.map(|word| code!(#word)).collect();
        // The run-time crate knows tuples of so many words, and words may be tuples.
        while words.len() > 8 {
            words = words.chunks(8).map(|chunk| code!((#(#chunk,)*))).collect();
        }
        code!((#(#words,)*))
    }

    fn forward(&self, kernels: &Kernels) -> TokenStream {
        let runtime = self.runtime;
        let operands = self.values.ids().map(|operand| {
            let (name, source) = (&self.values[operand], self.source(operand));
            code!(let #name = #runtime::expr::Source::read(&#source, below_);)
        });
        let computed = self.notation.equations();
        let function = |id: EquationId| {
            let name = format!("forward_{}", self.equations[id]);
            kernel::function(self, &name, &computed[id.position()], &kernels.forward[id])
        };
        let mut equations = TokenStream::new();
        for group in self.gradient.equations.groups() {
            for &id in group.equations.iter().collect::<BTreeSet<_>>() {
                equations.extend(self.room(id, &kernels.forward[id]));
            }
            for &id in &group.equations {
                equations.extend(self.starts(id, kernels));
            }
            let mut calls = TokenStream::new();
            for &id in &group.equations {
                let (kernel, function) = (&kernels.forward[id], function(id));
                equations.extend(self.before_steps(kernel, &function));
                calls.extend(self.step(kernel, &function));
                equations.extend(function.item);
            }
            equations.extend(self.in_steps(group.steps.as_ref(), false, calls));
            for &id in &group.equations {
                let name = &self.equations[id];
                equations.extend(code!(let #name = &*#name;));
            }
        }
        let copies = self.read.iter().map(|&operand| {
            let source = self.source(operand);
            code! {
                let (copy_, own_) = own_.split_at_mut(#runtime::expr::Source::copied(#source));
                #runtime::expr::Source::copy(#source, copy_);
            }
        });
        code! {
            #(#operands)*
            #equations
            #(#copies)*
        }
    }

    /// Writes what an array of a recurrence begins with.
    fn starts(&self, id: EquationId, kernels: &Kernels) -> TokenStream {
        let starts = &self.gradient.equations[id].starts;
        let kernels = kernels.starts.iter().filter(|(of, _)| *of == id).map(|(_, kernel)| kernel);
        let functions = starts.iter().zip(kernels).enumerate().map(|(at, (start, kernel))| {
            let name = format!("start_{at}_{}", self.equations[id]);
            let Function { item, call, .. } =
                kernel::function(self, &name, &self.notation.start(id, start), kernel);
            code!(#item #call)
        });
        functions.collect()
    }

    /// The place of an equation's array in the record.
    fn room(&self, id: EquationId, kernel: &Kernel) -> TokenStream {
        let (runtime, name) = (self.runtime, &self.equations[id]);
        let size = self.size(Array::Equation(id));
        let zero = kernel.clears.then(|| code!(#runtime::expr::clear(#name);));
        code! {
            let (#name, own_) = own_.split_at_mut(#size);
            #zero
        }
    }

    fn backward(&self, kernels: &Kernels) -> TokenStream {
        let runtime = self.runtime;
        if kernels.backward.is_empty() {
            return TokenStream::new();
        }
        let lengths = self.lengths();
        let integers = self.integer_arrays().map(|id| {
            let name = &self.integers[id];
            let size = product(self.integer_axes(id).into_iter());
            code!(let (#name, integers_) = integers_.split_at(#size);)
        });
        let values = self.read.iter().map(|&operand| {
            let (name, saved) = (&self.values[operand], self.saved(operand));
            let size = self.size(Array::Operand(operand));
            code!(let #name = #saved.values(values_, start_, #size);)
        });
        let intermediates = self.intermediates(kernels).count();
        let equations = self.equations.ids().map(|id| {
            let (name, adjoint) = (self.array(Array::Equation(id)), self.array(Array::Adjoint(id)));
            let size = self.size(Array::Equation(id));
            // Results, and what lies behind them, are 0 when the backward pass begins.
            let is_intermediate = id.position() < intermediates;
            let zero = is_intermediate.then(|| self.zero(id, kernels));
            code! {
                let (#name, own_values_) = own_values_.split_at(#size);
                let (#adjoint, own_) = own_.split_at_mut(#size);
                #zero
            }
        });
        let computed = self.notation.gradients();
        let accumulation = |id: usize| {
            let (added, kernel) = (&self.gradient.accumulations[id], &kernels.backward[id]);
            let name = format!("backward_{id}_{}", self.array(added.target));
            (added, kernel, kernel::function(self, &name, &computed[id], kernel))
        };
        let mut accumulations = TokenStream::new();
        for group in self.gradient.groups() {
            let steps = self.gradient.accumulations[group.start].steps.as_ref();
            let mut calls = TokenStream::new();
            for id in group {
                let (added, kernel, function) = accumulation(id);
                let mut call = self.step(kernel, &function);
                let Function { item, .. } = &function;
                if steps.is_none() {
                    // Where the target receives no gradient there is not even the function.
                    call = code!(#item #call);
                } else {
                    let before = self.before_steps(kernel, &function);
                    accumulations.extend(code!(#before #item));
                }
                calls.extend(self.accumulate(added.target, kernel, &call));
            }
            accumulations.extend(self.in_steps(steps, true, calls));
        }
        code! {
            let #runtime::tape::Pass { values: values_, gradients: gradients_, integers: integers_, start: start_ } = pass_;
            #lengths
            #(#integers)*
            #(#values)*
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            #(#equations)*
            #accumulations
        }
    }

    /// What an adjoint is before it is added to. Where nothing is added to one that is written, nothing reads it.
    fn zero(&self, id: EquationId, kernels: &Kernels) -> TokenStream {
        let (runtime, adjoint) = (self.runtime, self.array(Array::Adjoint(id)));
        let clear = code!(#runtime::expr::clear(#adjoint););
        match kernels.beginnings.of.get(&id) {
            Some(Beginning::Zero) => clear,
            Some(&Beginning::WrittenIf { axis, len }) => {
                let (length, _) = &self.axes(Array::Equation(id))[axis];
                let len = Literal::usize_unsuffixed(len);
                code!(if #length != #len { #clear })
            }
            Some(Beginning::Written) | None => TokenStream::new(),
        }
    }

    /// The equations before the first result, whose gradients the backward pass begins with by itself.
    fn intermediates(&self, kernels: &Kernels) -> impl Iterator<Item = EquationId> {
        let has_backward = !kernels.backward.is_empty();
        let equations = &self.gradient.equations;
        equations.ids().take_while(move |&id| has_backward && !equations.is_result(id))
    }

    /// The call of an accumulation, where its target receives a gradient.
    fn accumulate(&self, target: Array, kernel: &Kernel, call: &TokenStream) -> TokenStream {
        let Array::Operand(operand) = target else {
            let active = self.any_active(&self.receivers(target));
            return code!(if #active { #call });
        };
        let (name, saved) = (self.array(kernel.target), self.saved(operand));
        let size = self.size(target);
        code! {
            if #saved.active() {
                let #name = #saved.gradients(below_, #size);
                #call
            }
        }
    }

    /// The operands one of which is tracked where an array receives a gradient.
    fn receivers(&self, target: Array) -> BTreeSet<OperandId> {
        match target {
            Array::Operand(operand) => BTreeSet::from([operand]),
            Array::Equation(id) => self.gradient.equations[id].depends.clone(),
            _ => unreachable!("gradients flow to operands and equations"),
        }
    }

    /// Whether one of these operands is tracked.
    fn any_active(&self, operands: &BTreeSet<OperandId>) -> TokenStream {
        let active = operands.iter().map(|&operand| {
            let saved = self.saved(operand);
            code!(#saved.active())
        });
        code!(#(#active)||*)
    }

    /// The names and axes of the record's values, and what the backward pass reads.
    fn describe(&self, kernels: &Kernels) -> TokenStream {
        let runtime = self.runtime;
        let lengths = self.lengths();
        // An array is read for the sake of what receives a gradient, and else left alone.
        let accumulations = &self.gradient.accumulations;
        let mut receivers: Vec<BTreeSet<OperandId>> = Vec::new();
        let mut readers: BTreeMap<Array, BTreeSet<usize>> = BTreeMap::new();
        for accumulation in accumulations {
            let operands = self.receivers(accumulation.target);
            let known = receivers.iter().position(|listed| *listed == operands);
            let id = known.unwrap_or_else(|| {
                receivers.push(operands);
                receivers.len() - 1
            });
            for array in self.gradient.arrays_read_by(std::slice::from_ref(accumulation)) {
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
            let (name, saved) = (&self.checked.operands[operand].name, self.saved(operand));
            let size = self.size(Array::Operand(operand));
            let readers = readers(Array::Operand(operand));
            code!(.reads(#name, #readers, #saved, #size))
        });
        // In the gaps of what is not set to 0 may be anything.
        let axes_with_gaps = |id: EquationId| {
            let equations = &self.gradient.equations;
            let has_gaps = equations.is_ragged(id) && !kernels.forward[id].clears;
            has_gaps.then_some(&equations[id].axes)
        };
        let with_gaps: BTreeSet<_> = self.equations.ids().filter_map(axes_with_gaps).collect();
        let names = (0..with_gaps.len()).map(|number| ident(&format!("reached_{number}_")));
        let with_gaps: BTreeMap<_, _> = with_gaps.into_iter().zip(names).collect();
        let reached = with_gaps.iter().map(|(axes, name)| self.reached(axes, name));
        let equations = self.equations.ids().map(|id| {
            let name = &self.gradient.equations[id].name;
            let readers = readers(Array::Equation(id));
            let axes = self.axes(Array::Equation(id)).into_iter().map(|(len, axis)| {
                let start = axis.and_then(|axis| self.start(axis));
                let start = start.map_or_else(|| code!(0), |start| code!(#start));
                code!((#len, #start))
            });
            let order =
                self.interleaving.and_then(|interleaving| interleaving.order(Array::Equation(id)));
            let lies = order.map(|order| {
                let order = order.iter().map(|&axis| Literal::usize_unsuffixed(axis));
                code!(.lies(interleaved_, &[#(#order),*]))
            });
            let gradient = match kernels.beginnings.of.get(&id) {
                Some(Beginning::Zero) => None,
                Some(Beginning::Written | Beginning::WrittenIf { .. }) => {
                    let own = self.receivers(Array::Equation(id));
                    let group = receivers.iter().position(|operands| *operands == own);
                    group.map(|group| {
                        let group = Literal::usize_unsuffixed(group);
                        code!(.gradient_if(#group))
                    })
                }
                None if self.gradient.equations.is_result(id) => None,
                None => Some(code!(.without_gradient())),
            };
            let gaps = axes_with_gaps(id).map(|axes| {
                let name = &with_gaps[axes];
                code!(.reaches(#name))
            });
            code!(.and(#name, #readers, &[#(#axes),*]) #lies #gradient #gaps)
        });
        // `line!()` is that of the `layer!` around, for all layers in it.
        let place = if let Some((file, line)) = &self.checked.place {
            let line = Literal::usize_unsuffixed(*line);
            code!(#file, #line)
        } else {
            code!(::core::file!(), ::core::line!())
        };
        let interleaved = self.is_interleaved().map(|is_so| code!(let interleaved_ = #is_so;));
        code! {
            #lengths
            #interleaved
            #(#reached)*
            #runtime::expr::Equations::new(#place).active(&[#(#active),*]) #(#equations)* #(#operands)*
        }
    }

    /// A function that says which elements of an array with these axes are computed.
    fn reached(&self, axes: &[IndexId], name: &Ident) -> TokenStream {
        let rank = Literal::usize_unsuffixed(axes.len());
        let ragged = axes.iter().filter(|&&axis| !self.graph.range_indices(axis).is_empty());
        let reached = ragged.clone().map(|&axis| {
            let (index, (low, high)) = (self.index(axis), self.bounds(axis));
            let is_above = (low.to_string() != "0").then(|| code!(#low <= #index &&));
            code!((#is_above #index < #high))
        });
        let named = self.graph.with_bounds(ragged.copied());
        let at = axes.iter().map(|axis| {
            let index = named.contains(axis).then(|| self.index(*axis));
            index.map_or_else(|| code!(_), |index| code!(#index))
        });
        code!(let #name = move |[#(#at),*]: [::core::primitive::usize; #rank]| #(#reached)&&*;)
    }

    pub(super) fn outputs(&self) -> TokenStream {
        let runtime = self.runtime;
        let mut offsets = IdVec::<EquationId, _>::default();
        let mut offset = code!(0);
        for id in self.equations.ids() {
            offsets.push(offset.clone());
            let size = self.size(Array::Equation(id));
            offset.extend(code!(+ #size));
        }
        let outputs =
            self.gradient.equations.results.iter().map(|&Output { equation: id, starts }| {
                let axes = &self.gradient.equations[id].axes;
                let axes = axes.iter().map(|&axis| self.axis(self.graph.axis_length(axis)));
                let mut offset = offsets[id].clone();
                if starts > 0 {
                    let row = product(
                        self.axes(Array::Equation(id)).into_iter().skip(1).map(|(len, _)| len),
                    );
                    let starts = Literal::usize_unsuffixed(starts);
                    offset.extend(code!(+ #starts * (#row)));
                }
                code!(#runtime::expr::output(real_, activity_, &store_, #offset, (#(#axes,)*)))
            });
        if self.checked.tuple { code!((#(#outputs,)*)) } else { code!(#(#outputs)*) }
    }
}
