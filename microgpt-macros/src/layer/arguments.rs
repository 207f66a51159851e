//! The arguments: a name, what it is, and what the gradient check draws it from.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use super::draws::{Draw, form};
use super::signature::{ARRAYS, text_of};
use crate::resolve::hir::Label;
use crate::resolve::{MAX_RANK, NamedAxis};
use crate::syntax::name::{is_name, plain};
use crate::syntax::report::{Diagnostic, Report};
use crate::syntax::tokens::{Result, Tokens};

/// An axis is no longer as written.
const LONGEST: usize = 1_000_000_000;
/// Integers of Rust.
const INTEGERS: [&str; 12] =
    ["usize", "u8", "u16", "u32", "u64", "u128", "isize", "i8", "i16", "i32", "i64", "i128"];
/// Names of types that a letter would hide.
const TYPES: [&str; 8] = ["T", "f32", "f64", "bool", "char", "str", "String", "Vec"];

pub struct Argument {
    pub name: Ident,
    pub kind: Kind,
    pub draw: Option<Draw>,
    /// Whether what stands after `in` could not be read.
    pub misdrawn: bool,
}

pub enum Kind {
    /// `[t, i]`: on the tape; without axes, a single value.
    Array(Vec<Axis>),
    /// `&[t, i]`: numbers without gradient.
    Numbers(Vec<Axis>),
    /// `&[usize; t]`, or `&[[usize; 3]; t]`, or `&[[usize; t]; b]`.
    Ids(Vec<Axis>),
    /// `&[bool; t]`, and as ids.
    Conditions(Vec<Axis>),
    /// Another type.
    Rust(TokenStream),
    /// What could not be read.
    Unknown,
}

#[derive(Clone, Debug)]
pub enum Axis {
    Letter(Ident),
    Number(usize, Span),
}

impl Axis {
    pub fn named(&self) -> NamedAxis {
        match self {
            Self::Letter(letter) => {
                NamedAxis { label: Label::Letter(plain(letter)), span: letter.span() }
            }
            Self::Number(number, span) => NamedAxis { label: Label::Number(*number), span: *span },
        }
    }
}

/// Axes as they are written.
pub fn shown(axes: &[Axis]) -> String {
    let labels: Vec<String> = axes.iter().map(|axis| axis.named().label.to_string()).collect();
    format!("[{}]", labels.join(", "))
}

impl Kind {
    pub fn axes(&self) -> &[Axis] {
        match self {
            Self::Array(axes) | Self::Numbers(axes) | Self::Ids(axes) | Self::Conditions(axes) => {
                axes
            }
            Self::Rust(_) | Self::Unknown => &[],
        }
    }

    /// The one word that a type is.
    fn word(&self) -> Option<String> {
        match self {
            Self::Rust(ty) => Some(ty.to_string()),
            _ => None,
        }
    }

    pub fn is_integer(&self) -> bool {
        self.word().is_some_and(|word| INTEGERS.contains(&word.as_str()))
    }

    pub fn is_float(&self) -> bool {
        self.word().is_some_and(|word| ["T", "f64", "f32"].contains(&word.as_str()))
    }

    pub fn is_unsigned(&self) -> bool {
        self.is_integer() && self.word().is_some_and(|word| word.starts_with('u'))
    }

    /// The argument's type as it was written.
    pub fn text(&self) -> String {
        match self {
            Self::Array(axes) => shown(axes),
            Self::Numbers(axes) => format!("&{}", shown(axes)),
            Self::Ids(axes) => rows("usize", axes),
            Self::Conditions(axes) => rows("bool", axes),
            Self::Rust(ty) => text_of(ty),
            Self::Unknown => "_".into(),
        }
    }
}

/// A reference to elements of a type, as it is written.
fn rows(element: &str, axes: &[Axis]) -> String {
    match axes {
        [outer, inner] => {
            format!("&[[{element}; {}]; {}]", inner.named().label, outer.named().label)
        }
        [outer, ..] => format!("&[{element}; {}]", outer.named().label),
        [] => String::new(),
    }
}

