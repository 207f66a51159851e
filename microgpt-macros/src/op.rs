//! The declaration of an op: what `op!` takes, in the order in which it is emitted.
//!
//! The parts of the body may come in any order, and a number with a point in them is one of the
//! precision. What does not follow the form is told with the form.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

use crate::syntax::report::Report;

const FORM: &str = "an op is declared as `square(x in -3.0..3.0) -> y { forward: x * x, gradient: [2.0 * x] }`: each argument with the range that checks draw it from, the name of the result, the function, and the derivative by each argument";

/// The declaration, for the arm of `op!` that emits it.
pub fn op(input: TokenStream) -> TokenStream {
    let mut tokens = Parts(input.into_iter().collect());
    let runtime = match tokens.take() {
        Some(TokenTree::Group(group)) => group.stream(),
        first => first.into_token_stream(),
    };
    let mut report = Report::default();
    let declaration = tokens.declaration(&runtime, &mut report);
    let Some(Declaration { before, name, arguments, result, forward, gradient, kink }) =
        declaration
    else {
        return report.into_items();
    };
    let mut arguments = arguments;
    let (mut forward, mut gradient, mut kink) = (forward, gradient, kink);
    let errors = if report.is_empty() {
        TokenStream::new()
    } else {
        // Whoever calls the op is to hear nothing of it.
        for (_, range) in &mut arguments {
            *range = quote!(0.0..1.0);
        }
        let names = arguments.iter().map(|(name, _)| name);
        gradient = quote!(#(#names),*);
        forward = arguments.first().map(|(name, _)| name).to_token_stream();
        kink = None;
        report.into_items()
    };
    let kink = kink.map(|kink| quote!(, kink: #kink));
    let (names, ranges): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
    quote! {
        #errors
        #runtime::op! {
            @declare #before #name(#(#names in #ranges),*) -> #result {
                forward: #forward, gradient: [#gradient] #kink
            }
        }
    }
}

struct Declaration {
    /// Attributes and visibility.
    before: TokenStream,
    name: Ident,
    /// Each with its range.
    arguments: Vec<(Ident, TokenStream)>,
    result: Ident,
    forward: TokenStream,
    gradient: TokenStream,
    kink: Option<TokenStream>,
}

/// Tokens that are left.
struct Parts(std::collections::VecDeque<TokenTree>);

impl Parts {
    fn take(&mut self) -> Option<TokenTree> {
        self.0.pop_front()
    }

    fn is_punct(&self, at: usize, sign: char) -> bool {
        matches!(self.0.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
    }

    fn ident(&self, at: usize) -> Option<&Ident> {
        match self.0.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => None,
            _ => None,
        }
    }

    fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        match self.0.front() {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
                let group = group.clone();
                self.take();
                Some(group)
            }
            _ => None,
        }
    }

    /// Where an error about what comes next points: what comes before, at the end.
    fn span(&self, before: Span) -> Span {
        self.0.front().map_or(before, TokenTree::span)
    }

    /// The declaration, with stand-ins for what is wrong; `None` if nothing could be declared.
    fn declaration(&mut self, runtime: &TokenStream, report: &mut Report) -> Option<Declaration> {
        let before = self.before();
        if let Some(word) = self.ident(0).filter(|word| *word == "fn") {
            report.error(word.span(), "an op is declared without `fn`", FORM);
            self.take();
            let declaration = self.declaration(runtime, &mut Report::default())?;
            return Some(Declaration { before, ..declaration });
        }
        let Some(name) = self.ident(0).cloned() else {
            report.error(self.span(Span::call_site()), "expected the name of an op", FORM);
            return None;
        };
        self.take();
        let Some(group) = self.group(Delimiter::Parenthesis) else {
            report.error(self.span(name.span()), format!("`{name}` has no arguments"), FORM);
            return None;
        };
        let arguments = arguments(&group, report);
        if arguments.is_empty() {
            if report.is_empty() {
                report.error(group.span(), format!("`{name}` has no arguments"), FORM);
            }
            return None;
        }
        let stand_in = || Ident::new("result", Span::call_site());
        let result = self.result(&group, report).unwrap_or_else(stand_in);
        let body = self.group(Delimiter::Brace);
        let Some(body) = body.filter(|_| self.0.is_empty()) else {
            let span = self.span(name.span());
            report.error(
                span,
                "expected the body of the op in braces, and nothing behind it",
                FORM,
            );
            return Some(Declaration {
                before,
                name,
                arguments,
                result,
                forward: TokenStream::new(),
                gradient: TokenStream::new(),
                kink: None,
            });
        };
        let mut parts = fields(&body, report);
        let mut part = |part: &str| {
            let at = parts.iter().position(|(name, _)| name == part)?;
            Some(parts.swap_remove(at).1)
        };
        let (forward, gradient, kink) = (part("forward"), part("gradient"), part("kink"));
        for (part, there) in [("forward", forward.is_some()), ("gradient", gradient.is_some())] {
            if !there && report.is_empty() {
                report.error(name.span(), format!("`{name}` has no `{part}:`"), FORM);
            }
        }
        let gradient = gradient.and_then(|tokens| bracketed(tokens, report));
        let numbers = |tokens: Option<TokenStream>| numbers(runtime, tokens.unwrap_or_default());
        Some(Declaration {
            before,
            name,
            arguments,
            result,
            forward: numbers(forward),
            gradient: numbers(gradient),
            kink,
        })
    }

    /// Attributes and visibility.
    fn before(&mut self) -> TokenStream {
        let mut before = TokenStream::new();
        loop {
            let count = if self.is_punct(0, '#') {
                2
            } else if self.ident(0).is_some_and(|word| word == "pub") {
                let of = |group: &Group| group.delimiter() == Delimiter::Parenthesis;
                1 + usize::from(matches!(self.0.get(1), Some(TokenTree::Group(group)) if of(group)))
            } else if matches!(self.0.front(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None)
            {
                1
            } else {
                return before;
            };
            before.extend((0..count).filter_map(|_| self.take()));
        }
    }

    /// `-> result`
    fn result(&mut self, arguments: &Group, report: &mut Report) -> Option<Ident> {
        let arrow = self.is_punct(0, '-') && self.is_punct(1, '>');
        let mut span = arguments.span_close();
        if arrow {
            span = self.span(span);
            self.take();
            self.take();
        }
        let result = self.ident(0).cloned().filter(|_| arrow);
        if result.is_some() {
            self.take();
            return result;
        }
        report.error(
            span,
            "the result has no name: `-> y` is missing after the arguments",
            "the gradient may name the result: `square(x in -3.0..3.0) -> y { ... }`",
        );
        while !matches!(self.0.front(), None | Some(TokenTree::Group(_))) {
            self.take();
        }
        None
    }
}

