//! A crate that depends on microgpt alone, under another name and without a prelude: an op of its
//! own, a layer, and names that generated code must not fall over.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::pedantic)]
// `i` is an index to one and an operand to another; so is `x`.
#![allow(clippy::many_single_char_names, clippy::similar_names, clippy::float_cmp)]

use ::gpt::{Tape, Value, expr};

/// What generated code might mean by these, if it were not hygienic.
#[allow(missing_docs, dead_code, non_camel_case_types)]
pub mod clashing {
    pub struct Vec;
    pub struct Option;
    pub struct PhantomData;
    pub struct usize;
    pub struct f64;
    pub trait Iterator {}
    pub fn exp() {}
    pub fn sum() {}
    pub fn drop() {}
    pub mod core {}
    pub mod std {}
    pub mod microgpt {}
}

pub mod ops {
    //! Ops of this crate.

    ::gpt::op! {
        /// `x / (1 + |x|)` (Turian 2009).
        pub softsign(x in -3.0..3.0) -> y {
            forward: x / (T::one() + x.abs()),
            gradient: [{
                let scale = (T::one() + x.abs()).recip();
                scale * scale
            }],
        }
    }
}

::gpt::layer! {
    /// A unit gated by a softsign.
    pub fn softsign_gated(gate: [o, i], up: [o, i], x: [t, i]) -> [t, o] {
        let g = [sum(gate[o, i] * x[t, i] for i) for t, o];
        [ops::softsign(g[t, o]) * sum(up[o, i] * x[t, i] for i) for t, o]
    }

    /// All that a signature may have.
    pub fn with_everything(
        x: [t, i] in 0.5..2.0,
        w: [s, 2],
        a: [],
        mask: &[t, i],
        shift: &[i] in 0.0..1.0,
        id: &[usize; t] in 0..s,
        pair: &[[usize; 2]; t] in 0..2,
        past: usize in 0..3,
        by: T in 0.5..2.0,
        _mode: &str in ["one", "other"],
    ) -> ([t, i], [])
    where s in 0..=t + past
    {
        let seen = [sum(w[s, 0] for s) for t];
        (
            [ln(x[t, i]) * mask[t, i] * by + shift[i] * seen[t] + w[id[t], pair[t, 1]] for t, i],
            a * sum(x[t, i] for t, i),
        )
    }
}

/// An expression among names that generated code uses itself.
#[must_use]
pub fn among_clashing_names<'t>(tape: &'t Tape, x: Value<'t>) -> Value<'t> {
    #[allow(unused_imports)]
    use clashing::*;
    let (i, sum, len, values, gradients, own, below, size, real, store, activity, row, position) =
        (x, x, x, x, x, x, x, x, x, x, x, x, x);
    let exp = tape.vector([1.0, 2.0]);
    let start = 1;
    expr! {
        let result = [exp(exp[j]) * i + sum * len - values for j];
        let product = [result[j] * gradients / (own^2 + 1) for j];
        sum(product[k] * below + size - real * store for k) + activity * row / position + exp[{start}]
    }
}

#[cfg(test)]
mod tests {
    use super::{among_clashing_names, ops};
    use ::gpt::gradcheck::gradcheck;
    use ::gpt::{Tape, expr};
    use ::std::prelude::rust_2024::*;
    use ::std::{assert_eq, vec};

    ::gpt::gradcheck_op!(softsign_is_right = ops::softsign);

    #[test]
    fn names_of_the_crate_are_not_those_of_the_generated_code() {
        gradcheck(&[vec![0.7]], |inputs| {
            among_clashing_names(inputs[0].tape(), inputs[0].at([0])).into()
        })
        .assert_right();
    }

    fn scaled<'t>(n: ::gpt::Vector<'t, usize>, x: ::gpt::Vector<'t, usize>) -> ::gpt::Value<'t> {
        expr!(n·x)
    }

    // An axis may go by the name of an argument.
    ::gpt::gradcheck_layer!(scaled, n: [n], x: [n]);

    #[test]
    fn a_macro_may_pass_its_arguments_on() {
        macro_rules! through {
            ($x:ident, $scale:expr, $power:literal, $($rest:tt)*) => {
                expr!(sum($x[i]^$power for i) * $scale $($rest)*)
            };
        }
        let tape = Tape::new();
        let x = tape.vector([1.0, 2.0]);
        assert_eq!(through!(x, 2.0 + 1.0, 2, -1).data(), 14.0);
    }
}