impl Argument {
    /// The arguments in these parentheses, with stand-ins for those that are wrong.
    pub fn list(group: &Group, report: &mut Report) -> Vec<Self> {
        let mut arguments = Vec::new();
        for part in divided(group.stream()) {
            let end = part.last().map_or(group.span_close(), TokenTree::span);
            let mut tokens = Tokens::new(part.into_iter().collect(), end);
            let argument = Self::parse(&mut tokens);
            for mistake in tokens.mistakes.drain(..) {
                report.push(mistake);
            }
            match argument {
                Ok(argument) => arguments.push(argument),
                Err(mistake) => {
                    report.push(mistake);
                    // Whoever calls the layer passes something here.
                    let name = Ident::new(&format!("argument_{}", arguments.len()), end);
                    let kind = Kind::Unknown;
                    arguments.push(Self { name, kind, draw: None, misdrawn: true });
                }
            }
        }
        arguments
    }

    fn parse(tokens: &mut Tokens) -> Result<Self> {
        let name = argument_name(tokens)?;
        if tokens.punct(":").is_none() {
            return Err(Diagnostic::new(
                if tokens.at_end() { name.span() } else { tokens.span() },
                if tokens.at_end() {
                    format!("the argument `{name}` has no axes")
                } else {
                    format!("expected `:` after `{name}`, found {}", tokens.found())
                },
                format!(
                    "write them in brackets, `{name}: [t, i]`, or `{name}: []` for a single value"
                ),
            ));
        }
        // With the name alone whoever uses it hears of this mistake only.
        let kind = kind(tokens, &name).unwrap_or_else(|mistake| {
            tokens.mistakes.push(mistake);
            Kind::Unknown
        });
        let mut argument = Self { name, kind, draw: None, misdrawn: false };
        if matches!(argument.kind, Kind::Unknown) {
            argument.misdrawn = true;
            return Ok(argument);
        }
        if tokens.word("in").is_some() {
            match Draw::parse(tokens, &argument.name, &argument.kind) {
                Ok(draw) => argument.draw = Some(draw),
                Err(mistake) => {
                    tokens.mistakes.push(mistake);
                    argument.misdrawn = true;
                    return Ok(argument);
                }
            }
        }
        if !tokens.at_end() {
            argument.misdrawn = true;
            let name = &argument.name;
            let help = if argument.draw.is_some() {
                "arguments are separated by commas".to_owned()
            } else {
                let form = form(name, &argument.kind);
                format!("arguments are separated by commas, and `in` stands before a range: {form}")
            };
            tokens.mistakes.push(Diagnostic::new(
                tokens.span(),
                format!("expected `,` after `{name}`, found {}", tokens.found()),
                help,
            ));
        }
        Ok(argument)
    }
}

/// The name before the colon.
fn argument_name(tokens: &mut Tokens) -> Result<Ident> {
    let span = tokens.span();
    let error = |message: &str, help: &str| Err(Diagnostic::new(span, message, help));
    let is_self = |tokens: &Tokens| {
        tokens
            .rest()
            .iter()
            .take(4)
            .any(|token| matches!(token, TokenTree::Ident(word) if word == "self"))
    };
    if is_self(tokens) {
        return error(
            "a layer is no method: it has no `self`",
            "pass the arrays that it needs, each with its axes: `w: [o, i]`",
        );
    }
    if tokens.peek_punct("#") {
        return error(
            "an argument has no attributes",
            "what it is for stands in the docs of the layer",
        );
    }
    if tokens.word("mut").is_some() {
        tokens.mistakes.push(Diagnostic::new(
            span,
            "an argument does not change",
            "leave `mut` out; a `let` of the equations may take its name",
        ));
    }
    match tokens.peek_ident() {
        Some(ident)
            if is_name(&ident)
                && !matches!(tokens.rest().get(1), Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::Bracket) =>
        {
            tokens.at += 1;
            Ok(ident)
        }
        Some(ident) if !is_name(&ident) && ident != "_" && ident != "ref" => error(
            &format!("`{ident}` is a word of Rust, and no name"),
            "give the argument another name",
        ),
        _ => error(
            "an argument is one name, and no pattern",
            "write `x: [t, i]`; each array is an argument of its own",
        ),
    }
}

/// What stands after the colon, to before `in`.
fn kind(tokens: &mut Tokens, name: &Ident) -> Result<Kind> {
    let start = tokens.at;
    if let Some(group) = tokens.group(Delimiter::Bracket) {
        return read_axes(&group).map(Kind::Array);
    }
    if tokens.at_end() || tokens.peek_word("in") {
        return Err(Diagnostic::new(
            tokens.span(),
            format!("the argument `{name}` has no axes"),
            format!("write them in brackets, `{name}: [t, i]`, or `{name}: []` for a single value"),
        ));
    }
    if tokens.punct("&").is_some() {
        if tokens.peek_punct("'") {
            return Err(lifetime(tokens.span()));
        }
        if let Some(word) = tokens.word("mut") {
            return Err(Diagnostic::new(
                word.span(),
                "a layer changes nothing: `&mut`",
                format!("numbers without gradient are `{name}: &[t, i]`"),
            ));
        }
        if let Some(group) = tokens.group(Delimiter::Bracket) {
            return reference(&group, name);
        }
    }
    tokens.at = start;
    rust_type(tokens, name)
}

