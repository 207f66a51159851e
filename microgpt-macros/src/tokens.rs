//! The tokens of `expr!`, one after the other, with the mistakes that were met.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenTree};
use syn::buffer::Cursor;

use crate::report::Diagnostic;

/// Where a `for` belongs.
pub const ARRAY_OR_REDUCTION: &str =
    "an array is written in brackets, `[x[i] for i]`, a reduction with its name, `sum(x[i] for i)`";

pub type Result<T> = std::result::Result<T, Diagnostic>;

/// The tokens that are left, up to the end of the present brackets.
pub struct Tokens<'a> {
    pub cursor: Cursor<'a>,
    /// Where an error at the end points: the closing bracket.
    pub end: Span,
    /// The mistakes so far, here and inside of brackets.
    pub mistakes: Vec<Diagnostic>,
}

impl<'a> Tokens<'a> {
    pub fn new(cursor: Cursor<'a>, end: Span) -> Self {
        Self { cursor, end, mistakes: Vec::new() }
    }

    pub fn at_end(&self) -> bool {
        self.cursor.eof()
    }

    pub fn span(&self) -> Span {
        if self.at_end() { self.end } else { self.cursor.span() }
    }

    /// The place of the last token that is left.
    pub fn last_span(&self) -> Option<Span> {
        let mut cursor = self.cursor;
        let mut last = None;
        while let Some((token, rest)) = cursor.token_tree() {
            last = Some(token.span());
            cursor = rest;
        }
        last
    }

    /// The next token as the user wrote it, for messages.
    pub fn found(&self) -> String {
        match self.cursor.token_tree() {
            None => "the end".into(),
            Some((TokenTree::Group(group), _)) => match group.delimiter() {
                Delimiter::Parenthesis => "`(`".into(),
                Delimiter::Bracket => "`[`".into(),
                Delimiter::Brace => "`{`".into(),
                Delimiter::None => format!("`{group}`"),
            },
            Some((token, _)) => format!("`{token}`"),
        }
    }

    pub fn peek_ident(&self) -> Option<Ident> {
        self.cursor.ident().map(|(ident, _)| ident)
    }

    pub fn peek_word(&self, word: &str) -> bool {
        self.cursor.ident().is_some_and(|(ident, _)| ident == word)
    }

    pub fn word(&mut self, word: &str) -> Option<Ident> {
        let (ident, rest) = self.cursor.ident().filter(|(ident, _)| ident == word)?;
        self.cursor = rest;
        Some(ident)
    }

    pub fn peek_punct(&self, text: &str) -> bool {
        self.puncts(text).is_some()
    }

    /// The punctuation characters of `text`, one after the other.
    pub fn puncts(&self, text: &str) -> Option<(Punct, Cursor<'a>)> {
        let mut cursor = self.cursor;
        let mut first: Option<Punct> = None;
        let mut joint = true;
        for character in text.chars() {
            let (punct, rest) = cursor.punct().filter(|(punct, _)| punct.as_char() == character)?;
            // What is written apart is not one sign.
            if !joint {
                return None;
            }
            joint = punct.spacing() == Spacing::Joint;
            first.get_or_insert(punct);
            cursor = rest;
        }
        first.map(|punct| (punct, cursor))
    }

    pub fn punct(&mut self, text: &str) -> Option<Span> {
        let (punct, rest) = self.puncts(text)?;
        self.cursor = rest;
        Some(punct.span())
    }

    pub fn literal(&mut self) -> Option<Literal> {
        let (literal, rest) = self.cursor.literal()?;
        self.cursor = rest;
        Some(literal)
    }

    /// Whether brackets and then parentheses follow.
    pub fn peek_brackets_of_a_call(&self) -> bool {
        let after = self.cursor.group(Delimiter::Bracket);
        after.is_some_and(|(_, _, rest)| rest.group(Delimiter::Parenthesis).is_some())
    }

    pub fn peek_group(&self, delimiter: Delimiter) -> bool {
        self.cursor.group(delimiter).is_some()
    }

