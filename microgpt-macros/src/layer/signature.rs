//! The signature: attributes, the arguments, the results and the ranges of the `where`.
//!
//! After a mistake the parser goes on with what comes next, so that all mistakes of all functions are told
//! at once.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use super::arguments::{Argument, Axis, Kind, axes};
use crate::resolve::hir::Label;
use crate::resolve::{self, Known, NamedAxis, StatedRange, What};
use crate::syntax::name::{place, plain};
use crate::syntax::report::{Diagnostic, Report};
use crate::syntax::suggest::nearest;
use crate::syntax::tokens::{Result, Tokens};

/// How a layer is declared, for whoever wrote something else.
pub const FORM: &str = "a layer is declared as `pub fn scaled(x: [t, i], by: [i]) -> [t, i] { [x[t, i] * by[i] for t, i] }`: each argument with its axes in brackets, the axes of the result, and the equations";

/// The types of Rust that brackets stand for.
pub const ARRAYS: [&str; 6] = ["Array", "Matrix", "Vector", "Value", "Numbers", "Tensor"];

/// A function as it was declared.
#[derive(Default)]
pub struct Declaration {
    /// Doc comments and other attributes of the user.
    pub attributes: Vec<TokenStream>,
    pub explain: bool,
    pub unchecked: bool,
    pub visibility: TokenStream,
    pub name: Option<Ident>,
    pub arguments: Vec<Argument>,
    /// The axes of each result, unless they could not be read.
    pub results: Option<Vec<Vec<Axis>>>,
    pub tuple: bool,
    pub ranges: Vec<StatedRange>,
    /// The `where` as it was written.
    pub where_text: Vec<String>,
    pub body: Option<Group>,
}

impl Declaration {
    /// Takes one declaration, to after its braces.
    pub fn parse(tokens: &mut Tokens, report: &mut Report) -> Self {
        let mut declaration = Self::default();
        if let Err(mistake) = declaration.signature(tokens, report) {
            report.push(mistake);
            let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
            while tokens.next().is_some_and(|token| !is_body(token)) {
                tokens.at += 1;
            }
            declaration.body = tokens.group(Delimiter::Brace);
        }
        declaration.agree(report);
        declaration
    }

    pub fn name_text(&self) -> String {
        self.name.as_ref().map(plain).unwrap_or_default()
    }

