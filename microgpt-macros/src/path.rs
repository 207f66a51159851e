//! Names, field paths and numbers.

use proc_macro2::{Delimiter, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::Cursor;

use crate::ast::{ExprKind, Path};
use crate::check::suggestions::instead;
use crate::report::Diagnostic;
use crate::tokens::{Result, Tokens};

impl<'a> Tokens<'a> {
    /// A path, and the right side if a `·` was in it: Rust's lexer takes `q·k` as one name.
    #[allow(clippy::too_many_lines)] // a segment may end a path in many ways
    pub fn path(&mut self) -> Result<(Path, Option<Path>)> {
        let start = self.span();
        let mut sides: Vec<Path> = Vec::new();
        let mut current = Path { tokens: TokenStream::new(), ident: None, last: String::new() };
        let mut segments = 0;
        if let Some((_, rest)) = self.puncts("::") {
            self.take_to(rest, &mut current.tokens);
        }
        loop {
            let Some(ident) = self.peek_ident() else {
                return Err(Diagnostic::new(
                    self.span(),
                    format!("expected a name, found {}", self.found()),
                    "finish the path: `module::name` or `value.field`",
                ));
            };
            self.word(&ident.to_string());
            let text = ident.to_string();
            for (part, name) in text.split('·').enumerate() {
                if name.is_empty() {
                    return Err(Diagnostic::new(
                        ident.span(),
                        "`·` needs a vector on both sides, without spaces",
                        "write `q·k`, or `dot(q, k)` for anything that is not a name",
                    ));
                }
                if part > 0 {
                    sides.push(std::mem::replace(
                        &mut current,
                        Path { tokens: TokenStream::new(), ident: None, last: String::new() },
                    ));
                    segments = 0;
                }
                let before = current.tokens.clone().into_iter().last();
                let is_field =
                    matches!(before, Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
                let name = segment(name, &ident, is_field)?;
                if (name == "crate" || name == "super") && !self.peek_punct("::") {
                    return Err(Diagnostic::new(
                        ident.span(),
                        format!("`{name}` begins a path and is no value"),
                        format!("write the path: `{name}::module::NAME`"),
                    ));
                }
                current.last = name.to_string();
                name.to_tokens(&mut current.tokens);
                current.ident = (segments == 0).then_some(name);
                segments += 1;
            }
            if let Some((_, rest)) = self.puncts("::") {
                self.take_to(rest, &mut current.tokens);
                continue;
            }
            while self.peek_punct(".") && !self.peek_punct("..") {
                let after = self.puncts(".").map(|(_, rest)| rest);
                let Some(after) = after else { break };
                if let Some((literal, rest)) = after.literal() {
                    let digits = literal.to_string();
                    if !digits.split('.').all(|number| number.parse::<u16>().is_ok()) {
                        return Err(Diagnostic::new(
                            literal.span(),
                            format!("`{digits}` is not a field"),
                            "a field is a name or a number, `value.field` or `pair.0`",
                        ));
                    }
                    self.take_to(rest, &mut current.tokens);
                    current.last = format!("{}_{literal}", current.last).replace('.', "_");
                    current.ident = None;
                } else if let Some((field, rest)) = after.ident() {
                    if rest.group(Delimiter::Parenthesis).is_some() {
                        return Err(Diagnostic::new(
                            field.span(),
                            format!(
                                "the method call `.{field}(...)` is Rust, not the language of `expr!`"
                            ),
                            format!(
                                "call ops as functions, or put Rust in braces: `{{{}.{field}(...)}}`",
                                current.tokens.to_string().replace(' ', "")
                            ),
                        ));
                    }
                    // The name itself, which a `·` may divide, is taken by the loop around.
                    let dot = self.punct(".");
                    let mut punct = Punct::new('.', Spacing::Alone);
                    punct.set_span(dot.unwrap_or(self.end));
                    current.tokens.extend([TokenTree::Punct(punct)]);
                    break;
                } else {
                    break;
                }
            }
            let dangling = current.tokens.clone().into_iter().last();
            if matches!(dangling, Some(TokenTree::Punct(punct)) if punct.as_char() == '.') {
                continue;
            }
            break;
        }
        match sides.len() {
            0 => Ok((current, None)),
            1 => Ok((sides.swap_remove(0), Some(current))),
            _ => Err(Diagnostic::new(
                start,
                "`·` takes two vectors, and its result is a scalar",
                "write one `·` at a time: `a·b * sum(c[i] for i)`",
            )),
        }
    }

    /// Moves the tokens before `rest` to `tokens`.
    fn take_to(&mut self, rest: Cursor<'a>, tokens: &mut TokenStream) {
        while self.cursor != rest {
            let Some((token, next)) = self.cursor.token_tree() else { break };
            tokens.extend([token]);
            self.cursor = next;
        }
    }
}

/// A name of a path, or of a path beside a `·`.
fn segment(name: &str, ident: &Ident, is_field: bool) -> Result<Ident> {
    let is_path_word = !is_field && matches!(name, "self" | "Self" | "super" | "crate");
    // What is said of these two, which belong elsewhere, depends on what they begin.
    let is_misplaced = matches!(name, "for" | "else");
    if !is_path_word && !is_misplaced && syn::parse_str::<Ident>(name).is_err() {
        let help = if name.starts_with(|first: char| first.is_numeric()) {
            "`·` joins two names; a product with a number is written `2 * x`".into()
        } else if let Some(help) = instead(name) {
            help
        } else {
            "a keyword of Rust is no operand: give it another name in Rust, or write `r#name`"
                .into()
        };
        let message = format!("`{name}` cannot stand for a value");
        return Err(Diagnostic::new(ident.span(), message, help));
    }
    Ok(match name.strip_prefix("r#") {
        _ if *ident == name => ident.clone(),
        Some(raw) => Ident::new_raw(raw, ident.span()),
        None => Ident::new(name, ident.span()),
    })
}

/// The value of a literal.
pub fn number(literal: &Literal) -> Result<ExprKind> {
    let error = |message: String, help: String| Diagnostic::new(literal.span(), message, help);
    let (digits, suffix, is_float) = match syn::parse_str::<syn::Lit>(&literal.to_string()) {
        Ok(syn::Lit::Int(int)) => (int.base10_digits().to_owned(), int.suffix().to_owned(), false),
        Ok(syn::Lit::Float(float)) => {
            (float.base10_digits().to_owned(), float.suffix().to_owned(), true)
        }
        _ => {
            return Err(error(
                format!("{literal} is not a number"),
                "the language of `expr!` computes with numbers alone".into(),
            ));
        }
    };
    if matches!(suffix.as_str(), "f32" | "f64")
        || suffix.starts_with(['u', 'i']) && suffix.len() > 1
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
        Ok(x) if x.is_finite() => {
            Ok(if is_float { ExprKind::Float(x) } else { ExprKind::Number(x) })
        }
        Ok(_) => Err(error(
            format!("`{literal}` is too large for a number"),
            "the greatest is about 1.8e308".into(),
        )),
        Err(_) => Err(error(format!("`{literal}` is not a number"), "write it in decimal".into())),
    }
}
