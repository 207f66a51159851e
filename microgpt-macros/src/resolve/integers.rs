//! Subscripts and the ends of ranges: where integers stand, and not values.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

use super::operands::shown;
use super::{Checker, Holds, Result, Role, axis_of, rust};
use crate::resolve::hir::{
    Array, Atom, Axis, AxisUse, BinderId, Bound, Integer, IntegersId, Operation, Range,
};
use crate::syntax::ast::{Expr, ExprKind, Operator, Path};
use crate::syntax::name::{Name, plain};
use crate::syntax::report::Diagnostic;

impl Checker<'_> {
    pub(super) fn subscript(&mut self, array: Array, axis: usize, expr: &Expr) -> Result<Integer> {
        let subscript = match clipped(expr) {
            Some(inner) => self.clip(inner, array, axis, expr.span)?,
            None => self.integer(expr, Role::Subscript)?,
        };
        if let Some(constant @ ..0) = subscript.as_constant() {
            return Err(Diagnostic::new(
                expr.span,
                format!("subscript {constant} is negative"),
                "subscripts count from 0; the last element is `x[{n - 1}]`, with its length `n` from Rust",
            ));
        }
        if let Some(index) = subscript.as_index() {
            self.run_over(index, array, axis, expr.span);
        }
        if self.branches == 0 {
            let subscript = subscript.clone();
            let definition = self.checked.definitions.next_id();
            let bound = Bound {
                definition,
                array,
                axis,
                subscript,
                reaches_starts: false,
                span: expr.span,
            };
            self.checked.bounds.push(bound);
        }
        Ok(subscript)
    }

    /// Whether a subscript cannot leave its axis: its index takes its range from there.
    pub(super) fn is_implied(&self, subscript: &Integer) -> bool {
        subscript
            .as_index()
            .is_some_and(|index| matches!(self.checked.binders[index].range, Range::Implied(_)))
    }

    /// An element of an operand of ids or conditions, or the operand itself.
    pub(super) fn element(
        &mut self,
        base: &Expr,
        subscripts: &[Expr],
        holds: Holds,
    ) -> Result<Integer> {
        let (span, rank) = (base.span, subscripts.len());
        let (tokens, name, path) = match &base.kind {
            ExprKind::Path(path) if self.is_bound(path) => {
                return Err(computed(path, rank, span, holds));
            }
            ExprKind::Path(path) => (path.tokens.clone(), path.last.clone(), Some(path)),
            ExprKind::Rust(tokens) => (rust(tokens), holds.of_one().to_owned(), None),
            _ => {
                return Err(Diagnostic::new(
                    span,
                    "only a name or `{rust}` can be subscripted",
                    format!("give the array of {} a name in Rust", holds.of_all()),
                ));
            }
        };
        let operand = self.integer_operand(tokens, name, path, rank, span, holds)?;
        self.element_of(operand, subscripts)
    }

    /// Whether a `for` or a `let` gives a name its meaning.
    pub(super) fn is_bound(&self, path: &Path) -> bool {
        path.ident.as_ref().is_some_and(|name| {
            self.index(name).is_some() || self.lets.contains_key(&Name::of(name))
        })
    }

    pub(super) fn element_of(
        &mut self,
        integers: IntegersId,
        subscripts: &[Expr],
    ) -> Result<Integer> {
        if subscripts.is_empty() {
            return Ok(Integer::atom(Atom::Integer(integers)));
        }
        let mut at = Vec::new();
        for (axis, subscript) in subscripts.iter().enumerate() {
            let place = match clipped(subscript) {
                Some(inner) => {
                    let axis = Axis::Integers { operand: integers, axis };
                    let ends = self.all_of(axis, subscript.span);
                    self.clip_to(inner, &ends)?
                }
                None => self.integer(subscript, Role::Subscript)?,
            };
            if let Some(index) = place.as_index() {
                let axis = Axis::Integers { operand: integers, axis };
                self.run_over_axis(index, axis, subscript.span);
            }
            at.push(place);
        }
        Ok(Integer::atom(Atom::Id { integers, at }))
    }

    /// The id, if this is an element of an array of ids as a number.
    pub(super) fn id(&mut self, base: &Expr, subscripts: &[Expr]) -> Result<Option<Integer>> {
        let ExprKind::Path(path) = &base.kind else { return Ok(None) };
        self.note_number(path);
        if !self.is_integers(path) || self.is_bound(path) {
            return Ok(None);
        }
        self.element(base, subscripts, Holds::Ids).map(Some)
    }

    /// Notes that an index without a stated range takes every position of this axis.
    pub(super) fn run_over(&mut self, index: BinderId, array: Array, axis: usize, span: Span) {
        let axis = match array {
            Array::Operand(operand) => Axis::Operand { operand, axis },
            Array::Definition(id) if self.is_later(index, id, axis, span) => return,
            Array::Definition(id) => {
                let binder = self.checked.definitions[id].axes[axis];
                axis_of(&self.checked.binders, binder)
            }
        };
        self.run_over_axis(index, axis, span);
    }

    pub(super) fn run_over_axis(&mut self, index: BinderId, axis: Axis, span: Span) {
        if self.refuses_axis(index, axis, span) {
            return;
        }
        if let Range::Implied(first) = &mut self.checked.binders[index].range {
            // An operand's axis says more than an extent, which is computed from others.
            let extent = |axis: &Axis| matches!(axis, Axis::Extent { .. });
            if first.as_ref().is_none_or(|first| extent(first) && !extent(&axis)) {
                *first = Some(axis);
            }
            self.checked.axis_uses.push(AxisUse { binder: index, axis, span });
        }
    }

    pub(super) fn integer(&mut self, expr: &Expr, role: Role) -> Result<Integer> {
        let integer = self.sum_of_integers(expr, role)?;
        if integer.depth() > DEEPEST {
            return Err(Diagnostic::new(
                expr.span,
                format!(
                    "more than {DEEPEST} ids, quotients, products or `min`s one within the other"
                ),
                "compute a part of it in Rust",
            ));
        }
        if integer.is_within(LARGEST) && self.weight(&integer) <= HEAVIEST {
            return Ok(integer);
        }
        Err(too_large(expr.span))
    }

    /// The sum of an integer's factors, with its indices as far as their ranges go.
    pub(super) fn weight(&self, integer: &Integer) -> f64 {
        let terms = integer.terms.iter().map(|(atom, factor)| {
            let size = match atom {
                Atom::Index(index) | Atom::Len(index) => self.facts[*index].weight,
                // Products of two integers are looked at as they are computed.
                Atom::Integer(_) | Atom::Id { .. } | Atom::Of(Operation::Product, _) => 1.0,
                Atom::Of(_, both) => both.iter().map(|part| self.weight(part)).fold(1.0, f64::max),
            };
            factor.unsigned_abs() as f64 * size
        });
        integer.constant.unsigned_abs() as f64 + terms.sum::<f64>()
    }

    /// The indices with which an integer changes, also by a range that does.
    pub(super) fn dependences(&self, integer: &Integer) -> BTreeSet<BinderId> {
        let mut all = BTreeSet::new();
        integer.walk(&mut |atom| {
            if let Atom::Index(index) | Atom::Len(index) = atom {
                all.extend(&self.facts[*index].depends);
            }
            if let Atom::Index(index) = atom {
                all.insert(*index);
            }
        });
        all
    }

    fn sum_of_integers(&mut self, expr: &Expr, role: Role) -> Result<Integer> {
        Ok(match &expr.kind {
            ExprKind::Number { value, is_integer } => {
                Integer::constant(whole(*value, *is_integer, expr.span)?)
            }
            ExprKind::Path(path) => match &path.ident {
                Some(ident) => match self.index_at(ident, role) {
                    Some(index) => Integer::index(index),
                    None => self.not_an_index(ident, path, role)?,
                },
                None => self.integer_path(path, expr.span)?,
            },
            ExprKind::Rust(tokens) => {
                let id = self.integer_operand(
                    rust(tokens),
                    "integer".into(),
                    None,
                    0,
                    expr.span,
                    Holds::Ids,
                )?;
                Integer::atom(Atom::Integer(id))
            }
            ExprKind::Len(index) => self.integer_len(index)?,
            ExprKind::Subscript { base, subscripts } => {
                self.element(base, subscripts, Holds::Ids)?
            }
            ExprKind::Negate(operand) => {
                Integer::constant(0).plus(-1, &self.integer(operand, role)?)
            }
            ExprKind::Binary { operator: Operator::Add, left, right } => {
                self.integer(left, role)?.plus(1, &self.integer(right, role)?)
            }
            ExprKind::Binary { operator: Operator::Sub, left, right } => {
                self.integer(left, role)?.plus(-1, &self.integer(right, role)?)
            }
            ExprKind::Binary { operator: Operator::Mul, left, right } => {
                let (left, right) = (self.integer(left, role)?, self.integer(right, role)?);
                let product = match (left.as_constant(), right.as_constant()) {
                    (Some(factor), _) => right.times(factor),
                    (_, Some(factor)) => left.times(factor),
                    _ => Integer::of(Operation::Product, left, right),
                };
                product.ok_or_else(|| too_large(expr.span))?
            }
            ExprKind::Binary { operator: Operator::Div, left, right } => {
                self.divided(Operation::Quotient, left, right, role)?
            }
            ExprKind::Remainder { left, right } => {
                self.divided(Operation::Remainder, left, right, role)?
            }
            ExprKind::Call { function, arguments } => {
                let name = function.ident.as_ref().map(plain).unwrap_or_default();
                let operation = match (name.as_str(), &arguments[..]) {
                    ("min", _) => Operation::Min,
                    ("max", _) => Operation::Max,
                    ("clamp", [value, low, high]) => {
                        let [value, low, high] =
                            [value, low, high].map(|argument| self.integer(argument, role));
                        return between(value?, low?, high?).ok_or_else(|| too_large(expr.span));
                    }
                    ("clip", _) => return Err(stray_clip(expr.span)),
                    _ => return Err(no_integer(expr.span)),
                };
                let mut all: Option<Integer> = None;
                for argument in arguments {
                    let value = self.integer(argument, role)?;
                    all = match all {
                        None => Some(value),
                        Some(before) => Integer::of(operation, before, value),
                    };
                }
                all.ok_or_else(|| no_integer(expr.span))?
            }
            ExprKind::Error => {
                self.unread += 1;
                Integer::constant(0)
            }
            _ => return Err(no_integer(expr.span)),
        })
    }

    /// A quotient, rounded down, or what is left.
    fn divided(
        &mut self,
        operation: Operation,
        left: &Expr,
        right: &Expr,
        role: Role,
    ) -> Result<Integer> {
        let (dividend, divisor) = (self.integer(left, role)?, self.integer(right, role)?);
        if let Some(divisor @ ..=0) = divisor.as_constant() {
            return Err(Diagnostic::new(
                right.span,
                format!("an integer is divided by {divisor}"),
                "a divisor is above 0; a quotient is rounded down, and a remainder is never negative",
            ));
        }
        Integer::of(operation, dividend, divisor).ok_or_else(|| too_large(right.span))
    }

    /// A subscript, of which what lies beyond an end of its axis stands for that end.
    fn clip(&mut self, inner: &Expr, array: Array, axis: usize, span: Span) -> Result<Integer> {
        let ends = match array {
            Array::Operand(operand) => self.all_of(Axis::Operand { operand, axis }, span),
            Array::Definition(id) => {
                let known = self.checked.definitions.get(id).map(|known| known.axes[axis]);
                let axis = known.map(|binder| axis_of(&self.checked.binders, binder));
                let range = known.map(|binder| self.checked.binders[binder].range.clone());
                match (axis, range, known) {
                    (Some(axis @ (Axis::Operand { .. } | Axis::Integers { .. })), ..) => {
                        self.all_of(axis, span)
                    }
                    (_, Some(Range::Stated { low, high }), Some(binder))
                        if !self.is_ragged(binder) =>
                    {
                        [low.cut_off(), high.plus(-1, &Integer::constant(1))]
                    }
                    _ => {
                        return Err(Diagnostic::new(
                            span,
                            "`clip` to an axis of which the ends are not the same for all its indices, or not known yet",
                            "say the ends: `max(min(i + 1, {n - 1}), 0)`",
                        ));
                    }
                }
            }
        };
        self.clip_to(inner, &ends)
    }

    fn clip_to(&mut self, inner: &Expr, [low, last]: &[Integer; 2]) -> Result<Integer> {
        let integer = self.integer(inner, Role::Subscript)?;
        between(integer, low.clone(), last.clone()).ok_or_else(|| too_large(inner.span))
    }

    /// The first and the last place of an axis.
    fn all_of(&mut self, axis: Axis, span: Span) -> [Integer; 2] {
        let index = self.stand_in(Ident::new("axis", span));
        self.checked.binders[index].range = Range::Implied(Some(axis));
        let length = Integer::atom(Atom::Len(index));
        [Integer::constant(0), length.plus(-1, &Integer::constant(1))]
    }

    /// A subscript cannot be a Rust variable; a range can.
    fn index_at(&self, ident: &Ident, role: Role) -> Option<BinderId> {
        match role {
            Role::Subscript => self.index_alone(ident),
            Role::Range => self.index(ident),
        }
    }

    pub(super) fn integer_path(&mut self, path: &Path, span: Span) -> Result<Integer> {
        let id = self.integer_operand(
            path.tokens.clone(),
            path.last.clone(),
            Some(path),
            0,
            span,
            Holds::Ids,
        )?;
        Ok(Integer::atom(Atom::Integer(id)))
    }

    /// A name that no `for` binds. In a range it is a Rust variable; as a subscript it is far more
    /// often a slip, so Rust variables stand in braces there.
    pub(super) fn not_an_index(
        &mut self,
        ident: &Ident,
        path: &Path,
        role: Role,
    ) -> Result<Integer> {
        if let Some(found) = self.let_of(ident) {
            if found.is_none() {
                return Ok(Integer::constant(0));
            }
            return Err(Diagnostic::new(
                ident.span(),
                format!("`{ident}` is a computed value, not an integer"),
                "a subscript or range is a sum of indices and integers; compute others in Rust, outside of `expr!`",
            ));
        }
        if let (Role::Range, Some(mistake)) = (role, self.letter_alone(ident)) {
            return Err(mistake);
        }
        if role == Role::Range {
            return self.integer_path(path, ident.span());
        }
        let names: Vec<_> = self.indices.iter().map(|(name, _)| name.text.as_str()).collect();
        let here = if names.is_empty() {
            "no index is bound here".to_owned()
        } else {
            format!("the indices here are `{}`", names.join("`, `"))
        };
        let mend = if self.letters.contains_key(&plain(ident)) {
            format!(
                "`{ident}` is an axis of the signature, and a `for` runs over it: `[... for {ident}]` is an array, `sum(... for {ident})` one number"
            )
        } else {
            format!("bind it, `for {ident}`, or write `{{{ident}}}` for a Rust integer")
        };
        Err(Diagnostic::new(
            ident.span(),
            format!("`{ident}` is not an index: no `for` around it binds that name"),
            format!("{here}; {mend}"),
        ))
    }
}

