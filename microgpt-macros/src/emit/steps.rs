//! The steps of a recurrence: loops around the calls of its kernels.
//!
//! A kernel writes one array. Where it also reads that array, at other steps, the array is divided at the
//! present step:
//!
//! ```text
//! h    | before | here |         before is read, here is written
//! ∂h   | before | here |         here is read, before is added to
//! ```
//!
//! Where the steps descend it is what lies after that is read, or added to.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};

use super::kernel::Function;
use super::{Emitter, code, ident, product};
use crate::graph::equations::Steps;
use crate::graph::{Array, EquationId};
use crate::nest::ir::Kernel;

/// An array that a step both reads and writes.
#[derive(Clone, Copy)]
pub struct Split {
    pub array: Array,
    /// Whether it is what lies after the present step that is read or added to.
    pub after: bool,
}

/// The present elements that a step names, and all of that array.
fn present(arrays: &BTreeSet<Array>) -> Option<(Array, Array, EquationId)> {
    arrays.iter().find_map(|&array| match array {
        Array::Present(id) => Some((array, Array::Equation(id), id)),
        Array::PresentAdjoint(id) => Some((array, Array::Adjoint(id), id)),
        _ => None,
    })
}

/// The name of the factor that every step multiplies by, in panels.
fn packed(function: &Function) -> Ident {
    ident(&format!("packed_in_{}", function.name))
}

/// The array that a kernel needs in two parts.
pub fn split(arrays: &BTreeSet<Array>, kernel: &Kernel) -> Option<Split> {
    let (_, array, _) = present(arrays)?;
    let steps = kernel.steps.as_ref()?;
    arrays.contains(&array).then_some(Split { array, after: steps.descend })
}

impl Emitter<'_> {
    /// Where what is at hand of an array begins.
    pub fn first_of(&self, array: Array) -> Ident {
        ident(&format!("first_of_{}", self.array(array)))
    }

    /// Calls in loops over all steps, if there are any, backwards in the backward pass.
    pub(super) fn in_steps(
        &self,
        steps: Option<&Steps>,
        backwards: bool,
        calls: TokenStream,
    ) -> TokenStream {
        let Some(steps) = steps else { return calls };
        steps.indices.iter().rev().fold(calls, |body, &index| {
            let (name, (low, high)) = (self.index(index), self.bounds(index));
            if steps.descend == backwards {
                code!(for #name in #low..#high { #body })
            } else {
                code!(for #name in ::core::iter::Iterator::rev(#low..#high) { #body })
            }
        })
    }

    /// What is made before the steps: the room of a factor that they keep in panels.
    pub(super) fn before_steps(&self, kernel: &Kernel, function: &Function) -> TokenStream {
        let (runtime, packed) = (self.runtime, packed(function));
        if !kernel.packs() {
            return code!();
        }
        let steps = kernel.steps.as_ref().map_or(&[][..], |steps| &steps.indices);
        // Of two indices the range of one may depend on the other.
        let room = if let [index] = *steps {
            let (low, high) = self.bounds(index);
            code!(#runtime::expr::Packed::of_steps(#low..#high))
        } else {
            code!(#runtime::expr::Packed::new())
        };
        code!(let mut #packed = #room;)
    }

    /// The call of one step.
    pub(super) fn step(&self, kernel: &Kernel, function: &Function) -> TokenStream {
        let call = self.with_present(kernel, function);
        if !kernel.packs() {
            return call;
        }
        let packed = packed(function);
        code! {{
            let packed_ = &mut #packed;
            #call
        }}
    }

    /// A call with the parts of arrays that it needs.
    fn with_present(&self, kernel: &Kernel, function: &Function) -> TokenStream {
        let call = &function.call;
        let (Some((here, array, id)), Some(steps)) = (present(&function.arrays), &kernel.steps)
        else {
            return call.clone();
        };
        let first = self.first_element(id, steps.indices.len());
        let size = self.size(here);
        let (name, here) = (self.array(array), self.array(here));
        // What is written must be changed, and else only read.
        let is_written = matches!(kernel.target, Array::Present(_));
        let borrow = if is_written { code!(&mut) } else { code!(&) };
        let parts = match split(&function.arrays, kernel) {
            None => code!(let #here = #borrow #name[first_..][..#size];),
            Some(Split { after: false, .. }) => code! {
                let (#name, here_) = #name.split_at_mut(first_);
                let #here = #borrow here_[..#size];
            },
            Some(Split { after: true, .. }) => {
                let start = self.first_of(array);
                code! {
                    let #start = first_ + #size;
                    let (here_, #name) = #name.split_at_mut(#start);
                    let #here = #borrow here_[first_..];
                }
            }
        };
        code! {{
            let first_ = #first;
            #parts
            #call
        }}
    }

    /// The position of the first element of a step.
    fn first_element(&self, id: EquationId, steps: usize) -> TokenStream {
        let equation = &self.gradient.equations[id];
        let axes = self.axes(Array::Equation(id));
        let mut position = TokenStream::new();
        for (subscript, (len, axis)) in equation.subscripts.iter().zip(&axes).take(steps) {
            let at = self.integer(subscript);
            let start = axis.and_then(|axis| self.start(axis));
            let at = start.map_or_else(|| code!((#at)), |start| code!((#at - #start)));
            position = if position.is_empty() { at } else { code!((#position * #len + #at)) };
        }
        let own = product(axes.into_iter().skip(steps).map(|(len, _)| len));
        code!(#position * (#own))
    }
}
