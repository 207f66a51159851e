//! Conditions: comparisons, `bool`s from Rust, and what joins them.

use proc_macro2::Span;

use super::{Checker, Holds, Result};
use crate::resolve::hir::{Condition, Integer, Value};
use crate::syntax::ast::{self, Expr, ExprKind, Path};

impl Checker<'_> {
    pub(super) fn condition(&mut self, condition: &ast::Condition) -> Condition {
        let mut both = |left: &ast::Condition, right: &ast::Condition| {
            let left = self.condition(left);
            // Only where the left one does not decide it is asked for, as in a branch.
            self.branches += 1;
            let right = self.condition(right);
            self.branches -= 1;
            (Box::new(left), Box::new(right))
        };
        match condition {
            ast::Condition::And(left, right) => {
                let (left, right) = both(left, right);
                Condition::And(left, right)
            }
            ast::Condition::Or(left, right) => {
                let (left, right) = both(left, right);
                Condition::Or(left, right)
            }
            ast::Condition::Not(operand) => Condition::Not(Box::new(self.condition(operand))),
            ast::Condition::Holds(expr) => Condition::Compare {
                comparison: ast::Comparison::NotEqual,
                left: self.holds(expr),
                right: Value::Number(0.0),
            },
            ast::Condition::Compare { comparison, left, right } => {
                let mut side = |expr: &Expr, against: &Expr| {
                    self.compared_id(expr, against).unwrap_or_else(|| self.value(expr))
                };
                let (left, right) = (side(left, right), side(right, left));
                Condition::Compare { comparison: *comparison, left, right }
            }
        }
    }

    /// An element of an operand of conditions, as 1 or 0.
    fn holds(&mut self, expr: &Expr) -> Value {
        let (base, subscripts) = subscripted(expr);
        let element = self.element(base, subscripts, Holds::Conditions);
        self.number_of(element, expr.span)
    }

    /// What is compared with an index, as `length[b]` in `t < length[b]`: an id, unless it is a number elsewhere.
    fn compared_id(&mut self, expr: &Expr, against: &Expr) -> Option<Value> {
        let is_integer = match &against.kind {
            ExprKind::Path(Path { ident: Some(name), .. }) => self.index(name).is_some(),
            ExprKind::Len(_) | ExprKind::Remainder { .. } => true,
            _ => false,
        };
        let (base, subscripts) = subscripted(expr);
        let ExprKind::Path(path) = &base.kind else { return None };
        let key = path.key();
        let is_new = !self.by_tokens.contains_key(&key) || self.compared.contains(&key);
        if !is_integer || self.is_bound(path) || !is_new || self.known_kinds.numbers.contains(&key)
        {
            return None;
        }
        self.compared.insert(key);
        let element = self.element(base, subscripts, Holds::Ids);
        Some(self.number_of(element, base.span))
    }

    /// An integer as a number, or as the mistake that it is.
    fn number_of(&mut self, integer: Result<Integer>, span: Span) -> Value {
        integer.map_or_else(
            |mistake| {
                self.report.push(mistake);
                Value::Error
            },
            |integer| Value::Integer(integer, span),
        )
    }

    /// Notes a number that was taken for an id.
    pub(super) fn note_number(&mut self, path: &Path) {
        let key = path.key();
        if self.compared.contains(&key) && !self.known_kinds.integers.contains(&key) {
            self.later_kinds.numbers.insert(key);
        }
    }
}

/// What is subscripted, and by what; by nothing if it stands alone.
fn subscripted(expr: &Expr) -> (&Expr, &[Expr]) {
    match &expr.kind {
        ExprKind::Subscript { base, subscripts } => (base, subscripts),
        _ => (expr, &[]),
    }
}
