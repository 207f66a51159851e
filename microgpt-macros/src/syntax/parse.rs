//! Tokens to a syntax tree.
//!
//! A mistake inside brackets ends with them, one in a `let` ends at its `;`: the parser notes it
//! and carries on, so that several mistakes give several messages.

mod choices;
mod names;
mod statements;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::syntax::ast::{Expr, ExprKind, Operator, Program};
use crate::syntax::name::is_name;
use crate::syntax::path::number;
use crate::syntax::report::{Diagnostic, Report};
use crate::syntax::tokens::{ARRAY_OR_REDUCTION, Result, Tokens};

/// A built-in op: its name and the names of its arguments.
#[derive(Debug)]
pub struct Op {
    pub name: String,
    pub arguments: Vec<String>,
}

/// Splits the input of the macro into the path of the run-time crate, the ops and the program.
pub fn parse(input: TokenStream, report: &mut Report) -> (TokenStream, Vec<Op>, Program) {
    let mut tokens = Tokens::new(input, Span::call_site());
    let runtime = tokens.group(Delimiter::Bracket).map(|group| group.stream()).unwrap_or_default();
    let ops = tokens.group(Delimiter::Bracket).map(|group| ops(group.stream())).unwrap_or_default();
    // What is missing at the very end is missing after the last token.
    tokens.end = tokens.last_span().unwrap_or(tokens.end);
    let program = tokens.program();
    for mistake in tokens.mistakes {
        report.push(mistake);
    }
    (runtime, ops, program)
}

/// The equations of a layer, which stand in braces.
pub fn equations(stream: TokenStream, end: Span, report: &mut Report) -> Program {
    let mut tokens = Tokens::new(stream, end);
    let program = tokens.program();
    for mistake in tokens.mistakes {
        report.push(mistake);
    }
    program
}

/// The built-in ops by their names, as the macro of the run-time crate passes them on.
pub fn ops(stream: TokenStream) -> Vec<Op> {
    let mut ops: Vec<Op> = Vec::new();
    for token in stream {
        match token {
            TokenTree::Ident(name) => ops.push(Op { name: name.to_string(), arguments: vec![] }),
            TokenTree::Group(group) => {
                if let Some(op) = ops.last_mut() {
                    op.arguments = group.stream().into_iter().map(|t| t.to_string()).collect();
                }
            }
            _ => {}
        }
    }
    ops
}

