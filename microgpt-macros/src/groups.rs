//! Invisible groups: what a `macro_rules!` passes on is one operand.
//!
//! A fragment such as `$e:expr` arrives in delimiters that nobody sees, and the tokens of `(a) + b` in
//! it look like those around it. Here they become parentheses, before anything else is read:
//! `2 * $e` is `2 * ((a) + b)`. A single token, or a name or path, needs none.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The same tokens with parentheses in the place of invisible delimiters, but for Rust in braces.
pub fn visible(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut visible = TokenStream::new();
    for at in 0..tokens.len() {
        let group = match &tokens[at] {
            TokenTree::Group(group) if is_hidden(group) => group,
            other => {
                visible.extend([other.clone()]);
                continue;
            }
        };
        let inside = match group.delimiter() {
            Delimiter::Brace if !is_branch(&tokens, at) => group.stream(),
            _ => self::visible(group.stream()),
        };
        if group.delimiter() == Delimiter::None && is_whole(&inside) {
            visible.extend(inside);
            continue;
        }
        let delimiter = match group.delimiter() {
            Delimiter::None => Delimiter::Parenthesis,
            other => other,
        };
        let mut shown = Group::new(delimiter, inside);
        shown.set_span(group.span());
        visible.extend([TokenTree::Group(shown)]);
    }
    visible
}

/// Whether a group is invisible, or has such a group in it.
fn is_hidden(group: &Group) -> bool {
    let within = |token| matches!(token, TokenTree::Group(inner) if is_hidden(&inner));
    group.delimiter() == Delimiter::None || group.stream().into_iter().any(within)
}

/// Whether braces hold a branch of an `if`, which is of the language: one stands beside an `else`.
fn is_branch(tokens: &[TokenTree], at: usize) -> bool {
    let is_else =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "else");
    is_else(tokens.get(at + 1)) || at > 0 && is_else(tokens.get(at - 1))
}

/// Whether these tokens hold together by themselves: a single one, or a path.
fn is_whole(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let in_path = |token: &TokenTree| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => ".:".contains(punct.as_char()),
        TokenTree::Literal(index) => index.to_string().bytes().all(|byte| byte.is_ascii_digit()),
        TokenTree::Group(_) => false,
    };
    tokens.len() == 1
        || tokens.iter().all(in_path)
            && !matches!(tokens.first(), None | Some(TokenTree::Literal(_)))
            && !tokens
                .windows(2)
                .any(|pair| matches!(pair, [TokenTree::Ident(_), TokenTree::Ident(_)]))
            && !is_range(&tokens)
}

/// Whether two dots stand side by side.
fn is_range(tokens: &[TokenTree]) -> bool {
    let is_dot = |token: &TokenTree| matches!(token, TokenTree::Punct(dot) if dot.as_char() == '.');
    tokens.windows(2).any(|pair| pair.iter().all(is_dot))
}
