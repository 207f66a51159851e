//! The function: its generic parameters follow from the axes.

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use super::arguments::{Argument, Axis, Kind};
use super::signature::Declaration;
use super::usual;
use crate::emit::{code, ident};
use crate::resolve::hir::{Checked, Label, ResultAxis};
use crate::syntax::name::plain;
use crate::syntax::report::Report;

/// Lints that hold of what people write, and not of what is generated.
pub fn allowed() -> TokenStream {
    quote!(#[allow(
        non_camel_case_types,
        non_snake_case,
        unused_qualifications,
        clippy::all,
        clippy::pedantic
    )])
}

/// The types of a signature.
pub struct Types<'a> {
    pub runtime: &'a TokenStream,
    pub declaration: &'a Declaration,
    /// The letters that are type parameters. Others are known by ids and slices alone: `usize`.
    pub dims: Vec<&'a Ident>,
    /// Whether numbers have the precision `T`.
    is_generic: bool,
    pub result: TokenStream,
}

impl<'a> Types<'a> {
    fn new(runtime: &'a TokenStream, declaration: &'a Declaration) -> Self {
        let has_dims = |kind: &Kind| match kind {
            Kind::Array(_) => true,
            Kind::Numbers(axes) => axes.len() > 1,
            _ => false,
        };
        let dims = declaration.letters().into_iter().filter(|letter| {
            let has = |argument: &&Argument| has_dims(&argument.kind);
            let mut axes =
                declaration.arguments.iter().filter(has).flat_map(|argument| argument.kind.axes());
            axes.any(|axis| matches!(axis, Axis::Letter(name) if plain(name) == plain(letter)))
        });
        let dims = dims.collect();
        let is_generic = declaration.arguments.iter().any(|argument| match &argument.kind {
            Kind::Array(_) | Kind::Numbers(_) => true,
            Kind::Rust(ty) => names(ty, "T"),
            Kind::Ids(_) | Kind::Conditions(_) | Kind::Unknown => false,
        });
        Self { runtime, declaration, dims, is_generic, result: TokenStream::new() }
    }