impl Tokens {
    fn program(&mut self) -> Program {
        let mut program = Program::default();
        while self.peek_punct("#") {
            match self.attribute() {
                Ok(()) => program.explain = true,
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        loop {
            let statement = if self.peek_word("let") {
                self.let_statement(&mut program)
            } else if self.peek_word("for") {
                self.block(&mut program)
            } else if self.at_end() {
                Err(self.no_result(&program))
            } else {
                self.results(&mut program).and_then(|()| self.expect_end())
            };
            if let Err(diagnostic) = statement {
                self.mistakes.push(diagnostic);
                if !self.skip_statement() || self.at_end() {
                    return program;
                }
            } else if !program.results.is_empty() {
                return program;
            }
        }
    }

    /// `#[explain]`, the only one.
    fn attribute(&mut self) -> Result<()> {
        let span = self.punct("#").unwrap_or(self.end);
        let group = self.group(Delimiter::Bracket);
        let text = group.as_ref().map(|group| group.stream().to_string()).unwrap_or_default();
        if text == "explain" {
            return Ok(());
        }
        Err(Diagnostic::new(
            group.map_or(span, |group| group.span()),
            format!("`#[{text}]` means nothing to `expr!`"),
            "`expr!(#[explain] ...)` prints what the compiler makes of it",
        ))
    }

    fn results(&mut self, program: &mut Program) -> Result<()> {
        if self.is_tuple() {
            program.tuple = true;
            // One that another macro passed on.
            self.inside(Delimiter::None, |inner| inner.results(program));
            let results = self.inside(Delimiter::Parenthesis, |inner| {
                let results = inner.list(Tokens::expression)?;
                inner.missing_comma("results", "(one, other)").map_or(Ok(results), Err)
            });
            program.results.extend(results.flatten().unwrap_or_default());
            if program.results.is_empty() {
                program.results.push(Expr { kind: ExprKind::Error, span: self.end });
            }
        } else {
            let result = self.expression()?;
            if let Some(mistake) = self.after_result() {
                return Err(mistake);
            }
            program.results.push(result);
        }
        Ok(())
    }

    /// What was meant by a token that cannot follow the result.
    fn after_result(&self) -> Option<Diagnostic> {
        if let Some(mistake) = self.stray_for() {
            return Some(mistake);
        }
        let (message, help) = if self.peek_punct(",") {
            ("`,` after the result", "several results stand in parentheses: `(one, other)`")
        } else if self.peek_punct("=") && !self.peek_punct("==") {
            ("`=` without `let`", "an intermediate is written `let name = expression;`")
        } else if self.peek_array() {
            (
                "a second array after the result",
                "several results stand in parentheses, `(one, other)`; an intermediate is written `let name = [... for i];`",
            )
        } else {
            return None;
        };
        Some(Diagnostic::new(self.span(), message, help))
    }

    /// Whether all that is left is one parenthesis with a comma in it.
    fn is_tuple(&self) -> bool {
        let group = self.next_group(Delimiter::Parenthesis).or(self.next_group(Delimiter::None));
        group.filter(|_| self.is_last()).is_some_and(|group| {
            let inner = Tokens::new(group.stream(), group.span());
            let comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
            match group.delimiter() {
                Delimiter::None => inner.is_tuple(),
                _ => inner.rest().iter().any(comma),
            }
        })
    }

    /// Items with commas between them, and perhaps one at the end.
    fn list<R>(&mut self, item: impl Fn(&mut Self) -> Result<R>) -> Result<Vec<R>> {
        let mut items = Vec::new();
        while !self.at_end() {
            items.push(item(self)?);
            if self.punct(",").is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// A name that is no keyword.
    pub fn name(&mut self, expected: &str, help: &str) -> Result<Ident> {
        match self.peek_ident() {
            Some(ident) if is_name(&ident) => {
                self.at += 1;
                Ok(ident)
            }
            _ => Err(Diagnostic::new(
                self.span(),
                format!("expected {expected}, found {}", self.found()),
                help,
            )),
        }
    }

    // ------------------------------------------------------------ expressions

    fn expression(&mut self) -> Result<Expr> {
        let mut left = self.product()?;
        loop {
            self.no_assignment()?;
            let (operator, span) = if let Some(span) = self.punct("+") {
                (Operator::Add, span)
            } else if let Some(span) = self.punct("-") {
                (Operator::Sub, span)
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = binary(operator, span, left, right);
        }
    }

    fn product(&mut self) -> Result<Expr> {
        let mut left = self.unary()?;
        loop {
            if let Some(mistake) = self.foreign_operator() {
                return Err(mistake);
            }
            let (operator, span) = if self.is_assignment() {
                return Ok(left);
            } else if let Some(span) = self.punct("*") {
                (Operator::Mul, span)
            } else if let Some(span) = self.punct("/") {
                (Operator::Div, span)
            } else if let Some(span) = self.punct("%") {
                let right = Box::new(self.unary()?);
                let kind = ExprKind::Remainder { left: Box::new(left), right };
                left = Expr { kind, span };
                continue;
            } else {
                return Ok(left);
            };
            let right = self.unary()?;
            left = binary(operator, span, left, right);
        }
    }

    /// An operator of other languages where one of this could stand.
    fn foreign_operator(&self) -> Option<Diagnostic> {
        let (message, help) = if self.peek_punct("**") {
            ("`**` is not an operator here", "a power is written `x^2`")
        } else if self.peek_word("as") {
            (
                "`as` is Rust, not the language of `expr!`",
                "convert in braces: `{n as f64}` as a value, `{n as usize}` in a range",
            )
        } else {
            return None;
        };
        Some(Diagnostic::new(self.span(), message, help))
    }

    fn is_assignment(&self) -> bool {
        ["+=", "-=", "*=", "/=", "%=", "^="].iter().any(|sign| self.peek_punct(sign))
    }

    /// Refuses `h += x`.
    fn no_assignment(&self) -> Result<()> {
        if !self.is_assignment() {
            return Ok(());
        }
        let sign = self.found().replace('`', "");
        Err(Diagnostic::new(
            self.span(),
            format!("`{sign}=` changes a variable, and there are none"),
            format!("a later `let` may take the same name: `let h = h {sign} ...;`"),
        ))
    }

    fn unary(&mut self) -> Result<Expr> {
        if let Some(span) = self.punct("-") {
            let operand = self.unary()?;
            return Ok(Expr { kind: ExprKind::Negate(Box::new(operand)), span });
        }
        self.power()
    }

    /// Binds tighter than a minus on its left, and groups from the right: `-x^-y^2` is
    /// `-(x^(-(y^2)))`.
    fn power(&mut self) -> Result<Expr> {
        let base = self.subscripted()?;
        if self.is_assignment() {
            return Ok(base);
        }
        match self.punct("^") {
            None => Ok(base),
            Some(span) => {
                let exponent = self.unary()?;
                Ok(binary(Operator::Pow, span, base, exponent))
            }
        }
    }

    fn subscripted(&mut self) -> Result<Expr> {
        let mut base = self.primary()?;
        while self.peek_group(Delimiter::Bracket) && !self.peek_array() {
            if matches!(base.kind, ExprKind::Subscript { .. }) {
                return Err(Diagnostic::new(
                    self.span(),
                    "a second pair of brackets",
                    "the subscripts of an array share one pair: `x[i, j]`",
                ));
            }
            let span = base.span;
            let Some(subscripts) = self.inside(Delimiter::Bracket, |inner| {
                if inner.at_end() {
                    return Err(Diagnostic::new(
                        inner.end,
                        "expected a subscript, found `]`",
                        "write an index for each axis, `x[i]`, or no brackets for a scalar",
                    ));
                }
                let subscripts =
                    if inner.is_slice() { vec![] } else { inner.list(Tokens::expression)? };
                if inner.is_slice() {
                    return Err(Diagnostic::new(
                        inner.span(),
                        "a range as a subscript",
                        "a range belongs to an index: `[x[i] for i in 0..2]`",
                    ));
                }
                inner.missing_comma("subscripts", "w[o, i]").map_or(Ok(subscripts), Err)
            }) else {
                break;
            };
            let kind = match subscripts {
                Some(subscripts) => ExprKind::Subscript { base: Box::new(base), subscripts },
                None => ExprKind::Error,
            };
            base = Expr { kind, span };
        }
        Ok(base)
    }

    fn is_slice(&self) -> bool {
        self.peek_punct("..") || self.peek_punct(":") && !self.peek_punct("::")
    }

    fn primary(&mut self) -> Result<Expr> {
        let span = self.span();
        match self.next() {
            // What another macro passed on is one operand.
            Some(TokenTree::Group(group)) => match group.delimiter() {
                Delimiter::Brace => {
                    let rust = group.stream();
                    self.at += 1;
                    Ok(Expr { kind: ExprKind::Rust(rust), span })
                }
                Delimiter::Bracket => {
                    Ok(self.within(Delimiter::Bracket, span, Tokens::comprehension))
                }
                delimiter => Ok(self.within(delimiter, span, Tokens::parenthesised)),
            },
            Some(TokenTree::Literal(literal)) => {
                let number = number(literal);
                self.at += 1;
                number.map(|kind| Expr { kind, span })
            }
            Some(TokenTree::Ident(word)) if word == "if" => self.choice(),
            Some(TokenTree::Ident(_)) => self.named(),
            Some(TokenTree::Punct(_)) if self.peek_punct("::") => self.named(),
            _ => Err(self.no_expression()),
        }
    }

    /// What the next group holds; after a mistake in it an error that was reported.
    fn within(
        &mut self,
        delimiter: Delimiter,
        span: Span,
        parse: fn(&mut Tokens) -> Result<Expr>,
    ) -> Expr {
        let inner = self.inside(delimiter, parse).flatten();
        inner.map_or(Expr { kind: ExprKind::Error, span }, |mut inner| {
            if matches!(inner.kind, ExprKind::Comprehension { .. }) {
                inner.span = span;
            }
            inner
        })
    }

    /// What stands in parentheses: an expression, or the condition of an `if`.
    fn parenthesised(&mut self) -> Result<Expr> {
        let expr = self.condition_or_expression()?;
        if self.peek_punct(",") {
            return Err(Diagnostic::new(
                self.span(),
                "a tuple can only be the result as a whole",
                "give each array a `let` and end with `(one, other)`",
            ));
        }
        if self.peek_word("for") {
            return Err(Diagnostic::new(self.span(), "`for` in parentheses", ARRAY_OR_REDUCTION));
        }
        Ok(expr)
    }

    fn no_expression(&self) -> Diagnostic {
        let (span, found) = (self.span(), self.found());
        if self.peek_punct(";") {
            return Diagnostic::new(
                span,
                "expected an expression, found `;`",
                "remove one `;`, or write what is missing before it",
            );
        }
        if let (true, Some(TokenTree::Literal(digits))) = (self.peek_punct("."), self.rest().get(1))
        {
            return Diagnostic::new(
                span,
                format!("`.{digits}` is not a number"),
                format!("a number begins with a digit: write `0.{digits}`"),
            );
        }
        if self.peek_punct("&") || self.peek_punct("*") {
            return Diagnostic::new(
                span,
                format!("expected an expression, found {found}"),
                "references to operands are operands, too: leave `&` and `*` out; an operator needs something on both sides",
            );
        }
        if self.peek_punct("|") {
            return Diagnostic::new(
                span,
                format!("expected an expression, found {found}"),
                "an absolute value is `abs(x)`; a closure is Rust",
            );
        }
        if self.at_end() {
            return Diagnostic::new(
                span,
                "expected an expression, found the end",
                "an operator needs something on both sides: `a + b`",
            );
        }
        Diagnostic::new(
            span,
            format!("expected an expression, found {found}"),
            "a number, a name, `{rust}`, `sum(... for i)` or `[... for i]` can stand here; an operator needs something on both sides",
        )
    }
}

fn binary(operator: Operator, span: Span, left: Expr, right: Expr) -> Expr {
    let kind = ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
    Expr { kind, span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn program(tokens: &TokenStream) -> std::result::Result<Program, Vec<String>> {
        let mut report = Report::default();
        let (_, _, program) = parse(quote!([::microgpt] [exp(x)] #tokens), &mut report);
        if report.is_empty() {
            Ok(program)
        } else {
            Err(report.messages().into_iter().map(ToOwned::to_owned).collect())
        }
    }

    fn show(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number { value: x, .. } => x.to_string(),
            ExprKind::Path(path) => path.tokens.to_string().replace(' ', ""),
            ExprKind::Negate(x) => format!("(-{})", show(x)),
            ExprKind::Binary { operator, left, right } => {
                let sign = match operator {
                    Operator::Add => '+',
                    Operator::Sub => '-',
                    Operator::Mul => '*',
                    Operator::Div => '/',
                    Operator::Pow => '^',
                };
                format!("({}{sign}{})", show(left), show(right))
            }
            ExprKind::Dot { left, right } => format!("({}·{})", show(left), show(right)),
            kind => format!("{kind:?}"),
        }
    }

    fn shown(tokens: &TokenStream) -> String {
        let program = program(tokens).expect("no mistake");
        show(&program.results[0])
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        assert_eq!(shown(&quote!(a + b * c ^ d)), "(a+(b*(c^d)))");
        assert_eq!(shown(&quote!(-x ^ 2)), "(-(x^2))");
        assert_eq!(shown(&quote!(x ^ -0.5)), "(x^(-0.5))");
        assert_eq!(shown(&quote!(x ^ y ^ z)), "(x^(y^z))");
        assert_eq!(shown(&quote!(a - b - c)), "((a-b)-c)");
    }

    #[test]
    fn a_middle_dot_splits_the_name_it_is_in() {
        assert_eq!(shown(&quote!(q·k / d)), "((q·k)/d)");
        assert_eq!(shown(&quote!(self.q·self.k)), "(self.q·self.k)");
        assert_eq!(shown(&quote!(a.x·b)), "(a.x·b)");
    }

    #[test]
    fn every_mistake_is_reported() {
        let mistakes = program(&quote!(let a = (1 +); let b = [2 for]; sum(3)));
        assert_eq!(mistakes.expect_err("three mistakes").len(), 3);
    }
}
