//! Blocks: equations that are computed for one value of an index after the other, and may use what they
//! were for the values before.
//!
//! In `for t { let h = [... for i]; }` the array `h` has the axes `t, i`. An element is one of three:
//!
//! ```text
//! h[i]          at this t: h stands above the equation that uses it
//! h[t - 1, i]   at a t before: any equation of the block may use it
//! h[t + 1, i]   at a t after: any may use it, and the block goes from the last t to the first
//! ```

mod elements;
mod ends;

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

use super::{Checker, Role, axis_of, count};
use crate::ids::Id;
use crate::resolve::hir::{Array, Atom, BinderId, Block, DefinitionId, Integer, Leaf, Range};
use crate::syntax::ast::{self, Condition, Expr, ExprKind};
use crate::syntax::name::Name;

/// The block that is being resolved.
pub(super) struct Scope {
    indices: Vec<BinderId>,
    members: Vec<Member>,
    /// Which way the block goes, if a start or a use has said so.
    order: Option<Order>,
    /// Whether all starts could be understood.
    are_starts_known: bool,
    /// Indices over axes that are not known yet: of equations further down.
    later: Vec<Later>,
    /// The indices that must have a range at the end.
    unranged: Vec<BinderId>,
    /// The indices along an axis of an equation and of its start, and where to point: their ranges must be the same.
    alike: Vec<(BinderId, BinderId, Span)>,
}

/// An equation of a block.
struct Member {
    name: Name,
    definition: DefinitionId,
    /// How many axes it has besides those of the block.
    rank: usize,
    /// What it is before the first value: one step before it, two steps before it, and so on.
    starts: Vec<DefinitionId>,
    /// The equations whose element at the same place it uses, by their names.
    uses: BTreeSet<String>,
}

/// An index that runs over an axis of an equation.
#[derive(Clone, Copy)]
struct Later {
    index: BinderId,
    definition: DefinitionId,
    axis: usize,
    span: Span,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Ascending,
    Descending,
}

/// What an equation is before the first value of the index of the block.
struct Start {
    name: Ident,
    order: Order,
    /// How many steps before.
    back: usize,
    definition: DefinitionId,
}

