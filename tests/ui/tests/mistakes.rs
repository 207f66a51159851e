//! What the compiler says to those who make a mistake in an `expr!`.
//!
//! `TRYBUILD=overwrite cargo test --test mistakes` writes the messages anew, to be read before they
//! are kept.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
