//! Names, indices and ranges: the syntax tree to resolved values, with every error of the user.

mod blocks;
mod conditions;
mod depth;
mod functions;
pub mod hir;
mod indices;
mod integers;
mod known;
mod lengths;
mod operands;
mod results;

use std::collections::{BTreeSet, HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

use crate::ids::IdVec;
use crate::resolve::hir::{
    Array, Axis, Binder, BinderId, Checked, Definition, DefinitionId, Function, Integer,
    IntegersId, Label, OperandId, Range, Value, reaches_as_far_as,
};
use crate::syntax::ast::{Expr, ExprKind, Operator, Path, Program, Statement};
use crate::syntax::name::Name;
use crate::syntax::parse::Op;
use crate::syntax::reductions;
use crate::syntax::report::{Diagnostic, Report};

type Result<T> = std::result::Result<T, Diagnostic>;

/// The greatest number of axes of an array.
pub const MAX_RANK: usize = 6;

pub use known::{Argument, Known, NamedAxis, StatedRange, What};

/// Resolves a program whose names a signature may declare; `None` if nothing of it could be understood.
pub fn check(
    program: &Program,
    ops: &[Op],
    known: &Known<'_>,
    report: &mut Report,
) -> Option<Checked> {
    let before = report.len();
    let integers = known.integers().map(|(key, _)| key).collect();
    let mut kinds = Kinds { integers, ..Kinds::default() };
    loop {
        let (checked, more) = attempt(program, ops, known, &kinds, report);
        if more.integers.is_empty() && more.numbers.is_empty() {
            return checked;
        }
        report.truncate(before);
        kinds.integers.extend(more.integers);
        kinds.numbers.extend(more.numbers);
    }
}

/// What operands are, by their tokens, where their first use does not say it, or says it wrongly.
#[derive(Default)]
struct Kinds {
    integers: HashSet<String>,
    /// Those that are compared with an index somewhere, and are no ids all the same.
    numbers: HashSet<String>,
}

/// Resolves a program of which these operands are integers or numbers, as is known before they are met. Returns
/// also those that it finds to be such later.
fn attempt(
    program: &Program,
    ops: &[Op],
    known: &Known<'_>,
    known_kinds: &Kinds,
    report: &mut Report,
) -> (Option<Checked>, Kinds) {
    let mut checker = Checker {
        checked: Checked {
            tuple: program.tuple,
            layer: known.layer.clone(),
            place: known.place.clone(),
            ..Checked::default()
        },
        ops,
        report,
        indices: Vec::new(),
        facts: IdVec::default(),
        lets: HashMap::new(),
        by_tokens: HashMap::new(),
        known_kinds,
        later_kinds: Kinds::default(),
        compared: HashSet::new(),
        lengths: Vec::new(),
        later_lengths: Vec::new(),
        stand_ins: HashSet::new(),
        depths: IdVec::default(),
        unread: 0,
        branches: 0,
        own_name: None,
        block: None,
        known,
        letters: HashMap::new(),
        labels: HashMap::new(),
        used: HashSet::new(),
        ranged: HashSet::new(),
        by_where: None,
    };
    checker.declare();
    for statement in &program.statements {
        match statement {
            Statement::Let(definition) => {
                let name = Name::of(&definition.name);
                let id = (!matches!(definition.value.kind, ExprKind::Error))
                    .then(|| checker.definition(&name.text, Some(&name), &definition.value));
                checker.lets.insert(name, id);
            }
            Statement::Block(block) => checker.block(block),
        }
    }
    for (position, result) in program.results.iter().enumerate() {
        let name = if program.results.len() == 1 {
            "result".to_owned()
        } else {
            format!("result_{position}")
        };
        let id = checker.definition(&name, None, result);
        checker.checked.results.push(id);
    }
    checker.compare_results(program);
    checker.require_uses();
    let Checker { checked, later_kinds, .. } = checker;
    ((!program.results.is_empty()).then_some(checked), later_kinds)
}

struct Checker<'a> {
    checked: Checked,
    ops: &'a [Op],
    report: &'a mut Report,
    /// The indices in scope, innermost last.
    indices: Vec<(Name, BinderId)>,
    /// Of each index what its range says.
    facts: IdVec<BinderId, RangeFacts>,
    /// The `let`s so far; `None` for one that could not be read.
    lets: HashMap<Name, Option<DefinitionId>>,
    /// The operand with these tokens.
    by_tokens: HashMap<String, OperandOf>,
    /// What operands are that are met as something else first.
    known_kinds: &'a Kinds,
    /// Those more that are met as such later.
    later_kinds: Kinds,
    /// The tokens of operands that are ids because they are compared with an index somewhere.
    compared: HashSet<String>,
    /// The indices that stand for a `len` outside of the `for` that binds its index.
    lengths: Vec<(Ident, BinderId)>,
    /// Those of them in a block, each with the index whose range was not known yet.
    later_lengths: Vec<(BinderId, BinderId)>,
    /// All such indices so far, which no `for` binds.
    stand_ins: HashSet<BinderId>,
    /// How many operations nest in each definition so far, if it is a scalar.
    depths: IdVec<DefinitionId, usize>,
    /// How many parts were met that could not be parsed.
    unread: usize,
    /// How many branches of `if`s are around.
    branches: usize,
    /// The array that the `let` around defines: its name, and its indices.
    own_name: Option<(Name, Vec<BinderId>)>,
    /// The block around.
    block: Option<blocks::Scope>,
    /// What the signature says.
    known: &'a Known<'a>,
    /// The letters of the signature, each with an index that runs over all axes called so.
    letters: HashMap<String, BinderId>,
    /// What the signature calls the axes of the arguments.
    labels: HashMap<Axis, Label>,
    /// The arguments that stand in the equations.
    used: HashSet<String>,
    /// The indices that took their range from the `where`.
    ranged: HashSet<String>,
    /// The index whose range the `where` says, while that is read.
    by_where: Option<Ident>,
}

