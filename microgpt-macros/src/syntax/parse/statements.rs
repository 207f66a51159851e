//! Statements: `let`s, and blocks of them that are computed one value of an index after the other.

use proc_macro2::{Delimiter, Ident, TokenTree};

use crate::syntax::ast::{Block, Expr, ExprKind, Let, Path, Program, Start, Statement};
use crate::syntax::report::Diagnostic;
use crate::syntax::tokens::{ARRAY_OR_REDUCTION, JOINING, Result, Tokens};

impl Tokens {
    pub(super) fn no_result(&self, program: &Program) -> Diagnostic {
        match program.statements.last() {
            None => Diagnostic::new(
                self.end,
                "`expr!` is empty",
                "write an expression, like `expr!(q·k / sqrt(d))`",
            ),
            Some(Statement::Block(block)) => Diagnostic::new(
                block.span,
                "the result is missing after the block",
                "the last line is the result, without `let` and `;`: add `[h[t, i] for t, i]`",
            ),
            Some(Statement::Let(last)) => Diagnostic::new(
                last.name.span(),
                "the result is missing after the last `let`",
                format!("the last line is the result, without `let` and `;`: add `{}`", last.name),
            ),
        }
    }

    /// Skips to after the next `;`; whether there was one.
    pub(super) fn skip_statement(&mut self) -> bool {
        while !self.at_end() {
            if self.punct(";").is_some() {
                return true;
            }
            self.at += 1;
        }
        false
    }

    /// `let name = value;`
    pub(super) fn let_statement(&mut self, program: &mut Program) -> Result<()> {
        self.word("let");
        let name = self.let_name()?;
        // After a mistake the name is known, but not what it stands for.
        let error = Expr { kind: ExprKind::Error, span: name.span() };
        let statement = Let { name: name.clone(), value: error };
        program.statements.push(Statement::Let(statement));
        if self.peek_group(Delimiter::Bracket) {
            return Err(Diagnostic::new(
                self.span(),
                format!("`let {name}[...]` outside of a block"),
                format!(
                    "an array is written `let {name} = [... for i];`; what `{name}` is before the first `t` stands in the block of its equation: `for t {{ let {name}[-1] = ...; let {name} = ...; }}`"
                ),
            ));
        }
        let read = self.let_value(&name)?;
        if let Some(Statement::Let(last)) = program.statements.last_mut() {
            last.value = read;
        }
        Ok(())
    }

    fn let_name(&mut self) -> Result<Ident> {
        self.name("a name after `let`", "write `let name = expression;`")
    }

    /// `= value;`
    fn let_value(&mut self, name: &Ident) -> Result<Expr> {
        if self.punct("=").is_none() {
            return Err(Diagnostic::new(
                self.span(),
                format!("expected `=` after `let {name}`, found {}", self.found()),
                "write `let name = expression;`, with neither type nor pattern",
            ));
        }
        let value = self.expression()?;
        if self.punct(";").is_none() {
            self.after_let(name)?;
        }
        Ok(value)
    }

    /// `for t { ... }`
    pub(super) fn block(&mut self, program: &mut Program) -> Result<()> {
        let span = self.span();
        self.word("for");
        let indices = self.binder_list()?;
        let block = self.inside(Delimiter::Brace, |inner| Ok(inner.block_lets()));
        let Some(block) = block else {
            let help = format!(
                "{ARRAY_OR_REDUCTION}; equations that are computed for one `t` after the other stand in a block, `for t {{ let h = ...; }}`"
            );
            return Err(Diagnostic::new(span, "`for` outside of brackets", help));
        };
        let (starts, lets) = block.unwrap_or_default();
        for Start { name, at, .. } in &starts {
            if let ExprKind::Path(Path { ident: Some(index), .. }) = &at.kind
                && indices.iter().any(|one| one.name == *index)
            {
                return Err(Diagnostic::new(
                    at.span,
                    format!("`let {name}[{index}] = ...`: the equation of a step has no subscript"),
                    format!(
                        "it is computed for each `{index}`: `let {name} = ...;`; a subscript says what it begins with: `let {name}[-1] = ...;`"
                    ),
                ));
            }
        }
        if lets.is_empty() && self.mistakes.is_empty() {
            return Err(Diagnostic::new(
                span,
                "a block without equations",
                "each line of a block is a `let`: `for t { let h = ...; }`",
            ));
        }
        program.statements.push(Statement::Block(Block { indices, starts, lets, span }));
        Ok(())
    }

