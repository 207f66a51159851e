//! A layer under check at many sizes, and the macros that make tests of one line.

use super::drawing::{Drawing, Sizes};
use super::panics::quietly;
use super::{Gradcheck, Report};
use crate::random::PythonRandom;

/// What stands beside a `gradcheck_layer!`; within a function nothing can stand beside it, and a
/// test would never run.
#[doc(hidden)]
pub mod outside_of_functions {
    pub use super::super::Sizes as gradcheck_layer_must_stand_outside_of_functions;
}

/// So many sizes are drawn, unless the environment says how many.
const CASES: u64 = 48;

/// And of those, sizes whose squared numbers of input numbers add up to no more than this: some
/// seconds in a test that is not optimised.
const WORK: usize = 250_000;

/// Checks a layer at many sizes, from the smallest upwards: a length for each of these axes, and for them
/// what `draw` draws.
///
/// # Panics
///
/// With what fails at the smallest sizes at which something does.
#[doc(hidden)]
#[track_caller]
pub fn sweep(
    layer: &str,
    axes: &[&'static str],
    draw: &dyn Fn(&mut Drawing),
    check: &dyn Fn(&Drawing, &Gradcheck) -> Report,
) {
    let mut names: Vec<&'static str> = Vec::new();
    for axis in axes {
        if !names.contains(axis) {
            names.push(axis);
        }
    }
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let asked = setting("PROPTEST_CASES");
    let mut random = PythonRandom::new(setting("PROPTEST_RNG_SEED").unwrap_or(0));
    let drawn = |lengths: &[usize], seed: u64| {
        let mut drawing = Drawing::new(Sizes::new(&names, lengths), seed);
        draw(&mut drawing);
        drawing
    };
    let mut points: Vec<(usize, Vec<usize>, u64)> = (0..asked.unwrap_or(CASES))
        .map(|case| {
            // One of everything always; else a length for each letter.
            let mut swept = Sizes::SWEPT;
            let mut length = || {
                random.shuffle(&mut swept);
                if case == 0 { 1 } else { swept[0] }
            };
            let lengths: Vec<usize> = names.iter().map(|_| length()).collect();
            (drawn(&lengths, case).total(), lengths, case)
        })
        .collect();
    if asked.is_none() {
        // Differences take each number in turn, and the layer takes all of them each time.
        let mut room = WORK;
        points.retain(|(total, _, case)| {
            let work = total.pow(2);
            let is_kept = *case == 0 || work <= room;
            room = room.saturating_sub(if is_kept { work } else { 0 });
            is_kept
        });
    }
    points.sort_by_key(|(total, ..)| *total);
    // Why the layer fails, if it does, and what it was called with.
    let fails = |lengths: &[usize], seed: u64, all: &mut Report| -> Option<(String, String)> {
        let drawing = drawn(lengths, seed);
        let text = match quietly(|| check(&drawing, &Gradcheck::new().seed(seed))) {
            Err(message) => format!("it panics: {message}"),
            Ok(report) => {
                let wrong = !report.mismatches.is_empty() || report.panics.is_some();
                let error = report.clone().right().err();
                all.join(report);
                error.filter(|_| wrong)?.to_string()
            }
        };
        Some((drawing.described(), text))
    };
    let mut all = Report::default();
    for (_, lengths, seed) in &points {
        let Some(mut failure) = fails(lengths, *seed, &mut all) else { continue };
        let mut lengths = lengths.clone();
        // One letter after the other to the least length at which it still fails.
        for at in 0..lengths.len() {
            for length in Sizes::SWEPT {
                let before = lengths[at];
                if length >= before {
                    break;
                }
                lengths[at] = length;
                if let Some(smaller) = fails(&lengths, *seed, &mut all) {
                    failure = smaller;
                    break;
                }
                lengths[at] = before;
            }
        }
        let (arguments, text) = failure;
        panic!("`{layer}` at {arguments} (seed {seed}): {text}");
    }
    // What is not decidable at one size may be at others.
    if all.says_nothing()
        && let Err(error) = all.right()
    {
        panic!("`{layer}`, at all sizes: {error}");
    }
}

/// Makes a test that proves a layer's gradient at sizes from 1 upwards, by
/// [`gradcheck`](crate::gradcheck).
///
/// The layer's tracked arguments follow with their axes: letters, which are swept over
/// [`Sizes::SWEPT`], or numbers, which are kept.
///
/// ```
/// use microgpt::layers::{attention, rmsnorm};
/// use microgpt::{Matrix, Real, expr, gradcheck_layer};
///
/// fn gated<'t>(
///     gate: Matrix<'t, usize, usize>,
///     x: Matrix<'t, usize, usize>,
/// ) -> Matrix<'t, usize, usize> {
///     expr!([sigmoid(gate[t, i]) * x[t, i] for t, i])
/// }
///
/// gradcheck_layer!(gated, gate: [t, n], x: [t, n]);
///
/// // `<T>`: generic over the precision, so also held against dual numbers and against `f32`.
/// gradcheck_layer!(<T> rmsnorm, x: [t, n]);
///
/// // With other arguments: the test's name, and the call.
/// gradcheck_layer!(<T> causal = attention(q, k, v, 0), q: [t, h, j], k: [t, h, j], v: [t, h, j]);
///
/// // Numbers from a range, else from a standard normal distribution.
/// fn logarithms<T: Real>(x: Matrix<'_, usize, usize, T>) -> Matrix<'_, usize, usize, T> {
///     expr!([ln(x[t, i]) for t, i])
/// }
///
/// gradcheck_layer!(<T> logarithms, x: [t, i] in 0.2..5.0);
/// # fn main() {}
/// ```
///
/// One that is generic over the precision is checked to second order: Hessian-vector products against
/// differences of the gradient. A layer whose second derivatives nobody wants says why:
///
/// ```
/// # use microgpt::{Matrix, Real, expr, gradcheck_layer};
/// fn squares<T: Real>(x: Matrix<'_, usize, usize, T>) -> Matrix<'_, usize, usize, T> {
///     expr!([x[t, i]^2 for t, i])
/// }
///
/// gradcheck_layer!(#[first_order = "it is the last step of a solver"] <T> squares, x: [t, i]);
/// # fn main() {}
/// ```
///
/// It stands outside of functions, and needs no other crate. The environment variables
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say how many points it draws, and from which seed (0 if not
/// set). If the first is not set it draws 48, and leaves out some of those with many numbers: they
/// take long. A failure is reported at the smallest sizes at which the layer fails. A size at
/// which nothing is decidable, as softmax of one number, is no failure; all sizes are.
#[macro_export]
macro_rules! gradcheck_layer {
    ($(#[first_order = $reason:literal])? <T> $name:ident = $call:expr, $($input:ident: [$($axis:tt),* $(,)?] $(in $range:expr)?),+ $(,)?) => {
        $crate::gradcheck_layer! { @test $name {
            struct Checked($crate::gradcheck::Sizes);
            impl $crate::gradcheck::Layer for Checked {
                fn outputs<'t, T: $crate::Real>(
                    &self,
                    inputs: &[$crate::Vector<'t, usize, T>],
                ) -> $crate::gradcheck::Outputs<'t, T> {
                    $crate::gradcheck_layer!(@outputs &self.0, inputs, $call, $($input: [$($axis),*])+)
                }
            }

            #[test]
            fn the_gradient_is_right() {
                $crate::gradcheck_layer!(@sweep $name |drawing, check| {
                    $(let check = &::core::clone::Clone::clone(check).first_order($reason);)?
                    check.check_layer(
                        drawing.inputs(),
                        &Checked(::core::clone::Clone::clone(drawing.sizes())),
                    )
                }, $($input: [$($axis),*] $(in $range)?)+);
            }
        } }
    };
    ($(#[first_order = $reason:literal])? <T> $name:ident, $($input:ident: [$($axis:tt),* $(,)?] $(in $range:expr)?),+ $(,)?) => {
        $crate::gradcheck_layer! {
            $(#[first_order = $reason])? <T> $name = $name($($input),+), $($input: [$($axis),*] $(in $range)?),+
        }
    };
    (@test $name:ident { $($test:item)* }) => {
        #[allow(unused_imports)]
        use $crate::gradcheck::outside_of_functions::*;

        mod $name {
            #[allow(unused_imports)]
            use super::*;
            // Neither is there within a function.
            #[allow(unused_imports)]
            use super::gradcheck_layer_must_stand_outside_of_functions as _;
            #[allow(unused_imports)]
            use super::$name::gradcheck_layer_stands_outside_of_functions as _;

            #[allow(non_camel_case_types, dead_code)]
            struct gradcheck_layer_stands_outside_of_functions;

            $($test)*
        }
    };
    (@outputs $sizes:expr, $inputs:ident, $call:expr, $($input:ident: [$($axis:tt),*])+) => {{
        $($($crate::gradcheck_layer!(@axis $sizes, $axis);)*)+
        let mut inputs = $inputs.iter();
        let mut next = || {
            let next = ::core::iter::Iterator::next(&mut inputs);
            *::core::option::Option::expect(next, "an input for each name")
        };
        // Named only when all have their shapes: an axis may go by the name of an argument.
        let ($($input,)+) = ($($crate::Array::reshape(next(), ($($axis,)*)),)+);
        ::core::convert::Into::into($call)
    }};
    (@sweep $name:ident |$drawing:ident, $check:ident| $report:block, $($input:ident: [$($axis:tt),*] $(in $range:expr)?)+) => {
        $crate::gradcheck::sweep(
            ::core::stringify!($name),
            &$crate::gradcheck::letters(&[$($(::core::stringify!($axis)),*),+]),
            &|drawing| {$(
                let axes: &[&str] = &[$(::core::stringify!($axis)),*];
                let shape = $crate::gradcheck::Drawing::shape(drawing, axes);
                drawing.input(
                    ::core::stringify!($input),
                    &shape,
                    $crate::gradcheck_layer!(@range $($range)?),
                );
            )+},
            &|$drawing, $check| $report,
        )
    };
    (@range) => {
        ::core::option::Option::None
    };
    (@range $range:expr) => {
        ::core::option::Option::Some($range)
    };
    (@axis $sizes:expr, $axis:ident) => {
        #[allow(unused_variables)]
        let $axis = $crate::gradcheck::Sizes::of($sizes, ::core::stringify!($axis));
    };
    (@axis $sizes:expr, $axis:literal) => {};
    ($name:ident = $call:expr, $($input:ident: [$($axis:tt),* $(,)?] $(in $range:expr)?),+ $(,)?) => {
        $crate::gradcheck_layer! { @test $name {
            #[test]
            fn the_gradient_is_right() {
                $crate::gradcheck_layer!(@sweep $name |drawing, check| {
                    check.check(drawing.inputs(), |inputs| {
                        $crate::gradcheck_layer!(@outputs drawing.sizes(), inputs, $call, $($input: [$($axis),*])+)
                    })
                }, $($input: [$($axis),*] $(in $range)?)+);
            }
        } }
    };
    ($name:ident, $($input:ident: [$($axis:tt),* $(,)?] $(in $range:expr)?),+ $(,)?) => {
        $crate::gradcheck_layer! {
            $name = $name($($input),+), $($input: [$($axis),*] $(in $range)?),+
        }
    };
    ($($anything:tt)*) => {
        ::core::compile_error! {
            "expected `gradcheck_layer!(layer, x: [t, i], w: [o, 3] in 0.2..5.0)`: the name of a layer, \
             then each tracked argument, a colon, and in brackets its axes, which are letters or \
             numbers between commas; `<T>` before the layer if it is generic over its precision, and \
             `name = layer(x, w, 0)` for a layer with other arguments"
        }
    };
}

/// Makes a test that proves an op's local gradient, by
/// [`check_op`](crate::gradcheck::check_op), at points from the ranges of its declaration.
///
/// ```
/// microgpt::op! {
///     /// `x · tanh(ln(1 + eˣ))` (Misra 2019, arXiv:1908.08681).
///     pub mish(x in -4.0..4.0) -> y {
///         forward: x * x.exp().ln_1p().tanh(),
///         gradient: [{
///             let tanh = x.exp().ln_1p().tanh();
///             let sigmoid = (T::one() + (-x).exp()).recip();
///             tanh + x * sigmoid * (T::one() - tanh * tanh)
///         }],
///     }
/// }
///
/// microgpt::gradcheck_op!(mish_is_right = mish);
/// # fn main() {}
/// ```
///
/// It stands outside of functions. An op whose second derivatives nobody wants says why:
/// `gradcheck_op!(#[first_order = "a solver's last step"] mish_is_right = mish)`.
#[macro_export]
macro_rules! gradcheck_op {
    ($(#[first_order = $reason:literal])? $test:ident = $($path:ident)::+ $(,)?) => {
        #[test]
        fn $test() {
            for seed in 0..64 {
                let check = $crate::gradcheck::Gradcheck::new().seed(seed);
                $(let check = check.first_order($reason);)?
                let report = $crate::gradcheck::Gradcheck::check_op(&check, &$($path)::+::OP);
                if let ::core::result::Result::Err(error) = report.right() {
                    let name = ::core::stringify!($($path)::+).replace(' ', "");
                    ::core::panic!("{name}: {error}");
                }
            }
        }
        // Within a function there is no such name in the module.
        #[cfg(test)]
        const _: () = {
            #[allow(unused_imports)]
            use self::$test as _;
        };
    };
    ($($anything:tt)*) => {
        ::core::compile_error! {
            "expected `gradcheck_op!(name_of_the_test = path::to::op)`"
        }
    };
}
