//! The compiler behind microgpt's `expr!`, one file a stage.
//!
//! | stage | from | to |
//! |---|---|---|
//! | `syntax` | tokens | a syntax tree |
//! | `resolve` | syntax tree | values (`hir`): every name an index, a `let` or an operand |
//! | `graph::lower` | values | hash-consed nodes over operands and definitions |
//! | `graph::equations`, `graph::requirements` | nodes | one equation for each array worth computing; definitions are gone |
//! | `graph::differentiate` | equations | accumulations: what each adds to which gradient |
//! | `nest` | equations, accumulations | kernels (`nest::ir`), by passes from loops to loops |
//! | `emit` | kernels | Rust |
//! | `explain` | all of it | text for people |
//!
//! `op` reads the declarations of `op!`. `layer` reads those of `layer!`: the signature, which `resolve`
//! then knows, and around the equations the function, its docs and its gradient check. `ids` has vectors which
//! only ids of one kind index, such as those of nodes. Errors of all stages go to a `syntax::report`, so that
//! one compilation shows all of them.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use quote::ToTokens;

use graph::differentiate::{self, Gradient};
use graph::{equations, lower};
use nest::Kernels;
use resolve::hir::Checked;
use syntax::{depth, parse, report};

mod emit;
mod explain;
mod graph;
mod ids;
mod layer;
mod nest;
mod op;
mod resolve;
mod syntax;
mod tuning;

/// The engine of `microgpt::expr!`, which passes the path of its own crate and the names of the
/// ops before the equations: `[crate path] [op(argument ...) ...] equations`.
#[proc_macro]
pub fn compile(input: TokenStream) -> TokenStream {
    expand(input.into(), emit::emit).into()
}

/// The engine of `microgpt::explain!`: from the same input the text of what the compiler makes.
#[proc_macro]
pub fn explain(input: TokenStream) -> TokenStream {
    expand(input.into(), |_, checked, gradient, kernels| {
        proc_macro2::Literal::string(&explain::explain(checked, gradient, kernels))
            .into_token_stream()
    })
    .into()
}

/// The engine of `microgpt::op!`: `[crate path] declaration`.
#[proc_macro]
pub fn op(input: TokenStream) -> TokenStream {
    op::op(input.into()).into()
}

/// The engine of `microgpt::layer!`: `[crate path] [op(argument ...) ...] declarations`.
#[proc_macro]
pub fn layer(input: TokenStream) -> TokenStream {
    layer::layer(input.into()).into()
}

/// Runs all stages but the last.
fn expand(
    input: proc_macro2::TokenStream,
    emit: fn(&proc_macro2::TokenStream, &Checked, &Gradient, &Kernels) -> proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let mut report = report::Report::default();
    if let Err(too_deep) = depth::check(&input) {
        report.push(too_deep);
        return report.into_tokens();
    }
    let (runtime, ops, program) = parse::parse(input, &mut report);
    let checked = resolve::check(&program, &ops, &resolve::Known::default(), &mut report);
    let Some(checked) = checked.filter(|_| report.is_empty()) else {
        return report.into_tokens();
    };
    let equations = equations::equations(lower::lower(&checked));
    let mut gradient = differentiate::differentiate(equations);
    let kernels = nest::kernels(&mut gradient);
    if program.explain {
        eprintln!("{}", explain::explain(&checked, &gradient, &kernels));
    }
    emit(&runtime, &checked, &gradient, &kernels)
}

#[cfg(test)]
mod tests;