/// What the tokens of an operand are used as.
#[derive(Clone, Copy)]
enum OperandOf {
    Values(OperandId),
    Integers(IntegersId, Holds),
}

/// What integers from Rust are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Ids,
    /// Each is 1 where it holds, and else 0.
    Conditions,
}

impl Holds {
    fn of_one(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Conditions => "condition",
        }
    }

    fn of_all(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Conditions => "conditions",
        }
    }
}

/// What the range of an index says, with those of the indices that it names.
struct RangeFacts {
    /// The indices with which it changes.
    depends: BTreeSet<BinderId>,
    /// The greater sum of the factors of an end, as far as the ranges of its indices go.
    weight: f64,
}

/// What an integer expression is: where it is a bare subscript a name must be an index.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Subscript,
    Range,
}

impl Checker<'_> {
    fn definition(&mut self, text: &str, name: Option<&Name>, value: &Expr) -> DefinitionId {
        let first = self.checked.binders.next_id();
        let (own, body) = match &value.kind {
            ExprKind::Comprehension { body, indices } => {
                let (axes, body) = self.bind(indices, |checker| {
                    let own = checker.indices.iter().map(|&(_, id)| id).collect();
                    checker.own_name = name.map(|name| (name.clone(), own));
                    checker.value(body)
                });
                self.own_name = None;
                (axes, body)
            }
            _ => (Vec::new(), self.value(value)),
        };
        let axes: Vec<BinderId> = self.block_indices().iter().copied().chain(own).collect();
        if axes.len() > MAX_RANK {
            self.report.error(
                value.span,
                format!("an array with {} axes", axes.len()),
                format!("arrays have at most {MAX_RANK} axes: split it into several"),
            );
        }
        self.resolve_lengths(first);
        let definition = Definition { name: text.to_owned(), axes, body, starts: Vec::new() };
        let depth = depth::check_chain(&definition, value.span, &self.depths);
        self.depths.push(depth.unwrap_or_else(|too_deep| {
            self.report.push(too_deep);
            0
        }));
        self.checked.definitions.push(definition)
    }

    /// The `let` of this name; an error was reported where it could not be read.
    #[allow(clippy::option_option)] // whether there is one, and whether it could be read
    fn let_of(&mut self, name: &Ident) -> Option<Option<DefinitionId>> {
        let found = self.lets.get(&Name::of(name)).copied();
        self.unread += usize::from(found == Some(None));
        found
    }

    fn value(&mut self, expr: &Expr) -> Value {
        self.try_value(expr).unwrap_or_else(|diagnostic| {
            self.report.push(diagnostic);
            Value::Error
        })
    }

    fn try_value(&mut self, expr: &Expr) -> Result<Value> {
        Ok(match &expr.kind {
            ExprKind::Number { value, .. } => Value::Number(*value),
            ExprKind::Negate(operand) => Value::Negate(Box::new(self.value(operand))),
            ExprKind::Stop(operand) => Value::Stop(Box::new(self.value(operand))),
            ExprKind::Binary { operator: Operator::Pow, left, right } => Value::Call {
                function: Function::Builtin("pow".into()),
                arguments: vec![self.value(left), self.value(right)],
            },
            ExprKind::Binary { operator, left, right } => Value::Binary {
                operator: *operator,
                left: Box::new(self.value(left)),
                right: Box::new(self.value(right)),
            },
            ExprKind::Len(index) => Value::Integer(self.len(index), expr.span),
            ExprKind::Path(path) => self.name(path, expr.span)?,
            ExprKind::Rust(tokens) => {
                let array = self.operand(rust(tokens), "rust".into(), None, 0, expr.span)?;
                Value::Load { array, subscripts: vec![], lazy: false }
            }
            ExprKind::Subscript { base, subscripts } => self.subscripted(base, subscripts)?,
            ExprKind::Call { function, arguments } => {
                let function = self.function(function, arguments.len(), expr.span);
                let arguments = arguments.iter().map(|argument| self.value(argument)).collect();
                Value::Call { function: function?, arguments }
            }
            ExprKind::Reduce { reduction, body, indices, filter } => {
                let (binders, (filter, body)) = self.bind(indices, |checker| {
                    let filter = filter.as_ref().map(|filter| checker.condition(filter));
                    // Only where it holds the body is computed, as in a branch.
                    checker.branches += usize::from(filter.is_some());
                    let body = checker.value(body);
                    checker.branches -= usize::from(filter.is_some());
                    (filter.map(Box::new), body)
                });
                Value::Reduce { reduction, binders, filter, body: Box::new(body) }
            }
            ExprKind::Remainder { .. } => {
                Value::Integer(self.integer(expr, Role::Range)?, expr.span)
            }
            ExprKind::Dot { left, right } => self.dot(left, right, expr.span)?,
            ExprKind::If { condition, then, otherwise } => {
                let condition = Box::new(self.condition(condition));
                self.branches += 1;
                let (then, otherwise) = (self.value(then), self.value(otherwise));
                self.branches -= 1;
                Value::If { condition, then: Box::new(then), otherwise: Box::new(otherwise) }
            }
            ExprKind::Comprehension { indices, .. } => {
                // A `let` does not see the indices around it: it must bind them too.
                let mut names: Vec<_> =
                    self.indices.iter().map(|(name, _)| name.text.clone()).collect();
                names.extend(indices.iter().map(|index| index.name.to_string()));
                let names = names.join(", ");
                return Err(Diagnostic::new(
                    expr.span,
                    "an array inside an expression",
                    format!(
                        "give it a `let` of its own, `let a = [... for {names}];`, and use `a[{names}]`"
                    ),
                ));
            }
            ExprKind::Condition(_) => {
                return Err(Diagnostic::new(
                    expr.span,
                    "a condition is not a number",
                    "comparisons stand in an `if`: `if x > 0 { x } else { 0 }`",
                ));
            }
            ExprKind::Error => {
                self.unread += 1;
                Value::Error
            }
        })
    }

    fn name(&mut self, path: &Path, span: Span) -> Result<Value> {
        if let Some(ident) = &path.ident {
            if let Some(index) = self.index(ident) {
                return Ok(Value::Integer(Integer::index(index), span));
            }
            if let Some(member) = self.member_of(ident) {
                return self.member_scalar(member, span);
            }
            if let Some(found) = self.let_of(ident) {
                let Some(id) = found else { return Ok(Value::Error) };
                self.expect_rank(Array::Definition(id), 0, span)?;
                return Ok(Value::Load {
                    array: Array::Definition(id),
                    subscripts: vec![],
                    lazy: false,
                });
            }
        }
        self.note_number(path);
        if self.is_integers(path) {
            return Ok(Value::Integer(self.integer_path(path, span)?, span));
        }
        let array = self.path_operand(path, 0, span)?;
        Ok(Value::Load { array, subscripts: vec![], lazy: false })
    }

    fn subscripted(&mut self, base: &Expr, subscripts: &[Expr]) -> Result<Value> {
        if let Some(member) = self.member(base) {
            return self.member_element(member, base.span, subscripts);
        }
        if let Some(id) = self.id(base, subscripts)? {
            return Ok(Value::Integer(id, base.span));
        }
        let Some(array) = self.array(base, subscripts.len())? else { return Ok(Value::Error) };
        if let Some(diagnostic) = self.in_another_order(array, subscripts) {
            return Err(diagnostic);
        }
        let mut resolved = Vec::new();
        let mut lazy = false;
        for (axis, subscript) in subscripts.iter().enumerate() {
            match self.subscript(array, axis, subscript) {
                Ok(subscript) => {
                    lazy |= self.branches > 0 && !self.is_implied(&subscript);
                    resolved.push(subscript);
                }
                Err(diagnostic) => self.report.push(diagnostic),
            }
        }
        if resolved.len() < subscripts.len() {
            return Ok(Value::Error);
        }
        if let Some(name) = self.own_name(base, &resolved) {
            self.own_name = None;
            return Err(Diagnostic::new(
                base.span,
                format!(
                    "`{name}` uses itself: this is an element of the array that this `let` defines"
                ),
                format!(
                    "a recurrence stands in a block, `for t {{ let {name} = ...; }}`, where `{name}[t - 1]` is what it was before; if an earlier array `{name}` is meant, give this `let` another name"
                ),
            ));
        }
        Ok(Value::Load { array, subscripts: resolved, lazy })
    }

    /// The name of the `let` around, if this is an element of the array that it defines.
    ///
    /// A `let` may take the name of an operand, and use it at its own indices as they are, and at whatever
    /// does not depend on them. At any other place, as in `h[t - 1]`, a recurrence is meant.
    fn own_name(&self, base: &Expr, subscripts: &[Integer]) -> Option<String> {
        let (name, axes) = self.own_name.as_ref()?;
        let ExprKind::Path(Path { ident: Some(ident), .. }) = &base.kind else { return None };
        let is_elsewhere = |subscript: &Integer| {
            let is_own = subscript.as_index().is_some_and(|index| axes.contains(&index));
            // Ids say where: of an earlier array.
            !is_own
                && !subscript.has_ids()
                && self.dependences(subscript).iter().any(|index| axes.contains(index))
        };
        let is_own = Name::of(ident) == *name
            && !self.lets.contains_key(name)
            && subscripts.len() == axes.len()
            && subscripts.iter().any(is_elsewhere);
        is_own.then(|| name.text.clone())
    }

    /// The array that is subscripted, a definition or an operand; none if it could not be read.
    fn array(&mut self, base: &Expr, rank: usize) -> Result<Option<Array>> {
        match &base.kind {
            ExprKind::Path(path) => {
                if let Some(ident) = &path.ident {
                    if self.index(ident).is_some() {
                        return Err(Diagnostic::new(
                            base.span,
                            format!("index `{ident}` is subscripted"),
                            if self.lets.contains_key(&Name::of(ident)) {
                                format!(
                                    "the index `{ident}` of a `for` around hides the array `{ident}`: give the index another name"
                                )
                            } else {
                                format!(
                                    "an index is a number; if an array `{ident}` of Rust is meant, the index hides it: give the index another name"
                                )
                            },
                        ));
                    }
                    if let Some(found) = self.let_of(ident) {
                        let Some(id) = found else { return Ok(None) };
                        self.expect_rank(Array::Definition(id), rank, base.span)?;
                        return Ok(Some(Array::Definition(id)));
                    }
                }
                self.path_operand(path, rank, base.span).map(Some)
            }
            ExprKind::Rust(tokens) => {
                self.operand(rust(tokens), "rust".into(), None, rank, base.span).map(Some)
            }
            ExprKind::Error => {
                self.unread += 1;
                Ok(None)
            }
            _ => Err(Diagnostic::new(
                base.span,
                "only a name or `{rust}` can be subscripted",
                "give the expression a `let` of its own, `let a = [... for i];`, and use `a[i]`",
            )),
        }
    }

    /// A side of a dot product: an array, and the subscripts before the one along which it is a vector.
    fn vector(&mut self, side: &Expr) -> Result<Option<(Array, Vec<Integer>)>> {
        match self.member(side) {
            Some(member) => self.member_vector(member, side.span).map(Some),
            None => Ok(self.array(side, 1)?.map(|array| (array, Vec::new()))),
        }
    }

    fn dot(&mut self, left: &Expr, right: &Expr, span: Span) -> Result<Value> {
        for side in [left, right] {
            match side.kind {
                ExprKind::Path(_) | ExprKind::Rust(_) => {}
                ExprKind::Error => {
                    self.unread += 1;
                    return Ok(Value::Error);
                }
                _ => {
                    return Err(Diagnostic::new(
                        side.span,
                        "`dot` takes two vectors by their names",
                        "give the vector a `let` of its own, `let a = [... for i];`, or write the sum: `sum(... for i)`",
                    ));
                }
            }
        }
        let (Some(left), Some(right)) = (self.vector(left)?, self.vector(right)?) else {
            return Ok(Value::Error);
        };
        let binder = self.stand_in(Ident::new("i", span));
        let mut side = |(array, mut subscripts): (Array, Vec<Integer>)| {
            self.run_over(binder, array, subscripts.len(), span);
            subscripts.push(Integer::index(binder));
            Box::new(Value::Load { lazy: false, array, subscripts })
        };
        let (left, right) = (side(left), side(right));
        Ok(Value::Reduce {
            reduction: reductions::SUM,
            binders: vec![binder],
            filter: None,
            body: Box::new(Value::Binary { operator: Operator::Mul, left, right }),
        })
    }
}

/// The axis that the values of an index make.
pub fn axis_of(binders: &IdVec<BinderId, Binder>, binder: BinderId) -> Axis {
    match &binders[binder].range {
        Range::Implied(Some(axis)) => *axis,
        Range::Implied(None) => Axis::Extent { binder },
        Range::Stated { low, high } => match reaches_as_far_as(low, high) {
            Some(outer) if matches!(binders[outer].range, Range::Implied(_)) => {
                axis_of(binders, outer)
            }
            _ => Axis::Extent { binder },
        },
    }
}

fn rust(tokens: &TokenStream) -> TokenStream {
    proc_macro2::Group::new(proc_macro2::Delimiter::Brace, tokens.clone()).into_token_stream()
}

fn count(n: usize, noun: &str) -> String {
    match (n, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "axis") => format!("{n} axes"),
        (_, "index") => format!("{n} indices"),
        _ => format!("{n} {noun}s"),
    }
}