    pub fn is_tracked(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument.kind, Kind::Array(_)))
    }

    /// The letters of the arguments, each where it stands first.
    pub fn letters(&self) -> Vec<&Ident> {
        let mut letters: Vec<&Ident> = Vec::new();
        for axis in self.arguments.iter().flat_map(|argument| argument.kind.axes()) {
            if let Axis::Letter(letter) = axis
                && !letters.iter().any(|known| plain(known) == plain(letter))
            {
                letters.push(letter);
            }
        }
        letters
    }

    pub fn has_range(&self, letter: &str) -> bool {
        self.ranges.iter().any(|stated| plain(&stated.name) == letter)
    }

    /// What the equations may know.
    pub fn known(&self) -> Known<'_> {
        let named = |axes: &[Axis]| axes.iter().map(Axis::named).collect::<Vec<NamedAxis>>();
        let arguments = self.arguments.iter().map(|argument| resolve::Argument {
            name: argument.name.clone(),
            what: match &argument.kind {
                Kind::Array(axes) | Kind::Numbers(axes) => What::Values(named(axes)),
                Kind::Ids(axes) => What::Ids(named(axes)),
                Kind::Conditions(axes) => What::Conditions(named(axes)),
                Kind::Rust(ty) if ty.to_string() == "usize" => What::Integer,
                Kind::Rust(_) | Kind::Unknown => What::Other,
            },
        });
        Known {
            layer: self.name.as_ref().map(plain),
            place: self.name.as_ref().and_then(|name| place(name.span())),
            arguments: arguments.collect(),
            ranges: &self.ranges,
            results: self.results.as_ref().map(|all| all.iter().map(|axes| named(axes)).collect()),
            tuple: self.tuple,
        }
    }

    fn signature(&mut self, tokens: &mut Tokens, report: &mut Report) -> Result<()> {
        self.before(tokens, report);
        keyword(tokens, report)?;
        let name = tokens.name("the name of a layer", FORM)?;
        self.name = Some(name.clone());
        if tokens.peek_punct("<") {
            report.error(
                tokens.span(),
                "a layer has no type parameters of its own",
                "they follow from the axes, and `T` is the precision: `fn scaled(x: [t, i], by: T in 0.5..2.0) -> [t, i]`",
            );
            while !tokens.at_end()
                && !tokens.peek_group(Delimiter::Parenthesis)
                && !tokens.peek_group(Delimiter::Brace)
            {
                tokens.at += 1;
            }
        }
        let Some(group) = tokens.group(Delimiter::Parenthesis) else {
            return Err(Diagnostic::new(
                tokens.span(),
                format!(
                    "expected the arguments of `{name}` in parentheses, found {}",
                    tokens.found()
                ),
                FORM,
            ));
        };
        self.arguments = Argument::list(&group, report);
        self.results(tokens, group.span_close(), report);
        while tokens.word("where").is_some() {
            self.ranges(tokens, report)?;
            if tokens.peek_word("where") {
                report.error(
                    tokens.span(),
                    "a second `where`",
                    "one `where` says all ranges, with commas between: `where s in 0..=t, u in 0..n`",
                );
            }
        }
        let Some(body) = tokens.group(Delimiter::Brace) else {
            if tokens.peek_punct(";") {
                let span = tokens.punct(";").unwrap_or(tokens.end);
                report.error(span, format!("`{name}` has no equations"), FORM);
                return Ok(());
            }
            return Err(Diagnostic::new(
                tokens.span(),
                format!("expected the equations of `{name}` in braces, found {}", tokens.found()),
                FORM,
            ));
        };
        if body.stream().is_empty() {
            report.error(
                body.span_close(),
                format!("`{name}` has no equations"),
                "the last line is the result: `{ [x[t, i] * 2 for t, i] }`",
            );
            return Ok(());
        }
        self.body = Some(body);
        Ok(())
    }

    /// Attributes and visibility.
    fn before(&mut self, tokens: &mut Tokens, report: &mut Report) {
        while tokens.punct("#").is_some() {
            let Some(group) = tokens.group(Delimiter::Bracket) else { continue };
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            match &inside[..] {
                [TokenTree::Ident(word)] if word == "explain" => self.explain = true,
                [TokenTree::Ident(word), rest @ ..] if word == "unchecked" => {
                    self.unchecked = true;
                    if let Some(mistake) = no_reason(word.span(), rest) {
                        report.push(mistake);
                    }
                }
                _ => {
                    let mut hash =
                        TokenTree::Punct(proc_macro2::Punct::new('#', proc_macro2::Spacing::Alone));
                    hash.set_span(group.span());
                    self.attributes.push([hash, TokenTree::Group(group)].into_iter().collect());
                }
            }
        }
        let start = tokens.at;
        if tokens.word("pub").is_some() && tokens.peek_group(Delimiter::Parenthesis) {
            tokens.at += 1;
        }
        self.visibility = tokens.since(start);
    }

    /// `-> [t, i]`, or a tuple of such.
    fn results(&mut self, tokens: &mut Tokens, end: Span, report: &mut Report) {
        if tokens.punct("->").is_none() {
            let is_body = tokens.peek_group(Delimiter::Brace) || tokens.peek_word("where");
            let span = if is_body { end } else { tokens.span() };
            report.error(
                span,
                "the result has no axes: `->` is missing after the arguments",
                "write the axes of the result, `-> [t, i]`, or `-> []` for a single number",
            );
            if !tokens.peek_group(Delimiter::Bracket) {
                return;
            }
        }
        if let Some(group) = tokens.group(Delimiter::Parenthesis) {
            self.tuple = true;
            let mut inner = Tokens::new(group.stream(), group.span_close());
            let mut all = Vec::new();
            while !inner.at_end() {
                let brackets = inner.group(Delimiter::Bracket);
                let is_there = brackets.is_some();
                all.push(brackets.and_then(|brackets| axes(&brackets, report)));
                if !is_there || inner.punct(",").is_none() && !inner.at_end() {
                    report.push(no_brackets(&inner));
                    break;
                }
            }
            if all.is_empty() {
                report.error(
                    group.span(),
                    "a layer without a result",
                    "write the axes of the result, `-> [t, i]`",
                );
            }
            self.results = all.into_iter().collect();
        } else if let Some(group) = tokens.group(Delimiter::Bracket) {
            self.results = axes(&group, report).map(|axes| vec![axes]);
        } else {
            report.push(no_brackets(tokens));
            while !tokens.at_end()
                && !tokens.peek_group(Delimiter::Brace)
                && !tokens.peek_word("where")
                && !tokens.peek_punct(";")
            {
                tokens.at += 1;
            }
        }
    }

    /// `s in 0..=t + past, u in 0..n`
    fn ranges(&mut self, tokens: &mut Tokens, report: &mut Report) -> Result<()> {
        loop {
            if tokens.at_end() || tokens.peek_group(Delimiter::Brace) {
                return Ok(());
            }
            let help = "a `where` says how far indices run: `where s in 0..=t`";
            let name = tokens.name("the name of an index after `where`", help)?;
            if tokens.word("in").is_none() {
                return Err(if tokens.peek_punct(":") {
                    Diagnostic::new(
                        name.span(),
                        "a `where` of types",
                        "the precision `T` and the axes have all that they need; here a `where` says how far indices run: `where s in 0..=t`",
                    )
                } else {
                    Diagnostic::new(
                        tokens.span(),
                        format!("expected `in` after `{name}`, found {}", tokens.found()),
                        format!("a `where` says how far indices run: `where {name} in 0..=t`"),
                    )
                });
            }
            let start = tokens.at;
            let span = tokens.span();
            let range = match tokens.range() {
                Err(_) if tokens.peek_group(Delimiter::Brace) => {
                    let end = text_of(&tokens.since(start));
                    return Err(Diagnostic::new(
                        span,
                        format!("`{end}` is no range"),
                        format!("say where `{name}` begins and ends: `where {name} in 0..{end}`"),
                    ));
                }
                range => range?,
            };
            let text = text_of(&tokens.since(start));
            if self.has_range(&plain(&name)) {
                report.error(
                    name.span(),
                    format!("`{name}` has two ranges"),
                    "an index that runs otherwise in one place has its range there: `for s in 0..n`",
                );
            } else {
                self.where_text.push(format!("`{}` in `{text}`", plain(&name)));
                self.ranges.push(StatedRange { name, range });
            }
            if tokens.punct(",").is_none() {
                return Ok(());
            }
        }
    }

    /// What the parts of the signature must have in common.
    fn agree(&mut self, report: &mut Report) {
        for at in 0..self.arguments.len() {
            let (earlier, rest) = self.arguments.split_at_mut(at);
            let name = plain(&rest[0].name);
            if let Some(same) = earlier.iter_mut().find(|earlier| plain(&earlier.name) == name) {
                report.error(
                    rest[0].name.span(),
                    format!("two arguments are called `{name}`"),
                    "give this one a name of its own",
                );
                // Which of them the equations mean is not known.
                (same.kind, rest[0].kind) = (Kind::Unknown, Kind::Unknown);
            }
        }
        let letters: Vec<String> = self.letters().into_iter().map(plain).collect();
        for argument in &self.arguments {
            let name = plain(&argument.name);
            let has_axes = !argument.kind.axes().is_empty();
            if !has_axes && letters.contains(&name) {
                report.error(
                    argument.name.span(),
                    format!("`{name}` is an axis and an argument"),
                    "in the equations it could be either: give one of the two another name",
                );
            }
        }
        let mut known = letters.clone();
        known.extend(self.ranges.iter().map(|stated| plain(&stated.name)));
        let is_understood =
            self.arguments.iter().all(|argument| !matches!(argument.kind, Kind::Unknown));
        for axes in self.results.iter().flatten() {
            for (at, axis) in axes.iter().enumerate() {
                let Axis::Letter(letter) = axis else { continue };
                let text = plain(letter);
                let again = axes[..at]
                    .iter()
                    .any(|earlier| earlier.named().label == Label::Letter(text.clone()));
                if again {
                    report.error(
                        letter.span(),
                        format!("two axes of one result are called `{text}`"),
                        format!("an index stands once in a `for`: call this axis otherwise, and say how far it runs, `where u in 0..len({text})`"),
                    );
                } else if !known.contains(&text) && is_understood {
                    let near = nearest(&text, known.iter().map(String::as_str));
                    let help = match near {
                        Some(near) if text.len() > 1 => format!("did you mean `{near}`?"),
                        _ => format!(
                            "give an argument an axis `{text}`, or say how far it runs: `where {text} in 0..n`"
                        ),
                    };
                    report.error(
                        letter.span(),
                        format!("the result has an axis `{text}`, which no argument has"),
                        help,
                    );
                }
            }
        }
        self.draws_agree(report);
    }

    /// Whether the check can draw all that it must.
    fn draws_agree(&mut self, report: &mut Report) {
        let letters: Vec<String> = self.letters().into_iter().map(plain).collect();
        let tracked = self.is_tracked();
        let mut integers: Vec<String> = Vec::new();
        for argument in &self.arguments {
            if let Some(draw) = &argument.draw {
                draw.names_are_known(&letters, &integers, report);
            }
            let name = plain(&argument.name);
            let must = matches!(argument.kind, Kind::Rust(_) | Kind::Ids(_));
            if must && argument.draw.is_none() && !argument.misdrawn && tracked && !self.unchecked {
                let help = if let Kind::Ids(_) = argument.kind {
                    "say which ids there are, after it: `in 0..v`".to_owned()
                } else {
                    let from = match &argument.kind {
                        kind if kind.is_float() => "0.0..1.0",
                        kind if kind.is_integer() => "0..4",
                        _ => "[one, other]",
                    };
                    // What the equations compute with has the layer's precision.
                    let float = argument.kind.is_float().then(|| "T".to_owned());
                    let ty = float.unwrap_or_else(|| argument.kind.text());
                    format!(
                        "say from what: `{name}: {ty} in {from}`; or leave the check out, with the reason: `#[unchecked = \"...\"]`"
                    )
                };
                report.error(
                    argument.name.span(),
                    format!("the gradient check cannot draw `{name}`"),
                    help,
                );
            }
            if argument.kind.is_integer() {
                integers.push(name);
            }
        }
    }
}

