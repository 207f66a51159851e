//! The test of a layer: its gradient, at sizes from 1 upwards and with all arguments drawn.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};

use super::arguments::{Argument, Axis, Kind};
use super::draws::{Draw, ends, integer, value_text};
use super::function::{allowed, names_first, precision};
use super::signature::Declaration;
use crate::emit::{code, ident};
use crate::resolve::StatedRange;
use crate::resolve::hir::Label;
use crate::syntax::ast::{Expr, ExprKind, Operator};
use crate::syntax::name::{named_as, plain};

/// The test, unless the layer has no gradient or says why it is not checked.
pub fn proof(runtime: &TokenStream, declaration: &Declaration) -> TokenStream {
    let Some(name) =
        declaration.name.as_ref().filter(|_| !declaration.unchecked && declaration.is_tracked())
    else {
        return TokenStream::new();
    };
    let text = plain(name);
    let test = Ident::new(&format!("{text}_has_the_right_gradient"), name.span());
    let proof = Proof { runtime, declaration };
    let swept = declaration.letters().into_iter().map(plain);
    let swept = swept.filter(|letter| !declaration.has_range(letter));
    let draws = proof.draws();
    let arguments = declaration.arguments.iter().map(|argument| proof.argument(argument));
    let (real, allowed) = (precision(), allowed());
    let configurations =
        declaration.attributes.iter().filter(|attribute| names_first(attribute, "cfg"));
    let (drawing, check, inputs) = (ident("drawing_"), ident("check_"), ident("inputs_"));
    quote! {
        #(#configurations)*
        #[cfg(test)]
        #[::core::prelude::v1::test]
        #[allow(deprecated)]
        #allowed
        fn #test() {
            struct Check_<'a>(&'a #runtime::gradcheck::Drawing);
            impl #runtime::gradcheck::Layer for Check_<'_> {
                #[allow(unused_variables, unused_mut)]
                fn outputs<'t, #real: #runtime::Real>(
                    &self,
                    #inputs: &[#runtime::Vector<'t, ::core::primitive::usize, #real>],
                ) -> #runtime::gradcheck::Outputs<'t, #real> {
                    let #drawing = self.0;
                    let mut #inputs = #inputs.iter();
                    ::core::convert::Into::into(#name(#(#arguments),*))
                }
            }
            #runtime::gradcheck::sweep(
                #text,
                &[#(#swept),*],
                &|#drawing| { #draws },
                &|#drawing, #check| #check.check_layer(#drawing.inputs(), &Check_(#drawing)),
            );
        }
    }
}

struct Proof<'a> {
    runtime: &'a TokenStream,
    declaration: &'a Declaration,
}

