//! What a signature says of the names in the equations: the axes of the arguments, the ranges of indices,
//! and the axes of the results.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

use super::{Checker, Holds, OperandOf, count};
use crate::resolve::hir::{Array, Axis, AxisUse, BinderId, Integer, Label, Operand, Range};
use crate::syntax::ast::{self, Expr, ExprKind};
use crate::syntax::name::{hygiene, named_as, plain};
use crate::syntax::report::Diagnostic;
use crate::syntax::suggest::nearest;

/// A signature, as far as the equations are concerned. Of `expr!` there is none.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The name of the layer.
    pub layer: Option<String>,
    /// The file and the line of its name.
    pub place: Option<(String, usize)>,
    pub arguments: Vec<Argument>,
    /// What stands after `where`.
    pub ranges: &'a [StatedRange],
    /// The axes of each result, if they could be read.
    pub results: Option<Vec<Vec<NamedAxis>>>,
    /// Whether the results are declared as a tuple.
    pub tuple: bool,
}

#[derive(Debug)]
pub struct Argument {
    pub name: Ident,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    Values(Vec<NamedAxis>),
    Ids(Vec<NamedAxis>),
    Conditions(Vec<NamedAxis>),
    /// A `usize`.
    Integer,
    /// Another type of Rust, or one that could not be read.
    Other,
}

/// An axis as it was written.
#[derive(Clone, Debug)]
pub struct NamedAxis {
    pub label: Label,
    pub span: Span,
}

/// `s in 0..=t`
#[derive(Debug)]
pub struct StatedRange {
    pub name: Ident,
    pub range: ast::Range,
}

impl Argument {
    fn axes(&self) -> &[NamedAxis] {
        match &self.what {
            What::Values(axes) | What::Ids(axes) | What::Conditions(axes) => axes,
            What::Integer | What::Other => &[],
        }
    }

    /// The key of a path that names it.
    fn key(&self) -> String {
        format!("{} {}", hygiene(self.name.span()), self.name)
    }

    pub(super) fn wrong_rank(&self, subscripts: usize, span: Span) -> Diagnostic {
        let (name, axes) = (&self.name, self.axes());
        let with_all = format!("{name}{}", shown(axes.iter().map(|axis| &axis.label)));
        let subscripted = axes.iter().enumerate().map(|(at, axis)| match &axis.label {
            Label::Letter(letter) => letter.clone(),
            Label::Number(_) => ["i", "j", "k", "l", "m", "n"][at].to_owned(),
        });
        let subscripted = format!("{name}[{}]", subscripted.collect::<Vec<_>>().join(", "));
        if axes.is_empty() {
            let (what, array) = match self.what {
                What::Integer => ("integer", "&[usize; t]"),
                _ => ("number", "[i]"),
            };
            return Diagnostic::new(
                span,
                format!("`{name}` is a single {what} in the signature, but an array here"),
                format!("write `{name}` alone, or declare its axes: `{name}: {array}`"),
            );
        }
        let message = match subscripts {
            0 => format!("`{name}` is an array with {}", count(axes.len(), "axis")),
            _ => format!(
                "`{with_all}` has {}, but {} here",
                count(axes.len(), "axis"),
                count(subscripts, "subscript")
            ),
        };
        Diagnostic::new(
            span,
            message,
            format!("write one subscript for each axis: `{subscripted}`"),
        )
    }
}

/// Axes in brackets.
pub fn shown<'a>(labels: impl Iterator<Item = &'a Label>) -> String {
    format!("[{}]", labels.map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

pub(super) fn values_as_ids(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        span,
        format!("`{name}` holds numbers, and no integers"),
        format!(
            "ids are declared `{name}: &[usize; t] in 0..v`, an integer `{name}: usize in 0..4`"
        ),
    )
}

impl Known<'_> {
    /// The arguments that are integers, whatever the equations use them as, by their keys.
    pub(super) fn integers(&self) -> impl Iterator<Item = (String, &Argument)> {
        let is_integer = |argument: &&Argument| matches!(argument.what, What::Integer);
        self.arguments.iter().filter(is_integer).map(|argument| (argument.key(), argument))
    }

    pub(super) fn integer(&self, key: &str) -> Option<&Argument> {
        self.integers().find_map(|(known, argument)| (known == key).then_some(argument))
    }
}