    /// The lines of a block.
    fn block_lets(&mut self) -> (Vec<Start>, Vec<Let>) {
        let (mut starts, mut lets) = (Vec::new(), Vec::new());
        self.is_block = true;
        while !self.at_end() {
            if let Err(mistake) = self.block_let(&mut starts, &mut lets) {
                self.mistakes.push(mistake);
                self.skip_statement();
            }
        }
        (starts, lets)
    }

    /// `let name = value;` or `let name[at] = value;`
    fn block_let(&mut self, starts: &mut Vec<Start>, lets: &mut Vec<Let>) -> Result<()> {
        if self.word("let").is_none() {
            let (message, help) = if self.peek_word("for") {
                (
                    "a block in a block".to_owned(),
                    "one `for` binds all indices of a block, the outermost first: `for i, j { ... }`",
                )
            } else {
                (
                    format!("expected `let`, found {}", self.found()),
                    "each line of a block is a `let`; the result stands after the block",
                )
            };
            return Err(Diagnostic::new(self.span(), message, help));
        }
        let name = self.let_name()?;
        if self.peek_group(Delimiter::Bracket) {
            let span = self.span();
            let at = self.inside(Delimiter::Bracket, |inner| {
                let at = inner.list(Tokens::expression)?;
                <[Expr; 1]>::try_from(at).map_err(|_| {
                    Diagnostic::new(
                        span,
                        format!("`let {name}[...]` with more than one subscript, or none"),
                        format!("an equation has none, `let {name} = ...;`; with one it says what `{name}` is before the first value of the index of the block, at all its other indices: `let {name}[-1] = [... for i];`"),
                    )
                })
            });
            let at = at.flatten().map_or(Expr { kind: ExprKind::Error, span }, |[at]| at);
            let value = self.let_value(&name)?;
            starts.push(Start { name, at, value });
            return Ok(());
        }
        // After a mistake the name is known, but not what it stands for.
        let error = Expr { kind: ExprKind::Error, span: name.span() };
        lets.push(Let { name: name.clone(), value: error });
        let value = self.let_value(&name)?;
        if let Some(last) = lets.last_mut() {
            last.value = value;
        }
        Ok(())
    }

    /// What was meant by a token that cannot follow the value of a `let`. Where it begins a statement the
    /// `;` is noted as missing, and the statement is read.
    fn after_let(&mut self, name: &Ident) -> Result<()> {
        if self.at_end() && self.is_block {
            return Err(Diagnostic::new(
                self.span(),
                format!("`;` is missing after `let {name} = ...`"),
                "end each `let` with `;`; the result stands after the block",
            ));
        }
        if self.at_end() {
            return Err(Diagnostic::new(
                name.span(),
                "the result is missing after the last `let`",
                format!("end the `let` with `;` and write the result: `{name}`"),
            ));
        }
        if !self.peek_word("let") && !self.peek_block() && !self.begins_statement() {
            return self.expect_end();
        }
        self.mistakes.push(Diagnostic::new(
            self.span(),
            format!("`;` is missing after `let {name} = ...`"),
            "end each `let` with `;`; what follows the last is the result",
        ));
        Ok(())
    }

    /// Whether `for t {` is next.
    fn peek_block(&self) -> bool {
        let mut rest = self.rest().iter();
        let brace = |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        self.peek_word("for") && rest.any(brace)
    }

    /// Whether a statement without its `let` is next, or what is left could be the result: an array, or an
    /// expression behind which no `;` ends a `let`.
    fn begins_statement(&self) -> bool {
        if self.peek_group(Delimiter::Bracket) {
            return self.peek_array();
        }
        let sign = |at: usize, sign: char| matches!(self.rest().get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        match self.next() {
            Some(TokenTree::Ident(word)) => {
                if word == "in" || JOINING.iter().any(|joining| word == joining) {
                    return false;
                }
                if sign(1, '=') && !sign(2, '=') {
                    return true;
                }
            }
            Some(TokenTree::Literal(_)) => {}
            Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::Brace => {}
            _ => return false,
        }
        !(0..self.rest().len()).any(|at| sign(at, ';'))
    }
}
