//! What stands after `in`: what the gradient check draws an argument from.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use super::arguments::Kind;
use crate::syntax::ast::{self, Expr, ExprKind, Operator};
use crate::syntax::name::plain;
use crate::syntax::report::{Diagnostic, Report};
use crate::syntax::suggest::nearest;
use crate::syntax::tokens::{Result, Tokens};

pub enum Draw {
    /// Floats, from one end to before the other, as Rust.
    Floats(TokenStream, TokenStream),
    /// Integers: the ends, of which the second is one beyond the last where the range is inclusive.
    Integers(Box<ast::Range>),
    /// One of some values of any type, as Rust.
    Values(Vec<TokenStream>),
}

impl Draw {
    pub fn parse(tokens: &mut Tokens, name: &Ident, kind: &Kind) -> Result<Self> {
        let start = tokens.span();
        if tokens.at_end() {
            return Err(Diagnostic::new(
                tokens.span(),
                format!("nothing after `in`: what is `{name}` drawn from?"),
                form(name, kind),
            ));
        }
        if let Some(group) = tokens.group(Delimiter::Bracket) {
            return values(&group, name, kind);
        }
        let is_range = (0..tokens.rest().len()).any(|at| is_dots(&tokens.rest()[at..]));
        if !is_range {
            return Err(Diagnostic::new(
                start,
                format!("expected a range after `in`, found {}", tokens.found()),
                form(name, kind),
            ));
        }
        match kind {
            Kind::Array(_) | Kind::Numbers(_) => floats(tokens, name, kind),
            Kind::Rust(_) if kind.is_float() => floats(tokens, name, kind),
            Kind::Ids(_) => integers(tokens, name, kind),
            Kind::Rust(_) if kind.is_integer() => integers(tokens, name, kind),
            Kind::Rust(_) | Kind::Conditions(_) | Kind::Unknown => Err(Diagnostic::new(
                start,
                format!("a range holds numbers, and `{name}` is a `{}`", kind.text()),
                form(name, kind),
            )),
        }
    }

    /// Tells of names in the ends of a range that are neither axes nor integers before this argument.
    pub fn names_are_known(&self, letters: &[String], integers: &[String], report: &mut Report) {
        let Self::Integers(range) = self else { return };
        for end in [&range.low, &range.high] {
            unknown(end, letters, integers, report);
        }
    }

