//! Each loop nest as a function of its own.
//!
//! The compiler then checks and optimises every nest by itself: its cost grows with the number of
//! nests and not with its square, and a function's slices do not overlap, which it may rely on.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream, TokenTree};

use crate::emit::{code, ident};
use crate::nest::Nest;

/// What a name that nests use stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// The elements of an array, or of its gradient.
    Numbers,
    /// The elements of an integer array.
    Integers,
    /// A length, the start of a range or an integer operand.
    Integer,
    /// The typed axis.
    Axis,
}

/// All names that a nest may use.
#[derive(Default)]
pub struct Environment {
    parameters: BTreeMap<String, Parameter>,
    /// The length of an axis, by the name that the nests give it.
    lengths: BTreeMap<String, Ident>,
}

impl Environment {
    pub fn add(&mut self, name: &Ident, parameter: Parameter) {
        self.parameters.insert(name.to_string(), parameter);
    }

    /// `length` is computed from `axis` in the function: a constant where the axis is one.
    pub fn add_length(&mut self, length: &Ident, axis: Ident) {
        self.lengths.insert(length.to_string(), axis);
    }

    /// A function that does what the loops do, and its call.
    pub fn function(
        &self,
        runtime: &TokenStream,
        name: &str,
        target: &Ident,
        nest: &Nest,
        loops: &TokenStream,
    ) -> TokenStream {
        let name = ident(name);
        let mut used = BTreeSet::new();
        names(loops.clone(), &mut used);
        let mut lengths = TokenStream::new();
        for (length, axis) in &self.lengths {
            if used.contains(length) {
                used.insert(axis.to_string());
                let length = ident(length);
                lengths.extend(code!(let #length = #runtime::shape::Dim::len(#axis);));
            }
        }
        let mut parameters = Vec::new();
        let mut arguments = Vec::new();
        for (parameter, kind) in &self.parameters {
            if !used.contains(parameter) {
                continue;
            }
            let parameter = ident(parameter);
            parameters.push(match kind {
                Parameter::Numbers if parameter == *target => code!(#parameter: &mut [T]),
                Parameter::Numbers => code!(#parameter: &[T]),
                Parameter::Integers => code!(#parameter: &[::core::primitive::usize]),
                Parameter::Integer => code!(#parameter: ::core::primitive::usize),
                Parameter::Axis => code!(#parameter: impl #runtime::shape::Dim),
            });
            arguments.push(parameter);
        }
        let real =
            used.contains("real_").then(|| code!(let real_ = ::core::marker::PhantomData::<T>;));
        // A loop costs more than a call, and is compiled best by itself; arithmetic does not.
        let inline = (!nest.loops.is_empty()).then(|| code!(#[inline(never)]));
        code! {
            #inline
            fn #name<T: #runtime::Real>(#(#parameters),*) {
                #real
                #lengths
                #loops
            }
            #name(#(#arguments),*);
        }
    }
}

/// The names in these tokens, but for methods and what lies in a module.
pub fn names(tokens: TokenStream, used: &mut BTreeSet<String>) {
    let mut before = [' '; 2];
    for token in tokens {
        let mut this = ' ';
        match token {
            TokenTree::Group(group) => names(group.stream(), used),
            TokenTree::Ident(ident) => match before {
                [':', ':'] => {}
                [before, '.'] if before != '.' => {}
                _ => {
                    used.insert(ident.to_string());
                }
            },
            TokenTree::Punct(punct) => this = punct.as_char(),
            TokenTree::Literal(_) => {}
        }
        before = [before[1], this];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_paths_are_no_names() {
        let mut used = BTreeSet::new();
        names(
            quote::quote!(for i in a..b {
                sum.total(crate::exp(x[i]), ::c::d)
            }),
            &mut used,
        );
        let used: Vec<_> = used.iter().map(String::as_str).collect();
        assert_eq!(used, ["a", "b", "crate", "for", "i", "in", "sum", "x"]);
    }
}
