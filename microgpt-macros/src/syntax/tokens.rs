//! The tokens of `expr!`, one after the other, with the mistakes that were met.
//!
//! What a `macro_rules!` passes on, as `$e:expr`, comes in a group without a visible delimiter.
//! Such a group is one operand, as if it stood in parentheses; a name, a path, a number or a block
//! needs none and takes the place of its group.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::syntax::report::Diagnostic;

/// Where a `for` belongs.
pub const ARRAY_OR_REDUCTION: &str =
    "an array is written in brackets, `[x[i] for i]`, a reduction with its name, `sum(x[i] for i)`";

/// Words that go on with an expression, here or in Rust or Python.
pub const JOINING: [&str; 7] = ["for", "where", "if", "as", "and", "or", "else"];

pub type Result<T> = std::result::Result<T, Diagnostic>;

/// The tokens up to the end of the present brackets.
pub struct Tokens {
    trees: Vec<TokenTree>,
    /// The position of the next token.
    pub at: usize,
    /// Where an error at the end points: the closing bracket.
    pub end: Span,
    /// Whether these are the lines of a block.
    pub is_block: bool,
    /// The mistakes so far, here and inside of brackets.
    pub mistakes: Vec<Diagnostic>,
}

impl Tokens {
    pub fn new(stream: TokenStream, end: Span) -> Self {
        let mut trees = Vec::new();
        open_fragments(stream, &mut trees);
        Self { trees, at: 0, end, is_block: false, mistakes: Vec::new() }
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.trees.len()
    }

    pub fn span(&self) -> Span {
        self.next().map_or(self.end, TokenTree::span)
    }

    /// The place of the last token.
    pub fn last_span(&self) -> Option<Span> {
        self.trees.last().map(TokenTree::span)
    }

    /// The next token.
    pub fn next(&self) -> Option<&TokenTree> {
        self.trees.get(self.at)
    }

    /// The next token and those after it.
    pub fn rest(&self) -> &[TokenTree] {
        &self.trees[self.at..]
    }

    /// All tokens from one on.
    pub fn rest_from(&self, start: usize) -> &[TokenTree] {
        &self.trees[start..]
    }

    /// The tokens from `start` to the next.
    pub fn since(&self, start: usize) -> TokenStream {
        self.trees[start..self.at].iter().cloned().collect()
    }

    /// Whether no token is left after the next.
    pub fn is_last(&self) -> bool {
        self.at + 1 == self.trees.len()
    }

    /// The next token as the user wrote it, for messages.
    pub fn found(&self) -> String {
        match self.next() {
            None => "the end".into(),
            Some(TokenTree::Group(group)) => match group.delimiter() {
                Delimiter::Parenthesis => "`(`".into(),
                Delimiter::Bracket => "`[`".into(),
                Delimiter::Brace => "`{`".into(),
                Delimiter::None => format!("`{}`", group.stream()),
            },
            // A lifetime comes in two tokens.
            Some(TokenTree::Punct(quote)) if quote.as_char() == '\'' => {
                match self.trees.get(self.at + 1) {
                    Some(TokenTree::Ident(name)) => format!("`'{name}`"),
                    _ => "`'`".into(),
                }
            }
            Some(token) => format!("`{token}`"),
        }
    }

    pub fn peek_ident(&self) -> Option<Ident> {
        match self.next() {
            Some(TokenTree::Ident(ident)) => Some(ident.clone()),
            _ => None,
        }
    }

    pub fn ident(&mut self) -> Option<Ident> {
        let ident = self.peek_ident()?;
        self.at += 1;
        Some(ident)
    }

    pub fn peek_word(&self, word: &str) -> bool {
        matches!(self.next(), Some(TokenTree::Ident(ident)) if ident == word)
    }

    pub fn word(&mut self, word: &str) -> Option<Ident> {
        if self.peek_word(word) { self.ident() } else { None }
    }

    pub fn peek_punct(&self, text: &str) -> bool {
        self.puncts(text).is_some()
    }

    /// The sign `text`, whose characters stand side by side, and the position after it.
    pub fn puncts(&self, text: &str) -> Option<(Punct, usize)> {
        let mut first = None;
        let mut at = self.at;
        let mut is_joint = true;
        for character in text.chars() {
            match self.trees.get(at) {
                Some(TokenTree::Punct(punct)) if is_joint && punct.as_char() == character => {
                    is_joint = punct.spacing() == Spacing::Joint;
                    first.get_or_insert_with(|| punct.clone());
                }
                _ => return None,
            }
            at += 1;
        }
        first.map(|punct| (punct, at))
    }

    pub fn punct(&mut self, text: &str) -> Option<Span> {
        let (punct, after) = self.puncts(text)?;
        self.at = after;
        Some(punct.span())
    }