/// What stands in `clip(...)`, if an expression is that.
pub(super) fn clipped(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call { function: Path { ident: Some(name), .. }, arguments }
            if name == "clip" =>
        {
            arguments.first().filter(|_| arguments.len() == 1)
        }
        _ => None,
    }
}

/// An integer, or the end that it lies beyond.
fn between(integer: Integer, low: Integer, last: Integer) -> Option<Integer> {
    let below = Integer::of(Operation::Min, integer, last)?;
    Integer::of(Operation::Max, below, low)
}

/// What a `for` or a `let` computes is no operand.
fn computed(path: &Path, rank: usize, span: Span, holds: Holds) -> Diagnostic {
    match holds {
        Holds::Ids => Diagnostic::new(
            span,
            format!("`{}` is not an array of integers", path.last),
            "a gather takes its ids from Rust: a `&[usize]`, as in `wte[token[t], i]`",
        ),
        Holds::Conditions => Diagnostic::new(
            span,
            format!("`{}` is a number, and no condition", path.last),
            format!("compare it: `{} > 0`", shown(&path.last, rank)),
        ),
    }
}

fn no_integer(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "what stands in a subscript or range is an integer",
        "it is made of indices, integers and ids, `token[t]`, with `+ - * / %`, `min(a, b)` and `max(a, b)`, where `/` rounds down; other integers come from Rust, in braces: `{x.len() - 1}`",
    )
}