    pub fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        self.cursor.group(delimiter)?;
        match self.cursor.token_tree() {
            Some((TokenTree::Group(group), rest)) => {
                self.cursor = rest;
                Some(group)
            }
            _ => None,
        }
    }

    /// Parses the contents of the next group to its end, if there is such a group. The inner
    /// `None` stands for a mistake, which was noted.
    #[allow(clippy::option_option)] // whether there is a group, and whether it could be read
    pub fn inside<R>(
        &mut self,
        delimiter: Delimiter,
        parse: impl FnOnce(&mut Tokens<'a>) -> Result<R>,
    ) -> Option<Option<R>> {
        let (inner, delimiters, rest) = self.cursor.group(delimiter)?;
        self.cursor = rest;
        let mut inner = Tokens::new(inner, delimiters.close());
        let parsed = parse(&mut inner).and_then(|parsed| inner.expect_end().map(|()| parsed));
        self.mistakes.append(&mut inner.mistakes);
        Some(parsed.map_err(|mistake| self.mistakes.push(mistake)).ok())
    }

    /// A word that joins conditions in Python.
    pub fn python_word(&self) -> Option<Diagnostic> {
        let (word, sign) =
            [("and", "&&"), ("or", "||")].into_iter().find(|(word, _)| self.peek_word(word))?;
        Some(Diagnostic::new(
            self.span(),
            format!("`{word}` is Python"),
            format!(
                "conditions are joined with `{sign}`: `if x > 0 {sign} y > 0 {{ x }} else {{ y }}`"
            ),
        ))
    }

    /// What was meant by a `for` behind an expression.
    pub fn stray_for(&self) -> Option<Diagnostic> {
        self.peek_word("for")
            .then(|| Diagnostic::new(self.span(), "`for` outside of brackets", ARRAY_OR_REDUCTION))
    }

    pub fn expect_end(&self) -> Result<()> {
        if self.at_end() {
            return Ok(());
        }
        let (span, found) = (self.span(), self.found());
        Err(if self.peek_punct(".") {
            Diagnostic::new(
                span,
                "a method call or field of something computed is Rust, not the language of `expr!`",
                "call ops as functions, `exp(x)`, or compute it in Rust, in braces: `{x.len() as f64}`",
            )
        } else if self.peek_punct(";") {
            Diagnostic::new(
                span,
                "`;` after the result",
                "the last expression is the result: remove the `;`, or name an intermediate with `let name = ...;`",
            )
        } else if let Some(mistake) = self.stray_for() {
            mistake
        } else if self.peek_word("if") {
            Diagnostic::new(
                span,
                "`if` after its value is Python",
                "a choice is written `if x > 0 { x } else { 0 }`",
            )
        } else if let Some(sign) =
            ["<=", ">=", "<", ">", "==", "!=", "&&", "||"].iter().find(|sign| self.peek_punct(sign))
        {
            Diagnostic::new(
                span,
                format!("`{sign}` outside of a condition"),
                "comparisons stand in an `if`: `if x > 0 { x } else { 0 }`",
            )
        } else if self.peek_punct("**") {
            Diagnostic::new(span, "`**` is not an operator here", "a power is written `x^2`")
        } else if let Some(mistake) = self.python_word() {
            mistake
        } else if self.peek_group(Delimiter::Bracket) {
            Diagnostic::new(
                span,
                "only a name or `{rust}` can be subscripted",
                "give the array a `let` of its own, `let a = [... for i];`, and use `a[i]`",
            )
        } else if self.peek_punct("@") {
            Diagnostic::new(
                span,
                "`@` is not an operator here",
                "a product of matrices says what it sums: `[sum(a[t, i] * b[i, o] for i) for t, o]`",
            )
        } else {
            Diagnostic::new(
                span,
                format!("expected an operator or the end, found {found}"),
                "two expressions in a row need an operator between them, `a * b`; the arguments of a function stand in parentheses, `exp(x)`",
            )
        })
    }
}
