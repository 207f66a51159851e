//! The results against the signature: how many, with how many axes, and in which order.

use proc_macro2::Span;

use super::known::{NamedAxis, shown};
use super::{Checker, axis_of, count};
use crate::resolve::hir::{BinderId, DefinitionId, Label, Range, ResultAxis};
use crate::syntax::ast::{self, Expr, ExprKind, Program};
use crate::syntax::name::plain;
use crate::syntax::report::Diagnostic;

impl Checker<'_> {
    /// Compares the indices of the results with what the signature says.
    pub(super) fn compare_results(&mut self, program: &Program) {
        let Some(declared) = &self.known.results else { return };
        let results = &program.results;
        if results.iter().any(|result| matches!(result.kind, ExprKind::Error)) || results.is_empty()
        {
            return;
        }
        if results.len() != declared.len() || program.tuple != self.known.tuple {
            let count = |n, tuple| match (n, tuple) {
                (1, false) => "one result".to_owned(),
                (1, true) => "a tuple of one result".to_owned(),
                (n, _) => format!("{n} results"),
            };
            self.report.error(
                results[0].span,
                format!(
                    "the equations have {}, but the signature says {}",
                    count(results.len(), program.tuple),
                    count(declared.len(), self.known.tuple)
                ),
                "several results are declared `-> ([t, i], [t])`, and the last line is `(one, other)`",
            );
            return;
        }
        for (position, (result, axes)) in results.iter().zip(declared).enumerate() {
            let id = self.checked.results[position];
            match self.compare_result(id, result, axes) {
                Ok(axes) => self.checked.result_axes.push(axes),
                Err(mistake) => self.report.push(mistake),
            }
        }
    }

    fn compare_result(
        &self,
        id: DefinitionId,
        result: &Expr,
        declared: &[NamedAxis],
    ) -> Result<Vec<ResultAxis>, Diagnostic> {
        let in_signature = shown(declared.iter().map(|axis| &axis.label));
        let ExprKind::Comprehension { indices, .. } = &result.kind else {
            // After another mistake it may not be what it seems.
            if declared.is_empty() || !self.report.is_empty() {
                return Ok(Vec::new());
            }
            let of_all = declared.iter().map(|axis| axis.label.to_string()).collect::<Vec<_>>();
            return Err(Diagnostic::new(
                result.span,
                format!("the result is a single number, but `{in_signature}` in the signature"),
                format!(
                    "an array says which indices it has, `[... for {}]`; a single number is declared `-> []`",
                    of_all.join(", ")
                ),
            ));
        };
        let names: Vec<String> = indices.iter().map(|index| plain(&index.name)).collect();
        let by_names = format!("[{}]", names.join(", "));
        let first = indices.first().map_or(result.span, |index| index.name.span());
        if declared.is_empty() {
            return Err(Diagnostic::new(
                first,
                format!(
                    "the result is an array, `{by_names}`, but a single number, `[]`, in the signature"
                ),
                format!("declare its axes: `-> {by_names}`"),
            ));
        }
        if indices.len() != declared.len() {
            return Err(Diagnostic::new(
                first,
                format!(
                    "the result has {}, `{by_names}`, but {} in the signature, `{in_signature}`",
                    count(indices.len(), "axis"),
                    declared.len()
                ),
                format!(
                    "declare the axes that it has, `-> {by_names}`, or bind an index for each: `for {}`",
                    in_signature.trim_matches(['[', ']'])
                ),
            ));
        }
        // After another mistake the ranges may not be what they seem.
        if !self.report.is_empty() || self.unread > 0 {
            return Ok(Vec::new());
        }
        let axes = &self.checked.definitions[id].axes;
        let pairs = declared.iter().zip(indices).zip(axes).enumerate();
        pairs
            .map(|(at, ((named, index), &binder))| {
                self.result_axis(at, named, index, binder)?.ok_or_else(|| {
                    let all = self.axes_of_result(axes, &names);
                    other_axes(at, index.name.span(), named, &all, &in_signature)
                })
            })
            .collect()
    }

    /// What an axis of a result is; none if it is another one than the signature says.
    fn result_axis(
        &self,
        at: usize,
        named: &NamedAxis,
        index: &ast::Binder,
        binder: BinderId,
    ) -> Result<Option<ResultAxis>, Diagnostic> {
        let (name, span) = (plain(&index.name), index.name.span());
        let found = self.labels.get(&axis_of(&self.checked.binders, binder));
        let is_stated = |letter: &String| {
            name == *letter
                && index.range.is_none()
                && self.known.ranges.iter().any(|stated| plain(&stated.name) == *letter)
        };
        Ok(Some(match (&named.label, found) {
            (Label::Letter(letter), Some(found)) if is_stated(letter) => {
                ResultAxis::Of(found.clone())
            }
            (Label::Letter(letter), None) if is_stated(letter) => ResultAxis::Length,
            (declared, Some(found)) if declared == found => ResultAxis::Of(found.clone()),
            (_, Some(_)) => return Ok(None),
            (Label::Number(number), None) => {
                let length = self.literal_length(binder);
                if length == i64::try_from(*number).ok() {
                    return Ok(Some(ResultAxis::Fixed(*number)));
                }
                let runs = match length {
                    Some(length) => format!("takes {length} values"),
                    None => "runs over a range".to_owned(),
                };
                return Err(Diagnostic::new(
                    span,
                    format!(
                        "axis {at} of the result is {number} long in the signature, but `{name}` {runs}"
                    ),
                    format!(
                        "say it in numbers, `for {name} in 0..{number}`, or give the axis a letter"
                    ),
                ));
            }
            (Label::Letter(letter), None) => {
                return Err(Diagnostic::new(
                    span,
                    format!(
                        "axis {at} of the result is `{letter}` in the signature, but `{name}` has a range of its own"
                    ),
                    format!(
                        "`for {letter}` without a range runs over the axes called `{letter}`; a result of another length has a letter whose range the signature says: `-> [u]` and `where u in 0..n`"
                    ),
                ));
            }
        }))
    }

    /// The axes of a result as the signature would call them.
    fn axes_of_result(&self, axes: &[BinderId], names: &[String]) -> Vec<String> {
        let label = |(&binder, name): (&BinderId, &String)| {
            let label = self.labels.get(&axis_of(&self.checked.binders, binder));
            label.map_or_else(|| name.clone(), ToString::to_string)
        };
        axes.iter().zip(names).map(label).collect()
    }

    /// How many values a range has whose ends are written in numbers.
    fn literal_length(&self, binder: BinderId) -> Option<i64> {
        match &self.checked.binders[binder].range {
            Range::Stated { low, high } => Some(high.as_constant()? - low.as_constant()?),
            Range::Implied(_) => None,
        }
    }
}

fn other_axes(
    at: usize,
    span: Span,
    named: &NamedAxis,
    all: &[String],
    in_signature: &str,
) -> Diagnostic {
    let by_labels = format!("[{}]", all.join(", "));
    let sorted = |text: &str| {
        let mut all: Vec<_> = text.trim_matches(['[', ']']).split(", ").collect();
        all.sort_unstable();
        all.join(", ")
    };
    let message = if sorted(&by_labels) == sorted(in_signature) {
        format!("the result is `{by_labels}` by its `for`, but `{in_signature}` in the signature")
    } else {
        let (found, declared) = (&all[at], &named.label);
        format!(
            "axis {at} of the result is `{found}` by its `for`, but `{declared}` in the signature"
        )
    };
    let help = format!(
        "the outermost axis comes first: declare `-> {by_labels}`, or bind the indices in the order of the signature"
    );
    Diagnostic::new(span, message, help)
}