impl Checker<'_> {
    pub(super) fn block(&mut self, block: &ast::Block) {
        if block.lets.is_empty() {
            // A mistake that was told.
            self.unread += 1;
            return;
        }
        let mistakes = self.report.len() + self.unread;
        let (indices, scope) = self.bind(&block.indices, |checker| checker.equations(block));
        if self.report.len() + self.unread == mistakes {
            for index in scope.unranged {
                self.require_range(index);
            }
        }
        self.checked.blocks.push(Block {
            indices,
            descends: scope.order == Some(Order::Descending),
            definitions: scope.members.iter().map(|member| member.definition).collect(),
        });
    }

    fn equations(&mut self, block: &ast::Block) -> Scope {
        let indices: Vec<BinderId> =
            self.indices.iter().rev().take(block.indices.len()).rev().map(|&(_, id)| id).collect();
        let mistakes = self.report.len();
        let starts: Vec<Start> =
            block.starts.iter().filter_map(|start| self.start(block, start, &indices)).collect();
        let first = self.checked.definitions.len();
        let mut scope = Scope {
            order: None,
            are_starts_known: true,
            indices,
            members: Vec::new(),
            later: Vec::new(),
            unranged: Vec::new(),
            alike: Vec::new(),
        };
        for (position, equation) in block.lets.iter().enumerate() {
            let name = Name::of(&equation.name);
            let definition = DefinitionId::at(first + position);
            if scope.members.iter().any(|member| member.name == name) {
                self.report.error(
                    equation.name.span(),
                    format!("`{}` is defined twice in this block", name.text),
                    "within a block each equation has a name of its own",
                );
            }
            // What could not be read has no axes to compare with.
            let is_read = !matches!(equation.value.kind, ExprKind::Error);
            self.lets.insert(name.clone(), is_read.then_some(definition));
            scope.members.push(Member {
                name,
                definition,
                rank: own_rank(&equation.value),
                starts: Vec::new(),
                uses: uses_here(&equation.value),
            });
        }
        for start in starts {
            self.assign(&mut scope, start);
        }
        scope.are_starts_known = self.report.len() == mistakes;
        self.block = Some(scope);
        for equation in &block.lets {
            let name = Name::of(&equation.name);
            let id = self.definition(&name.text, None, &equation.value);
            self.meet_starts(id, equation.name.span());
            self.settle_axes();
        }
        let Some(scope) = self.block.take() else { unreachable!("a block is being resolved") };
        for later in &scope.later {
            // Nothing says how far these run but each other.
            self.run_over(later.index, Array::Definition(later.definition), later.axis, later.span);
        }
        for (stand_in, index) in std::mem::take(&mut self.later_lengths) {
            self.checked.binders[stand_in].range = self.checked.binders[index].range.clone();
        }
        for &(index, of_start, span) in &scope.alike {
            self.require_equal_ranges(index, of_start, span);
        }
        scope
    }

    // ------------------------------------------------------------ starts

    fn start(
        &mut self,
        block: &ast::Block,
        start: &ast::Start,
        indices: &[BinderId],
    ) -> Option<Start> {
        let name = &start.name;
        if !block.lets.iter().any(|equation| Name::of(&equation.name) == Name::of(name)) {
            self.report.error(
                name.span(),
                format!("the block has no equation for `{name}`"),
                format!("say how it goes on: `let {name} = ...;`, in the same block"),
            );
            return None;
        }
        let definition = self.definition(&format!("{name}_start"), None, &start.value);
        let body = &self.checked.definitions[definition].body;
        if let Some(&index) = indices.iter().find(|&&index| body.names(index)) {
            let index = &self.checked.binders[index].name;
            self.report.error(
                start.value.span,
                format!("the start of `{name}` uses `{index}`, which has no value yet"),
                "a start is there before the first step: it names no index of the block",
            );
            return None;
        }
        let [index] = indices else {
            self.report.error(
                name.span(),
                format!("a start of `{name}` in a block of {}", count(indices.len(), "index")),
                "where there are several indices, ask for the first values: `if i == 0 { ... } else { d[i - 1, j] }`",
            );
            return None;
        };
        // An end of the range, and how far beyond: by the names that may stand there.
        let at = match self.integer(&start.at, Role::Range) {
            Ok(at) => at,
            Err(mistake) => {
                self.report.push(mistake);
                return None;
            }
        };
        let len = Integer::atom(Atom::Len(*index));
        let (low, high, at) = match &self.checked.binders[*index].range {
            Range::Implied(_) => (Integer::constant(0), len, at),
            Range::Stated { low, high } => {
                // How many values a range has that is never cut off is a difference of its ends.
                let times = at.terms.get(&Atom::Len(*index)).copied().unwrap_or(0);
                let at = at.plus(-times, &len).plus(times, high).plus(-times, low);
                (low.clone(), high.clone(), at)
            }
        };
        let before = low.plus(-1, &at).as_constant();
        let after = at.plus(-1, &high).plus(1, &Integer::constant(1)).as_constant();
        let steps =
            |steps: Option<i64>| steps.and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
        let found = match (steps(before), steps(after)) {
            (Some(back), _) => Some((Order::Ascending, back)),
            (None, Some(back)) => Some((Order::Descending, back)),
            (None, None) => None,
        };
        let Some((order, back)) = found else {
            let [before, after] =
                [Order::Ascending, Order::Descending].map(|order| self.start_at(*index, order, 1));
            let help = match (before, after) {
                (Some(before), Some(after)) => format!(
                    "`let {name}[{before}] = ...` is the value one step before the first `{0}`; where the block goes backwards, `let {name}[{after}] = ...` is the one after the last",
                    self.checked.binders[*index].name
                ),
                _ => self.name_the_ends(&name.to_string(), *index),
            };
            let index = &self.checked.binders[*index].name;
            self.report.error(
                start.at.span,
                format!("this is no place before the first `{index}`, nor one after the last"),
                help,
            );
            return None;
        };
        Some(Start { name: name.clone(), order, back, definition })
    }

    /// Gives an equation its start.
    fn assign(&mut self, scope: &mut Scope, start: Start) {
        let Start { name, order, back, definition } = start;
        let known = *scope.order.get_or_insert(order);
        let wanted = Name::of(&name);
        let Some(member) = scope.members.iter_mut().find(|member| member.name == wanted) else {
            return;
        };
        let axes = self.checked.definitions[definition].axes.len();
        let mistake = if known != order {
            Some((
                format!("`{name}` has a start at the other end than a start above"),
                "a block goes one way: its starts lie all before the first value, or all after the last".to_owned(),
            ))
        } else if axes != 0 && axes != member.rank {
            Some((
                format!(
                    "the start of `{name}` has {}, but `{name}` itself {}",
                    count(axes, "axis"),
                    count(member.rank, "axis")
                ),
                "a start has the axes of the equation, or it is one number for all of them"
                    .to_owned(),
            ))
        } else if back != member.starts.len() + 1 {
            Some((
                format!(
                    "the start {back} steps before the first value comes after {} of `{name}`",
                    count(member.starts.len(), "start")
                ),
                self.nearest_starts(&name.to_string(), scope.indices[0], order),
            ))
        } else {
            None
        };
        match mistake {
            Some((message, help)) => self.report.error(name.span(), message, help),
            None => member.starts.push(definition),
        }
    }

    /// An equation has the axes of its starts.
    fn meet_starts(&mut self, id: DefinitionId, span: Span) {
        let Some(scope) = &self.block else { return };
        let (of_block, starts) =
            (scope.indices.len(), scope.members.iter().find(|member| member.definition == id));
        let starts = starts.map(|member| member.starts.clone()).unwrap_or_default();
        let mut alike = Vec::new();
        for &start in &starts {
            let own = self.checked.definitions[id].axes[of_block..].to_vec();
            let axes = self.checked.definitions[start].axes.clone();
            for (axis, (index, of_start)) in own.into_iter().zip(axes).enumerate() {
                let is_implied = [index, of_start]
                    .map(|binder| matches!(self.checked.binders[binder].range, Range::Implied(_)));
                match is_implied {
                    [true, _] => self.run_over(index, Array::Definition(start), axis, span),
                    [false, true] => {
                        let axis = axis_of(&self.checked.binders, index);
                        self.run_over_axis(of_start, axis, span);
                    }
                    // Lengths in them may not be known yet.
                    [false, false] => alike.push((index, of_start, span)),
                }
            }
        }
        self.checked.definitions[id].starts = starts;
        if let Some(scope) = &mut self.block {
            scope.alike.extend(alike);
        }
    }

    /// Refuses an equation of which an index has another range than that of its start, by what each `len` has found.
    fn require_equal_ranges(&mut self, index: BinderId, of_start: BinderId, span: Span) {
        let settled = |range: &Range| match range {
            Range::Stated { low, high } => Range::stated(self.settled(low), self.settled(high)),
            Range::Implied(_) => range.clone(),
        };
        let [range, range_of_start] =
            [index, of_start].map(|binder| settled(&self.checked.binders[binder].range));
        if range != range_of_start {
            let name = &self.checked.binders[index].name;
            self.report.error(
                span,
                format!("`{name}` has another range than the index of the start"),
                "an equation and its starts have the same indices",
            );
        }
    }

    /// An integer in which lengths of equal ranges are equal.
    fn settled(&self, integer: &Integer) -> Integer {
        integer.map(&mut |leaf| match leaf {
            Leaf::Len(index) => Integer::atom(Atom::Len(self.same_length(index))),
            Leaf::Index(index) => Integer::index(index),
        })
    }

    /// The first index that runs over the same axis, or over a range with the same ends.
    fn same_length(&self, index: BinderId) -> BinderId {
        let range = &self.checked.binders[index].range;
        if *range == Range::Implied(None) {
            return index;
        }
        let same = |binder: &BinderId| self.checked.binders[*binder].range == *range;
        self.checked.binders.ids().find(same).unwrap_or(index)
    }

    // ------------------------------------------------------------ axes

    pub(super) fn block_indices(&self) -> &[BinderId] {
        self.block.as_ref().map_or(&[], |scope| &scope.indices)
    }

    /// Leaves it to the end of a block to ask for the ranges of these indices.
    pub(super) fn defers_ranges(&mut self, indices: &[BinderId]) -> bool {
        let Some(scope) = &mut self.block else { return false };
        scope.unranged.extend(indices);
        true
    }

    /// Notes an index over an axis of an equation whose range is not known yet.
    pub(super) fn is_later(
        &mut self,
        index: BinderId,
        definition: DefinitionId,
        axis: usize,
        span: Span,
    ) -> bool {
        let known = self.checked.definitions.get(definition).map(|known| known.axes[axis]);
        if known == Some(index) {
            return true;
        }
        let is_open =
            known.is_none_or(|known| self.checked.binders[known].range == Range::Implied(None));
        let Some(scope) = self.block.as_mut().filter(|_| is_open) else { return false };
        scope.later.push(Later { index, definition, axis, span });
        true
    }

    /// Lets indices run over the axes that are known by now.
    fn settle_axes(&mut self) {
        loop {
            let later = self.block.as_mut().map(|scope| std::mem::take(&mut scope.later));
            let later = later.unwrap_or_default();
            let before = later.len();
            for &Later { index, definition, axis, span } in &later {
                self.run_over(index, Array::Definition(definition), axis, span);
            }
            if self.block.as_ref().is_none_or(|scope| scope.later.len() == before) {
                return;
            }
        }
    }
}

