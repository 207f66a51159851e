//! Documents, their tokens, and Python's random numbers.

pub mod random;
pub mod tokenizer;