fn stray_clip(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "`clip` with more around it, or not of one integer",
        "it is a whole subscript, which it keeps on its axis: `x[clip(i + 1)]`; elsewhere say the ends, `clamp(i + 1, 0, n - 1)`",
    )
}

/// Beyond this, sums of integers of the program might not fit.
const LARGEST: i64 = 1_000_000_000;

/// The code of a bound doubles with each.
const DEEPEST: usize = 6;

/// An integer as it was written.
#[allow(clippy::cast_possible_truncation)] // whole and small
fn whole(x: f64, is_integer: bool, span: Span) -> Result<i64> {
    let is_small = x.abs() <= LARGEST as f64;
    if is_integer && is_small {
        return Ok(x as i64);
    }
    if is_integer {
        return Err(too_large(span));
    }
    let help = if x.fract() == 0.0 && is_small {
        format!("subscripts and ranges are integers: write `{x}`")
    } else {
        "subscripts and ranges are integers: write them without a point or an exponent".to_owned()
    };
    Err(Diagnostic::new(span, format!("{x:?} is not an integer"), help))
}

/// Beyond this such sums might not be numbers of the machine, where each index and integer is at most
/// 2^32.
const HEAVIEST: f64 = 2.0 * LARGEST as f64;

fn too_large(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "an integer that is too large",
        "the integers of a subscript or range are at most 10^9, also where ranges multiply them",
    )
}