/// How many indices an equation binds.
fn own_rank(value: &Expr) -> usize {
    match &value.kind {
        ExprKind::Comprehension { indices, .. } => indices.len(),
        _ => 0,
    }
}

/// The names that stand in an expression without a place of their own: alone, or with subscripts that are
/// no sums.
fn uses_here(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    see_uses(expr, &mut names);
    names
}

fn see_uses(expr: &Expr, names: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Rust(_) | ExprKind::Len(_) | ExprKind::Error => {}
        ExprKind::Path(path) => names.extend(path.ident.as_ref().map(|ident| Name::of(ident).text)),
        ExprKind::Subscript { base, subscripts } => {
            if subscripts.iter().all(|subscript| matches!(subscript.kind, ExprKind::Path(_))) {
                see_uses(base, names);
            }
        }
        ExprKind::Negate(operand) | ExprKind::Stop(operand) => see_uses(operand, names),
        ExprKind::Reduce { body, filter, .. } => {
            if let Some(filter) = filter {
                see_uses_in_condition(filter, names);
            }
            see_uses(body, names);
        }
        ExprKind::Comprehension { body, .. } => see_uses(body, names),
        ExprKind::Binary { left, right, .. }
        | ExprKind::Remainder { left, right }
        | ExprKind::Dot { left, right } => {
            see_uses(left, names);
            see_uses(right, names);
        }
        ExprKind::Call { arguments, .. } => {
            for argument in arguments {
                see_uses(argument, names);
            }
        }
        ExprKind::If { condition, then, otherwise } => {
            see_uses_in_condition(condition, names);
            see_uses(then, names);
            see_uses(otherwise, names);
        }
        ExprKind::Condition(condition) => see_uses_in_condition(condition, names),
    }
}

fn see_uses_in_condition(condition: &Condition, names: &mut BTreeSet<String>) {
    match condition {
        Condition::Compare { left, right, .. } => {
            see_uses(left, names);
            see_uses(right, names);
        }
        Condition::And(left, right) | Condition::Or(left, right) => {
            see_uses_in_condition(left, names);
            see_uses_in_condition(right, names);
        }
        Condition::Holds(element) => see_uses(element, names),
        Condition::Not(operand) => see_uses_in_condition(operand, names),
    }
}
