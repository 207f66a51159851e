//! Golden expansions: what small programs become, so that a change of generated code shows in review.
//!
//! `golden/NAME.expr` is a program, and `golden/NAME.rs` the body of the function that stands in its place.
//! `RENEW_GOLDEN=1 cargo test -p microgpt-macros golden` writes the second anew.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::tests::generate::{Shapes, program, recurrence};
use crate::tests::input;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/golden");

/// What a program becomes, formatted.
pub fn expansion(name: &str, program: &TokenStream) -> String {
    let (name, body) = (format_ident!("{name}"), crate::expand(input(program), crate::emit::emit));
    let file = syn::parse2(quote!(fn #name() #body)).expect("an expansion is Rust");
    prettyplease::unparse(&file)
}

#[test]
fn golden_expansions_are_what_programs_become() {
    let files = Path::new(FOLDER).read_dir().expect("a folder").map(|file| file.expect("a file"));
    let is_program = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "expr");
    let programs: Vec<_> = files.map(|file| file.path()).filter(is_program).collect();
    assert!(programs.len() >= 10, "{} programs", programs.len());
    let mut changed = Vec::new();
    for path in programs {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let program = std::fs::read_to_string(&path).expect("a program");
        let found = expansion(name, &program.parse().expect("tokens"));
        let golden = path.with_extension("rs");
        if std::env::var_os("RENEW_GOLDEN").is_some() {
            std::fs::write(&golden, &found).expect("the file can be written");
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != found {
            changed.push(name.to_owned());
        }
    }
    assert!(
        changed.is_empty(),
        "other expansions than before: {}; `RENEW_GOLDEN=1 cargo test -p microgpt-macros golden` \
         renews them, and `git diff` shows what changed",
        changed.join(", ")
    );
}

/// The methods that are called on values among these tokens.
fn methods(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut before: [Option<TokenTree>; 2] = [None, None];
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            if let [Some(TokenTree::Punct(dot)), Some(TokenTree::Ident(name))] = &before
                && dot.as_char() == '.'
                && group.delimiter() == Delimiter::Parenthesis
            {
                found.insert(name.to_string());
            }
            methods(group.stream(), found);
        }
        let [_, last] = before;
        before = [last, Some(token)];
    }
}

/// Of a method that borrows a value a trait of the user, for all types, might have another. These take the value that
/// they are called on, or a reference that it is.
#[test]
fn what_borrows_a_value_is_called_by_its_path() {
    let of_values = ["active", "below", "gradients", "values"];
    let of_slices = ["fill", "split_at", "split_at_mut"];
    let of_references = [
        "add",
        "after",
        "before",
        "difference",
        "max",
        "min",
        "number",
        "position",
        "range",
        "row",
        "take",
        "term",
        "total",
        "turn",
        "value",
    ];
    let of_equations =
        ["active", "and", "gradient_if", "lies", "reaches", "reads", "without_gradient"];
    let known = [&of_values[..], &of_slices, &of_references, &of_equations].concat();
    let shapes = Shapes::default();
    let programs = (0..400).map(|seed| program(seed, &shapes));
    let mut called = BTreeSet::new();
    for program in programs.chain((0..400).map(|seed| recurrence(seed, &shapes))) {
        let tokens = program.parse().expect("tokens");
        methods(crate::expand(input(&tokens), crate::emit::emit), &mut called);
    }
    called.retain(|name| !known.contains(&name.as_str()));
    assert_eq!(called, BTreeSet::new());
}