    /// Whether brackets and then parentheses follow.
    pub fn peek_brackets_of_a_call(&self) -> bool {
        let group = |at: usize, delimiter| matches!(self.trees.get(at), Some(TokenTree::Group(group)) if group.delimiter() == delimiter);
        group(self.at, Delimiter::Bracket) && group(self.at + 1, Delimiter::Parenthesis)
    }

    pub fn peek_group(&self, delimiter: Delimiter) -> bool {
        self.next_group(delimiter).is_some()
    }

    pub fn next_group(&self, delimiter: Delimiter) -> Option<&Group> {
        match self.next() {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    pub fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        let group = self.next_group(delimiter)?.clone();
        self.at += 1;
        Some(group)
    }

    /// Parses the contents of the next group to its end, if there is such a group. The inner
    /// `None` stands for a mistake, which was noted.
    #[allow(clippy::option_option)] // whether there is a group, and whether it could be read
    pub fn inside<R>(
        &mut self,
        delimiter: Delimiter,
        parse: impl FnOnce(&mut Tokens) -> Result<R>,
    ) -> Option<Option<R>> {
        let group = self.group(delimiter)?;
        let mut inner = Tokens::new(group.stream(), group.span_close());
        let parsed = parse(&mut inner).and_then(|parsed| inner.expect_end().map(|()| parsed));
        self.mistakes.append(&mut inner.mistakes);
        Some(parsed.map_err(|mistake| self.mistakes.push(mistake)).ok())
    }
}

/// Appends the tokens of a stream, with fragments that are no more than a name, a path, a number
/// or a block in the place of their groups.
fn open_fragments(stream: TokenStream, trees: &mut Vec<TokenTree>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                let mut inner = Vec::new();
                open_fragments(group.stream(), &mut inner);
                if is_indivisible(&inner) {
                    trees.append(&mut inner);
                } else {
                    let mut fragment = Group::new(Delimiter::None, inner.into_iter().collect());
                    fragment.set_span(group.span());
                    trees.push(TokenTree::Group(fragment));
                }
            }
            tree => trees.push(tree),
        }
    }
}

/// Whether tokens mean the same whatever stands beside them.
fn is_indivisible(trees: &[TokenTree]) -> bool {
    match trees {
        // Nothing at all, as a visibility may be, or a number.
        [] | [TokenTree::Literal(_)] => true,
        [TokenTree::Group(group)] => {
            matches!(group.delimiter(), Delimiter::Brace | Delimiter::None)
        }
        // A statement is no operand.
        [TokenTree::Ident(first), ..] if first == "let" => true,
        _ => is_path(trees),
    }
}

/// Whether these are names with `.` or `::` between them; a `·` in a name would divide it.
fn is_path(trees: &[TokenTree]) -> bool {
    let mut expects_name = true;
    for (position, tree) in trees.iter().enumerate() {
        expects_name = match tree {
            TokenTree::Ident(ident) if expects_name && !ident.to_string().contains('·') => false,
            TokenTree::Literal(_) if expects_name && position > 0 => false,
            TokenTree::Punct(punct) if punct.as_char() == '.' && !expects_name => true,
            TokenTree::Punct(punct) if punct.as_char() == ':' => true,
            _ => return false,
        };
    }
    !expects_name
}

impl Tokens {
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

    /// Where items with commas between them go on without one.
    pub fn missing_comma(&self, items: &str, example: &str) -> Option<Diagnostic> {
        let starts_an_item = match self.next() {
            Some(TokenTree::Ident(word)) => !JOINING.iter().any(|joining| word == joining),
            Some(TokenTree::Literal(_)) => true,
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            _ => self.peek_punct(";"),
        };
        starts_an_item.then(|| {
            Diagnostic::new(
                self.span(),
                format!("{items} are separated by commas, found {}", self.found()),
                format!("write `{example}`; a product needs its `*`"),
            )
        })
    }

    /// Whether an array, `[E for i]`, follows.
    pub fn peek_array(&self) -> bool {
        self.next_group(Delimiter::Bracket).is_some_and(|group| {
            let mut inner = group.stream().into_iter();
            inner.any(|tree| matches!(tree, TokenTree::Ident(word) if word == "for"))
        })
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
        } else if self.peek_punct("?") {
            Diagnostic::new(
                span,
                "`?` is not an operator here",
                "a choice is written `if x > 0 { x } else { 0 }`",
            )
        } else if self.peek_punct("!") {
            Diagnostic::new(
                span,
                "a macro is Rust, not the language of `expr!`",
                "put Rust in braces: `{f64::from(u8::MAX)}`",
            )
        } else if self.peek_punct("=") {
            Diagnostic::new(
                span,
                "`=` inside of an expression",
                "an intermediate is written `let name = expression;`, before the result; a comparison is `==`",
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
