//! Names, field paths and numbers.

use proc_macro2::{Delimiter, Ident, Literal, Span, TokenTree};

use crate::syntax::ast::{ExprKind, Path};
use crate::syntax::name::{hygiene, is_name, plain};
use crate::syntax::report::Diagnostic;
use crate::syntax::suggest::instead;
use crate::syntax::tokens::{Result, Tokens};

/// What may begin a path besides a name; the first is a value, too.
const ROOTS: [&str; 4] = ["self", "Self", "super", "crate"];

impl Tokens {
    /// A path, and the right side if a `·` was in it: Rust's lexer takes `q·k` as one name.
    pub fn path(&mut self) -> Result<(Path, Option<Path>)> {
        let start = self.span();
        let mut sides: Vec<Path> = Vec::new();
        let mut current = Path::default();
        self.take("::", &mut current);
        loop {
            self.segment(&mut current, &mut sides)?;
            loop {
                if self.peek_punct("::") && current.has_fields() {
                    return Err(Diagnostic::new(
                        self.span(),
                        format!("`::` behind a field: `{}` is a value", current.text()),
                        "a path stands before its fields, `module::name.field`; other Rust stands in braces",
                    ));
                }
                if self.take("::", &mut current) {
                    break;
                }
                if !self.peek_punct(".") || self.peek_punct("..") {
                    return ends_as_a_value(current, start)
                        .and_then(|last| sides_of(sides, last, start));
                }
                if self.field(&mut current)? {
                    break;
                }
            }
        }
    }

    /// Appends punctuation, if it is next.
    fn take(&mut self, text: &str, path: &mut Path) -> bool {
        let start = self.at;
        let found = self.punct(text).is_some();
        path.tokens.extend(self.since(start));
        found
    }

    /// A name, which a `·` may divide.
    fn segment(&mut self, current: &mut Path, sides: &mut Vec<Path>) -> Result<()> {
        let Some(ident) = self.peek_ident() else {
            return Err(Diagnostic::new(
                self.span(),
                format!("expected a name, found {}", self.found()),
                "finish the path, `module::name` or `value.field`; other Rust stands in braces",
            ));
        };
        self.at += 1;
        let text = ident.to_string();
        if !text.contains('·') {
            return current.push(ident);
        }
        let (raw, text) = match text.strip_prefix("r#") {
            Some(text) => (true, text),
            None => (false, text.as_str()),
        };
        for (part, name) in text.split('·').enumerate() {
            if part > 0 {
                sides.push(ends_as_a_value(std::mem::take(current), ident.span())?);
            }
            current.push(side(name, raw && part == 0, ident.span())?)?;
        }
        Ok(())
    }