    /// The ends of an integer range, as `i64`s; `atom` gives that of a name.
    pub fn integer_ends(
        range: &ast::Range,
        atom: &impl Fn(&str, bool) -> TokenStream,
    ) -> [TokenStream; 2] {
        let (low, high) = (integer(&range.low, atom), integer(&range.high, atom));
        [low, if range.inclusive { quote!(#high + 1) } else { high }]
    }
}

/// An integer of a range in Rust, as an `i64`. `atom` gives what a name stands for, or its length.
pub fn integer(expr: &Expr, atom: &impl Fn(&str, bool) -> TokenStream) -> TokenStream {
    match &expr.kind {
        #[allow(clippy::cast_possible_truncation)] // an integer of at most 10^9
        ExprKind::Number { value, .. } => {
            let number = proc_macro2::Literal::i64_suffixed(*value as i64);
            quote!(#number)
        }
        ExprKind::Path(path) => path.ident.as_ref().map_or_else(
            || {
                let tokens = &path.tokens;
                quote!((#tokens) as ::core::primitive::i64)
            },
            |ident| atom(&plain(ident), false),
        ),
        ExprKind::Len(ident) => atom(&plain(ident), true),
        ExprKind::Rust(tokens) => quote!(({ #tokens }) as ::core::primitive::i64),
        ExprKind::Negate(operand) => {
            let operand = integer(operand, atom);
            quote!((-#operand))
        }
        ExprKind::Binary { operator, left, right } => {
            let (left, right) = (integer(left, atom), integer(right, atom));
            match operator {
                Operator::Add => quote!((#left + #right)),
                Operator::Sub => quote!((#left - #right)),
                Operator::Div => quote!(::core::primitive::i64::div_euclid(#left, #right)),
                _ => quote!((#left * #right)),
            }
        }
        ExprKind::Remainder { left, right } => {
            let (left, right) = (integer(left, atom), integer(right, atom));
            quote!(::core::primitive::i64::rem_euclid(#left, #right))
        }
        ExprKind::Call { function, arguments } => {
            let name = ends(function);
            let all = arguments.iter().map(|argument| integer(argument, atom));
            all.reduce(|a, b| quote!(::core::cmp::Ord::#name(#a, #b))).unwrap_or_else(|| quote!(0))
        }
        _ => quote!(0),
    }
}

/// `min` or `max`, as they are called in Rust.
pub fn ends(function: &ast::Path) -> Ident {
    let name = if function.last == "min" { "min" } else { "max" };
    Ident::new(name, Span::mixed_site())
}

fn unknown(expr: &Expr, letters: &[String], integers: &[String], report: &mut Report) {
    match &expr.kind {
        ExprKind::Path(path) => {
            let Some(ident) = &path.ident else { return };
            let name = plain(ident);
            if letters.contains(&name) || integers.contains(&name) {
                return;
            }
            let known = letters.iter().chain(integers).map(String::as_str);
            let near = nearest(&name, known).filter(|_| name.len() > 1);
            let all: Vec<String> = letters.iter().map(|letter| format!("`{letter}`")).collect();
            report.error(
                ident.span(),
                format!("no axis is called `{name}`"),
                match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the axes are {}; an integer of Rust stands in braces, `{{{name}}}`", all.join(", ")),
                },
            );
        }
        ExprKind::Len(ident) if !letters.contains(&plain(ident)) => report.error(
            ident.span(),
            format!("no axis is called `{ident}`"),
            "`len` takes an axis of the signature",
        ),
        ExprKind::Negate(operand) => unknown(operand, letters, integers, report),
        ExprKind::Binary {
            operator: Operator::Add | Operator::Sub | Operator::Mul | Operator::Div,
            left,
            right,
        }
        | ExprKind::Remainder { left, right } => {
            unknown(left, letters, integers, report);
            unknown(right, letters, integers, report);
        }
        ExprKind::Call { function, arguments } if ["min", "max"].contains(&&*function.last) => {
            for argument in arguments {
                unknown(argument, letters, integers, report);
            }
        }
        ExprKind::Number { .. } | ExprKind::Len(_) | ExprKind::Rust(_) | ExprKind::Error => {}
        _ => report.error(
            expr.span,
            "the end of a range is a sum of axes and integers",
            "write axes, integers and their products with integers, `2 * t + 1`; other integers of Rust stand in braces",
        ),
    }
}

/// `..`, but not the first sign of `..=`'s predecessor: two dots side by side.
fn is_dots(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == '.' && b.as_char() == '.')
}

pub fn form(name: &Ident, kind: &Kind) -> String {
    let text = kind.text();
    match kind {
        Kind::Conditions(_) => {
            format!("conditions are drawn without being told from what: `{name}: {text}`")
        }
        Kind::Ids(_) => {
            format!("ids are drawn from a range of integers and axes: `{name}: {text} in 0..v`")
        }
        Kind::Array(_) | Kind::Numbers(_) => format!(
            "numbers are drawn from a range, `{name}: {text} in 0.2..5.0`, or from a normal distribution where none is given"
        ),
        _ if kind.is_integer() => format!(
            "an integer is drawn from a range, `{name}: {text} in 0..4`, or from a list of values, `in [1, 3]`"
        ),
        _ if kind.is_float() => format!(
            "a number is drawn from a range, `{name}: {text} in 0.0..1.0`, or from a list of values"
        ),
        _ => format!("list the values that it may take: `{name}: {text} in [one, other]`"),
    }
}

fn values(group: &Group, name: &Ident, kind: &Kind) -> Result<Draw> {
    if !matches!(kind, Kind::Rust(_) | Kind::Unknown) {
        return Err(Diagnostic::new(
            group.span(),
            format!("a list of values for the array `{name}`"),
            form(name, kind),
        ));
    }
    let mut values = vec![TokenStream::new()];
    for token in group.stream() {
        match (&token, values.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => {
                values.push(TokenStream::new());
            }
            (_, Some(value)) => value.extend([token]),
            _ => {}
        }
    }
    if values.last().is_some_and(TokenStream::is_empty) {
        values.pop();
    }
    if values.is_empty() {
        return Err(Diagnostic::new(
            group.span(),
            format!("no value to draw `{name}` from"),
            form(name, kind),
        ));
    }
    Ok(Draw::Values(values))
}

/// The value of an end that is a literal.
fn literal(tokens: &[TokenTree]) -> Option<(f64, bool)> {
    let (sign, literal) = match tokens {
        [TokenTree::Literal(literal)] => (1.0, literal),
        [TokenTree::Punct(minus), TokenTree::Literal(literal)] if minus.as_char() == '-' => {
            (-1.0, literal)
        }
        _ => return None,
    };
    match syn::parse_str::<syn::Lit>(&literal.to_string()).ok()? {
        syn::Lit::Int(int) => Some((sign * int.base10_digits().parse::<f64>().ok()?, true)),
        syn::Lit::Float(float) => Some((sign * float.base10_digits().parse::<f64>().ok()?, false)),
        _ => None,
    }
}

fn empty(span: Span, name: &Ident, kind: &Kind) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("an empty range: there is nothing to draw `{name}` from"),
        form(name, kind),
    )
}

fn floats(tokens: &mut Tokens, name: &Ident, kind: &Kind) -> Result<Draw> {
    let rest: Vec<TokenTree> = tokens.rest().to_vec();
    let span = rest.first().map_or(tokens.end, TokenTree::span);
    let at = (0..rest.len()).find(|&at| is_dots(&rest[at..])).unwrap_or(rest.len());
    let is_inclusive =
        matches!(rest.get(at + 2), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
    if is_inclusive {
        return Err(Diagnostic::new(
            rest[at].span(),
            "a range of numbers with a point has no last one",
            form(name, kind),
        ));
    }
    let (low, high) = (&rest[..at], rest.get(at + 2..).unwrap_or_default());
    if low.is_empty() || high.is_empty() {
        return Err(Diagnostic::new(span, "a range to draw from has two ends", form(name, kind)));
    }
    if let (Some(low), Some(high)) = (literal(low), literal(high)) {
        if low.1 || high.1 {
            let numbers =
                if matches!(kind, Kind::Rust(_)) { "is a number" } else { "holds numbers" };
            return Err(Diagnostic::new(
                span,
                format!("a range of integers, but `{name}` {numbers} with a point"),
                format!("write `{:?}..{:?}`", low.0, high.0),
            ));
        }
        if low.0 >= high.0 {
            return Err(empty(span, name, kind));
        }
    }
    tokens.at += rest.len();
    let stream = |tokens: &[TokenTree]| tokens.iter().cloned().collect::<TokenStream>();
    Ok(Draw::Floats(stream(low), stream(high)))
}

fn integers(tokens: &mut Tokens, name: &Ident, kind: &Kind) -> Result<Draw> {
    let span = tokens.span();
    let has_point =
        tokens.rest().iter().find(|token| matches!(literal(&[(*token).clone()]), Some((_, false))));
    if let Some(token) = has_point {
        return Err(Diagnostic::new(
            token.span(),
            format!(
                "a number with a point, but `{name}` {}",
                if matches!(kind, Kind::Ids(_)) { "holds integers" } else { "is an integer" }
            ),
            form(name, kind),
        ));
    }
    let range = tokens.range()?;
    for end in [&range.low, &range.high] {
        if let ExprKind::Number { value, .. } = end.kind
            && value.abs() > 1e9
        {
            return Err(Diagnostic::new(
                end.span,
                "an integer that is too large",
                "the ends of a range are at most 10^9",
            ));
        }
    }
    let constant = |expr: &Expr| match &expr.kind {
        ExprKind::Number { value, .. } => Some(*value),
        ExprKind::Negate(operand) => match operand.kind {
            ExprKind::Number { value, .. } => Some(-value),
            _ => None,
        },
        _ => None,
    };
    if let (Some(low), Some(high)) = (constant(&range.low), constant(&range.high))
        && low >= high + f64::from(u8::from(range.inclusive))
    {
        return Err(empty(span, name, kind));
    }
    let is_below = constant(&range.low).is_some_and(|low| low < 0.0);
    if is_below && (matches!(kind, Kind::Ids(_)) || kind.is_unsigned()) {
        let message = format!("a range that begins below 0, where `{name}` cannot be");
        return Err(Diagnostic::new(span, message, form(name, kind)));
    }
    Ok(Draw::Integers(Box::new(range)))
}

/// Some Rust as it was written, for reports.
pub fn value_text(value: &TokenStream) -> String {
    super::signature::text_of(&value.to_token_stream())
}
