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

    /// Forgets all errors but the first so many.
    pub fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// The messages without their places, for tests and `examples/passes.rs`.
    #[cfg_attr(not(test), allow(dead_code))]
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
