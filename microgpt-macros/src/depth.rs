//! A guard for the stages that walk expressions recursively: what nests deeper than the compiler's
//! stack allows is refused with a message.

use proc_macro2::{TokenStream, TokenTree};

use crate::report::Diagnostic;

/// Brackets within brackets.
const BRACKETS: usize = 300;
/// Operators and `else`s from the outermost bracket to the innermost.
const OPERATORS: usize = 1000;
/// Statements of one program, each of which may use the one before.
const STATEMENTS: usize = 1500;

/// The first bracket that lies too deep, or the first operator or statement too many.
pub fn check(tokens: &TokenStream) -> Result<(), Diagnostic> {
    statements(tokens)?;
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
                // A condition within a condition takes more of the stack than a number in a number.
                TokenTree::Punct(punct) if punct.as_char() == '!' => operators += 2,
                TokenTree::Punct(punct) if "+-*/^&|".contains(punct.as_char()) => operators += 1,
                TokenTree::Ident(word) if word == "else" => operators += 1,
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

fn statements(tokens: &TokenStream) -> Result<(), Diagnostic> {
    let ends =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    match tokens.clone().into_iter().filter(ends).nth(STATEMENTS) {
        Some(end) => Err(Diagnostic::new(
            end.span(),
            format!("a program of more than {STATEMENTS} statements"),
            "divide it into several `expr!`s",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        check(&text.parse().expect("tokens")).is_err()
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        assert!(refused(&format!("{}x{}", "(".repeat(310), ")".repeat(310))));
        assert!(!refused(&format!("{}x{}", "(".repeat(290), ")".repeat(290))));
        assert!(refused(&vec!["x"; 1200].join(" + ")));
        assert!(!refused(&vec!["x"; 900].join(" + ")));
        assert!(refused(&format!("{} * ({})", vec!["x"; 600].join("*"), vec!["x"; 600].join("*"))));
        assert!(!refused(&vec!["let y = x + 1;"; 1400].join(" ")));
        assert!(refused(&vec!["let y = x + 1;"; 1600].join(" ")));
        assert!(refused(&format!("if {}(x > 0) {{ 1 }} else {{ 2 }}", "!".repeat(600))));
        assert!(refused(&"if x > 0 { 1 } else ".repeat(1100)));
        let deep = format!("{} * ({})", vec!["x"; 600].join("*"), vec!["x"; 600].join("*"));
        assert!(refused(&format!("let y = {deep}; y")));
    }
}
