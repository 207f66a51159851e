//! Usual lengths at the entry: where they are in the table of the run-time crate, the equations are called
//! with types that say them, and the results get their declared axes back.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;

use super::arguments::{Axis, Kind};
use super::function::{Types, axis_of, names, with_axes};
use crate::emit::{code, ident};
use crate::resolve::hir::{Checked, Label, ResultAxis};
use crate::syntax::name::plain;

/// The letters whose lengths are chosen at the entry: those that are not the first axis of some array.
fn inner_letters(types: &Types<'_>, checked: &Checked) -> Vec<String> {
    let is =
        |axis: &Axis, letter: &str| matches!(axis, Axis::Letter(name) if plain(name) == letter);
    let arguments = &types.declaration.arguments;
    let inner = |letter: &String| {
        let in_argument = arguments.iter().any(|argument| match &argument.kind {
            Kind::Array(axes) => axes.iter().skip(1).any(|axis| is(axis, letter)),
            _ => false,
        });
        let of = ResultAxis::Of(Label::Letter(letter.clone()));
        in_argument
            || checked.result_axes.iter().any(|axes| axes.iter().skip(1).any(|axis| *axis == of))
    };
    // Numbers are passed by reference, and keep the type of their axes.
    let is_free = |letter: &String| {
        !arguments.iter().any(|argument| match &argument.kind {
            Kind::Numbers(axes) => axes.len() > 1 && axes.iter().any(|axis| is(axis, letter)),
            Kind::Ids(axes) | Kind::Conditions(axes) => {
                matches!(&axes[..], [_, Axis::Letter(_)])
                    && axes.iter().any(|axis| is(axis, letter))
            }
            _ => false,
        })
    };
    types.dims.iter().map(|dim| plain(dim)).filter(inner).filter(is_free).collect()
}

/// A body that looks at the lengths first, if the library has a table for so many letters.
pub fn choice(
    types: &Types<'_>,
    checked: &Checked,
    equations: &TokenStream,
) -> Option<TokenStream> {
    let letters = inner_letters(types, checked);
    let is_nameable = |kind: &Kind| match kind {
        Kind::Rust(ty) => !names(ty, "impl"),
        _ => true,
    };
    let arguments = &types.declaration.arguments;
    let is_possible = matches!(letters.len(), 1..=3)
        && arguments.iter().all(|argument| is_nameable(&argument.kind));
    is_possible.then(|| {
        let numbered = |count: usize, name: &str| {
            (0..count).map(|at| ident(&format!("{name}_{at}_"))).collect::<Vec<Ident>>()
        };
        let choice = Choice {
            types,
            checked,
            own: numbered(arguments.len(), "argument"),
            lengths: numbered(letters.len(), "length"),
            declared: numbered(letters.len(), "declared"),
            letters,
        };
        choice.body(equations)
    })
}

struct Choice<'a> {
    types: &'a Types<'a>,
    checked: &'a Checked,
    letters: Vec<String>,
    /// The arguments, the lengths that were chosen, and those of the declared type, where the equations
    /// are called.
    own: Vec<Ident>,
    lengths: Vec<Ident>,
    declared: Vec<Ident>,
}