/// `fn`, and nothing before it.
fn keyword(tokens: &mut Tokens, report: &mut Report) -> Result<()> {
    while let Some(word) =
        ["const", "async", "unsafe", "extern"].iter().find(|word| tokens.peek_word(word))
    {
        report.error(
            tokens.span(),
            format!("a layer cannot be `{word}`"),
            format!("it is a function of arrays and nothing more: leave `{word}` out"),
        );
        tokens.at += 1;
        if matches!(tokens.next(), Some(TokenTree::Literal(_))) {
            tokens.at += 1;
        }
    }
    if tokens.word("fn").is_some() {
        return Ok(());
    }
    let is_call = matches!(tokens.rest(), [TokenTree::Ident(_), TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis);
    let mistake =
        Diagnostic::new(tokens.span(), format!("expected `fn`, found {}", tokens.found()), FORM);
    if is_call {
        report.push(mistake);
        return Ok(());
    }
    Err(mistake)
}

/// What is wrong with `#[unchecked = "reason"]`, given what stands behind the word.
fn no_reason(span: Span, rest: &[TokenTree]) -> Option<Diagnostic> {
    let help =
        "a layer without a gradient check says why: `#[unchecked = \"it has no gradient at 0\"]`";
    match rest {
        [TokenTree::Punct(equals), TokenTree::Literal(reason)] if equals.as_char() == '=' => {
            let text = syn::parse_str::<syn::LitStr>(&reason.to_string());
            match text {
                Ok(text) if !text.value().trim().is_empty() => None,
                Ok(_) => Some(Diagnostic::new(reason.span(), "the reason is empty", help)),
                Err(_) => {
                    Some(Diagnostic::new(reason.span(), "the reason is a text in quotes", help))
                }
            }
        }
        _ => Some(Diagnostic::new(span, "`#[unchecked]` without a reason", help)),
    }
}

/// The result is no brackets with axes.
fn no_brackets(tokens: &Tokens) -> Diagnostic {
    let help = "write the axes of the result, `-> [t, i]`, `-> []` for a single number, `-> ([t, i], [t])` for several results";
    match tokens.peek_ident() {
        Some(ident) => {
            Diagnostic::new(ident.span(), format!("`{ident}` is a type of Rust, and no axes"), help)
        }
        None => Diagnostic::new(
            tokens.span(),
            format!("expected the axes of the result, found {}", tokens.found()),
            help,
        ),
    }
}

/// Tokens as one would write them.
pub fn text_of(tokens: &TokenStream) -> String {
    let mut text = tokens.to_string();
    for (from, to) in [
        (" . . = ", "..="),
        (" . . ", ".."),
        ("& ", "&"),
        (" :: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("[ ", "["),
        (" ]", "]"),
        (" ..= ", "..="),
        (" .. ", ".."),
        ("..= ", "..="),
        (" ..", ".."),
    ] {
        text = text.replace(from, to);
    }
    text
}
