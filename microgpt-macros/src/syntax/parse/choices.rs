//! Choices and their conditions, and what a `for` binds.

use proc_macro2::{Delimiter, Span};

use crate::syntax::ast::{Binder, Comparison, Condition, Expr, ExprKind, Range};
use crate::syntax::report::Diagnostic;
use crate::syntax::tokens::{Result, Tokens};

impl Tokens {
    /// `if condition { then } else { otherwise }`
    pub(super) fn choice(&mut self) -> Result<Expr> {
        let span = self.span();
        self.word("if");
        if self.peek_word("let") {
            return Err(Diagnostic::new(
                self.span(),
                "`if let` is Rust, not the language of `expr!`",
                "a condition compares two numbers: `if x > 0 { x } else { 0 }`",
            ));
        }
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

    fn branch(&mut self, place: &str) -> Result<Expr> {
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
        let expr = self.condition_or_expression()?;
        self.as_condition(expr)
    }

    /// A condition, or an expression alone: which of both a parenthesis holds only its contents say.
    pub(super) fn condition_or_expression(&mut self) -> Result<Expr> {
        let mut left = self.conjunction()?;
        while self.peek_punct("||") {
            let left_condition = Box::new(self.as_condition(left)?);
            let span = self.punct("||").unwrap_or(self.end);
            let right = self.conjunction()?;
            let right_condition = Box::new(self.as_condition(right)?);
            left = condition(span, Condition::Or(left_condition, right_condition));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        let mut left = self.test()?;
        while self.peek_punct("&&") {
            let left_condition = Box::new(self.as_condition(left)?);
            let span = self.punct("&&").unwrap_or(self.end);
            let right = self.test()?;
            let right_condition = Box::new(self.as_condition(right)?);
            left = condition(span, Condition::And(left_condition, right_condition));
        }
        Ok(left)
    }

    fn test(&mut self) -> Result<Expr> {
        if let Some(span) = self.punct("!") {
            let operand = self.test()?;
            let operand = self.as_condition(operand)?;
            return Ok(condition(span, Condition::Not(Box::new(operand))));
        }
        let left = self.expression()?;
        let Some((span, comparison)) = self.comparison() else { return Ok(left) };
        if matches!(left.kind, ExprKind::Condition(_)) {
            return Err(comparison_of_conditions(span));
        }
        let right = self.expression()?;
        if matches!(right.kind, ExprKind::Condition(_)) || self.comparison().is_some() {
            return Err(comparison_of_conditions(span));
        }
        let (left, right) = (Box::new(left), Box::new(right));
        Ok(condition(span, Condition::Compare { comparison, left, right }))
    }

    fn comparison(&mut self) -> Option<(Span, Comparison)> {
        Comparison::ALL
            .into_iter()
            .find_map(|(sign, comparison)| self.punct(sign).map(|span| (span, comparison)))
    }

    fn as_condition(&self, expr: Expr) -> Result<Condition> {
        match expr.kind {
            ExprKind::Condition(condition) => Ok(*condition),
            ExprKind::Error => {
                let nothing = || Box::new(Expr { kind: ExprKind::Error, span: expr.span });
                let comparison = Comparison::Equal;
                Ok(Condition::Compare { comparison, left: nothing(), right: nothing() })
            }
            // What comes from Rust may be a condition.
            ExprKind::Path(_) | ExprKind::Subscript { .. } | ExprKind::Rust(_) => {
                Ok(Condition::Holds(Box::new(expr)))
            }
            _ => Err(Diagnostic::new(
                self.span(),
                format!("expected a comparison, found {}", self.found()),
                "a condition compares two numbers, `x > 0`, with `<`, `<=`, `>`, `>=`, `==` or `!=`, or is an element of a `&[bool]`",
            )),
        }
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
        if self.peek_word("where") {
            return Err(Diagnostic::new(
                self.span(),
                "an array has no `where`: it has an element for each value of its indices",
                "choose in the expression: `[if x[i] > 0 { x[i] } else { 0 } for i]`",
            ));
        }
        Ok(Expr { kind: ExprKind::Comprehension { body: Box::new(body), indices }, span })
    }

    /// `for i, j in 0..=i`
    pub(super) fn binders(&mut self) -> Result<Vec<Binder>> {
        if self.word("for").is_none() {
            self.expect_end()?;
        }
        let binders = self.binder_list()?;
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
                "`if` after the indices",
                "a reduction chooses its terms after `where`: `sum(x[i] for i where x[i] > 0)`; an array has all its elements: `[if x[i] > 0 { x[i] } else { 0 } for i]`",
            ));
        }
        if let Some(mistake) = self.missing_comma("indices", "for i, j") {
            return Err(mistake);
        }
        Ok(binders)
    }

    /// `i, j in 0..=i`
    pub(super) fn binder_list(&mut self) -> Result<Vec<Binder>> {
        let mut binders = Vec::new();
        loop {
            let name = self.name(
                "the name of an index after `for`",
                "name the indices, with commas between them: `for i, j`",
            )?;
            let range = if self.word("in").is_some() { Some(self.range()?) } else { None };
            binders.push(Binder { name, range });
            if self.punct(",").is_none() || self.at_end() {
                return Ok(binders);
            }
        }
    }

    /// `0..n` or `0..=t`
    pub fn range(&mut self) -> Result<Range> {
        // One that another macro passed on.
        if let Some(group) = self.next_group(Delimiter::None) {
            let mut inner = Self::new(group.stream(), group.span());
            if let Ok(range) = inner.range()
                && inner.at_end()
                && inner.mistakes.is_empty()
            {
                self.at += 1;
                return Ok(range);
            }
        }
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

fn condition(span: Span, condition: Condition) -> Expr {
    Expr { kind: ExprKind::Condition(Box::new(condition)), span }
}

fn comparison_of_conditions(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "a comparison compares two numbers, not conditions",
        "join comparisons with `&&` or `||`: `if 0 < x && x < 1 { x } else { 0 }`",
    )
}
