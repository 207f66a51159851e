//! Tokens to a syntax tree.
//!
//! A mistake inside brackets ends with them, one in a `let` ends at its `;`: the parser notes it
//! and carries on, so that several mistakes give several messages.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::{Cursor, TokenBuffer};

use crate::ast::{Binder, Expr, ExprKind, Let, Operator, Path, Program, Range, Reduction};
use crate::report::{Diagnostic, Report};

type Result<T> = std::result::Result<T, Diagnostic>;

/// A built-in op: its name and the names of its arguments.
#[derive(Debug)]
pub struct Op {
    pub name: String,
    pub arguments: Vec<String>,
}

/// Splits the input of the macro into the path of the run-time crate, the ops and the program.
pub fn parse(input: TokenStream, report: &mut Report) -> (TokenStream, Vec<Op>, Program) {
    let buffer = TokenBuffer::new2(input);
    let mut tokens = Tokens { cursor: buffer.begin(), end: Span::call_site(), report };
    let runtime = tokens.group(Delimiter::Bracket).map(|group| group.stream()).unwrap_or_default();
    let ops = tokens.group(Delimiter::Bracket).map(|group| ops(group.stream())).unwrap_or_default();
    let program = tokens.program();
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

/// The tokens that are left, up to the end of the present brackets.
struct Tokens<'a, 'r> {
    cursor: Cursor<'a>,
    /// Where an error at the end points: the closing bracket.
    end: Span,
    report: &'r mut Report,
}

impl<'a> Tokens<'a, '_> {
    // ------------------------------------------------------------ tokens

    fn at_end(&self) -> bool {
        self.cursor.eof()
    }

    fn span(&self) -> Span {
        if self.at_end() { self.end } else { self.cursor.span() }
    }

    /// The next token as the user wrote it, for messages.
    fn found(&self) -> String {
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

    fn peek_ident(&self) -> Option<Ident> {
        self.cursor.ident().map(|(ident, _)| ident)
    }

    fn peek_word(&self, word: &str) -> bool {
        self.cursor.ident().is_some_and(|(ident, _)| ident == word)
    }

    fn word(&mut self, word: &str) -> Option<Ident> {
        let (ident, rest) = self.cursor.ident().filter(|(ident, _)| ident == word)?;
        self.cursor = rest;
        Some(ident)
    }

    fn peek_punct(&self, text: &str) -> bool {
        self.puncts(text).is_some()
    }

    /// The punctuation characters of `text`, one after the other.
    fn puncts(&self, text: &str) -> Option<(Punct, Cursor<'a>)> {
        let mut cursor = self.cursor;
        let mut first = None;
        for character in text.chars() {
            let (punct, rest) = cursor.punct().filter(|(punct, _)| punct.as_char() == character)?;
            first.get_or_insert(punct);
            cursor = rest;
        }
        first.map(|punct| (punct, cursor))
    }

    fn punct(&mut self, text: &str) -> Option<Span> {
        let (punct, rest) = self.puncts(text)?;
        self.cursor = rest;
        Some(punct.span())
    }

    fn literal(&mut self) -> Option<Literal> {
        let (literal, rest) = self.cursor.literal()?;
        self.cursor = rest;
        Some(literal)
    }

    fn peek_group(&self, delimiter: Delimiter) -> bool {
        self.cursor.group(delimiter).is_some()
    }

    fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        self.cursor.group(delimiter)?;
        match self.cursor.token_tree() {
            Some((TokenTree::Group(group), rest)) => {
                self.cursor = rest;
                Some(group)
            }
            _ => None,
        }
    }

    /// Parses the contents of the next group to its end. `None` if it had a mistake, which is
    /// then in the report.
    fn inside<R>(
        &mut self,
        delimiter: Delimiter,
        parse: impl FnOnce(&mut Tokens<'a, '_>) -> Result<R>,
    ) -> Option<(Span, Option<R>)> {
        let (inner, delimiters, rest) = self.cursor.group(delimiter)?;
        self.cursor = rest;
        let mut inner =
            Tokens { cursor: inner, end: delimiters.close(), report: &mut *self.report };
        let parsed = parse(&mut inner).and_then(|parsed| inner.expect_end().map(|()| parsed));
        let parsed = match parsed {
            Ok(parsed) => Some(parsed),
            Err(diagnostic) => {
                self.report.push(diagnostic);
                None
            }
        };
        Some((delimiters.open(), parsed))
    }

    fn expect_end(&self) -> Result<()> {
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
        } else if self.peek_punct("**") {
            Diagnostic::new(span, "`**` is not an operator here", "a power is written `x^2`")
        } else {
            Diagnostic::new(
                span,
                format!("expected an operator or the end, found {found}"),
                "two expressions in a row need an operator between them: `a * b`",
            )
        })
    }

    // ------------------------------------------------------------ program

    fn program(&mut self) -> Program {
        let mut program = Program::default();
        loop {
            let statement = if self.peek_word("let") {
                self.let_statement().map(|name| program.lets.push(name))
            } else if self.at_end() {
                Err(self.no_result(&program))
            } else {
                self.results(&mut program).and_then(|()| self.expect_end())
            };
            if let Err(diagnostic) = statement {
                self.report.push(diagnostic);
                if !self.skip_statement() || self.at_end() {
                    return program;
                }
            } else if !program.results.is_empty() {
                return program;
            }
        }
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
        if self.punct(";").is_none() {
            return Err(if self.at_end() {
                Diagnostic::new(
                    name.span(),
                    "the result is missing after the last `let`",
                    format!("end the `let` with `;` and write the result: `{name}`"),
                )
            } else if self.peek_word("let") {
                Diagnostic::new(
                    self.span(),
                    "`;` is missing before this `let`",
                    "end each `let` with `;`",
                )
            } else {
                match self.expect_end() {
                    Err(diagnostic) => diagnostic,
                    Ok(()) => unreachable!("the end was seen above"),
                }
            });
        }
        Ok(Let { name, value })
    }

    fn results(&mut self, program: &mut Program) -> Result<()> {
        if self.is_tuple() {
            program.tuple = true;
            let (_, results) = self
                .inside(Delimiter::Parenthesis, |inner| inner.list(Tokens::expression))
                .unwrap_or((self.end, None));
            program.results = results.unwrap_or_default();
            if program.results.is_empty() {
                program.results.push(Expr { kind: ExprKind::Error, span: self.end });
            }
        } else {
            let result = self.expression()?;
            program.results.push(result);
        }
        Ok(())
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
        while self.peek_group(Delimiter::Bracket) {
            if matches!(base.kind, ExprKind::Subscript { .. }) {
                return Err(Diagnostic::new(
                    self.span(),
                    "a second pair of brackets",
                    "the subscripts of an array share one pair: `x[i, j]`",
                ));
            }
            let span = base.span;
            let Some((open, subscripts)) = self.inside(Delimiter::Bracket, |inner| {
                if inner.at_end() {
                    return Err(Diagnostic::new(
                        inner.end,
                        "expected a subscript, found `]`",
                        "write an index for each axis, `x[i]`, or no brackets for a scalar",
                    ));
                }
                inner.list(Tokens::expression)
            }) else {
                break;
            };
            let kind = match subscripts {
                Some(subscripts) => ExprKind::Subscript { base: Box::new(base), subscripts },
                None => ExprKind::Error,
            };
            let _ = open;
            base = Expr { kind, span };
        }
        Ok(base)
    }

    fn primary(&mut self) -> Result<Expr> {
        let span = self.span();
        if let Some((_, inner)) =
            self.inside(Delimiter::Parenthesis, |inner| inner.expression_only())
        {
            return Ok(inner.unwrap_or(Expr { kind: ExprKind::Error, span }));
        }
        if self.peek_group(Delimiter::None) {
            // What another macro passed on as one expression.
            if let Some((_, inner)) = self.inside(Delimiter::None, |inner| inner.expression_only())
            {
                return Ok(inner.unwrap_or(Expr { kind: ExprKind::Error, span }));
            }
        }
        if let Some((_, comprehension)) =
            self.inside(Delimiter::Bracket, |inner| inner.comprehension())
        {
            return Ok(comprehension.map_or(Expr { kind: ExprKind::Error, span }, |mut expr| {
                expr.span = span;
                expr
            }));
        }
        if let Some(group) = self.group(Delimiter::Brace) {
            return Ok(Expr { kind: ExprKind::Rust(group.stream()), span });
        }
        if let Some(literal) = self.literal() {
            return number(&literal).map(|x| Expr { kind: ExprKind::Number(x), span });
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
            return Err(Diagnostic::new(
                self.span(),
                "`for` in parentheses",
                "an array is written in brackets, `[x[i] for i]`, a reduction with its name, `sum(x[i] for i)`",
            ));
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

    fn comprehension(&mut self) -> Result<Expr> {
        let span = self.span();
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
    fn binders(&mut self) -> Result<Vec<Binder>> {
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
            if self.punct(",").is_none() {
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
        Ok(binders)
    }

    fn range(&mut self) -> Result<Range> {
        let low = self.expression()?;
        let Some(_) = self.punct("..") else {
            return Err(Diagnostic::new(
                self.span(),
                format!("expected `..` or `..=` in the range, found {}", self.found()),
                "a range has two ends: `for i in 0..n` or `for s in 0..=t`",
            ));
        };
        let inclusive = self.punct("=").is_some();
        let high = self.expression()?;
        Ok(Range { low, high, inclusive })
    }

    // ------------------------------------------------------------ names, calls, reductions

    fn named(&mut self) -> Result<Expr> {
        let span = self.span();
        let (path, dot) = self.path()?;
        if let Some(right) = dot {
            let side = |path| Box::new(Expr { kind: ExprKind::Path(path), span });
            return Ok(Expr { kind: ExprKind::Dot { left: side(path), right: side(right) }, span });
        }
        if let Some(keyword) = path.ident.as_ref().filter(|ident| *ident == "if" || *ident == "for")
        {
            return Err(Diagnostic::new(
                keyword.span(),
                format!("`{keyword}` cannot stand here"),
                "`for` belongs at the end of `[... for i]` or `sum(... for i)`",
            ));
        }
        if !self.peek_group(Delimiter::Parenthesis) {
            return Ok(Expr { kind: ExprKind::Path(path), span });
        }
        let reduction = path.ident.as_ref().and_then(|name| Reduction::named(&name.to_string()));
        let call = self.inside(Delimiter::Parenthesis, |inner| match reduction {
            Some(reduction) => inner.reduction(reduction, &path, span),
            None => inner.arguments(&path, span),
        });
        let kind = call.and_then(|(_, kind)| kind).unwrap_or(ExprKind::Error);
        Ok(Expr { kind, span })
    }

    fn arguments(&mut self, function: &Path, span: Span) -> Result<ExprKind> {
        let mut arguments = self.list(Self::expression)?;
        if self.peek_word("for") {
            return Err(Diagnostic::new(
                self.span(),
                format!("`{}` does not reduce over an index", function.last),
                "reductions are `sum`, `mean`, `max`, `min` and `logsumexp`; an array is written `[f(x[i]) for i]`",
            ));
        }
        let name = function.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let expected = |count, form: &str| {
            Diagnostic::new(span, format!("`{name}` takes {count}"), format!("write `{form}`"))
        };
        match name.as_str() {
            "stop" => match arguments.pop() {
                Some(operand) if arguments.is_empty() => Ok(ExprKind::Stop(Box::new(operand))),
                _ => Err(expected("one expression", "stop(x)")),
            },
            "dot" => match <[Expr; 2]>::try_from(arguments) {
                Ok([left, right]) => {
                    Ok(ExprKind::Dot { left: Box::new(left), right: Box::new(right) })
                }
                Err(_) => Err(expected("two vectors", "dot(q, k)")),
            },
            "len" => match (arguments.pop().map(|argument| argument.kind), arguments.is_empty()) {
                (Some(ExprKind::Path(Path { ident: Some(index), .. })), true) => {
                    Ok(ExprKind::Len(index))
                }
                _ => Err(expected("the name of an index", "len(i)")),
            },
            _ => Ok(ExprKind::Call { function: function.clone(), arguments }),
        }
    }

    fn reduction(&mut self, reduction: Reduction, function: &Path, span: Span) -> Result<ExprKind> {
        let mut arguments = vec![self.expression()?];
        while self.punct(",").is_some() && !self.at_end() {
            arguments.push(self.expression()?);
        }
        let is_op = matches!(reduction, Reduction::Max | Reduction::Min) && arguments.len() > 1;
        if is_op && self.at_end() {
            return Ok(ExprKind::Call { function: function.clone(), arguments });
        }
        if arguments.len() > 1 {
            return Err(Diagnostic::new(
                span,
                format!("`{}` reduces one expression, not {}", reduction.name(), arguments.len()),
                "join them with an operator first",
            ));
        }
        if self.at_end() {
            let name = reduction.name();
            return Err(Diagnostic::new(
                span,
                format!("`for` is missing in `{name}`"),
                format!("say over which index: `{name}(x[i] for i)`"),
            ));
        }
        let indices = self.binders()?;
        let body = arguments.pop().map_or(Expr { kind: ExprKind::Error, span }, |body| body);
        Ok(ExprKind::Reduce { reduction, body: Box::new(body), indices })
    }

    /// A path, and the right side if a `·` was in it: Rust's lexer takes `q·k` as one name.
    fn path(&mut self) -> Result<(Path, Option<Path>)> {
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
                let name = if text == name { ident.clone() } else { part_of(name, ident.span()) };
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
                                current.last
                            ),
                        ));
                    }
                    // The name itself, which a `·` may divide, is taken by the loop around.
                    let dot = self.punct(".");
                    let mut punct = Punct::new('.', proc_macro2::Spacing::Alone);
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
                self.span(),
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

fn part_of(name: &str, span: Span) -> Ident {
    Ident::new(name, span)
}

fn binary(operator: Operator, span: Span, left: Expr, right: Expr) -> Expr {
    let kind = ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
    Expr { kind, span }
}

fn number(literal: &Literal) -> Result<f64> {
    let error = |message: String, help: String| Diagnostic::new(literal.span(), message, help);
    let (digits, suffix) = match syn::parse_str::<syn::Lit>(&literal.to_string()) {
        Ok(syn::Lit::Int(int)) => (int.base10_digits().to_owned(), int.suffix().to_owned()),
        Ok(syn::Lit::Float(float)) => (float.base10_digits().to_owned(), float.suffix().to_owned()),
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
    digits
        .parse()
        .map_err(|_| error(format!("`{literal}` is not a number"), "write it in decimal".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn program(tokens: TokenStream) -> std::result::Result<Program, Vec<String>> {
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
            ExprKind::Number(x) => x.to_string(),
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

    fn shown(tokens: TokenStream) -> String {
        let program = program(tokens).expect("no mistake");
        show(&program.results[0])
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        assert_eq!(shown(quote!(a + b * c ^ d)), "(a+(b*(c^d)))");
        assert_eq!(shown(quote!(-x ^ 2)), "(-(x^2))");
        assert_eq!(shown(quote!(x ^ -0.5)), "(x^(-0.5))");
        assert_eq!(shown(quote!(x ^ y ^ z)), "(x^(y^z))");
        assert_eq!(shown(quote!(a - b - c)), "((a-b)-c)");
    }

    #[test]
    fn a_middle_dot_splits_the_name_it_is_in() {
        assert_eq!(shown(quote!(q·k / d)), "((q·k)/d)");
        assert_eq!(shown(quote!(self.q·self.k)), "(self.q·self.k)");
        assert_eq!(shown(quote!(a.x·b)), "(a.x·b)");
    }

    #[test]
    fn every_mistake_is_reported() {
        let mistakes = program(quote!(let a = (1 +); let b = [2 for]; sum(3)));
        assert_eq!(mistakes.expect_err("three mistakes").len(), 3);
    }
}
