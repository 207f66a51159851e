//! What the page of a layer says after the user's own words: shapes and panics.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::arguments::{Axis, Kind, shown};
use super::function::names_first;
use super::signature::Declaration;
use crate::graph::differentiate::Gradient;
use crate::graph::notation::Notation;
use crate::resolve::hir::{Array, Checked};
use crate::syntax::name::plain;

pub fn docs(declaration: &Declaration, checked: &Checked, gradient: &Gradient) -> TokenStream {
    let mut lines: Vec<String> = Vec::new();
    if declaration.attributes.iter().any(|attribute| names_first(attribute, "doc")) {
        lines.push(String::new());
    }
    lines.extend(["# Shapes".into(), String::new(), shapes(declaration)]);
    let panics = panics(declaration, checked, gradient);
    if !panics.is_empty() {
        lines.extend([String::new(), "# Panics".into(), String::new()]);
        lines.extend(panics.into_iter().map(|panic| format!("- {panic}")));
    }
    let lines =
        lines.into_iter().map(|line| if line.is_empty() { line } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

fn shapes(declaration: &Declaration) -> String {
    let arguments = declaration
        .arguments
        .iter()
        .map(|argument| format!("`{}: {}`", plain(&argument.name), argument.kind.text()));
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let results: Vec<String> =
        declaration.results.iter().flatten().map(|axes| shown(axes)).collect();
    let results = results.join(", ");
    let results = if declaration.tuple { format!("({results})") } else { results };
    let ranges = match &declaration.where_text[..] {
        [] => String::new(),
        ranges => format!(", where {}", ranges.join(", ")),
    };
    format!("{arguments} → `{results}`{ranges}.")
}

fn panics(declaration: &Declaration, checked: &Checked, gradient: &Gradient) -> Vec<String> {
    let mut panics = Vec::new();
    let mut several: Vec<String> = Vec::new();
    let axes = || declaration.arguments.iter().flat_map(|argument| argument.kind.axes());
    for letter in declaration.letters().into_iter().map(plain) {
        let is_it = |axis: &&Axis| matches!(axis, Axis::Letter(name) if plain(name) == letter);
        if axes().filter(is_it).count() > 1 {
            several.push(format!("`{letter}`"));
        }
    }
    if let Some(last) = several.pop() {
        let all =
            if several.is_empty() { last } else { format!("{} or {last}", several.join(", ")) };
        panics.push(format!("If the axes called {all} are not equally long."));
    }
    let mut seen = BTreeSet::new();
    for bound in &checked.bounds {
        let (Array::Operand(operand), Some(integers)) = (bound.array, bound.subscript.as_id())
        else {
            continue;
        };
        let ids = &checked.integers[integers].name;
        let text = format!(
            "If an id in `{ids}` is not below the length of axis {} of `{}`.",
            bound.axis, checked.operands[operand].name
        );
        if seen.insert(text.clone()) {
            panics.push(text);
        }
    }
    let notation = Notation::new(checked, gradient);
    for bound in &gradient.equations.bounds {
        if bound.subscript.as_id().is_none() {
            let text =
                format!("If `{}` is not on {}.", notation.integer(&bound.subscript), bound.name);
            if seen.insert(text.clone()) {
                panics.push(text);
            }
        }
    }
    for equation in gradient.equations.iter() {
        for requirement in &equation.requirements {
            let text = format!(
                "If `{}` is asked for over no value of `{}`.",
                requirement.reduction, requirement.index
            );
            if seen.insert(text.clone()) {
                panics.push(text);
            }
        }
    }
    let tracked =
        declaration.arguments.iter().filter(|argument| matches!(argument.kind, Kind::Array(_)));
    if tracked.count() > 1 {
        panics.push("If the arguments are not on one tape.".into());
    }
    panics
}
