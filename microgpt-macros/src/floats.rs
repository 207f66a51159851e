//! Float literals in the bodies of ops: numbers of the precision `T`.

use proc_macro2::{Group, Literal, Spacing, TokenStream, TokenTree};
use quote::quote_spanned;

/// Makes each float literal a number of the precision `T`, but for those with a suffix, in the
/// argument of `T::of` and in what has a type of its own.
pub fn of_precision(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut before: Vec<String> = Vec::new();
    // Until the end of this statement numbers are `f64`.
    let mut typed = false;
    let mut last_joint = false;
    for tree in tokens {
        let text = match &tree {
            TokenTree::Group(_) => String::new(),
            other => other.to_string(),
        };
        let last = before.last().map(String::as_str);
        match (text.as_str(), last) {
            ("const" | "static", _) | ("f32" | "f64", Some(":")) => typed = true,
            (";", _) => typed = false,
            _ => {}
        }
        let is_field = last == Some(".");
        let is_joint =
            matches!(&tree, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        match tree {
            TokenTree::Literal(literal) if !typed && !is_field && is_float(&literal) => {
                out.extend(quote_spanned!(literal.span()=> T::of(#literal)));
            }
            TokenTree::Group(group) if !typed && last != Some("of") => {
                let mut inner = Group::new(group.delimiter(), of_precision(group.stream()));
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            other => out.extend([other]),
        }
        // Of `::` and `..` neither sign is one of its own.
        before.push(if is_joint || last_joint { String::new() } else { text });
        last_joint = is_joint;
    }
    out
}

fn is_float(literal: &Literal) -> bool {
    let parsed = syn::parse_str::<syn::Lit>(&literal.to_string());
    matches!(parsed, Ok(syn::Lit::Float(float)) if float.suffix().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn literals_have_the_precision_of_the_arguments() {
        let same = |one: TokenStream, other: TokenStream| {
            assert_eq!(of_precision(one).to_string(), other.to_string());
        };
        same(quote!(3.0 * x + x.powf(-0.5)), quote!(T::of(3.0) * x + x.powf(-T::of(0.5))));
        same(
            quote!({
                let a = 1e-5;
                a + x.powi(2)
            }),
            quote!({
                let a = T::of(1e-5);
                a + x.powi(2)
            }),
        );
        for unchanged in [
            quote!(T::of(0.5 * PI) * x + pair.0.1),
            quote!({
                const C: f64 = 0.5;
                let d: f64 = (2.0 * C);
                T::of(d) * x
            }),
            quote!(T::of(2.0f64.sqrt())),
            quote!(core::f64::consts::PI),
        ] {
            same(unchanged.clone(), unchanged);
        }
    }
}
