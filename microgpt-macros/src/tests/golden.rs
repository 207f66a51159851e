//! Golden expansions: what small programs become, so that a change of generated code shows in review.
//!
//! `golden/NAME.expr` is a program, and `golden/NAME.rs` the body of the function that stands in its place.
//! `RENEW_GOLDEN=1 cargo test -p microgpt-macros golden` writes the second anew.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

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
