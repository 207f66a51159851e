//! Choices and their conditions, and what a `for` binds.

use proc_macro2::{Delimiter, Span, TokenTree};

use syn::buffer::Cursor;

use crate::ast::{Binder, Comparison, Condition, Expr, ExprKind, Range};
use crate::report::Diagnostic;
use crate::tokens::{Result, Tokens};

impl Tokens<'_> {
    /// `if condition { then } else { otherwise }`
    pub(super) fn choice(&mut self) -> Result<Expr> {
        let span = self.span();
        self.word("if");
        let condition = self.condition()?;
        if let Some(mistake) = self.python_word() {
            return Err(mistake);
        }
        let then = self.branch("after the condition")?;
        if self.word("else").is_none() {
            return Err(Diagnostic::new(
                self.span(),
                format!("expected `else` after the branch of an `if`, found {}", self.found()),
                "both branches have a value: `if x > 0 { x } else { 0 }`",
            ));
        }
        let otherwise =
            if self.peek_word("if") { self.choice()? } else { self.branch("after `else`")? };
        let kind = ExprKind::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Ok(Expr { kind, span })
    }

    pub(super) fn branch(&mut self, place: &str) -> Result<Expr> {
        let span = self.span();
        match self.inside(Delimiter::Brace, Tokens::expression) {
            Some(branch) => Ok(branch.unwrap_or(Expr { kind: ExprKind::Error, span })),
            None => Err(Diagnostic::new(
                span,
                format!("expected `{{` {place}, found {}", self.found()),
                "a choice is written `if x > 0 { x } else { 0 }`",
            )),
        }
    }

    pub(super) fn condition(&mut self) -> Result<Condition> {
        let mut left = self.conjunction()?;
        while self.punct("||").is_some() {
            left = Condition::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    pub(super) fn conjunction(&mut self) -> Result<Condition> {
        let mut left = self.comparison()?;
        while self.punct("&&").is_some() {
            left = Condition::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    pub(super) fn comparison(&mut self) -> Result<Condition> {
        if !self.peek_punct("!=") && self.punct("!").is_some() {
            return Ok(Condition::Not(Box::new(self.comparison()?)));
        }
        if self.parenthesised_condition() {
            if let Some(Some(condition)) = self.inside(Delimiter::Parenthesis, Tokens::condition) {
                return Ok(condition);
            }
            let nothing = || Box::new(Expr { kind: ExprKind::Error, span: Span::call_site() });
            let comparison = Comparison::Equal;
            return Ok(Condition::Compare { comparison, left: nothing(), right: nothing() });
        }
        let left = self.expression()?;
        for (sign, comparison) in Comparison::ALL {
            if self.punct(sign).is_some() {
                let (left, right) = (Box::new(left), Box::new(self.expression()?));
                return Ok(Condition::Compare { comparison, left, right });
            }
        }
        Err(Diagnostic::new(
            self.span(),
            format!("expected a comparison, found {}", self.found()),
            "a condition compares two numbers: `x > 0`, with `<`, `<=`, `>`, `>=`, `==` or `!=`",
        ))
    }

    /// Whether a parenthesis follows that holds a condition, not a number.
    pub(super) fn parenthesised_condition(&self) -> bool {
        let mut inside = self.cursor.group(Delimiter::Parenthesis).map(|(inside, _, _)| inside);
        while let Some(cursor) = inside {
            if is_condition(cursor) {
                return true;
            }
            // In more parentheses it is still a condition, if nothing else is there.
            let inner = cursor.group(Delimiter::Parenthesis);
            inside = inner.filter(|(_, _, rest)| rest.eof()).map(|(inner, _, _)| inner);
        }
        false
    }

    pub(super) fn comprehension(&mut self) -> Result<Expr> {
        let span = self.span();
        if self.at_end() {
            return Err(Diagnostic::new(
                self.end,
                "an array of nothing",
                "say of what and over which index: `[x[i] * 2 for i]`",
            ));
        }
        let body = self.expression()?;
        if self.at_end() || self.peek_punct(",") {
            return Err(Diagnostic::new(
                self.span(),
                "`for` is missing in this array",
                "an array says which indices it has: `[x[i] * 2 for i]`",
            ));
        }
        let indices = self.binders()?;
        Ok(Expr { kind: ExprKind::Comprehension { body: Box::new(body), indices }, span })
    }

    /// `for i, j in 0..=i`
    pub(super) fn binders(&mut self) -> Result<Vec<Binder>> {
        if self.word("for").is_none() {
            self.expect_end()?;
        }
        let mut binders = Vec::new();
        loop {
            let name = self.name(
                "the name of an index after `for`",
                "name the indices, with commas between them: `for i, j`",
            )?;
            let range = if self.word("in").is_some() { Some(self.range()?) } else { None };
            binders.push(Binder { name, range });
            if self.punct(",").is_none() || self.at_end() {
                break;
            }
        }
        if self.peek_word("for") {
            return Err(Diagnostic::new(
                self.span(),
                "a second `for`",
                "one `for` binds all indices, the outermost first: `for i, j`",
            ));
        }
        if self.peek_word("if") {
            return Err(Diagnostic::new(
                self.span(),
                "a `for` has no condition",
                "choose in the expression: `sum(if x[i] > 0 { x[i] } else { 0 } for i)`",
            ));
        }
        if let Some(next) = self.peek_ident() {
            return Err(Diagnostic::new(
                next.span(),
                format!("expected `,` or the end after an index, found `{next}`"),
                "name the indices, with commas between them: `for i, j`",
            ));
        }
        Ok(binders)
    }

    pub(super) fn range(&mut self) -> Result<Range> {
        let mistake = |tokens: &Self, message: String| {
            let help = "a range has two ends: `for i in 0..n` or `for s in 0..=t`";
            Err(Diagnostic::new(tokens.span(), message, help))
        };
        if self.peek_punct("..") {
            return mistake(self, "the range has no start".into());
        }
        let start = self.span();
        let low = self.expression()?;
        if self.punct("..").is_none() {
            if self.at_end() || self.peek_punct(",") {
                return Err(Diagnostic::new(
                    start,
                    "an index runs over a range, not over elements",
                    "`for i` alone takes each value that fits the axes `i` subscripts; a stated range is `for i in 0..n`",
                ));
            }
            let found = self.found();
            return mistake(self, format!("expected `..` or `..=` in the range, found {found}"));
        }
        let inclusive = self.punct("=").is_some();
        if self.at_end() || self.peek_punct(",") {
            return mistake(self, "the range has no end".into());
        }
        let high = self.expression()?;
        Ok(Range { low, high, inclusive })
    }
}

/// Whether tokens in a parenthesis compare or join conditions: outside of an `if`, whose condition is its
/// own, nothing else has these signs.
fn is_condition(mut cursor: Cursor<'_>) -> bool {
    let mut within_if = 0;
    while let Some((token, rest)) = cursor.token_tree() {
        match &token {
            TokenTree::Ident(word) if *word == "if" => within_if += 1,
            TokenTree::Ident(word) if *word == "else" => within_if -= 1,
            TokenTree::Punct(punct) if within_if == 0 && "<>=!&|".contains(punct.as_char()) => {
                return true;
            }
            _ => {}
        }
        cursor = rest;
    }
    false
}