/// `&[t, i]` or `&[usize; t]`
fn reference(group: &Group, name: &Ident) -> Result<Kind> {
    let mut inner = Tokens::new(group.stream(), group.span_close());
    let of_two = inner.next_group(Delimiter::Bracket).cloned();
    let inner_word = of_two.as_ref().and_then(|two| two.stream().into_iter().next());
    let is_bool = |word: &TokenTree| matches!(word, TokenTree::Ident(word) if word == "bool");
    if inner.peek_word("bool") || inner_word.as_ref().is_some_and(is_bool) {
        return elements("bool", &mut inner, of_two.as_ref(), group.span(), name)
            .map(Kind::Conditions);
    }
    if of_two.is_some() || inner.peek_word("usize") {
        return elements("usize", &mut inner, of_two.as_ref(), group.span(), name).map(Kind::Ids);
    }
    let axes = read_axes(group)?;
    if axes.is_empty() {
        return Err(Diagnostic::new(
            group.span(),
            "a single number is no reference",
            format!("a number without gradient has the precision: `{name}: T in 0.0..1.0`"),
        ));
    }
    Ok(Kind::Numbers(axes))
}

/// What stands in the brackets of ids, or of conditions.
fn elements(
    element: &str,
    inner: &mut Tokens,
    of_two: Option<&Group>,
    span: Span,
    name: &Ident,
) -> Result<Vec<Axis>> {
    let (form, what) = if element == "bool" {
        (format!("one condition for each `t` is `{name}: &[bool; t]`"), "conditions")
    } else {
        (format!("one id for each `t` is `{name}: &[usize; t] in 0..v`"), "ids")
    };
    let mut axes = Vec::new();
    inner.at += 1;
    if let Some(group) = of_two {
        let mut row = Tokens::new(group.stream(), group.span_close());
        if row.word(element).is_none() || row.punct(";").is_none() {
            let message = format!("expected {what}, `[{element}; 3]`");
            return Err(Diagnostic::new(group.span(), message, form));
        }
        axes.push(axis(&mut row)?);
    }
    if inner.punct(";").is_none() {
        return Err(Diagnostic::new(
            span,
            format!("`{name}` does not say how many {what} there are"),
            form,
        ));
    }
    axes.insert(0, axis(inner)?);
    if inner.at_end() {
        return Ok(axes);
    }
    Err(Diagnostic::new(inner.span(), format!("expected `]`, found {}", inner.found()), form))
}

/// Another type of Rust.
fn rust_type(tokens: &mut Tokens, name: &Ident) -> Result<Kind> {
    let start = tokens.at;
    let mut depth = 0usize;
    let mut is_arrow = false;
    let mut array = None;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if depth == 0 && word == "in" => break,
            TokenTree::Ident(word) => {
                if depth == 0 && ARRAYS.iter().any(|array| word == array) {
                    array = Some(word.clone());
                }
            }
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' => depth += 1,
                    '>' if !is_arrow => depth = depth.saturating_sub(1),
                    '\'' => {
                        let is_free = matches!(tokens.rest().get(1), Some(TokenTree::Ident(word)) if word == "_" || word == "static");
                        if !is_free && array.is_none() {
                            return Err(lifetime(punct.span()));
                        }
                    }
                    _ => {}
                }
                is_arrow = punct.as_char() == '-';
            }
            TokenTree::Group(_) | TokenTree::Literal(_) => {}
        }
        tokens.at += 1;
    }
    if let Some(array) = array {
        return Err(Diagnostic::new(
            array.span(),
            format!("the type `{array}` in a signature of axes"),
            format!(
                "an array on the tape is written by its axes alone, `{name}: [t, i]`; one without gradient `{name}: &[t, i]`"
            ),
        ));
    }
    // A type ends where it is one.
    let is_type = |end: usize| {
        let ty: TokenStream = tokens.rest_from(start)[..end - start].iter().cloned().collect();
        syn::parse2::<syn::Type>(ty).is_ok()
    };
    let Some(end) = (start + 1..=tokens.at).rev().find(|&end| is_type(end)) else {
        let text = text_of(&tokens.since(start));
        let span = tokens.rest_from(start).first().map_or(tokens.end, TokenTree::span);
        return Err(Diagnostic::new(
            span,
            format!("`{text}` is neither axes nor a type"),
            format!(
                "write axes in brackets, `{name}: [t, i]`, or a type of Rust, `{name}: usize in 0..4`"
            ),
        ));
    };
    tokens.at = end;
    Ok(Kind::Rust(tokens.since(start)))
}