impl Choice<'_> {
    fn body(&self, equations: &TokenStream) -> TokenStream {
        let Self { types, lengths, own, .. } = self;
        let (runtime, result) = (types.runtime, &types.result);
        let (generics, arguments) = (types.generics(), types.arguments());
        let with = ident(["WithOne", "WithTwo", "WithThree"][self.letters.len() - 1]);
        let chosen: Vec<Ident> =
            (0..lengths.len()).map(|at| ident(&format!("Length{at}_"))).collect();
        let names: Vec<&Ident> = self.names().collect();
        let reshaped = self.reshaped();
        let call = self.restored(&code!(equations_(#(#own),*)));
        let entry = self.entry();
        code! {
            #[inline]
            #[track_caller]
            fn equations_ #generics(#(#names: #arguments),*) -> #result {
                #equations
            }

            struct Arguments_<A>(A);

            impl #generics #runtime::shape::usual::#with for Arguments_<(#(#arguments,)*)> {
                type Output = #result;

                #[inline]
                fn with<#(#chosen: #runtime::Dim),*>(self, #(#lengths: #chosen),*) -> #result {
                    let Arguments_((#(#own,)*)) = self;
                    #reshaped
                    #call
                }
            }

            #entry
        }
    }

    fn names(&self) -> impl Iterator<Item = &Ident> {
        self.types.declaration.arguments.iter().map(|argument| &argument.name)
    }

    fn position(&self, axis: &Axis) -> Option<usize> {
        match axis {
            Axis::Letter(letter) => self.letters.iter().position(|chosen| *chosen == plain(letter)),
            Axis::Number(..) => None,
        }
    }

    /// Whether the letters stand side by side in an array that has a third axis.
    fn are_heads(&self) -> bool {
        self.types.declaration.arguments.iter().any(|argument| match &argument.kind {
            Kind::Array(axes) if axes.len() > 2 => {
                axes.iter().filter(|axis| self.position(axis).is_some()).count() == 2
            }
            _ => false,
        })
    }

    /// Where each letter stands: the argument and its axis.
    fn places(&self) -> Vec<Vec<(usize, usize)>> {
        let mut places = vec![Vec::new(); self.letters.len()];
        for (at, argument) in self.types.declaration.arguments.iter().enumerate() {
            let Kind::Array(axes) = &argument.kind else { continue };
            for (axis, letter) in axes.iter().enumerate() {
                if let Some(letter) = self.position(letter) {
                    places[letter].push((at, axis));
                }
            }
        }
        places
    }

    /// The declared lengths, and the arguments with those that were chosen.
    fn reshaped(&self) -> TokenStream {
        let runtime = self.types.runtime;
        let mut tokens = TokenStream::new();
        for (places, declared) in self.places().iter().zip(&self.declared) {
            let (at, axis) = places[0];
            let length = axis_of(runtime, &self.own[at], axis);
            tokens.extend(code!(let #declared = #length;));
        }
        for (argument, array) in self.types.declaration.arguments.iter().zip(&self.own) {
            let Kind::Array(axes) = &argument.kind else { continue };
            if !axes.iter().any(|axis| self.position(axis).is_some()) {
                continue;
            }
            let shape = axes.iter().enumerate().map(|(axis, letter)| match self.position(letter) {
                Some(letter) => self.lengths[letter].to_token_stream(),
                None => axis_of(runtime, array, axis),
            });
            tokens
                .extend(code!(let #array = #runtime::shape::usual::array(#array, (#(#shape,)*));));
        }
        tokens
    }

    /// The results with their declared axes.
    fn restored(&self, call: &TokenStream) -> TokenStream {
        let own = ident("result_");
        let at = |axis: &ResultAxis| match axis {
            ResultAxis::Of(Label::Letter(letter)) => {
                self.letters.iter().position(|chosen| chosen == letter)
            }
            _ => None,
        };
        let axes = self.checked.result_axes.iter().map(|axes| {
            axes.iter().any(|axis| at(axis).is_some()).then(|| {
                let shape = axes.iter().enumerate().map(|(position, axis)| match at(axis) {
                    Some(letter) => self.declared[letter].to_token_stream(),
                    None => axis_of(self.types.runtime, &own, position),
                });
                shape.collect()
            })
        });
        with_axes(self.types, call, &axes.collect::<Vec<_>>(), &own)
    }

    /// The choice, where all axes of each letter are equally long; lengths that differ are told by the
    /// equations.
    fn entry(&self) -> TokenStream {
        let runtime = self.types.runtime;
        let names: Vec<&Ident> = self.names().collect();
        let length = |(at, axis): (usize, usize)| axis_of(runtime, names[at], axis);
        let places = self.places();
        let given = places.iter().map(|places| length(places[0]));
        let mut agree = Vec::new();
        for places in &places {
            let first = length(places[0]);
            agree.extend(places[1..].iter().map(|&place| {
                let next = length(place);
                code!(#first == #next)
            }));
        }
        let choose = match places.len() {
            1 => "one",
            2 if self.are_heads() => "heads",
            2 => "two",
            _ => "three",
        };
        let choose = ident(choose);
        let chosen = code!(#runtime::shape::usual::#choose(#(#given,)* Arguments_((#(#names,)*))));
        if agree.is_empty() {
            return chosen;
        }
        code!(if #(#agree)&&* { #chosen } else { equations_(#(#names),*) })
    }
}
