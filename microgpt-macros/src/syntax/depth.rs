//! A guard for the stages that walk expressions recursively: what nests deeper than the compiler's
//! stack allows is refused with a message.

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::syntax::report::Diagnostic;

/// Operators one within the other, along with brackets and `if`s. The weights of these are such that a
/// fifth more of each fit on the compiler's stack of 8 MiB, where this crate is not optimised.
const OPERATORS: usize = 1600;
/// The operators that a bracket counts as, by the stack that the parser takes for it.
const BRACKET: usize = 6;
/// The operators that an `if` counts as, but for one behind an `else`.
const IF: usize = 7;
/// The operators that a sign before its operand counts as.
const PREFIX: usize = 2;

/// The first token that lies too deep.
pub fn check(tokens: &TokenStream) -> Result<(), Diagnostic> {
    let mut stack = vec![(tokens.clone(), 0)];
    while let Some((tokens, before)) = stack.pop() {
        let mut depth = before;
        let mut inner = Vec::new();
        let mut after_else = false;
        let mut after_operand = false;
        // What an item has in brackets lies within all of its operators, and of no other's.
        let mut within = |inner: &mut Vec<TokenStream>, depth| {
            stack.extend(inner.drain(..).map(|tokens| (tokens, depth + BRACKET)));
        };
        for token in tokens {
            let span = token.span();
            let is_else = matches!(&token, TokenTree::Ident(word) if word == "else");
            let is_operand = !is_else && !matches!(token, TokenTree::Punct(_));
            match token {
                TokenTree::Punct(punct) if ";,".contains(punct.as_char()) => {
                    within(&mut inner, depth);
                    depth = before;
                }
                TokenTree::Punct(punct) if "+-*/%^!&|".contains(punct.as_char()) => {
                    depth += if after_operand { 1 } else { PREFIX };
                }
                TokenTree::Ident(word) if word == "if" => depth += if after_else { 1 } else { IF },
                TokenTree::Group(group) => inner.push(group.stream()),
                _ => {}
            }
            if depth > OPERATORS {
                return Err(too_deep(
                    span,
                    format!(
                        "more than {OPERATORS} operators one within the other, of which a bracket counts as {BRACKET}, an `if` as {IF} and a sign before its operand as {PREFIX}"
                    ),
                ));
            }
            (after_else, after_operand) = (is_else, is_operand);
        }
        within(&mut inner, depth);
    }
    Ok(())
}

/// The error for what nests too deep.
pub fn too_deep(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(
        span,
        message,
        "name its parts, `let part = [... for i];`, or reduce over an index: `sum(x[i] for i)`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        check(&text.parse().expect("tokens")).is_err()
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        assert!(refused(&format!("{}x{}", "(".repeat(267), ")".repeat(267))));
        assert!(!refused(&format!("{}x{}", "(".repeat(266), ")".repeat(266))));
        for operator in ["+", " - ", "*", "/", "%", "^", " && ", " || "] {
            assert!(refused(&vec!["x"; 1700].join(operator)), "{operator}");
            assert!(!refused(&vec!["x"; 500].join(operator)), "{operator}");
        }
        for prefix in ["-", "!", "if "] {
            assert!(refused(&format!("{}x", prefix.repeat(900))), "{prefix}");
        }
        assert!(refused(&format!("{} * ({})", vec!["x"; 900].join("*"), vec!["x"; 900].join("*"))));
        assert!(!refused(&vec!["let y = x + 1;"; 2000].join(" ")));
        assert!(!refused(&format!("({})", vec!["x + y * z"; 2000].join(", "))));
        assert!(refused(&"if a < b { a } else ".repeat(1700)));
        assert!(!refused(&format!("{} {{ a }}", "if a < b { a } else ".repeat(1500))));
        let deep = format!("{} * ({})", vec!["x"; 900].join("*"), vec!["x"; 900].join("*"));
        assert!(refused(&format!("let y = {deep}; y")));
    }
}
