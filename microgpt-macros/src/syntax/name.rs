//! Names as they are told apart: by their letters, and by the macro that wrote them.

use proc_macro2::{Ident, Span};

/// What a `for` or a `let` binds.
///
/// As in Rust, a name that the body of a `macro_rules!` writes is another than the same name in what
/// is passed to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub text: String,
    hygiene: String,
}

impl Name {
    pub fn of(ident: &Ident) -> Self {
        Self { text: plain(ident), hygiene: hygiene(ident.span()) }
    }
}

/// The letters of a name; `r#x` is `x`.
pub fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(ToOwned::to_owned).unwrap_or(text)
}

/// The file and the line of a token, where the compiler runs the macro: nothing else knows them, and `unwrap` panics.
pub fn place(span: Span) -> Option<(String, usize)> {
    proc_macro::is_available().then(|| {
        let span = span.unwrap();
        (span.file(), span.line())
    })
}

/// A name of these letters: raw, if they are a word of Rust.
pub fn named_as(text: &str, span: Span) -> Ident {
    if syn::parse_str::<Ident>(text).is_ok() {
        Ident::new(text, span)
    } else {
        Ident::new_raw(text, span)
    }
}

/// Which expansion a token comes from. The compiler tells it in the text of a span alone,
/// `#4 bytes(10..12)`; where it does not, all tokens come from one.
pub fn hygiene(span: Span) -> String {
    let text = format!("{span:?}");
    let expansion = text.split_whitespace().next().filter(|word| word.starts_with('#'));
    expansion.unwrap_or_default().to_owned()
}

/// Whether a variable, an index or a `let` can have this name.
pub fn is_name(ident: &Ident) -> bool {
    let text = ident.to_string();
    !text.contains('·') && syn::parse_str::<Ident>(&text).is_ok()
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenTree;

    use super::*;

    fn identifier(text: &str) -> Ident {
        let stream: proc_macro2::TokenStream = text.parse().expect("tokens");
        match stream.into_iter().next() {
            Some(TokenTree::Ident(ident)) => ident,
            found => panic!("{found:?} is no name"),
        }
    }

    #[test]
    fn keywords_and_what_a_dot_divides_are_no_names() {
        for name in ["x", "sum", "union", "r#type"] {
            assert!(is_name(&identifier(name)), "{name}");
        }
        for word in ["type", "self", "_", "for", "a·b", "r#a·b"] {
            assert!(!is_name(&identifier(word)), "{word}");
        }
    }

    #[test]
    fn a_raw_name_is_the_name_itself() {
        assert_eq!(Name::of(&identifier("r#i")), Name::of(&identifier("i")));
    }
}
