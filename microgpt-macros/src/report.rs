//! Errors, collected over the stages and turned into compiler messages at the end.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// One error: what is wrong with which token, and how to mend it.
#[derive(Debug)]
pub struct Diagnostic {
    pub span: Span,
    pub message: String,
    pub help: String,
}

impl Diagnostic {
    pub fn new(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: help.into() }
    }
}

/// The errors so far.
#[derive(Debug, Default)]
pub struct Report(Vec<Diagnostic>);

impl Report {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::new(span, message, help));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub fn messages(&self) -> Vec<&str> {
        self.0.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
    }

    /// One `compile_error!` for each. The last is the value of the block: the compiler takes it
    /// for one of whatever type is asked for, so that no second error follows.
    pub fn into_tokens(self) -> TokenStream {
        let errors = self.errors();
        quote::quote!({ #(#errors);* })
    }

    /// One `compile_error!` for each, where items stand.
    pub fn into_items(self) -> TokenStream {
        let errors = self.errors();
        quote::quote!(#(#errors;)*)
    }

    fn errors(self) -> impl Iterator<Item = TokenStream> {
        self.0.into_iter().map(|Diagnostic { span, message, help }| {
            let text = format!("{message}\nhelp: {help}");
            quote_spanned!(span=> ::core::compile_error!(#text))
        })
    }
}

/// The candidate that is nearest to a name, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 1 + candidate.len().min(name.len()) / 4)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, remove, replace or swap with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = table[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
                let swapped =
                    i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
                let swap = if swapped { table[i - 2][j - 2] + 1 } else { usize::MAX };
                replace.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swap)
            };
        }
    }
    table[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["softplus", "sqrt", "exp", "sum"];
        assert_eq!(nearest("sofplus", names), Some("softplus"));
        assert_eq!(nearest("sqtr", names), Some("sqrt"));
        assert_eq!(nearest("banana", names), None);
    }
}