fn lifetime(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "a layer names no lifetimes",
        "leave it out: results live as long as the tape of the arguments",
    )
}

/// The axes in these brackets; a mistake goes to the report.
pub fn axes(group: &Group, report: &mut Report) -> Option<Vec<Axis>> {
    read_axes(group).map_err(|mistake| report.push(mistake)).ok()
}

fn read_axes(group: &Group) -> Result<Vec<Axis>> {
    let mut inner = Tokens::new(group.stream(), group.span_close());
    let mut axes = Vec::new();
    while !inner.at_end() {
        axes.push(axis(&mut inner)?);
        if inner.punct(",").is_none() && !inner.at_end() {
            return Err(Diagnostic::new(
                inner.span(),
                format!("expected `,` between axes, found {}", inner.found()),
                if inner.peek_punct(";") {
                    "an array of three is `[3]`, or `&[3]` without gradient; ids are `&[usize; 3]`"
                } else if matches!(inner.next(), Some(TokenTree::Punct(_))) {
                    "an axis is a letter or a number, and is not computed: give it a letter of its own, and say in Rust how long it is"
                } else {
                    "an axis is a letter or a number: `[t, 2, i]`"
                },
            ));
        }
    }
    if axes.len() > MAX_RANK {
        return Err(Diagnostic::new(
            group.span(),
            format!("an array with {} axes", axes.len()),
            format!("arrays have at most {MAX_RANK} axes"),
        ));
    }
    Ok(axes)
}

fn axis(tokens: &mut Tokens) -> Result<Axis> {
    let (span, found) = (tokens.span(), tokens.found());
    let error = |message: String, help: &str| Err(Diagnostic::new(span, message, help));
    match tokens.next().cloned() {
        Some(TokenTree::Ident(letter)) => {
            let text = letter.to_string();
            if TYPES.contains(&text.as_str()) || INTEGERS.contains(&text.as_str()) {
                let help = match text.as_str() {
                    "T" => "`T` is the precision: give the axis another letter",
                    _ => {
                        "an axis is a letter or a number: `[t, 2, i]`; numbers without gradient are `&[t]`, ids `&[usize; t]`"
                    }
                };
                return error(format!("`{text}` is a type, and no axis"), help);
            }
            if !is_name(&letter) {
                return error(
                    format!("`{text}` is a word of Rust, and no letter for an axis"),
                    "give the axis another name",
                );
            }
            tokens.at += 1;
            Ok(Axis::Letter(letter))
        }
        Some(TokenTree::Literal(literal)) => {
            tokens.at += 1;
            let text = literal.to_string();
            let number =
                syn::parse_str::<syn::LitInt>(&text).ok().filter(|int| int.suffix().is_empty());
            match number.map(|int| int.base10_parse::<usize>()) {
                Some(Ok(number)) if number <= LONGEST => Ok(Axis::Number(number, span)),
                Some(_) => error(
                    "an axis that is too long".into(),
                    "an axis has at most 10^9 elements as it is written",
                ),
                None => error(
                    format!("`{text}` is no length of an axis"),
                    "an axis is a letter, or an integer without suffix: `[t, 2, i]`",
                ),
            }
        }
        _ => error(
            format!("expected an axis, found {found}"),
            "an axis is a letter or a number: `[t, 2, i]`; a length of Rust is a letter, too, and follows from what is passed",
        ),
    }
}

/// Divides at the commas that stand outside of the angle brackets of types.
fn divided(stream: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    let (mut depth, mut is_arrow) = (0usize, false);
    for token in stream {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !is_arrow => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(Vec::new());
                    is_arrow = false;
                    continue;
                }
                _ => {}
            }
            is_arrow = punct.as_char() == '-';
        } else {
            is_arrow = false;
        }
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    if parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts
}
