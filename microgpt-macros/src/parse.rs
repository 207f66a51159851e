//! Tokens to a syntax tree.
//!
//! A mistake inside brackets ends with them, one in a `let` ends at its `;`: the parser notes it
//! and carries on, so that several mistakes give several messages.

mod names;

mod choices;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::TokenBuffer;

use crate::ast::{Expr, ExprKind, Let, Operator, Program};
use crate::groups::visible;
use crate::path::number;
use crate::report::{Diagnostic, Report};
use crate::tokens::{ARRAY_OR_REDUCTION, Result, Tokens};

/// A built-in op: its name and the names of its arguments.
#[derive(Debug)]
pub struct Op {
    pub name: String,
    pub arguments: Vec<String>,
}

/// Splits the input of the macro into the path of the run-time crate, the ops and the program.
pub fn parse(input: TokenStream, report: &mut Report) -> (TokenStream, Vec<Op>, Program) {
    let buffer = TokenBuffer::new2(visible(input));
    let mut tokens = Tokens::new(buffer.begin(), Span::call_site());
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

fn ops(stream: TokenStream) -> Vec<Op> {
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

impl Tokens<'_> {
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
                self.let_statement().map(|name| program.lets.push(name))
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

    fn no_result(&self, program: &Program) -> Diagnostic {
        match program.lets.last() {
            None => Diagnostic::new(
                self.end,
                "`expr!` is empty",
                "write an expression, like `expr!(q·k / sqrt(d))`",
            ),
            Some(last) => Diagnostic::new(
                last.name.span(),
                "the result is missing after the last `let`",
                format!("the last line is the result, without `let` and `;`: add `{}`", last.name),
            ),
        }
    }

    /// Skips to after the next `;`; whether there was one.
    fn skip_statement(&mut self) -> bool {
        while !self.at_end() {
            if self.punct(";").is_some() {
                return true;
            }
            if let Some((_, rest)) = self.cursor.token_tree() {
                self.cursor = rest;
            }
        }
        false
    }

    fn let_statement(&mut self) -> Result<Let> {
        self.word("let");
        let name = self.name("a name after `let`", "write `let name = expression;`")?;
        if self.punct("=").is_none() {
            return Err(Diagnostic::new(
                self.span(),
                format!("expected `=` after `let {name}`, found {}", self.found()),
                "write `let name = expression;`, with neither type nor pattern",
            ));
        }
        let value = self.expression()?;
        if self.punct(";").is_some() {
            return Ok(Let { name, value });
        }
        if self.at_end() {
            return Err(Diagnostic::new(
                name.span(),
                "the result is missing after the last `let`",
                format!("end the `let` with `;` and write the result: `{name}`"),
            ));
        }
        if self.peek_word("let") || self.begins_result() {
            self.mistakes.push(Diagnostic::new(
                self.span(),
                format!("`;` is missing after `let {name} = ...`"),
                "end each `let` with `;`; what follows the last is the result",
            ));
            return Ok(Let { name, value });
        }
        self.expect_end()?;
        Ok(Let { name, value })
    }

    /// Whether all that is left could be the result: an array, or an expression behind which no `;` ends a
    /// `let`.
    fn begins_result(&self) -> bool {
        if let Some((mut inner, _, _)) = self.cursor.group(Delimiter::Bracket) {
            while let Some((token, rest)) = inner.token_tree() {
                if matches!(&token, TokenTree::Ident(word) if *word == "for") {
                    return true;
                }
                inner = rest;
            }
            return false;
        }
        let after = self.cursor.ident().map(|(_, rest)| Tokens::new(rest, self.end));
        if after.is_some_and(|after| after.peek_punct("=") && !after.peek_punct("==")) {
            return true;
        }
        let begins = self.peek_ident().is_some_and(|word| {
            !["for", "else", "as", "and", "or", "in", "if"].iter().any(|other| word == *other)
        }) || self.cursor.literal().is_some()
            || self.peek_group(Delimiter::Parenthesis);
        let mut rest = self.cursor;
        while let Some((token, next)) = rest.token_tree() {
            if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';') {
                return false;
            }
            rest = next;
        }
        begins
    }

    fn results(&mut self, program: &mut Program) -> Result<()> {
        if self.is_tuple() {
            program.tuple = true;
            let results = self
                .inside(Delimiter::Parenthesis, |inner| inner.list(Tokens::expression))
                .flatten();
            program.results = results.unwrap_or_default();
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
        } else {
            return None;
        };
        Some(Diagnostic::new(self.span(), message, help))
    }

    /// Whether all that is left is one parenthesis with a comma in it.
    fn is_tuple(&self) -> bool {
        self.cursor.group(Delimiter::Parenthesis).is_some_and(|(mut inner, _, rest)| {
            let mut comma = false;
            while let Some((token, next)) = inner.token_tree() {
                comma |= matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
                inner = next;
            }
            comma && rest.eof()
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

    fn name(&mut self, expected: &str, help: &str) -> Result<Ident> {
        let keyword = |ident: &Ident| syn::parse2::<Ident>(ident.to_token_stream()).is_err();
        match self.peek_ident() {
            Some(ident) if !keyword(&ident) => {
                self.word(&ident.to_string());
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
            if let Some(mistake) = self.changes_in_place(&left) {
                return Err(mistake);
            }
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
            if self.peek_punct("**") {
                return Err(Diagnostic::new(
                    self.span(),
                    "`**` is not an operator here",
                    "a power is written `x^2`",
                ));
            }
            if self.peek_punct("%") {
                return Err(Diagnostic::new(
                    self.span(),
                    "`%` is not an operator here",
                    "the operators are `+`, `-`, `*`, `/`, `^` and `·`; others are Rust, in braces: `{a % b}`",
                ));
            }
            if self.peek_word("as") {
                return Err(Diagnostic::new(
                    self.span(),
                    "`as` is Rust, not the language of `expr!`",
                    "convert in braces: `{n as f64}` as a value, `{n as usize}` in a range",
                ));
            }
            if self.changes_in_place(&left).is_some() {
                return Ok(left);
            }
            let (operator, span) = if let Some(span) = self.punct("*") {
                (Operator::Mul, span)
            } else if let Some(span) = self.punct("/") {
                (Operator::Div, span)
            } else {
                return Ok(left);
            };
            let right = self.unary()?;
            left = binary(operator, span, left, right);
        }
    }

    /// What was meant by `left += ...`.
    fn changes_in_place(&self, left: &Expr) -> Option<Diagnostic> {
        let signs = ["+=", "-=", "*=", "/="];
        let sign = signs.into_iter().find(|sign| self.peek_punct(sign))?;
        let name = match &left.kind {
            ExprKind::Path(path) => path.last.clone(),
            _ => "h".into(),
        };
        let operator = &sign[..1];
        Some(Diagnostic::new(
            self.span(),
            format!("`{sign}` changes a value in place, which an equation does not"),
            format!("a later `let` may take the same name: `let {name} = {name} {operator} ...;`"),
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
        while self.peek_group(Delimiter::Bracket)
            && !matches!(base.kind, ExprKind::Comprehension { .. })
        {
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
                if !inner.at_end() && !inner.peek_word("for") {
                    inner.commas_between_subscripts()?;
                }
                Ok(subscripts)
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

    /// An error if what follows a subscript begins another.
    fn commas_between_subscripts(&self) -> Result<()> {
        let begins = self.peek_ident().is_some_and(|word| word != "as" && word != "if")
            || self.cursor.literal().is_some()
            || self.peek_group(Delimiter::Brace)
            || self.peek_punct(";");
        if !begins {
            return Ok(());
        }
        Err(Diagnostic::new(
            self.span(),
            format!("expected `,` between subscripts, found {}", self.found()),
            "subscripts are separated by commas: `w[o, i]`",
        ))
    }

    fn is_slice(&self) -> bool {
        self.peek_punct("..") || self.peek_punct(":") && !self.peek_punct("::")
    }

    fn primary(&mut self) -> Result<Expr> {
        let span = self.span();
        if let Some(inner) = self.inside(Delimiter::Parenthesis, Tokens::expression_only) {
            return Ok(inner.unwrap_or(Expr { kind: ExprKind::Error, span }));
        }
        if let Some(comprehension) = self.inside(Delimiter::Bracket, Tokens::comprehension) {
            return Ok(comprehension.map_or(Expr { kind: ExprKind::Error, span }, |mut expr| {
                expr.span = span;
                expr
            }));
        }
        if let Some(group) = self.group(Delimiter::Brace) {
            return Ok(Expr { kind: ExprKind::Rust(group.stream()), span });
        }
        if let Some(literal) = self.literal() {
            return number(&literal).map(|kind| Expr { kind, span });
        }
        if self.peek_word("if") {
            return self.choice();
        }
        if self.peek_ident().is_some() || self.peek_punct("::") {
            return self.named();
        }
        Err(self.no_expression())
    }

    fn expression_only(&mut self) -> Result<Expr> {
        let expr = self.expression()?;
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
        if let Some((_, rest)) = self.puncts(".")
            && let Some((digits, _)) = rest.literal()
        {
            return Diagnostic::new(
                span,
                "a number begins with a digit, not with its point",
                format!("write `0.{digits}`"),
            );
        }
        if self.peek_punct(";") {
            return Diagnostic::new(
                span,
                "expected an expression, found `;`",
                "remove one `;`, or write what is missing before it",
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
            ExprKind::Number(x) | ExprKind::Float(x) => x.to_string(),
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
            other => format!("{other:?}"),
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
