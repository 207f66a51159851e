//! Tokens to a syntax tree, with an error for all that cannot be read.

pub mod ast;
pub mod depth;
pub mod name;
pub mod parse;
pub mod path;
pub mod reductions;
pub mod report;
pub mod suggest;
pub mod tokens;
