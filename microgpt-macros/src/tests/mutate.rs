//! Whatever tokens are given to the compiler, it does not panic: it reports errors, or writes Rust.
//!
//! Valid programs are mutated as token streams. `MUTATIONS` in the environment says how many there are,
//! a million for one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use microgpt::PythonRandom;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::tests::generate::{Shapes, below, program};
use crate::tests::input;

/// Programs with what the random ones do not have.
const PROGRAMS: [&str; 8] = [
    "[mean(x[s] for s in t - 1..=t) for t in 0..3]",
    "let c = [10 * x[i, t] for i, t in 1..n]; [c[1, ids[k]] * len(t) for k]",
    "if (a + b) * 2 > c && !(a < b || c == 1) { ln(x) } else if a > 0 { 1 } else { {rust(b)} }",
    "let h = [sum(if t >= k { w[k] * x[t - k] } else { 0 } for k) for t in 0..3]; h[2]^-x.y.0",
    "(q·k / sqrt(d), dot(self.w, crate::b), [stop(x[i + {p}]) - ops::mish(x[i], 2e-3) for i in 0..=n - 1])",
    "[logsumexp(m[r, s] for r in 0..=t, s in r..=t) * prod(m[t, u] for u) for t]",
    "let s = max(v[i] for i); let s = s * len(i); -s^2^y",
    "[score[t, s] / total[t] for t, s in t + past + 1 - window..=t + past]",
];

/// What a mutation may put in the place of a token.
const ODD: &str = "r#fn r#type self Self super crate fn let for in if else as _ len sum max dot stop \
    · a·b a·2 ·a r#a·b 0 1 -1 1.5 1e999 0x1F 9999999999999999999 900000000000000 1u8 2x 'c' \"s\" 'l b'x' \
    + - * / ^ ! & | && || < > = == != <= >= . .. ..= : :: ; , # $ ? @ % ~ -> => [ ] ( ) { } [] () {} \
    [i] (i, j) {n} x i t y z";

struct Mutator {
    random: PythonRandom,
    odd: Vec<TokenTree>,
}

impl Mutator {
    fn below(&mut self, n: usize) -> usize {
        below(&mut self.random, n)
    }

    /// The same tokens with one change, here or in one of the groups.
    fn mutated(&mut self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let groups: Vec<usize> =
            (0..tokens.len()).filter(|&at| matches!(tokens[at], TokenTree::Group(_))).collect();
        if !groups.is_empty() && self.below(3) > 0 {
            let at = groups[self.below(groups.len())];
            let TokenTree::Group(group) = &tokens[at] else { unreachable!("a group was chosen") };
            let (delimiter, inside) = (group.delimiter(), self.mutated(group.stream()));
            tokens[at] = Group::new(delimiter, inside).into();
            return tokens.into_iter().collect();
        }
        let at = self.below(tokens.len() + 1);
        let other = self.below(tokens.len() + 1);
        let chosen = self.below(self.odd.len());
        let odd = self.odd[chosen].clone();
        match self.below(8) {
            0 if at < tokens.len() => drop(tokens.remove(at)),
            1 if at < tokens.len() => tokens.insert(other, tokens[at].clone()),
            2 if at < tokens.len() && other < tokens.len() => tokens.swap(at, other),
            3 | 4 if at < tokens.len() => tokens[at] = odd,
            5 => {
                // Delimiters around a part, most often such as nobody sees.
                let (from, to) = (at.min(other), at.max(other));
                let inside: TokenStream = tokens.drain(from..to).collect();
                let delimiter = match self.below(6) {
                    0 => Delimiter::Parenthesis,
                    1 => Delimiter::Bracket,
                    2 => Delimiter::Brace,
                    _ => Delimiter::None,
                };
                tokens.insert(from, Group::new(delimiter, inside).into());
            }
            6 if at < tokens.len() => {
                if let TokenTree::Group(group) = tokens[at].clone() {
                    tokens.splice(at..=at, group.stream());
                }
            }
            _ => tokens.insert(at, odd),
        }
        tokens.into_iter().collect()
    }
}

fn odd_tokens() -> Vec<TokenTree> {
    let words = ODD.split_whitespace().filter_map(|word| word.parse::<TokenStream>().ok());
    words.flatten().collect()
}

/// Runs all stages: whether the panic, if any, or what is written is as it should be.
fn check(tokens: TokenStream) -> Result<(), String> {
    let text = tokens.to_string();
    let expanded =
        catch_unwind(AssertUnwindSafe(|| crate::expand(input(&tokens), crate::emit::emit)));
    let expanded = expanded.map_err(|_| format!("a panic: {text}"))?;
    let is_rust = syn::parse2::<syn::Expr>(expanded).is_ok() || !is_rust_in_braces(tokens);
    is_rust.then_some(()).ok_or_else(|| format!("no Rust: {text}"))
}

/// Whether what stands in braces, which is the user's, is Rust.
fn is_rust_in_braces(tokens: TokenStream) -> bool {
    tokens.into_iter().all(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            syn::parse2::<syn::Block>(TokenTree::from(group).into()).is_ok()
        }
        TokenTree::Group(group) => is_rust_in_braces(group.stream()),
        _ => true,
    })
}

#[test]
fn the_compiler_does_not_panic() {
    let count: u64 =
        std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(4000);
    let mut mutator = Mutator { random: PythonRandom::new(count), odd: odd_tokens() };
    let mut mistakes = Vec::new();
    for seed in 0..count {
        let shapes = Shapes::default();
        let text = match usize::try_from(seed).unwrap_or(0) % 4 {
            0 => program(seed, &shapes),
            _ => PROGRAMS[mutator.below(PROGRAMS.len())].to_owned(),
        };
        let mut tokens: TokenStream = text.parse().expect("a valid program");
        for _ in 0..=mutator.below(3) {
            tokens = mutator.mutated(tokens);
        }
        if let Err(mistake) = check(tokens) {
            mistakes.push(mistake);
        }
        assert!(mistakes.len() < 10, "{}", mistakes.join("\n"));
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
