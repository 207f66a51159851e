//! The compiler behind microgpt's `expr!`, one file a stage.
//!
//! | stage | from | to |
//! |---|---|---|
//! | `parse`, `path` | `tokens` | a syntax tree (`ast`) |
//! | `check` | syntax tree | resolved terms: every name an index, a `let` or an operand |
//! | `lower` | terms | hash-consed nodes (`graph`) |
//! | `equations` | nodes | one equation for each array worth computing |
//! | `differentiate` | equations | accumulations: what each adds to which gradient |
//! | `schedule` | equations, accumulations | loop nests |
//! | `emit`, `loops`, `functions` | loop nests | Rust |
//!
//! Errors of all stages go to a `report`, so that one compilation shows all of them.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod ast;
mod check;
mod differentiate;
mod emit;
mod equations;
mod functions;
mod graph;
mod loops;
mod lower;
#[cfg(test)]
mod notation;
mod parse;
mod path;
mod report;
mod schedule;
mod term;
mod tokens;

/// The engine of `microgpt::expr!`, which passes the path of its own crate and the names of the
/// ops before the equations: `[crate path] [op(argument ...) ...] equations`.
#[proc_macro]
pub fn compile(input: TokenStream) -> TokenStream {
    expand(input.into()).into()
}

fn expand(input: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut report = report::Report::default();
    let (runtime, ops, program) = parse::parse(input, &mut report);
    let checked = check::check(&program, &ops, &mut report);
    let Some(checked) = checked.filter(|_| report.is_empty()) else {
        return report.into_tokens();
    };
    let graph = lower::lower(&checked);
    let gradient = differentiate::differentiate(graph);
    let nests = schedule::schedule(&gradient);
    emit::emit(&runtime, &checked, &gradient, &nests)
}

#[cfg(test)]
mod tests;