/// The arguments, each with its range, and those whose range is wrong.
fn arguments(group: &Group, report: &mut Report) -> Vec<(Ident, TokenStream)> {
    let is_next = |rest: &[TokenTree]| matches!(rest, [TokenTree::Ident(_), ..]);
    let mut arguments = Vec::new();
    for argument in split(group.stream(), is_next) {
        let Some(TokenTree::Ident(name)) = argument.first() else {
            let span = argument.first().map_or(group.span(), TokenTree::span);
            report.error(span, "expected the name of an argument", FORM);
            continue;
        };
        let range: TokenStream = argument.iter().skip(2).cloned().collect();
        match argument.get(1) {
            Some(TokenTree::Ident(word)) if word == "in" && !range.is_empty() => {}
            Some(TokenTree::Punct(colon)) if colon.as_char() == ':' => report.error(
                colon.span(),
                format!("the argument `{name}` has a type"),
                format!(
                    "every argument is a number of the precision `T`: write the range that checks draw it from, `{name} in -3.0..3.0`"
                ),
            ),
            found => report.error(
                found.map_or(name.span(), TokenTree::span),
                format!("the argument `{name}` has no range"),
                format!("write the range that checks draw it from, `{name} in -3.0..3.0`"),
            ),
        }
        arguments.push((name.clone(), range));
    }
    arguments
}

