//! What begins with a name: operands, calls and reductions.

use proc_macro2::{Delimiter, Span};

use crate::syntax::ast::{Expr, ExprKind, Path};
use crate::syntax::name::plain;
use crate::syntax::reductions::{self, Reduction};
use crate::syntax::report::Diagnostic;
use crate::syntax::suggest::instead;
use crate::syntax::tokens::{Result, Tokens};

impl Tokens {
    pub(super) fn named(&mut self) -> Result<Expr> {
        let span = self.span();
        let (path, dot) = self.path()?;
        if let Some(right) = dot {
            let side = |path| Box::new(Expr { kind: ExprKind::Path(path), span });
            return Ok(Expr { kind: ExprKind::Dot { left: side(path), right: side(right) }, span });
        }
        let reduction = path.ident.as_ref().and_then(|name| Reduction::named(&plain(name)));
        if let Some(reduction) = reduction.filter(|_| self.peek_brackets_of_a_call()) {
            let name = reduction.name;
            return Err(Diagnostic::new(
                self.span(),
                format!("`{name}` takes parentheses, not brackets"),
                format!("the index comes last, after `for`: `{name}(x[i] for i)`"),
            ));
        }
        if !self.peek_group(Delimiter::Parenthesis) {
            return Ok(Expr { kind: ExprKind::Path(path), span });
        }
        let call = self.inside(Delimiter::Parenthesis, |inner| match reduction {
            Some(reduction) => inner.reduction(reduction, &path, span),
            None => inner.arguments(&path, span),
        });
        let kind = call.flatten().unwrap_or(ExprKind::Error);
        Ok(Expr { kind, span })
    }

    fn arguments(&mut self, function: &Path, span: Span) -> Result<ExprKind> {
        let mut arguments = self.list(Self::expression)?;
        if self.peek_word("for") {
            let help = function.ident.as_ref().and_then(|name| instead(&plain(name)));
            let reductions = || {
                format!(
                    "reductions are {}; an array is written `[f(x[i]) for i]`",
                    reductions::listed()
                )
            };
            return Err(Diagnostic::new(
                if help.is_some() { span } else { self.span() },
                format!("`{}` does not reduce over an index", function.last),
                help.unwrap_or_else(reductions),
            ));
        }
        if let Some(mistake) = self.missing_comma("arguments", "max(x, y)") {
            return Err(mistake);
        }
        let name = function.ident.as_ref().map(plain).unwrap_or_default();
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

    fn reduction(
        &mut self,
        reduction: &'static Reduction,
        function: &Path,
        span: Span,
    ) -> Result<ExprKind> {
        if self.at_end() {
            let name = reduction.name;
            return Err(Diagnostic::new(
                span,
                format!("`{name}` of nothing"),
                format!("say of what and over which index: `{name}(x[i] for i)`"),
            ));
        }
        let mut arguments = vec![self.expression()?];
        while self.punct(",").is_some() && !self.at_end() {
            arguments.push(self.expression()?);
        }
        if reduction.is_op && arguments.len() > 1 && self.at_end() {
            return Ok(ExprKind::Call { function: function.clone(), arguments });
        }
        if let Some(mistake) =
            self.missing_comma("arguments", "max(x, y)").filter(|_| reduction.is_op)
        {
            return Err(mistake);
        }
        if arguments.len() > 1 {
            let name = reduction.name;
            let help = if self.at_end() {
                format!("say over which index after `for`: `{name}(x[i] for i)`")
            } else {
                "join them with an operator first".into()
            };
            let count = arguments.len();
            let message = format!("`{name}` reduces one expression, not {count}");
            return Err(Diagnostic::new(span, message, help));
        }
        if self.at_end() {
            let name = reduction.name;
            return Err(Diagnostic::new(
                span,
                format!("`for` is missing in `{name}`"),
                format!("say over which index: `{name}(x[i] for i)`"),
            ));
        }
        if self.peek_word("where") {
            let name = reduction.name;
            return Err(Diagnostic::new(
                self.span(),
                "`where` before `for`",
                format!("the condition comes last: `{name}(x[i] for i where x[i] > 0)`"),
            ));
        }
        let indices = self.binders()?;
        let filter = match self.word("where") {
            Some(_) => Some(Box::new(self.condition()?)),
            None => None,
        };
        if let Some(mistake) = self.python_word() {
            return Err(mistake);
        }
        let body = arguments.pop().map_or(Expr { kind: ExprKind::Error, span }, |body| body);
        Ok(ExprKind::Reduce { reduction, body: Box::new(body), indices, filter })
    }
}
