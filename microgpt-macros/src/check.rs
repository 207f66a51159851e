//! Names, indices and ranges: the syntax tree to resolved terms, with every error of the user.

mod integers;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

use crate::ast::{self, Expr, ExprKind, Operator, Path, Program, Reduction};
use crate::depth;
use crate::name::{Name, plain};
use crate::parse::Op;
use crate::report::{Diagnostic, Report};
use crate::suggest::{nearest, other_word, other_words};
use crate::term::{
    Affine, Array, Axis, Binder, Checked, Condition, Definition, Function, Operand, Range,
    Subscript, Term,
};

type Result<T> = std::result::Result<T, Diagnostic>;

/// The greatest number of axes of an array.
const MAX_RANK: usize = 6;

/// Resolves a program; `None` if nothing of it could be understood.
pub fn check(program: &Program, ops: &[Op], report: &mut Report) -> Option<Checked> {
    let mut checker = Checker {
        checked: Checked { tuple: program.tuple, ..Checked::default() },
        ops,
        report,
        indices: Vec::new(),
        lets: HashMap::new(),
        defining: None,
        by_tokens: HashMap::new(),
        lengths: Vec::new(),
        hidden: HashSet::new(),
        depths: Vec::new(),
        unread: 0,
        branches: 0,
    };
    for definition in &program.lets {
        let name = Name::of(&definition.name);
        if matches!(definition.value.kind, ExprKind::Error) {
            checker.lets.insert(name, None);
            continue;
        }
        checker.defining = Some(Defining { name: name.clone(), axes: Vec::new() });
        let id = checker.definition(&name.text, &definition.value);
        checker.lets.insert(name, Some(id));
        checker.defining = None;
    }
    for (position, result) in program.results.iter().enumerate() {
        let name = if program.results.len() == 1 {
            "result".to_owned()
        } else {
            format!("result_{position}")
        };
        let id = checker.definition(&name, result);
        checker.checked.results.push(id);
    }
    (!program.results.is_empty()).then_some(checker.checked)
}

struct Checker<'a> {
    checked: Checked,
    ops: &'a [Op],
    report: &'a mut Report,
    /// The indices in scope, innermost last.
    indices: Vec<(Name, usize)>,
    /// The `let`s so far; `None` for one that could not be read.
    lets: HashMap<Name, Option<usize>>,
    /// The `let` whose value is being resolved.
    defining: Option<Defining>,
    /// Where the operand with these tokens is, and whether it is used as integers.
    by_tokens: HashMap<String, (bool, usize)>,
    /// The indices that stand for a `len` outside of the `for` that binds its index.
    lengths: Vec<(Ident, usize)>,
    /// The indices that no `for` of the text binds.
    hidden: HashSet<usize>,
    /// How deep the scalar definitions so far nest.
    depths: Vec<usize>,
    /// How many parts were met that could not be parsed.
    unread: usize,
    /// How many branches of `if`s are around.
    branches: usize,
}

/// A `let` whose value is being resolved, with the indices of its array.
struct Defining {
    name: Name,
    axes: Vec<usize>,
}

/// Where an integer expression stands: in a bare subscript a name must be an index.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Subscript,
    Range,
}