/// What stands after `forward:`, `gradient:` and `kink:`.
fn fields(body: &Group, report: &mut Report) -> Vec<(String, TokenStream)> {
    let is_name = |rest: &[TokenTree]| match rest {
        [TokenTree::Ident(_), TokenTree::Punct(colon), rest @ ..] if colon.as_char() == ':' => {
            !matches!(rest.first(), Some(TokenTree::Punct(more)) if more.as_char() == ':')
        }
        _ => false,
    };
    let mut fields: Vec<(String, TokenStream)> = Vec::new();
    for mut field in split(body.stream(), is_name) {
        let is_semicolon =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
        if let Some(at) = field.iter().position(is_semicolon) {
            report.error(field[at].span(), "the parts of an op are separated by commas", FORM);
            field.truncate(at);
        }
        let span = field.first().map_or(body.span(), TokenTree::span);
        let known = ["forward", "gradient", "kink"];
        match field.first() {
            Some(TokenTree::Ident(name)) if is_name(&field) => {
                let name = name.to_string();
                if !known.contains(&name.as_str()) {
                    let message = format!("`{name}:` is no part of an op");
                    report.error(span, message, FORM);
                } else if fields.iter().any(|(earlier, _)| *earlier == name) {
                    report.error(span, format!("`{name}:` stands twice"), FORM);
                } else if field.len() == 2 {
                    report.error(span, format!("`{name}:` says nothing"), FORM);
                }
                fields.push((name, field.into_iter().skip(2).collect()));
            }
            _ => {
                report.error(span, "expected `forward:`, `gradient:` or `kink:`", FORM);
            }
        }
    }
    fields
}

/// What stands in the brackets of the gradient.
fn bracketed(tokens: TokenStream, report: &mut Report) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
            if group.stream().is_empty() {
                report.error(
                    group.span(),
                    "the gradient is empty",
                    "it has an entry for each argument: `gradient: [2.0 * x]`, `gradient: [y, x]`",
                );
            }
            Some(group.stream())
        }
        [] => None,
        [first, ..] => {
            report.error(
                first.span(),
                "the gradient stands in brackets",
                "it has an entry for each argument: `gradient: [2.0 * x]`, `gradient: [y, x]`",
            );
            None
        }
    }
}

/// Divides at the commas before what begins a new part, and drops one at the end.
fn split(tokens: TokenStream, begins: impl Fn(&[TokenTree]) -> bool) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut parts: Vec<Vec<TokenTree>> = Vec::new();
    let mut part = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_comma = matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        let rest = &tokens[at + 1..];
        if is_comma && (rest.is_empty() || begins(rest)) {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(token.clone());
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// The same tokens, in which a number with a point is one of the precision `T`: but with a suffix, or in
/// the arguments of `T::of`, it is what it is in Rust.
fn numbers(runtime: &TokenStream, tokens: TokenStream) -> TokenStream {
    let mut numbers = TokenStream::new();
    let (mut is_of, mut dots) = (false, 0);
    for token in tokens {
        let (keeps, is_field) = (is_of, dots == 1);
        is_of = matches!(&token, TokenTree::Ident(name) if name == "of");
        let is_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
        dots = if is_dot { dots + 1 } else { 0 };
        match token {
            TokenTree::Group(group) if !keeps => {
                let inside = self::numbers(runtime, group.stream());
                let mut changed = Group::new(group.delimiter(), inside);
                changed.set_span(group.span());
                numbers.extend([TokenTree::Group(changed)]);
            }
            TokenTree::Literal(literal) if !is_field && is_plain_float(&literal.to_string()) => {
                let span = literal.span();
                numbers.extend(quote_spanned!(span=> <T as #runtime::Real>::of(#literal)));
            }
            token => numbers.extend([token]),
        }
    }
    numbers
}

fn is_plain_float(literal: &str) -> bool {
    matches!(syn::parse_str(literal), Ok(syn::Lit::Float(float)) if float.suffix().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_op_may_come_in_any_order() {
        let emitted =
            op(quote!([::c] pub f(x in 0.5..2.0,) -> y { gradient: [g::<A, B>(x)], forward: x, }));
        let expected = quote!(::c::op! {
            @declare pub f(x in 0.5..2.0) -> y { forward: x, gradient: [g::<A, B>(x)] }
        });
        assert_eq!(emitted.to_string(), expected.to_string());
    }

    #[test]
    fn a_number_with_a_point_is_one_of_the_precision_but_in_of() {
        let text = |tokens| numbers(&quote!(::c), tokens).to_string();
        assert_eq!(
            text(quote!(2.5 * x + (1e-3))),
            quote!(<T as ::c::Real>::of(2.5) * x + (<T as ::c::Real>::of(1e-3))).to_string()
        );
        let same = quote!(T::of(0.5 * PI.sqrt()) * x.powi(2) + f(2.5f64) - x.0.1);
        assert_eq!(text(same.clone()), same.to_string());
    }
}