    /// A field behind a `.`; whether it is a name, which is not taken yet.
    fn field(&mut self, path: &mut Path) -> Result<bool> {
        let dot = self.at;
        self.at += 1;
        match self.next() {
            Some(TokenTree::Ident(name)) => {
                let (name, span) = (plain(name), self.span());
                if matches!(self.rest().get(1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
                {
                    let text = path.text();
                    return Err(Diagnostic::new(
                        span,
                        format!(
                            "the method call `.{name}(...)` is Rust, not the language of `expr!`"
                        ),
                        format!(
                            "call ops as functions, or put Rust in braces: `{{{text}.{name}(...)}}`"
                        ),
                    ));
                }
                path.tokens.extend(self.since(dot));
                Ok(true)
            }
            // `a.0.1` has one number behind its first `.`.
            Some(TokenTree::Literal(literal)) if is_element(literal) => {
                path.last = format!("{}_{literal}", path.last).replace('.', "_");
                path.ident = None;
                let span = literal.span();
                self.at += 1;
                path.tokens.extend(self.since(dot));
                if self.peek_group(Delimiter::Parenthesis) {
                    let text = path.text();
                    return Err(Diagnostic::new(
                        span,
                        format!(
                            "the call `{text}(...)` of a field is Rust, not the language of `expr!`"
                        ),
                        format!(
                            "put Rust in braces, `{{{text}(...)}}`; a product needs its `*`, `{text} * (...)`"
                        ),
                    ));
                }
                Ok(false)
            }
            _ => Err(Diagnostic::new(
                self.span(),
                format!("expected a field after `.`, found {}", self.found()),
                "a field is a name or the number of an element: `value.field`, `pair.0`",
            )),
        }
    }
}

impl Path {
    /// Appends a name.
    fn push(&mut self, ident: Ident) -> Result<()> {
        let text = ident.to_string();
        let begins = self.tokens.is_empty();
        let is_root = ROOTS.contains(&text.as_str());
        let after_root = text == "super" && matches!(self.last.as_str(), "self" | "super");
        let allowed = if is_root { begins || after_root } else { is_name(&ident) };
        if !allowed {
            return Err(keyword(&ident));
        }
        if begins {
            self.hygiene = hygiene(ident.span());
        }
        self.last = plain(&ident);
        self.ident = begins.then(|| ident.clone());
        self.tokens.extend([TokenTree::Ident(ident)]);
        Ok(())
    }

    /// Whether a field of a value is what it names.
    fn has_fields(&self) -> bool {
        let is_dot =
            |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '.');
        self.tokens.clone().into_iter().any(|tree| is_dot(&tree))
    }

    /// The path as it was written.
    pub fn text(&self) -> String {
        self.tokens.to_string().replace(' ', "")
    }

    /// What tells it from others: two names with the same letters may be of different macros.
    pub fn key(&self) -> String {
        format!("{} {}", self.hygiene, self.tokens)
    }
}

/// Whether a literal behind a `.` is the number of an element, or two: `0`, `0.1`.
fn is_element(literal: &Literal) -> bool {
    let text = literal.to_string();
    text.split('.').all(|number| {
        number.bytes().all(|digit| digit.is_ascii_digit()) && number.parse::<u32>().is_ok()
    })
}

/// Refuses a path that names a module or a type.
fn ends_as_a_value(path: Path, span: Span) -> Result<Path> {
    if path.last != "self" && ROOTS.contains(&path.last.as_str()) {
        return Err(Diagnostic::new(
            span,
            format!("`{}` alone is not a value", path.text()),
            format!("it begins a path: `{}::NAME`", path.text()),
        ));
    }
    Ok(path)
}

fn sides_of(mut sides: Vec<Path>, last: Path, span: Span) -> Result<(Path, Option<Path>)> {
    match (sides.pop(), sides.is_empty()) {
        (None, _) => Ok((last, None)),
        (Some(left), true) => Ok((left, Some(last))),
        _ => Err(Diagnostic::new(
            span,
            "`·` takes two vectors, and its result is a scalar",
            "write one `·` at a time: `a·b * sum(c[i] for i)`",
        )),
    }
}

/// A part of a name that a `·` divides.
fn side(name: &str, is_raw: bool, span: Span) -> Result<Ident> {
    if name.is_empty() {
        return Err(Diagnostic::new(
            span,
            "`·` needs a vector on both sides, without spaces",
            "write `q·k`, or `dot(q, k)` for anything that is not a name",
        ));
    }
    let raw = format!("r#{name}");
    if is_raw && syn::parse_str::<Ident>(&raw).is_ok() {
        return Ok(Ident::new_raw(name, span));
    }
    let is_word = ROOTS.contains(&name) || syn::parse_str::<Ident>(name).is_ok();
    if is_raw || !is_word {
        return Err(Diagnostic::new(
            span,
            format!("`{name}` beside `·` is not the name of a vector"),
            "write `q·k`, with a name on each side, or `dot(q, k)`",
        ));
    }
    Ok(Ident::new(name, span))
}

/// A word of Rust where a name should be.
fn keyword(word: &Ident) -> Diagnostic {
    let text = word.to_string();
    let (message, help) = match text.as_str() {
        "for" | "else" => (
            format!("`{word}` cannot stand here"),
            "`for` belongs at the end of `[... for i]` or `sum(... for i)`, `else` after the branch of an `if`".to_owned(),
        ),
        "let" => (
            "`let` cannot stand here".to_owned(),
            "all `let`s stand before the result, and each ends with `;`".to_owned(),
        ),
        "true" | "false" => (
            format!("`{word}` is not a number"),
            "the language of `expr!` computes with numbers; conditions are comparisons in an `if`"
                .to_owned(),
        ),
        "_" => (
            "`_` is not a name".to_owned(),
            "give what you mean a name; an index of each axis is `x[i, j]`".to_owned(),
        ),
        "self" | "Self" | "super" | "crate" => (
            format!("`{word}` within a path"),
            format!("a path begins with it: `{word}::name`"),
        ),
        text => match instead(text) {
            Some(help) => (format!("unknown function `{word}`"), help),
            None => (
                format!("`{word}` is a word of Rust, and not a name"),
                format!("other Rust stands in braces, `{{...}}`; what has this name is `r#{word}`"),
            ),
        },
    };
    Diagnostic::new(word.span(), message, help)
}

/// The value of a literal.
pub fn number(literal: &Literal) -> Result<ExprKind> {
    let error = |message: String, help: String| Diagnostic::new(literal.span(), message, help);
    let (digits, suffix, is_integer) = match syn::parse_str::<syn::Lit>(&literal.to_string()) {
        Ok(syn::Lit::Int(int)) => (int.base10_digits().to_owned(), int.suffix().to_owned(), true),
        Ok(syn::Lit::Float(float)) => {
            (float.base10_digits().to_owned(), float.suffix().to_owned(), false)
        }
        _ => {
            return Err(error(
                format!("{literal} is not a number"),
                "the language of `expr!` computes with numbers alone".into(),
            ));
        }
    };
    if matches!(suffix.as_str(), "f32" | "f64")
        || suffix.strip_prefix(['u', 'i']).is_some_and(|bits| {
            bits == "size" || !bits.is_empty() && bits.bytes().all(|digit| digit.is_ascii_digit())
        })
    {
        return Err(error(
            format!("the suffix `{suffix}` on a number"),
            format!("numbers take the precision of the operands: write `{digits}`"),
        ));
    }
    if !suffix.is_empty() {
        return Err(error(
            format!("`{literal}` is not a product"),
            format!("write the operator: `{digits} * {suffix}`"),
        ));
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(ExprKind::Number { value, is_integer }),
        Ok(_) => Err(error(
            format!("`{literal}` is too large for a number"),
            format!(
                "the greatest is about {:.2e}; infinity is Rust, `{{f64::INFINITY}}`",
                f64::MAX
            ),
        )),
        Err(_) => Err(error(format!("`{literal}` is not a number"), "write it in decimal".into())),
    }
}