impl Proof<'_> {
    fn is_axis(&self, name: &str) -> bool {
        self.declaration.letters().into_iter().any(|letter| plain(letter) == name)
    }

    /// A name in the range of a draw, as an `i64`.
    fn atom(&self, name: &str) -> TokenStream {
        let arguments = &self.declaration.arguments;
        if self.is_axis(name) {
            self.drawn("length_of", name)
        } else if arguments
            .iter()
            .any(|argument| argument.kind.is_integer() && plain(&argument.name) == name)
        {
            self.drawn("integer_of", name)
        } else {
            let constant = named_as(name, proc_macro2::Span::call_site());
            code!((#constant as ::core::primitive::i64))
        }
    }

    /// What was drawn of this name, where the drawing may be one that still changes.
    fn drawn(&self, method: &str, name: &str) -> TokenStream {
        let (runtime, drawing, method) = (self.runtime, ident("drawing_"), ident(method));
        code!(#runtime::gradcheck::Drawing::#method(#drawing, #name))
    }

    /// What draws all arguments: integers first, for lengths may depend on them.
    fn draws(&self) -> TokenStream {
        let drawing = ident("drawing_");
        let mut tokens = TokenStream::new();
        let atom = |name: &str, _: bool| self.atom(name);
        for Argument { name, kind, draw, .. } in &self.declaration.arguments {
            let (Kind::Rust(ty), Some(draw)) = (kind, draw) else { continue };
            let text = plain(name);
            tokens.extend(match draw {
                Draw::Integers(range) => {
                    let [low, high] = Draw::integer_ends(range, &atom);
                    code! {
                        #[allow(unused_variables)]
                        let #name: #ty = ::core::result::Result::expect(
                            ::core::convert::TryFrom::try_from(#drawing.integer(#text, #low, #high)),
                            "an integer that the type of the argument holds",
                        );
                    }
                }
                Draw::Floats(low, high) => code!(#drawing.number(#text, (#low)..(#high));),
                Draw::Values(values) => {
                    let texts = values.iter().map(value_text);
                    code!(#drawing.choice(#text, &[#(#texts),*]);)
                }
            });
        }
        for stated in &self.declaration.ranges {
            let letter = plain(&stated.name);
            if self.is_axis(&letter) {
                let high = self.extreme(&stated.range.high, true);
                let more = if stated.range.inclusive { code!(+ 1) } else { TokenStream::new() };
                tokens.extend(code!(#drawing.reach(#letter, #high #more);));
            }
        }
        for Argument { name, kind, draw, .. } in &self.declaration.arguments {
            let text = plain(name);
            let shape = kind.axes().iter().map(|axis| match axis.named().label {
                Label::Letter(letter) => self.drawn("length", &letter),
                Label::Number(number) => Literal::usize_unsuffixed(number).into_token_stream(),
            });
            let shape = code!(&[#(#shape),*]);
            let range = if let Some(Draw::Floats(low, high)) = draw {
                code!(::core::option::Option::Some((#low)..(#high)))
            } else {
                code!(::core::option::Option::None)
            };
            tokens.extend(match (kind, draw) {
                (Kind::Array(_), _) => code!(#drawing.input(#text, #shape, #range);),
                (Kind::Numbers(_), _) => code!(#drawing.numbers(#text, #shape, #range);),
                (Kind::Ids(_), Some(Draw::Integers(range))) => {
                    let [low, high] = Draw::integer_ends(range, &atom);
                    code!(#drawing.ids(#text, #shape, #low, #high);)
                }
                (Kind::Conditions(_), _) => code!(#drawing.conditions(#text, #shape);),
                _ => TokenStream::new(),
            });
        }
        tokens
    }

    /// The greatest or the least value of an end over all values of the indices that it names.
    fn extreme(&self, expr: &Expr, greatest: bool) -> TokenStream {
        match &expr.kind {
            ExprKind::Path(path) => {
                let name = path.ident.as_ref().map(plain).unwrap_or_default();
                if self.is_axis(&name) {
                    let length = self.atom(&name);
                    return if greatest { code!((#length - 1)) } else { code!(0) };
                }
                let named = |stated: &&StatedRange| plain(&stated.name) == name;
                if let Some(stated) = self.declaration.ranges.iter().find(named) {
                    let last = i64::from(greatest && !stated.range.inclusive);
                    let end = if greatest { &stated.range.high } else { &stated.range.low };
                    let (end, last) = (self.extreme(end, greatest), crate::emit::literal(last));
                    return code!((#end - #last));
                }
                integer(expr, &|name, _| self.atom(name))
            }
            ExprKind::Negate(operand) => {
                let operand = self.extreme(operand, !greatest);
                code!((-#operand))
            }
            ExprKind::Binary { operator, left, right } => match operator {
                Operator::Add => {
                    let (left, right) =
                        (self.extreme(left, greatest), self.extreme(right, greatest));
                    code!((#left + #right))
                }
                Operator::Sub => {
                    let (left, right) =
                        (self.extreme(left, greatest), self.extreme(right, !greatest));
                    code!((#left - #right))
                }
                _ => {
                    let is_negative = |side: &Expr| matches!(side.kind, ExprKind::Negate(_));
                    let greatest = greatest != (is_negative(left) || is_negative(right));
                    let (left, right) =
                        (self.extreme(left, greatest), self.extreme(right, greatest));
                    if *operator == Operator::Div {
                        code!(::core::primitive::i64::div_euclid(#left, #right))
                    } else {
                        code!((#left * #right))
                    }
                }
            },
            ExprKind::Call { function, arguments } => {
                let name = ends(function);
                let all = arguments.iter().map(|argument| self.extreme(argument, greatest));
                all.reduce(|a, b| code!(::core::cmp::Ord::#name(#a, #b)))
                    .unwrap_or_else(|| code!(0))
            }
            _ => integer(expr, &|name, _| self.atom(name)),
        }
    }

    /// What the layer is called with.
    fn argument(&self, argument: &Argument) -> TokenStream {
        let runtime = self.runtime;
        let (drawing, inputs) = (ident("drawing_"), ident("inputs_"));
        let text = plain(&argument.name);
        let real = precision();
        let axes = argument.kind.axes();
        let shape = axes.iter().map(|axis| match axis {
            Axis::Letter(letter) => {
                let letter = plain(letter);
                code!(#drawing.length(#letter))
            }
            Axis::Number(number, _) => {
                let number = Literal::usize_unsuffixed(*number);
                code!(#runtime::Const::<#number>)
            }
        });
        let in_rows = |numbers: TokenStream| {
            code! {
                ::core::result::Result::expect(::core::convert::TryFrom::try_from(#numbers), "so many")
            }
        };
        let is_number = |at: usize| matches!(axes.get(at), Some(Axis::Number(..)));
        match &argument.kind {
            Kind::Array(axes) => {
                let next = code!(::core::option::Option::expect(::core::iter::Iterator::next(&mut #inputs), "an input for each array"));
                if axes.is_empty() {
                    code!(#runtime::Array::at(*#next, [0]))
                } else {
                    code!(#runtime::Array::reshape(*#next, (#(#shape,)*)))
                }
            }
            Kind::Numbers(axes) if axes.len() > 1 => {
                code!(&#runtime::Numbers::new((#(#shape,)*), #drawing.numbers_of::<#real>(#text)))
            }
            Kind::Numbers(_) if is_number(0) => {
                in_rows(code!(&#drawing.numbers_of::<#real>(#text)[..]))
            }
            Kind::Numbers(_) => code!(&#drawing.numbers_of::<#real>(#text)),
            Kind::Ids(axes) | Kind::Conditions(axes) => {
                let all = if let Kind::Ids(_) = argument.kind {
                    code!(#drawing.ids_of(#text))
                } else {
                    code!(#drawing.conditions_of(#text))
                };
                match axes.get(1) {
                    Some(Axis::Number(number, _)) => {
                        let number = Literal::usize_unsuffixed(*number);
                        let rows = code!(#all.as_chunks::<#number>().0);
                        if is_number(0) { in_rows(rows) } else { rows }
                    }
                    Some(Axis::Letter(_)) => {
                        code!(&#runtime::Numbers::new((#(#shape,)*), #all.to_vec()))
                    }
                    _ if is_number(0) => in_rows(all),
                    _ => all,
                }
            }
            Kind::Rust(ty) => match &argument.draw {
                Some(Draw::Integers(_)) => code! {
                    ::core::result::Result::expect(
                        ::core::convert::TryFrom::try_from(#drawing.integer_of(#text)),
                        "an integer that the type of the argument holds",
                    )
                },
                Some(Draw::Floats(..)) => match ty.to_string().as_str() {
                    "f32" => code!(#drawing.number_of(#text) as ::core::primitive::f32),
                    "f64" => code!(#drawing.number_of(#text)),
                    _ => code!(<#real as #runtime::Real>::of(#drawing.number_of(#text))),
                },
                Some(Draw::Values(values)) => {
                    let (last, rest) =
                        values.split_last().unwrap_or_else(|| unreachable!("a list is not empty"));
                    let numbers = (0..rest.len()).map(Literal::usize_unsuffixed);
                    quote!(match #drawing.choice_of(#text) { #(#numbers => #rest,)* _ => #last })
                }
                None => TokenStream::new(),
            },
            Kind::Unknown => TokenStream::new(),
        }
    }
}
