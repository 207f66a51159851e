//! The declarations of `layer!`: functions around equations.
//!
//! | module | from | to |
//! |---|---|---|
//! | `signature`, `arguments`, `draws` | tokens | a [`Declaration`](signature::Declaration) |
//! | `function`, `usual` | a declaration and its equations | the function, which chooses usual lengths |
//! | `docs` | the same | what its page says of shapes and panics |
//! | `proof` | a declaration | the test that proves its gradient |
//!
//! After a mistake there is a function still, so that who calls it hears nothing of it.

pub mod arguments;
mod docs;
mod draws;
mod function;
mod proof;
pub mod signature;
mod usual;

use proc_macro2::{Delimiter, Span, TokenStream};

use crate::graph::differentiate::differentiate;
use crate::graph::equations::equations;
use crate::graph::lower::lower;
use crate::nest;
use crate::syntax::depth;
use crate::syntax::parse;
use crate::syntax::report::Report;
use crate::syntax::tokens::Tokens;
use crate::{emit, explain, resolve};

use signature::{Declaration, FORM};

/// All declarations of one `layer!`.
pub fn layer(input: TokenStream) -> TokenStream {
    let mut report = Report::default();
    if let Err(too_deep) = depth::check(&input) {
        report.push(too_deep);
        return report.into_items();
    }
    let mut tokens = Tokens::new(input, Span::call_site());
    let mut header = || tokens.group(Delimiter::Bracket).map(|group| group.stream());
    let runtime = header().unwrap_or_default();
    let ops = parse::ops(header().unwrap_or_default());
    tokens.end = tokens.last_span().unwrap_or(tokens.end);
    if tokens.at_end() {
        report.error(tokens.end, "`layer!` is empty", FORM);
        return report.into_items();
    }
    let mut items = TokenStream::new();
    while !tokens.at_end() {
        let mut declaration = Declaration::parse(&mut tokens, &mut report);
        for mistake in tokens.mistakes.drain(..) {
            report.push(mistake);
        }
        let mistakes = std::mem::take(&mut report);
        items.extend(declared(&runtime, &ops, &mut declaration, mistakes));
    }
    items
}

/// One function with what belongs to it, or with its mistakes.
fn declared(
    runtime: &TokenStream,
    ops: &[parse::Op],
    declaration: &mut Declaration,
    mut report: Report,
) -> TokenStream {
    let body = declaration.body.take();
    let checked = body.and_then(|body| {
        let known = declaration.known();
        let program = parse::equations(body.stream(), body.span_close(), &mut report);
        resolve::check(&program, ops, &known, &mut report)
    });
    let Some(checked) = checked.filter(|_| report.is_empty()) else {
        return function::stand_in(runtime, declaration, report);
    };
    let mut gradient = differentiate(equations(lower(&checked)));
    let kernels = nest::kernels(&mut gradient);
    if declaration.explain {
        let text = explain::explain(&checked, &gradient, &kernels);
        eprintln!("{}:\n{text}", declaration.name_text());
    }
    let equations = emit::emit(runtime, &checked, &gradient, &kernels);
    let docs = docs::docs(declaration, &checked, &gradient);
    let function = function::function(runtime, declaration, &checked, &equations, &docs);
    let proof = proof::proof(runtime, declaration);
    quote::quote!(#function #proof)
}
