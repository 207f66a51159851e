//! Programs with mistakes in them: whatever the tokens, there is no panic, and what comes out is
//! either a report or Rust.
//!
//! The suite runs some thousand mutations; `MUTATIONS=1000000 cargo test --release -p microgpt-macros
//! mutations` runs as many as one likes, from the seed `MUTATION_SEED`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use microgpt::PythonRandom;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::tests::corpus::TEXTS;
use crate::tests::generate::{Shapes, program};
use crate::tests::input;

/// Tokens that replace others, valid in their places and not.
#[rustfmt::skip] // a word list
const POOL: &[&str] = &[
    "x", "y", "i", "j", "k", "t", "u", "v", "a", "b", "m", "w", "q", "c", "d", "ids", "n", "sum",
    "mean", "max", "min", "prod", "logsumexp", "norm", "dot", "len", "stop", "exp", "pow", "softmax", "let",
    "for", "in", "where", "if", "else", "and", "or", "as", "match", "fn", "_", "self", "Self", "super",
    "crate", "true", "r#type", "r#i", "r#a·b", "a·b", "u·v", "a·1", "a·2x", "a·", "a·b·c", "a·self",
    "r#a·self", "0", "1", "2", "3", "7", "-1", "1.0", "0.5", "1e0", "1e999", "5e3", "1_000", "0xff",
    "1u8", "1.5f32", "2x", "900000000000000", "99999999999999999999999", "4294967296", "\"s\"",
    "'c'", "b\"s\"", "'life", "+", "-", "*", "/", "^", "%", "!", "&", "|", "=", "<", ">", ".", ",",
    ";", ":", "::", "..", "..=", "==", "!=", "<=", ">=", "&&", "||", "#", "$", "?", "@", "~", "=>",
    "->", "**", "+=", "()", "[]", "{}", "(x)", "[i]", "[0]", "[i, j]", "{n}", "{n as f64}", "{{x}}",
    "((x))", "(a, b)", "[x[i] for i]", "for i", "for i, j", "for i in 0..3", "in 0..=i", "in i..3",
    "in 0..n", "in i - 1..i", "sum(x[i] for i)", "if x > 0 { x } else { 0 }", "let x = u;",
    "len(i)", "len(k)", "ids[i]", "x[ids[i]]", "#[explain]", "a.0", "a.0.1", "x.5e3", "x.\"s\"",
    "x.exp()", "x::y", "::x", "self.w",
];

struct Mutator {
    random: PythonRandom,
}

impl Mutator {
    fn below(&mut self, n: usize) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let drawn = (self.random.random() * n as f64) as usize;
        drawn.min(n.saturating_sub(1))
    }

    /// Tokens of the pool.
    fn drawn(&mut self) -> Vec<TokenTree> {
        let text = POOL[self.below(POOL.len())];
        TokenStream::from_str(text).map(|stream| stream.into_iter().collect()).unwrap_or_default()
    }

    /// One change, at this level or within a group of it.
    fn mutate(&mut self, trees: &mut Vec<TokenTree>) {
        let groups: Vec<usize> = (0..trees.len())
            .filter(
                |&at| matches!(&trees[at], TokenTree::Group(group) if !group.stream().is_empty()),
            )
            .collect();
        if !groups.is_empty() && self.below(3) > 0 {
            let at = groups[self.below(groups.len())];
            if let TokenTree::Group(group) = &trees[at] {
                let mut inner: Vec<_> = group.stream().into_iter().collect();
                self.mutate(&mut inner);
                trees[at] = Group::new(group.delimiter(), inner.into_iter().collect()).into();
            }
            return;
        }
        let at = self.below(trees.len() + 1);
        if at == trees.len() {
            trees.extend(self.drawn());
            return;
        }
        let second = self.below(trees.len());
        let to = at + 1 + self.below(trees.len() - at);
        match self.below(9) {
            0 => drop(trees.remove(at)),
            1 => trees.insert(at, trees[second].clone()),
            2 => trees.swap(at, second),
            3 | 4 => drop(trees.splice(at..=at, self.drawn())),
            5 => drop(trees.splice(at..at, self.drawn())),
            6 => {
                // What a `macro_rules!` passes on.
                let inner: TokenStream = trees.drain(at..to).collect();
                trees.insert(at, Group::new(Delimiter::None, inner).into());
            }
            7 => {
                let delimiters = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace];
                let inner: TokenStream = trees.drain(at..to).collect();
                trees.insert(at, Group::new(delimiters[self.below(3)], inner).into());
            }
            _ => {
                if let TokenTree::Group(group) = &trees[at] {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    trees.splice(at..=at, inner);
                } else {
                    trees[at] =
                        Ident::new(["i", "j", "k", "u"][self.below(4)], Span::call_site()).into();
                }
            }
        }
    }
}

/// Some valid program, and up to five changes to it.
fn mutated(seed: u64) -> TokenStream {
    let mut mutator = Mutator { random: PythonRandom::new(seed) };
    let text = match mutator.below(2) {
        0 => program(seed, &Shapes::default()),
        _ => TEXTS[mutator.below(TEXTS.len())].to_owned(),
    };
    let mut trees: Vec<_> = TokenStream::from_str(&text).expect("tokens").into_iter().collect();
    for _ in 0..=mutator.below(5) {
        mutator.mutate(&mut trees);
    }
    trees.into_iter().collect()
}

/// What is wrong with what becomes of these tokens.
fn fault(program: &TokenStream) -> Option<String> {
    let input = input(program);
    let expand = |input| crate::expand(input, crate::emit::emit);
    match catch_unwind(AssertUnwindSafe(|| expand(input))) {
        Err(panic) => Some(
            panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default(),
        ),
        Ok(output) => syn::parse2::<syn::Expr>(output)
            .err()
            .filter(|_| blocks_are_rust(program))
            .map(|error| format!("no Rust: {error}")),
    }
}

/// Whether all that stands in braces could be Rust: if it is not, the compiler says so.
fn blocks_are_rust(program: &TokenStream) -> bool {
    program.clone().into_iter().all(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            syn::parse2::<syn::Block>(TokenTree::Group(group).into()).is_ok()
        }
        TokenTree::Group(group) => blocks_are_rust(&group.stream()),
        _ => true,
    })
}

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs work on a stack as large as that of the compiler.
pub fn on_the_compilers_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(8 << 20).spawn_scoped(scope, work);
        match thread.expect("a thread").join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[test]
fn mutations_are_refused_or_compiled() {
    let first = variable("MUTATION_SEED", 0);
    let faults = on_the_compilers_stack(|| {
        let mut faults = Vec::new();
        for seed in first..first + variable("MUTATIONS", 4000) {
            let program = mutated(seed);
            if let Some(fault) = fault(&program) {
                faults.push(format!("seed {seed}: {program}\n  {fault}"));
            }
        }
        faults
    });
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
