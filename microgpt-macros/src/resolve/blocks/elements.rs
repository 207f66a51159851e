//! Elements of the equations of a block: of this step, of one before, or such as cannot be there yet.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

use super::{Member, Order, Scope};
use crate::resolve::hir::{Array, Atom, BinderId, Bound, Integer, Operation, Range, Value};
use crate::resolve::integers::clipped;
use crate::resolve::{Checker, Result, Role, count};
use crate::syntax::ast::{Expr, ExprKind, Path};
use crate::syntax::name::Name;
use crate::syntax::report::Diagnostic;

/// Where an element of an equation lies, as seen from the place that is being computed.
enum When {
    Here,
    /// At another value of one of the indices.
    Elsewhere {
        position: usize,
        order: Order,
        steps: Option<usize>,
    },
}

impl Checker<'_> {
    pub(in super::super) fn member(&self, base: &Expr) -> Option<usize> {
        match &base.kind {
            ExprKind::Path(Path { ident: Some(ident), .. }) if self.index(ident).is_none() => {
                self.member_of(ident)
            }
            _ => None,
        }
    }

    /// The equation of the block with this name, if it could be read.
    pub(in super::super) fn member_of(&self, ident: &Ident) -> Option<usize> {
        let name = Name::of(ident);
        let scope = self.block.as_ref()?;
        let position = scope.members.iter().position(|member| member.name == name)?;
        matches!(self.lets.get(&name), Some(Some(_))).then_some(position)
    }

    /// A number of the block at this place: its name alone.
    pub(in super::super) fn member_scalar(&mut self, member: usize, span: Span) -> Result<Value> {
        let Some(scope) = &self.block else { return Ok(Value::Error) };
        if scope.members[member].rank != 0 {
            return Err(self.wrong_subscripts(member, 0, span));
        }
        self.member_element(member, span, &[])
    }

    /// A vector of the block at this place, for a dot product: the array, and the subscripts before its own.
    pub(in super::super) fn member_vector(
        &mut self,
        member: usize,
        span: Span,
    ) -> Result<(Array, Vec<Integer>)> {
        let Some(scope) = &self.block else { return Err(self.wrong_subscripts(member, 1, span)) };
        let Member { rank, definition, .. } = scope.members[member];
        let here: Vec<Integer> = scope.indices.iter().map(|&index| Integer::index(index)).collect();
        if rank != 1 {
            return Err(self.wrong_subscripts(member, 1, span));
        }
        self.require_above(member, span)?;
        Ok((Array::Definition(definition), here))
    }

    pub(in super::super) fn member_element(
        &mut self,
        member: usize,
        span: Span,
        subscripts: &[Expr],
    ) -> Result<Value> {
        let Some(scope) = &self.block else { return Ok(Value::Error) };
        let indices = scope.indices.clone();
        let Member { rank, definition, .. } = scope.members[member];
        let array = Array::Definition(definition);
        let (leading, own) = if subscripts.len() == rank {
            subscripts.split_at(0)
        } else if subscripts.len() == indices.len() + rank {
            subscripts.split_at(indices.len())
        } else {
            return Err(self.wrong_subscripts(member, subscripts.len(), span));
        };
        let mut resolved = Vec::new();
        let mut lazy = false;
        if leading.is_empty() {
            self.require_above(member, span)?;
            resolved.extend(indices.iter().map(|&index| Integer::index(index)));
        } else {
            let mut places = Vec::new();
            for (subscript, &index) in leading.iter().zip(&indices) {
                if clipped(subscript).is_some() {
                    return Err(self.clipped_step(member, index, subscript.span));
                }
                let place = self.integer(subscript, Role::Subscript)?;
                if place.as_id().is_some() {
                    return Err(Diagnostic::new(
                        subscript.span,
                        "ids as the place of an element that the block computes",
                        "whether it is computed by then must be seen from the subscript: `h[t - 1, i]`, `h[s, i]` with `s in 0..t`, or `h[min(ids[t], t - 1), i]`",
                    ));
                }
                places.push(place);
            }
            match self.when(&indices, &places, leading)? {
                When::Here => self.require_above(member, span)?,
                When::Elsewhere { position, order, steps } => {
                    self.go(order, &indices, leading[position].span)?;
                    lazy = self.is_lazy_elsewhere(member, position, steps, &places, leading)?;
                }
            }
            resolved.extend(places);
        }
        let of_block = indices.len();
        for (axis, subscript) in own.iter().enumerate() {
            match self.subscript(array, of_block + axis, subscript) {
                Ok(subscript) => {
                    lazy |= self.branches > 0 && !self.is_implied(&subscript);
                    resolved.push(subscript);
                }
                Err(mistake) => self.report.push(mistake),
            }
        }
        if resolved.len() < of_block + rank {
            return Ok(Value::Error);
        }
        Ok(Value::Load { array, subscripts: resolved, lazy })
    }

    /// An element that would stand for those beyond the ends of its own block.
    fn clipped_step(&self, member: usize, index: BinderId, span: Span) -> Diagnostic {
        let Some(scope) = &self.block else { unreachable!("a block is being resolved") };
        let (name, order) =
            (&scope.members[member].name.text, scope.order.unwrap_or(Order::Ascending));
        let (index_name, side) = (
            &self.checked.binders[index].name,
            if order == Order::Ascending { "first" } else { "last" },
        );
        let help = if scope.indices.len() > 1 {
            format!(
                "beside a subscript that lies before, say the ends of `{index_name}` by `min` and `max`; else ask for it in an `if`"
            )
        } else if !scope.members[member].starts.is_empty() {
            format!(
                "the start says what `{name}` is beyond the {side} `{index_name}`: leave the `clip` out"
            )
        } else {
            format!(
                "beyond the {side} `{index_name}` it would stand for a value that is not there yet; {}",
                self.mend_beyond(name, index, order, 1)
            )
        };
        let message = format!("`clip` along `{index_name}`, by which the block computes `{name}`");
        Diagnostic::new(span, message, help)
    }

    /// Where an element lies: before or after this place by the first subscript that is not the index itself.
    fn when(&self, indices: &[BinderId], places: &[Integer], written: &[Expr]) -> Result<When> {
        for (position, (place, &index)) in places.iter().zip(indices).enumerate() {
            let distance = place.clone().plus(-1, &Integer::index(index));
            if distance.as_constant() == Some(0) {
                continue;
            }
            let steps =
                distance.as_constant().and_then(|number| usize::try_from(number.abs()).ok());
            if self.extreme(&distance, true).is_some_and(|most| most < 0) {
                return Ok(When::Elsewhere { position, order: Order::Ascending, steps });
            }
            if self.extreme(&distance, false).is_some_and(|least| least > 0) {
                return Ok(When::Elsewhere { position, order: Order::Descending, steps });
            }
            let name = &self.checked.binders[index].name;
            return Err(Diagnostic::new(
                written[position].span,
                format!(
                    "this element may be one that is not computed yet: nothing says that it lies before `{name}`"
                ),
                format!(
                    "an equation of a block uses elements of the block from before, `h[{name} - 1]` or `h[s]` with `s in 0..{name}`; all of them are there after the block"
                ),
            ));
        }
        Ok(When::Here)
    }

    /// The greatest or least value of a distance, or one beyond it, if the ranges of its indices say it.
    fn extreme(&self, distance: &Integer, greatest: bool) -> Option<i64> {
        let mut distance = distance.clone();
        // Each step puts the end of a range in the place of its index.
        for _ in 0..self.checked.binders.len() {
            let of_block = self.block_indices();
            let next = distance.terms.iter().find_map(|(atom, &factor)| match *atom {
                Atom::Index(index) if !of_block.contains(&index) => Some((index, factor)),
                _ => None,
            });
            let Some((index, factor)) = next else { break };
            let end = match (&self.checked.binders[index].range, (factor > 0) == greatest) {
                (Range::Stated { high, .. }, true) => high.clone().plus(-1, &Integer::constant(1)),
                (Range::Stated { low, .. }, false) => low.clone(),
                (Range::Implied(_), true) => return None,
                (Range::Implied(_), false) => Integer::constant(0),
            };
            distance = distance.plus(-factor, &Integer::index(index)).plus(factor, &end);
        }
        let compound = distance.terms.iter().find_map(|(atom, &factor)| match atom {
            Atom::Of(operation, both) => Some((atom.clone(), factor, *operation, both.clone())),
            _ => None,
        });
        if let Some((atom, factor, operation, both)) = compound {
            let [left, right] = *both;
            let rest = distance.plus(-factor, &Integer::atom(atom));
            let with = |part: &Integer| self.extreme(&rest.clone().plus(factor, part), greatest);
            let farther = |a: i64, b: i64| if greatest { a.max(b) } else { a.min(b) };
            let both = |a: &Integer, b: &Integer| Some(farther(with(a)?, with(b)?));
            // It lies beyond neither of two, or not beyond either of them.
            let either = |a: &Integer, b: &Integer| match (with(a), with(b)) {
                (Some(a), Some(b)) if greatest => Some(a.min(b)),
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
            let is_upper = (factor > 0) == greatest;
            return match operation {
                Operation::Min if is_upper => either(&left, &right),
                Operation::Max if !is_upper => either(&left, &right),
                Operation::Min | Operation::Max => both(&left, &right),
                // A quotient is no farther from 0, but for one below it.
                Operation::Quotient if is_upper => both(&left, &Integer::constant(-1)),
                Operation::Quotient => both(&left, &Integer::constant(0)),
                Operation::Remainder if is_upper => with(&right.plus(-1, &Integer::constant(1))),
                Operation::Remainder => with(&Integer::constant(0)),
                Operation::Product => None,
            };
        }
        // What is left is 0 at least.
        let sign = if greatest { -1 } else { 1 };
        let bounded = |(_, factor): (&Atom<BinderId>, &i64)| factor.signum() == sign;
        distance.terms.iter().all(bounded).then_some(distance.constant)
    }

    /// Notes which way the block goes.
    fn go(&mut self, order: Order, indices: &[BinderId], span: Span) -> Result<()> {
        let Some(scope) = &mut self.block else { return Ok(()) };
        if *scope.order.get_or_insert(order) == order {
            return Ok(());
        }
        let names: Vec<String> =
            indices.iter().map(|&index| self.checked.binders[index].name.to_string()).collect();
        let ways = match names.as_slice() {
            [outer, inner, ..] => format!(
                "what lies before is at `{outer} - 1`, or at `{outer}` and `{inner} - 1`, what lies after at \
                 `{outer} + 1`, or at `{outer}` and `{inner} + 1`; count one of the indices from its end"
            ),
            _ => format!("it uses `{0} - 1` at `{0}`, or `{0} + 1`; use two blocks", names[0]),
        };
        Err(Diagnostic::new(
            span,
            format!(
                "this block uses both what lies before `{}` and what lies after",
                names.join("`, `")
            ),
            format!("a block goes one way: {ways}"),
        ))
    }

    /// Whether an element from before must be looked for on its axis; where it may be before the first of
    /// all, there must be a start, or a branch must ask.
    fn is_lazy_elsewhere(
        &mut self,
        member: usize,
        position: usize,
        steps: Option<usize>,
        places: &[Integer],
        written: &[Expr],
    ) -> Result<bool> {
        let Some(scope) = &self.block else { return Ok(false) };
        let Member { definition, ref name, ref starts, .. } = scope.members[member];
        if let (Some(steps), [_]) = (steps, places)
            && steps <= starts.len()
        {
            return Ok(false);
        }
        if self.branches > 0 || !scope.are_starts_known {
            return Ok(true);
        }
        if let Some(steps) = steps {
            let (name, index) = (&name.text, scope.indices[position]);
            let order = scope.order.unwrap_or(Order::Ascending);
            let side = if order == Order::Ascending { "first" } else { "last" };
            return Err(Diagnostic::new(
                written[position].span,
                format!(
                    "`{name}` has no value beyond the {side} `{}`, and is used there",
                    self.checked.binders[index].name
                ),
                self.mend_beyond(name, index, order, steps),
            ));
        }
        for (axis, place) in places.iter().enumerate().skip(position) {
            self.checked.bounds.push(Bound {
                definition: self.checked.definitions.next_id(),
                array: Array::Definition(definition),
                axis,
                subscript: place.clone(),
                reaches_starts: true,
                span: written[axis].span,
            });
        }
        Ok(false)
    }

    /// Refuses an equation that uses its own present, or that of one below it.
    fn require_above(&self, member: usize, span: Span) -> Result<()> {
        let Some(scope) = &self.block else { return Ok(()) };
        // Equations are resolved in order: this is the one after all that are.
        let current = scope
            .members
            .iter()
            .position(|candidate| candidate.definition == self.checked.definitions.next_id());
        let Some(current) = current.filter(|&current| member >= current) else { return Ok(()) };
        let (name, user) = (&scope.members[member].name.text, &scope.members[current].name.text);
        let indices: Vec<String> = scope
            .indices
            .iter()
            .map(|&index| self.checked.binders[index].name.to_string())
            .collect();
        let own = ["i", "j", "k", "l", "m", "n"].into_iter().take(scope.members[member].rank);
        let first = format!("{} - 1", indices[0]);
        let before: Vec<&str> = [first.as_str()]
            .into_iter()
            .chain(indices.iter().skip(1).map(String::as_str))
            .chain(own)
            .collect();
        let before = format!("`{name}[{}]`", before.join(", "));
        if member == current {
            return Err(Diagnostic::new(
                span,
                format!(
                    "`{name}` uses itself: its value at this `{}` is what is being computed",
                    indices.join("`, `")
                ),
                format!("what it was before is {before}"),
            ));
        }
        let (message, help) = match scope.cycle(current, member) {
            Some(cycle) => (
                format!(
                    "`{user}` needs `{name}` at the same `{}`, which needs `{user}`: {cycle}",
                    indices.join("`, `")
                ),
                format!("one of them must use what was before: {before}"),
            ),
            None => (
                format!("`{name}` is computed after `{user}`, and not there yet"),
                format!("move `let {name}` above `let {user}`; what it was before is {before}"),
            ),
        };
        Err(Diagnostic::new(span, message, help))
    }

    fn wrong_subscripts(&self, member: usize, subscripts: usize, span: Span) -> Diagnostic {
        let Some(scope) = &self.block else { unreachable!("a block is being resolved") };
        let Member { name: Name { text: name, .. }, rank, .. } = &scope.members[member];
        let indices: Vec<String> = scope
            .indices
            .iter()
            .map(|&index| self.checked.binders[index].name.to_string())
            .collect();
        let own: Vec<&str> = ["i", "j", "k", "l", "m", "n"].into_iter().take(*rank).collect();
        let here =
            if own.is_empty() { name.clone() } else { format!("{name}[{}]", own.join(", ")) };
        let before: Vec<String> = indices
            .iter()
            .enumerate()
            .map(|(at, index)| if at == 0 { format!("{index} - 1") } else { index.clone() })
            .chain(own.iter().map(ToString::to_string))
            .collect();
        Diagnostic::new(
            span,
            format!(
                "`{name}` has {} besides the `{}` of its block, but {} here",
                count(*rank, "axis"),
                indices.join("`, `"),
                count(subscripts, "subscript"),
            ),
            format!(
                "at this `{}` it is `{here}`, before that `{name}[{}]`",
                indices.join("`, `"),
                before.join(", ")
            ),
        )
    }
}

impl Scope {
    /// The way from one equation back to itself through another, by what each uses at the same place.
    fn cycle(&self, from: usize, through: usize) -> Option<String> {
        let mut paths = vec![vec![from, through]];
        let mut seen = BTreeSet::from([through]);
        while let Some(path) = paths.pop() {
            let last = path[path.len() - 1];
            for (next, member) in self.members.iter().enumerate() {
                if !self.members[last].uses.contains(&member.name.text) {
                    continue;
                }
                let mut longer = path.clone();
                longer.push(next);
                if next == from {
                    let names: Vec<&str> =
                        longer.iter().map(|&at| self.members[at].name.text.as_str()).collect();
                    return Some(format!("`{}`", names.join("` → `")));
                }
                if seen.insert(next) {
                    paths.push(longer);
                }
            }
        }
        None
    }
}
