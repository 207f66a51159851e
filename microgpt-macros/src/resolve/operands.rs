//! Operands: what comes from Rust, each with one number of subscripts.

use proc_macro2::{Span, TokenStream};

use super::known::values_as_ids;
use super::{Checker, Holds, MAX_RANK, OperandOf, Result, count};
use crate::resolve::hir::{Array, IntegersId, Operand};
use crate::syntax::ast::Path;
use crate::syntax::report::Diagnostic;

impl Checker<'_> {
    pub(super) fn path_operand(&mut self, path: &Path, rank: usize, span: Span) -> Result<Array> {
        self.operand(path.tokens.clone(), path.last.clone(), Some(path), rank, span)
    }

    fn expect_integers_rank(&self, id: IntegersId, rank: usize, span: Span) -> Result<()> {
        let Operand { rank: expected, name, .. } = &self.checked.integers[id];
        if *expected == rank {
            return Ok(());
        }
        Err(match self.declared(name) {
            Some(declared) => declared.wrong_rank(rank, span),
            None => ranks_differ(name, *expected, rank, span),
        })
    }

    /// Whether an operand is integers, and not numbers.
    pub(super) fn is_integers(&self, path: &Path) -> bool {
        let key = path.key();
        self.known_kinds.integers.contains(&key)
            || matches!(self.by_tokens.get(&key), Some(OperandOf::Integers(_, Holds::Ids)))
    }

    pub(super) fn operand(
        &mut self,
        tokens: TokenStream,
        name: String,
        path: Option<&Path>,
        rank: usize,
        span: Span,
    ) -> Result<Array> {
        few_subscripts(rank, span)?;
        self.note_uses(&tokens);
        if let Some(path) = path {
            self.note_number(path);
        }
        if path.is_some_and(|path| self.is_integers(path)) {
            return Err(Diagnostic::new(
                span,
                format!("`{name}` holds ids, and is no vector of numbers"),
                format!(
                    "one of them is a number, `{name}[t]`: write the sum, `sum({name}[t] * x[t] for t)`"
                ),
            ));
        }
        let key = path.map(Path::key);
        match key.as_ref().and_then(|key| self.by_tokens.get(key)) {
            Some(&OperandOf::Values(id)) => {
                self.expect_rank(Array::Operand(id), rank, span)?;
                return Ok(Array::Operand(id));
            }
            Some(OperandOf::Integers(_, Holds::Conditions)) => {
                return Err(conditions_as_numbers(&name, span));
            }
            Some(OperandOf::Integers(_, Holds::Ids)) | None => {}
        }
        let id = self.checked.operands.push(Operand { tokens, name, rank, span });
        if let Some(key) = key {
            self.by_tokens.insert(key, OperandOf::Values(id));
        }
        Ok(Array::Operand(id))
    }

    /// An operand of integers: ids, or conditions.
    pub(super) fn integer_operand(
        &mut self,
        tokens: TokenStream,
        name: String,
        path: Option<&Path>,
        rank: usize,
        span: Span,
        holds: Holds,
    ) -> Result<IntegersId> {
        few_subscripts(rank, span)?;
        self.note_uses(&tokens);
        let key = path.map(Path::key);
        match key.as_ref().and_then(|key| self.by_tokens.get(key)) {
            Some(&OperandOf::Integers(id, before)) if before == holds => {
                self.expect_integers_rank(id, rank, span)?;
                return Ok(id);
            }
            Some(_) if holds == Holds::Conditions => {
                return Err(numbers_as_conditions(&name, rank, span));
            }
            Some(OperandOf::Values(_)) => {
                if self.declared(&name).is_none() {
                    self.later_kinds.integers.extend(key);
                }
                return Err(values_as_ids(&name, span));
            }
            Some(OperandOf::Integers(..)) => return Err(conditions_as_numbers(&name, span)),
            None => {}
        }
        if let Some(declared) = key.as_ref().and_then(|key| self.known.integer(key)) {
            if rank > 0 {
                return Err(declared.wrong_rank(rank, span));
            }
            if holds == Holds::Conditions {
                return Err(numbers_as_conditions(&name, rank, span));
            }
        }
        let id = self.checked.integers.push(Operand { tokens, name, rank, span });
        if holds == Holds::Conditions {
            self.checked.conditions.insert(id);
        }
        if let Some(key) = key {
            self.by_tokens.insert(key, OperandOf::Integers(id, holds));
        }
        Ok(id)
    }

    pub(super) fn expect_rank(&self, array: Array, rank: usize, span: Span) -> Result<()> {
        let (name, expected) = match array {
            Array::Operand(id) => {
                let operand = &self.checked.operands[id];
                (&operand.name, operand.rank)
            }
            Array::Definition(id) => {
                let definition = &self.checked.definitions[id];
                (&definition.name, definition.axes.len())
            }
        };
        if expected == rank {
            return Ok(());
        }
        if let Array::Operand(_) = array {
            if let Some(declared) = self.declared(name) {
                return Err(declared.wrong_rank(rank, span));
            }
            return Err(ranks_differ(name, expected, rank, span));
        }
        if let (Array::Definition(id), 0) = (array, rank) {
            let axes: Vec<_> = self.checked.definitions[id]
                .axes
                .iter()
                .map(|&axis| self.checked.binders[axis].name.to_string())
                .collect();
            return Err(Diagnostic::new(
                span,
                format!("`{name}` is an array with {}", count(expected, "axis")),
                format!("subscript it: `{name}[{}]`", axes.join(", ")),
            ));
        }
        Err(wrong_rank(name, expected, rank, span))
    }
}

/// An operand as it might stand in an expression.
pub(super) fn shown(name: &str, rank: usize) -> String {
    let letters = ["t", "i", "j", "k", "l", "m"];
    match rank {
        0 => name.to_owned(),
        _ => format!("{name}[{}]", letters[..rank.min(letters.len())].join(", ")),
    }
}

fn numbers_as_conditions(name: &str, rank: usize, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` holds numbers, and no conditions"),
        format!(
            "compare it: `{} > 0`; conditions are `bool`s, in a signature `mask: &[bool; t]`",
            shown(name, rank)
        ),
    )
}

fn conditions_as_numbers(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` holds conditions, and no numbers"),
        format!(
            "compare it where it stands as a condition, `{name}[t] > 0`, or choose a number by it, `if {name}[t] {{ 1 }} else {{ 0 }}`"
        ),
    )
}

fn few_subscripts(rank: usize, span: Span) -> Result<()> {
    if rank <= MAX_RANK {
        return Ok(());
    }
    let help = format!("arrays have at most {MAX_RANK} axes");
    Err(Diagnostic::new(span, format!("{rank} subscripts"), help))
}

fn wrong_rank(name: &str, expected: usize, rank: usize, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` has {}, but {} here", count(expected, "axis"), count(rank, "subscript")),
        "write one subscript for each axis, the same number everywhere",
    )
}

/// What axes an operand has is for its type to say: only its other subscripts are known here.
fn ranks_differ(name: &str, before: usize, rank: usize, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` has {} here, but {before} before", count(rank, "subscript")),
        "write one subscript for each axis, the same number everywhere",
    )
}
