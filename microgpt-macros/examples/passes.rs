//! What the compiler does to a program: its equations, the kernels after each pass, and with `--rust` the Rust
//! that it becomes.
//!
//! ```text
//! cargo run -p microgpt-macros --example passes -- '[sum(w[o, i] * x[t, i] for i) for t, o]'
//! cargo run -p microgpt-macros --example passes -- --rust 'sum(x[i]^2 for i)'
//! ```
//!
//! After a pass only the kernels that it changed are shown.

// A crate of macros knows it by itself.
extern crate proc_macro;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use proc_macro2::TokenStream;
use quote::quote;

use graph::notation::Notation;
use graph::{differentiate, equations, lower};
use syntax::{parse, report};

// A crate of macros exports nothing else, so the stages are compiled once more, as a part of this program.
#[path = "../src"]
#[allow(unused, clippy::all, clippy::pedantic)] // they are looked at where they are a crate of their own
mod stages {
    pub mod emit;
    pub mod graph;
    pub mod ids;
    pub mod nest;
    pub mod resolve;
    pub mod syntax;
    pub mod tuning;
}
use stages::{emit, graph, ids, nest, resolve, syntax, tuning};

fn main() -> ExitCode {
    let (flags, programs): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let shown = match (&programs[..], flags.iter().all(|flag| flag == "--rust")) {
        ([program], true) => show(program, !flags.is_empty()),
        _ => Err("usage: passes [--rust] PROGRAM".to_owned()),
    };
    match shown.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a text, or as much of it as is read: `passes ... | head` is no error.
fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("stdout: {error}")),
        _ => Ok(()),
    }
}

fn show(program: &str, rust: bool) -> Result<String, String> {
    let program: TokenStream = program.parse().map_err(|error| format!("{error}"))?;
    let ops = microgpt::ops::TABLE.iter().map(|op| {
        let arguments: Vec<&str> = op.arguments.iter().map(|(name, _)| *name).collect();
        format!("{}({})", op.name, arguments.join(" "))
    });
    let ops: TokenStream = ops.collect::<Vec<_>>().join(" ").parse().map_err(|_| "no ops")?;

    let mut report = report::Report::default();
    let (runtime, ops, program) = parse::parse(quote!([::microgpt] [#ops] #program), &mut report);
    let checked = resolve::check(&program, &ops, &resolve::Known::default(), &mut report);
    let checked = checked.filter(|_| report.is_empty()).ok_or(report.messages().join("\n"))?;
    let mut gradient = differentiate::differentiate(equations::equations(lower::lower(&checked)));

    let notation = Notation::new(&checked, &gradient);
    let computed: Vec<String> = notation.kernels();
    let mut text = String::from("equations\n\n");
    for line in &computed {
        say(&mut text, format_args!("  {line}"));
    }
    let mut before = BTreeMap::new();
    let kernels = nest::run(&mut gradient, nest::PASSES, &mut |gradient, pass, kernels| {
        let notation = Notation::new(&checked, gradient);
        say(&mut text, format_args!("\nafter {pass}"));
        let mut changes = 0;
        for (computed, kernel) in computed.iter().zip(kernels.all()) {
            let lines = nest::text::lines(&notation, kernel);
            if before.insert(computed, lines.clone()).as_ref() != Some(&lines) {
                changes += 1;
                say(&mut text, format_args!("\n  {computed}"));
                for line in lines {
                    say(&mut text, format_args!("    {line}"));
                }
            }
        }
        if changes == 0 {
            say(&mut text, format_args!("\n  as before"));
        }
    });
    if rust {
        let expansion = emit::emit(&runtime, &checked, &gradient, &kernels);
        let rust = match syn::parse2(quote!(fn program() { #expansion })) {
            Ok(file) => prettyplease::unparse(&file),
            Err(error) => format!("what it becomes is none: {error}\n\n{expansion}"),
        };
        say(&mut text, format_args!("\nRust\n\n{rust}"));
    }
    Ok(text)
}

/// Adds a line. A `String` takes them all.
fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{line}");
}
