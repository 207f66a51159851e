//! Functions: ops of the table by their names, and ops of the user by their paths.

use proc_macro2::Span;

use super::{Checker, Result, count};
use crate::resolve::hir::Function;
use crate::syntax::ast::Path;
use crate::syntax::name::{Name, plain};
use crate::syntax::reductions;
use crate::syntax::report::Diagnostic;
use crate::syntax::suggest::{self, nearest};

impl Checker<'_> {
    pub(super) fn function(
        &mut self,
        path: &Path,
        arguments: usize,
        span: Span,
    ) -> Result<Function> {
        let Some(ident) = &path.ident else {
            let text = path.text();
            if let Some(name) = text.strip_prefix("f64::").or(text.strip_prefix("f32::")) {
                let help = if self.ops.iter().any(|op| op.name == name) {
                    format!("the op is called without a path: `{name}(x)`")
                } else {
                    "`microgpt::ops::TABLE` lists the built-in ops".to_owned()
                };
                let message = format!("`{text}` is a function of Rust, not an op");
                return Err(Diagnostic::new(span, message, help));
            }
            return Ok(Function::User(path.tokens.clone()));
        };
        let name = plain(ident);
        if let Some(op) = self.ops.iter().find(|op| op.name == name) {
            if op.arguments.len() != arguments {
                let form = format!("{name}({})", op.arguments.join(", "));
                return Err(Diagnostic::new(
                    span,
                    format!(
                        "`{name}` takes {}, not {arguments}",
                        count(op.arguments.len(), "argument"),
                    ),
                    format!("write `{form}`"),
                ));
            }
            return Ok(Function::Builtin(name));
        }
        if self.index(ident).is_some()
            || self.lets.contains_key(&Name::of(ident))
            || self.by_tokens.contains_key(&path.key())
        {
            let help = if self.index(ident).is_some() {
                format!("an index is a number: a product needs its `*`, `{name} * (...)`")
            } else {
                format!("subscripts stand in brackets, `{name}[i]`; a product needs its `*`")
            };
            return Err(Diagnostic::new(span, format!("`{name}` is not a function"), help));
        }
        let mut known: Vec<&str> = self.ops.iter().map(|op| op.name.as_str()).collect();
        known.extend(reductions::ALL.iter().map(|reduction| reduction.name));
        known.extend(["stop", "len", "dot"]);
        known.extend(suggest::names());
        let help = if name == "log" {
            "`ln` is the natural logarithm, `log2` and `log10` are those to base 2 and 10".into()
        } else if let Some(help) = suggest::instead(&name) {
            help
        } else if let Some(near) = nearest(&name, known) {
            match suggest::instead(near) {
                Some(help) => format!("if you mean `{near}`: {help}"),
                None => format!("did you mean `{near}`?"),
            }
        } else {
            format!(
                "an op of your own is called by its path, `self::{name}(x)`; `microgpt::ops::TABLE` lists the built-in ones"
            )
        };
        Err(Diagnostic::new(span, format!("unknown function `{name}`"), help))
    }
}