impl Checker<'_> {
    fn definition(&mut self, name: &str, value: &Expr) -> usize {
        let first = self.checked.binders.len();
        let (axes, body) = match &value.kind {
            ExprKind::Comprehension { body, indices } => {
                let (axes, body) = self.bind(indices, |checker| {
                    checker.note_axes(indices.len());
                    checker.value(body)
                });
                if axes.len() > MAX_RANK {
                    self.report.error(
                        value.span,
                        format!("an array with {} axes", axes.len()),
                        format!("arrays have at most {MAX_RANK} axes: split it into several"),
                    );
                }
                (axes, body)
            }
            _ => (Vec::new(), self.value(value)),
        };
        self.resolve_lengths(first);
        let definition = Definition { name: name.to_owned(), axes, body };
        let depth = depth::check_chain(&definition, value.span, &self.depths);
        self.depths.push(depth.unwrap_or_else(|too_deep| {
            self.report.push(too_deep);
            0
        }));
        self.checked.definitions.push(definition);
        self.checked.definitions.len() - 1
    }

    /// Notes the innermost indices as the axes of the `let` whose value is being resolved.
    fn note_axes(&mut self, count: usize) {
        let from = self.indices.len() - count;
        let axes = self.indices[from..].iter().map(|&(_, id)| id).collect();
        if let Some(defining) = &mut self.defining {
            defining.axes = axes;
        }
    }

    // ------------------------------------------------------------ indices

    /// Resolves the ranges, then `body` with the indices in scope, then what implied ones run over.
    fn bind<R>(
        &mut self,
        binders: &[ast::Binder],
        body: impl FnOnce(&mut Self) -> R,
    ) -> (Vec<usize>, R) {
        let mistakes = self.report.len() + self.unread;
        let outer = self.indices.len();
        let mut bound = Vec::new();
        for binder in binders {
            let name = Name::of(&binder.name);
            if self.indices.iter().any(|(other, _)| *other == name) {
                self.report.error(
                    binder.name.span(),
                    format!("index `{}` is bound twice", name.text),
                    "give this index a name of its own",
                );
            }
            let range = match &binder.range {
                None => Range::Implied(None),
                Some(range) => self.range(range).unwrap_or_else(|diagnostic| {
                    self.report.push(diagnostic);
                    Range::stated(Affine::constant(0), Affine::constant(0))
                }),
            };
            self.checked.binders.push(Binder { name: binder.name.clone(), range });
            let id = self.checked.binders.len() - 1;
            self.indices.push((name, id));
            bound.push(id);
        }
        let result = body(self);
        self.indices.truncate(outer);
        // After another mistake the subscript that would imply the range may not have been seen.
        if self.report.len() + self.unread == mistakes {
            for &id in &bound {
                self.require_range(id);
            }
        }
        (bound, result)
    }

    fn require_range(&mut self, id: usize) {
        let binder = &self.checked.binders[id];
        if binder.range == Range::Implied(None) {
            let name = &binder.name;
            let help = match self.bounded_by(id) {
                Some((other, axis)) => format!(
                    "`{name}` bounds `{other}`, which does not say how far `{name}` goes: state its range, `for {name} in 0..n`, where the Rust integer `n` is the length of {axis}"
                ),
                None => format!(
                    "use it as a subscript, `x[{name}]`, or state its range: `for {name} in 0..n`"
                ),
            };
            self.report.error(
                name.span(),
                format!("index `{name}` has no range: no subscript is `{name}` alone"),
                help,
            );
        }
    }

    /// An index in whose range this one stands, and the axis that it subscripts.
    fn bounded_by(&self, id: usize) -> Option<(&Ident, String)> {
        let binders = &self.checked.binders;
        let bounded = |binder: usize| match &binders[binder].range {
            Range::Stated { low, high } => low.factor(id) != 0 || high.factor(id) != 0,
            Range::Implied(_) => false,
        };
        self.checked.bounds.iter().find_map(|bound| {
            let Subscript::Affine(affine) = &bound.subscript else { return None };
            let other = affine.as_index().filter(|&index| bounded(index))?;
            let name = match bound.array {
                Array::Operand(operand) => &self.checked.operands[operand].name,
                Array::Definition(id) => &self.checked.definitions[id].name,
            };
            Some((&binders[other].name, format!("axis {} of `{name}`", bound.axis)))
        })
    }

    fn index(&self, name: &Ident) -> Option<usize> {
        let name = Name::of(name);
        self.indices.iter().rev().find(|(other, _)| name == *other).map(|&(_, id)| id)
    }

    /// The index of a name where nothing else can stand: also one with the same letters that the
    /// body of a macro binds around what is passed to it.
    fn index_alone(&self, name: &Ident) -> Option<usize> {
        let text = plain(name);
        let same = |(other, _): &&(Name, usize)| other.text == text;
        self.index(name).or_else(|| self.indices.iter().rev().find(same).map(|&(_, id)| id))
    }

    /// The `let` of this name; an error was reported where it could not be read.
    fn let_of(&mut self, name: &Ident) -> Option<Option<usize>> {
        let found = self.lets.get(&Name::of(name)).copied();
        self.unread += usize::from(found == Some(None));
        found
    }

    // ------------------------------------------------------------ values

    fn value(&mut self, expr: &Expr) -> Term {
        self.try_value(expr).unwrap_or_else(|diagnostic| {
            self.report.push(diagnostic);
            Term::Error
        })
    }

    fn try_value(&mut self, expr: &Expr) -> Result<Term> {
        Ok(match &expr.kind {
            ExprKind::Number { value, .. } => Term::Number(*value),
            ExprKind::Negate(operand) => Term::Negate(Box::new(self.value(operand))),
            ExprKind::Stop(operand) => Term::Stop(Box::new(self.value(operand))),
            ExprKind::Binary { operator: Operator::Pow, left, right } => Term::Call {
                function: Function::Builtin("pow".into()),
                arguments: vec![self.value(left), self.value(right)],
            },
            ExprKind::Binary { operator, left, right } => Term::Binary {
                operator: *operator,
                left: Box::new(self.value(left)),
                right: Box::new(self.value(right)),
            },
            ExprKind::Len(index) => Term::Integer(self.len(index)),
            ExprKind::Path(path) => self.name(path, expr.span)?,
            ExprKind::Rust(tokens) => {
                let array = self.operand(rust(tokens), "rust".into(), None, 0, expr.span)?;
                Term::Load { array, subscripts: vec![], lazy: false }
            }
            ExprKind::Subscript { base, subscripts } => self.subscripted(base, subscripts)?,
            ExprKind::Call { function, arguments } => {
                let function = self.function(function, arguments.len(), expr.span);
                let arguments = arguments.iter().map(|argument| self.value(argument)).collect();
                Term::Call { function: function?, arguments }
            }
            ExprKind::Reduce { reduction, body, indices } => {
                let (binders, body) = self.bind(indices, |checker| checker.value(body));
                Term::Reduce { reduction: *reduction, binders, body: Box::new(body) }
            }
            ExprKind::Dot { left, right } => self.dot(left, right, expr.span)?,
            ExprKind::If { condition, then, otherwise } => {
                let condition = Box::new(self.condition(condition));
                self.branches += 1;
                let (then, otherwise) = (self.value(then), self.value(otherwise));
                self.branches -= 1;
                Term::If { condition, then: Box::new(then), otherwise: Box::new(otherwise) }
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
            ExprKind::Condition(_) => return Err(no_condition(expr.span)),
            ExprKind::Error => {
                self.unread += 1;
                Term::Error
            }
        })
    }

    fn condition(&mut self, condition: &ast::Condition) -> Condition {
        let mut both = |one: &ast::Condition, other: &ast::Condition| {
            (Box::new(self.condition(one)), Box::new(self.condition(other)))
        };
        match condition {
            ast::Condition::And(one, other) => {
                let (one, other) = both(one, other);
                Condition::And(one, other)
            }
            ast::Condition::Or(one, other) => {
                let (one, other) = both(one, other);
                Condition::Or(one, other)
            }
            ast::Condition::Not(operand) => Condition::Not(Box::new(self.condition(operand))),
            ast::Condition::Compare { comparison, left, right } => Condition::Compare {
                comparison: *comparison,
                left: self.value(left),
                right: self.value(right),
            },
        }
    }

    fn name(&mut self, path: &Path, span: Span) -> Result<Term> {
        if let Some(ident) = &path.ident {
            if let Some(index) = self.index(ident) {
                return Ok(Term::Integer(Affine::index(index)));
            }
            if let Some(found) = self.let_of(ident) {
                let Some(id) = found else { return Ok(Term::Error) };
                self.expect_rank(Array::Definition(id), 0, span)?;
                return Ok(Term::Load {
                    array: Array::Definition(id),
                    subscripts: vec![],
                    lazy: false,
                });
            }
        }
        let array = self.path_operand(path, 0, span)?;
        Ok(Term::Load { array, subscripts: vec![], lazy: false })
    }

    fn subscripted(&mut self, base: &Expr, subscripts: &[Expr]) -> Result<Term> {
        let Some(array) = self.array(base, subscripts.len())? else { return Ok(Term::Error) };
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
            return Ok(Term::Error);
        }
        self.refuse_recurrence(base, &resolved)?;
        Ok(Term::Load { array, subscripts: resolved, lazy })
    }

    /// The array that is subscripted, a definition or an operand; none if it could not be read.
    fn array(&mut self, base: &Expr, rank: usize) -> Result<Option<Array>> {
        match &base.kind {
            ExprKind::Path(path) => {
                if let Some(ident) = &path.ident {
                    if self.index(ident).is_some() {
                        return Err(self.index_subscripted(ident));
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

    fn index_subscripted(&self, ident: &Ident) -> Diagnostic {
        if self.lets.contains_key(&Name::of(ident)) {
            return Diagnostic::new(
                ident.span(),
                format!("the index `{ident}` hides the array `{ident}` here"),
                format!("name the index otherwise than the `let`: `for {ident}` binds it"),
            );
        }
        Diagnostic::new(
            ident.span(),
            format!("index `{ident}` is subscripted"),
            format!(
                "an index is a number; subscript an array with it: `x[{ident}]`; if there is an array `{ident}`, name the index otherwise"
            ),
        )
    }

    fn dot(&mut self, left: &Expr, right: &Expr, span: Span) -> Result<Term> {
        for side in [left, right] {
            match side.kind {
                ExprKind::Path(_) | ExprKind::Rust(_) => {}
                ExprKind::Error => {}
                _ => {
                    return Err(Diagnostic::new(
                        side.span,
                        "`dot` takes two vectors by their names",
                        "give the vector a `let` of its own, `let a = [... for i];`, or write the sum: `sum(... for i)`",
                    ));
                }
            }
        }
        let (Some(left), Some(right)) = (self.array(left, 1)?, self.array(right, 1)?) else {
            return Ok(Term::Error);
        };
        let binder = self.hidden_binder(Ident::new("i", span));
        let mut side = |array| {
            self.run_over(binder, array, 0, span);
            Box::new(Term::Load {
                lazy: false,
                array,
                subscripts: vec![Subscript::Affine(Affine::index(binder))],
            })
        };
        let (left, right) = (side(left), side(right));
        Ok(Term::Reduce {
            reduction: Reduction::Sum,
            binders: vec![binder],
            body: Box::new(Term::Binary { operator: Operator::Mul, left, right }),
        })
    }

    fn function(&mut self, path: &Path, arguments: usize, span: Span) -> Result<Function> {
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
        let ops = self.ops;
        let known = ops.iter().map(|op| op.name.as_str());
        let special = Reduction::ALL.map(Reduction::name).into_iter().chain(["stop", "len", "dot"]);
        let near = nearest(&name, known.chain(special).chain(other_words()));
        let near = near.map(ToOwned::to_owned);
        let help = match (other_word(near.as_deref().unwrap_or(&name)), near) {
            (Some(help), _) => help.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!(
                "an op of your own is called by its path, `self::{name}(x)`; `microgpt::ops::TABLE` lists the built-in ones"
            ),
        };
        Err(Diagnostic::new(span, format!("unknown function `{name}`"), help))
    }

    // ------------------------------------------------------------ operands

    fn path_operand(&mut self, path: &Path, rank: usize, span: Span) -> Result<Array> {
        self.operand(path.tokens.clone(), path.last.clone(), Some(path), rank, span)
    }

    fn operand(
        &mut self,
        tokens: TokenStream,
        name: String,
        path: Option<&Path>,
        rank: usize,
        span: Span,
    ) -> Result<Array> {
        if rank > MAX_RANK {
            return Err(Diagnostic::new(
                span,
                format!("{rank} subscripts"),
                format!("arrays have at most {MAX_RANK} axes"),
            ));
        }
        let key = path.map(Path::key);
        if let Some(&(integers, id)) = key.as_ref().and_then(|key| self.by_tokens.get(key)) {
            if integers {
                return Err(integers_and_values(&name, span));
            }
            self.expect_rank(Array::Operand(id), rank, span)?;
            return Ok(Array::Operand(id));
        }
        self.checked.operands.push(Operand { tokens, name, rank, span });
        let id = self.checked.operands.len() - 1;
        if let Some(key) = key {
            self.by_tokens.insert(key, (false, id));
        }
        Ok(Array::Operand(id))
    }

    fn integer_operand(
        &mut self,
        tokens: TokenStream,
        name: String,
        path: Option<&Path>,
        rank: usize,
        span: Span,
    ) -> Result<usize> {
        let key = path.map(Path::key);
        if let Some(&(integers, id)) = key.as_ref().and_then(|key| self.by_tokens.get(key)) {
            if !integers {
                return Err(integers_and_values(&name, span));
            }
            let expected = self.checked.integers[id].rank;
            if expected != rank {
                return Err(ranks_differ(&name, expected, rank, span));
            }
            return Ok(id);
        }
        self.checked.integers.push(Operand { tokens, name, rank, span });
        let id = self.checked.integers.len() - 1;
        if let Some(key) = key {
            self.by_tokens.insert(key, (true, id));
        }
        Ok(id)
    }

    fn expect_rank(&self, array: Array, rank: usize, span: Span) -> Result<()> {
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

/// The axis that the values of an index make.
pub fn axis_of(binders: &[Binder], binder: usize) -> Axis {
    match &binders[binder].range {
        Range::Implied(Some(axis)) => *axis,
        Range::Implied(None) => Axis::Extent { binder },
        Range::Stated { low, high } => {
            // `0..=t` reaches as far as `t` does.
            let before = high.clone().plus(-1, &Affine::constant(1));
            match (low.as_constant(), before.as_index()) {
                (Some(0), Some(outer)) if matches!(binders[outer].range, Range::Implied(_)) => {
                    axis_of(binders, outer)
                }
                _ => Axis::Extent { binder },
            }
        }
    }
}

fn rust(tokens: &TokenStream) -> TokenStream {
    proc_macro2::Group::new(proc_macro2::Delimiter::Brace, tokens.clone()).into_token_stream()
}

fn count(n: usize, noun: &str) -> String {
    match (n, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "axis") => format!("{n} axes"),
        _ => format!("{n} {noun}s"),
    }
}

fn no_condition(span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        "a condition is not a number",
        "comparisons stand in an `if`: `if x > 0 { x } else { 0 }`",
    )
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

fn integers_and_values(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` is used both as integers and as values"),
        "give the numbers a name of their own in Rust: `let x = n as f64;`",
    )
}