impl Checker<'_> {
    /// Makes operands of the arguments, and an index for each letter, over all axes called so.
    pub(super) fn declare(&mut self) {
        let known = self.known;
        for argument in &known.arguments {
            let ident = &argument.name;
            let (name, span) = (plain(ident), ident.span());
            let operand = Operand {
                tokens: ident.to_token_stream(),
                name,
                rank: argument.axes().len(),
                span,
            };
            let operand = match argument.what {
                What::Values(_) => OperandOf::Values(self.checked.operands.push(operand)),
                What::Ids(_) => {
                    OperandOf::Integers(self.checked.integers.push(operand), Holds::Ids)
                }
                What::Conditions(_) => {
                    let id = self.checked.integers.push(operand);
                    self.checked.conditions.insert(id);
                    OperandOf::Integers(id, Holds::Conditions)
                }
                What::Integer | What::Other => continue,
            };
            self.by_tokens.insert(argument.key(), operand);
            for (axis, named) in argument.axes().iter().enumerate() {
                let axis = match operand {
                    OperandOf::Values(operand) => Axis::Operand { operand, axis },
                    OperandOf::Integers(operand, _) => Axis::Integers { operand, axis },
                };
                self.call_axis(axis, named);
            }
        }
    }

    fn call_axis(&mut self, axis: Axis, named: &NamedAxis) {
        self.labels.insert(axis, named.label.clone());
        let Label::Letter(letter) = &named.label else { return };
        let binder = self.letters.get(letter).copied().unwrap_or_else(|| {
            let binder = self.stand_in(named_as(letter, named.span));
            self.checked.binders[binder].range = Range::Implied(Some(axis));
            self.letters.insert(letter.clone(), binder);
            binder
        });
        self.checked.axis_uses.push(AxisUse { binder, axis, span: named.span });
    }

    /// The range of an index without one of its own: that of the `where`, else the axes of the signature
    /// that are called so; without either it is found where the index subscripts.
    pub(super) fn known_range(&mut self, name: &Ident) -> Range {
        let (known, text) = (self.known, plain(name));
        if let Some(stated) = known.ranges.iter().find(|stated| plain(&stated.name) == text) {
            self.ranged.insert(text);
            self.by_where = Some(name.clone());
            let range = self.range(name, &stated.range);
            self.by_where = None;
            return range.unwrap_or_else(|diagnostic| {
                self.report.push(diagnostic);
                Range::stated(Integer::constant(0), Integer::constant(0))
            });
        }
        self.known_range_of_letter(name)
    }

    pub(super) fn known_range_of_letter(&self, name: &Ident) -> Range {
        let binder = self.letters.get(&plain(name));
        binder.map_or(Range::Implied(None), |&binder| self.checked.binders[binder].range.clone())
    }

    /// A letter of the signature in a range, where no `for` binds it.
    pub(super) fn letter_alone(&self, ident: &Ident) -> Option<Diagnostic> {
        let text = plain(ident);
        let is_index = self.letters.contains_key(&text)
            || self.known.ranges.iter().any(|stated| plain(&stated.name) == text);
        if !is_index {
            return None;
        }
        Some(match &self.by_where {
            Some(binder) => Diagnostic::new(
                binder.span(),
                format!(
                    "the `where` says how far `{binder}` runs by `{ident}`, which no `for` around it binds"
                ),
                format!(
                    "bind it before `{binder}`, `for {ident}, {binder}`, or give `{binder}` another range here: `for {binder} in 0..n`"
                ),
            ),
            None => Diagnostic::new(
                ident.span(),
                format!(
                    "`{ident}` is an axis of the signature, and no `for` around it binds that index"
                ),
                format!(
                    "its length is `len({ident})`; as an index it is bound before it is named: `for {ident}, s in 0..={ident}`"
                ),
            ),
        })
    }

    /// Whether the axes that an index would run over have different names in the signature. Then their
    /// types are two.
    pub(super) fn refuses_axis(&mut self, index: BinderId, axis: Axis, span: Span) -> bool {
        let binder = &self.checked.binders[index];
        let Range::Implied(Some(first)) = binder.range else { return false };
        let (Some(first_label), Some(label)) = (self.labels.get(&first), self.labels.get(&axis))
        else {
            return false;
        };
        if first_label == label {
            return false;
        }
        let name = plain(&binder.name);
        let this = self.checked.axis_name(axis);
        let runs = if *first_label == Label::Letter(name.clone()) {
            format!("`{name}` runs over the axes called `{name}`")
        } else {
            format!("`{name}` runs over `{first_label}`, {}", self.checked.axis_name(first))
        };
        self.report.error(
            span,
            format!("{runs}, but {this} is `{label}`"),
            "an index runs over axes of one length: call both by one letter in the signature, or use an index for each",
        );
        true
    }

    /// Tells of an argument whose subscripts are the letters of its axes in another order, each the index over
    /// its own letter.
    pub(super) fn in_another_order(&self, array: Array, subscripts: &[Expr]) -> Option<Diagnostic> {
        let Array::Operand(operand) = array else { return None };
        let name = &self.checked.operands[operand].name;
        let declared = self.declared(name)?.axes();
        let letters = declared.iter().map(|axis| match &axis.label {
            Label::Letter(letter) => Some(letter.clone()),
            Label::Number(_) => None,
        });
        let letters: Vec<String> = letters.collect::<Option<_>>()?;
        let index = |subscript: &Expr| match &subscript.kind {
            ExprKind::Path(path) => {
                let name = path.ident.as_ref()?;
                let Range::Implied(Some(axis)) = self.checked.binders[self.index(name)?].range
                else {
                    return None;
                };
                let text = plain(name);
                let own = Label::Letter(text.clone());
                (self.labels.get(&axis) == Some(&own)).then_some(text)
            }
            _ => None,
        };
        let found: Vec<String> = subscripts.iter().map(index).collect::<Option<_>>()?;
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        if found == letters || sorted(&found) != sorted(&letters) {
            return None;
        }
        let moved = found.iter().zip(&letters).position(|(found, letter)| found != letter)?;
        let (found, letters) = (found.join(", "), letters.join(", "));
        Some(Diagnostic::new(
            subscripts[moved].span,
            format!("`{name}` is `[{letters}]` in the signature, but `[{found}]` here"),
            format!("write `{name}[{letters}]`, or declare `{name}: [{found}]`"),
        ))
    }

    // ------------------------------------------------------------ arguments

    /// The argument of this name, if the signature says its axes.
    pub(super) fn declared(&self, name: &str) -> Option<&Argument> {
        let is_it = |argument: &&Argument| {
            !matches!(argument.what, What::Other) && plain(&argument.name) == name
        };
        self.known.arguments.iter().find(is_it)
    }

    /// Notes which arguments stand in some Rust.
    pub(super) fn note_uses(&mut self, tokens: &TokenStream) {
        if self.known.arguments.is_empty() {
            return;
        }
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(ident) => {
                    self.used.insert(plain(&ident));
                }
                TokenTree::Group(group) => self.note_uses(&group.stream()),
                _ => {}
            }
        }
    }

    /// Tells of arguments and ranges that no equation uses, unless something else is wrong.
    pub(super) fn require_uses(&mut self) {
        if !self.report.is_empty() || self.unread > 0 {
            return;
        }
        let known = self.known;
        for stated in known.ranges {
            let name = &stated.name;
            if self.ranged.contains(&plain(name)) {
                continue;
            }
            let indices: Vec<String> = self
                .checked
                .binders
                .enumerate()
                .filter(|(id, _)| !self.stand_ins.contains(id))
                .map(|(_, binder)| plain(&binder.name))
                .collect();
            let is_bound = indices.iter().any(|index| *index == plain(name));
            let long = indices.iter().map(String::as_str).filter(|index| index.len() > 1);
            let near = nearest(&plain(name), long);
            let (message, help) = if is_bound {
                (
                    format!(
                        "the range of `{name}` is not used: every `for {name}` has one of its own"
                    ),
                    "leave it out here, or there".to_owned(),
                )
            } else {
                (
                    format!("`{name}` is no index: no `for` binds that name"),
                    match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("bind it, `for {name}`, or leave its range out"),
                    },
                )
            };
            self.report.error(name.span(), message, help);
        }
        for argument in &known.arguments {
            let name = plain(&argument.name);
            if !self.used.contains(&name) && !name.starts_with('_') {
                self.report.error(
                    argument.name.span(),
                    format!("the argument `{name}` is never used"),
                    format!("use it in the equations, leave it out, or call it `_{name}`"),
                );
            }
        }
    }
}
