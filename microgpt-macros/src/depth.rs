//! A guard for the stages that walk expressions recursively: what nests deeper than the compiler's
//! stack allows is refused with a message.

use proc_macro2::{TokenStream, TokenTree};

use crate::report::Diagnostic;

/// Brackets within brackets.
const BRACKETS: usize = 500;
/// Operators from the outermost bracket to the innermost.
const OPERATORS: usize = 1000;

/// The first bracket that lies too deep, or the first operator too many.
pub fn check(tokens: &TokenStream) -> Result<(), Diagnostic> {
    let mut stack = vec![(tokens.clone(), 0, 0)];
    while let Some((tokens, brackets, before)) = stack.pop() {
        let mut operators = before;
        let mut inner = Vec::new();
        // What a statement has in brackets lies within all of its operators, and of no other's.
        let mut within = |inner: &mut Vec<TokenStream>, operators| {
            stack.extend(inner.drain(..).map(|tokens| (tokens, brackets + 1, operators)));
        };
        for token in tokens {
            let span = token.span();
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    within(&mut inner, operators);
                    operators = before;
                }
                TokenTree::Punct(punct) if "+-*/^".contains(punct.as_char()) => operators += 1,
                TokenTree::Group(group) => inner.push(group.stream()),
                _ => {}
            }
            if brackets >= BRACKETS || operators > OPERATORS {
                return Err(Diagnostic::new(
                    span,
                    format!(
                        "an expression of more than {BRACKETS} brackets or {OPERATORS} operators one within the other"
                    ),
                    "name its parts: `let part = ...;`, or reduce over an index: `sum(x[i] for i)`",
                ));
            }
        }
        within(&mut inner, operators);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        check(&text.parse().expect("tokens")).is_err()
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        assert!(refused(&format!("{}x{}", "(".repeat(600), ")".repeat(600))));
        assert!(!refused(&format!("{}x{}", "(".repeat(400), ")".repeat(400))));
        assert!(refused(&vec!["x"; 1200].join(" + ")));
        assert!(!refused(&vec!["x"; 900].join(" + ")));
        assert!(refused(&format!("{} * ({})", vec!["x"; 600].join("*"), vec!["x"; 600].join("*"))));
        assert!(!refused(&vec!["let y = x + 1;"; 2000].join(" ")));
        let deep = format!("{} * ({})", vec!["x"; 600].join("*"), vec!["x"; 600].join("*"));
        assert!(refused(&format!("let y = {deep}; y")));
    }
}