    /// With the results, whose axes the equations have told if they could be read.
    fn with_results(mut self, checked: Option<&Checked>) -> Self {
        let axes = match (checked, &self.declaration.results) {
            (Some(checked), Some(_)) => Some(checked.result_axes.clone()),
            (None, Some(results)) => {
                let axis = |axis: &Axis| match axis.named().label {
                    Label::Letter(letter) if self.declaration.has_range(&letter) => {
                        ResultAxis::Length
                    }
                    label => ResultAxis::Of(label),
                };
                Some(results.iter().map(|axes| axes.iter().map(axis).collect()).collect())
            }
            (_, None) => None,
        };
        let Some(axes) = axes else {
            let is_array = |argument: &&Argument| matches!(argument.kind, Kind::Array(_));
            let first = self.declaration.arguments.iter().find(is_array);
            self.result = first.map_or_else(|| quote!(()), |first| self.argument(&first.kind));
            return self;
        };
        let results: Vec<TokenStream> = axes.iter().map(|axes| self.one_result(axes)).collect();
        self.result =
            if self.declaration.tuple { quote!((#(#results,)*)) } else { quote!(#(#results)*) };
        self
    }

    fn one_result(&self, axes: &[ResultAxis]) -> TokenStream {
        let (runtime, real) = (self.runtime, self.real());
        let shape = axes.iter().map(|axis| match axis {
            ResultAxis::Of(label) => self.label(label),
            ResultAxis::Length => quote!(::core::primitive::usize),
            ResultAxis::Fixed(number) => self.label(&Label::Number(*number)),
        });
        // What could not be read was an array, more likely than not.
        let is_unknown = |argument: &Argument| matches!(argument.kind, Kind::Unknown);
        let is_tracked =
            self.declaration.is_tracked() || self.declaration.arguments.iter().any(is_unknown);
        match (axes.is_empty(), is_tracked) {
            (true, true) => quote!(#runtime::Value<'t, #real>),
            (true, false) => real,
            (false, true) => quote!(#runtime::Array<'t, (#(#shape,)*), #real>),
            (false, false) => quote!(#runtime::Numbers<(#(#shape,)*), #real>),
        }
    }

    fn real(&self) -> TokenStream {
        if self.is_generic {
            precision().into_token_stream()
        } else {
            quote!(::core::primitive::f64)
        }
    }

    fn label(&self, label: &Label) -> TokenStream {
        let runtime = self.runtime;
        match label {
            Label::Number(number) => {
                let number = Literal::usize_unsuffixed(*number);
                quote!(#runtime::Const<#number>)
            }
            Label::Letter(letter) => {
                let dim = self.dims.iter().find(|dim| plain(dim) == *letter);
                dim.map_or_else(|| quote!(::core::primitive::usize), ToTokens::to_token_stream)
            }
        }
    }

    fn argument(&self, kind: &Kind) -> TokenStream {
        let (runtime, real) = (self.runtime, self.real());
        let labels: Vec<Label> = kind.axes().iter().map(|axis| axis.named().label).collect();
        let shape = labels.iter().map(|label| self.label(label));
        let of = |number: &usize| Literal::usize_unsuffixed(*number);
        match (kind, &labels[..]) {
            (Kind::Array(_), []) => quote!(#runtime::Value<'t, #real>),
            (Kind::Array(_), _) => quote!(#runtime::Array<'t, (#(#shape,)*), #real>),
            (Kind::Numbers(_), [Label::Letter(_)]) => quote!(&[#real]),
            (Kind::Numbers(_), [Label::Number(number)]) => {
                let number = of(number);
                quote!(&[#real; #number])
            }
            (Kind::Numbers(_), _) => quote!(&#runtime::Numbers<(#(#shape,)*), #real>),
            (Kind::Ids(_) | Kind::Conditions(_), labels) => {
                let element = if let Kind::Conditions(_) = kind {
                    quote!(::core::primitive::bool)
                } else {
                    quote!(::core::primitive::usize)
                };
                match labels {
                    [Label::Number(number)] => {
                        let number = of(number);
                        quote!(&[#element; #number])
                    }
                    [Label::Letter(_), Label::Number(inner)] => {
                        let inner = of(inner);
                        quote!(&[[#element; #inner]])
                    }
                    [Label::Number(outer), Label::Number(inner)] => {
                        let (outer, inner) = (of(outer), of(inner));
                        quote!(&[[#element; #inner]; #outer])
                    }
                    // Their rows are as long as the run time says.
                    [_, Label::Letter(_)] => quote!(&#runtime::Numbers<(#(#shape,)*), #element>),
                    _ => quote!(&[#element]),
                }
            }
            (Kind::Rust(ty), _) => ty.clone(),
            (Kind::Unknown, _) => quote!(impl ::core::marker::Sized),
        }
    }

    pub fn arguments(&self) -> Vec<TokenStream> {
        self.declaration.arguments.iter().map(|argument| self.argument(&argument.kind)).collect()
    }

    pub fn generics(&self) -> TokenStream {
        let (runtime, dims) = (self.runtime, &self.dims);
        let has_tape =
            |argument: &Argument| matches!(argument.kind, Kind::Array(_) | Kind::Unknown);
        let lifetime = self.declaration.arguments.iter().any(has_tape).then(|| quote!('t,));
        let real = precision();
        let real = self.is_generic.then(|| quote!(#real: #runtime::Real));
        quote!(<#lifetime #(#dims: #runtime::Dim,)* #real>)
    }
}

/// The name that the user knows the precision by.
pub fn precision() -> Ident {
    Ident::new("T", Span::call_site())
}

/// Whether a name stands somewhere in these tokens.
pub fn names(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => names(&group.stream(), name),
        _ => false,
    })
}

/// After mistakes: these, and a function that can be called.
pub fn stand_in(runtime: &TokenStream, declaration: &Declaration, report: Report) -> TokenStream {
    let errors = report.into_items();
    let Some(name) = &declaration.name else { return errors };
    let types = Types::new(runtime, declaration).with_results(None);
    let (visibility, generics, result) = (&declaration.visibility, types.generics(), &types.result);
    let names = (0..declaration.arguments.len()).map(|at| ident(&format!("argument_{at}_")));
    let arguments = types.arguments();
    let allowed = allowed();
    quote! {
        #errors
        /// A layer with mistakes.
        #[allow(dead_code, unused_variables)]
        #allowed
        #visibility fn #name #generics(#(#names: #arguments),*) -> #result {
            ::core::unreachable!()
        }
    }
}

/// The whole function.
pub fn function(
    runtime: &TokenStream,
    declaration: &Declaration,
    checked: &Checked,
    equations: &TokenStream,
    docs: &TokenStream,
) -> TokenStream {
    let Some(name) = &declaration.name else { return TokenStream::new() };
    let types = Types::new(runtime, declaration).with_results(Some(checked));
    let equations = with_fixed_axes(&types, checked, equations);
    let body = usual::choice(&types, checked, &equations).unwrap_or(equations);
    let (attributes, visibility) = (&declaration.attributes, &declaration.visibility);
    let (generics, result) = (types.generics(), &types.result);
    let names = declaration.arguments.iter().map(|argument| &argument.name);
    let arguments = types.arguments();
    let allowed = allowed();
    let is_there = |word: &str| attributes.iter().any(|attribute| names_first(attribute, word));
    let must_use = (!is_there("must_use")).then(|| quote!(#[must_use]));
    quote! {
        #(#attributes)*
        #docs
        #must_use
        #[track_caller]
        #allowed
        #visibility fn #name #generics(#(#names: #arguments),*) -> #result {
            #body
        }
    }
}

/// Whether an attribute, `#[word ...]`, begins so.
pub fn names_first(attribute: &TokenStream, word: &str) -> bool {
    attribute.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => {
            matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(first)) if first == word)
        }
        _ => false,
    })
}

/// The expression of an array's axis.
pub fn axis_of(runtime: &TokenStream, array: &Ident, axis: usize) -> TokenStream {
    let axis = Literal::usize_unsuffixed(axis);
    code!(#runtime::Array::shape(#array).#axis)
}

/// The results, each under other axes where `axes` has some.
pub fn with_axes(
    types: &Types<'_>,
    results: &TokenStream,
    axes: &[Option<Vec<TokenStream>>],
    own: &Ident,
) -> TokenStream {
    let runtime = types.runtime;
    let function = ident(if types.declaration.is_tracked() { "array" } else { "numbers" });
    let shaped = |axes: &Option<Vec<TokenStream>>, result: &TokenStream| match axes {
        None => result.clone(),
        Some(axes) => code! {{
            let #own = #result;
            #runtime::shape::usual::#function(#own, (#(#axes,)*))
        }},
    };
    if axes.iter().all(Option::is_none) {
        return results.clone();
    }
    if !types.declaration.tuple {
        return shaped(&axes[0], results);
    }
    let parts: Vec<Ident> = (0..axes.len()).map(|at| ident(&format!("part_{at}_"))).collect();
    let shaped_parts = axes.iter().zip(&parts).map(|(axes, part)| shaped(axes, &code!(#part)));
    code! {{
        let (#(#parts,)*) = #results;
        (#(#shaped_parts,)*)
    }}
}

/// The equations, whose axes of literal ranges become those of the signature.
fn with_fixed_axes(types: &Types<'_>, checked: &Checked, equations: &TokenStream) -> TokenStream {
    let runtime = types.runtime;
    let own = ident("result_");
    let own_shape = if types.declaration.is_tracked() {
        code!(#runtime::Array::shape(#own))
    } else {
        code!(#runtime::Numbers::shape(&#own))
    };
    let axes = checked.result_axes.iter().map(|axes| {
        let fixed = |axis: &ResultAxis| matches!(axis, ResultAxis::Fixed(_));
        axes.iter().any(fixed).then(|| {
            let shape = axes.iter().enumerate().map(|(at, axis)| {
                if let ResultAxis::Fixed(number) = axis {
                    let number = Literal::usize_unsuffixed(*number);
                    code!(#runtime::Const::<#number>)
                } else {
                    let at = Literal::usize_unsuffixed(at);
                    code!(#own_shape.#at)
                }
            });
            shape.collect()
        })
    });
    with_axes(types, equations, &axes.collect::<Vec<_>>(), &own)
}
