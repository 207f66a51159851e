//! Whole layers and ops under check, at many sizes and points.

use super::{Gradcheck, Oracle, Outputs, Point, Report};
use crate::array::Vector;
use crate::dual::Dual;
use crate::ops::Op;
use crate::random::PythonRandom;
use crate::real::Real;

/// A function of arrays in every precision.
///
/// [`gradcheck_layer!`](crate::gradcheck_layer) implements it for a layer marked `<T>`.
pub trait Layer {
    /// The outputs at these inputs, each of which is passed as a vector.
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T>;
}

/// The length of each axis of a layer under check, by the name that the check gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes(Vec<(&'static str, usize)>);

impl Sizes {
    /// Lengths that go wrong in different ways: one, two, odd, a whole number of lanes, and more.
    pub const SWEPT: [usize; 8] = [1, 2, 3, 4, 5, 7, 8, 11];

    /// The first length for the first name, and so on; a name that comes again keeps its length.
    #[must_use]
    pub fn new(names: &[&'static str], lengths: &[usize]) -> Self {
        Self(names.iter().copied().zip(lengths.iter().copied()).collect())
    }

    /// The length of the axis with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn of(&self, name: &str) -> usize {
        let found = self.0.iter().find(|(one, _)| *one == name);
        found.unwrap_or_else(|| panic!("no axis is called `{name}`")).1
    }
}

/// A point with values drawn from a standard normal distribution.
#[doc(hidden)]
#[must_use]
pub fn draw(random: &mut PythonRandom, name: &str, shape: &[usize]) -> Point {
    let size = shape.iter().product();
    let values = (0..size).map(|_| random.gauss(0.0, 1.0)).collect();
    Point::new(name, shape, values)
}

/// Checks an op at points drawn from the ranges of its declaration: on `Value`s, in an `expr!`
/// over vectors, and its local gradient against dual numbers.
///
/// [`gradcheck_op!`](crate::gradcheck_op) makes a test of it.
#[must_use]
pub fn check_op(op: &Op, seed: u64) -> Report {
    let mut random = PythonRandom::new(seed);
    let points: Vec<Point> = op
        .arguments
        .iter()
        .map(|(name, range)| {
            let length = range.end - range.start;
            let values = (0..4).map(|_| range.start + length * random.random()).collect();
            Point::new(*name, &[4], values)
        })
        .collect();
    let check = Gradcheck::new().seed(seed);
    let mut report = check.check(&points, |inputs| (op.on_vectors)(inputs).into());
    report.join(check.check(&points, |inputs| {
        let values: Vec<_> = inputs.iter().map(|input| input.at([0])).collect();
        (op.on_values)(&values).into()
    }));
    for element in 0..4 {
        let point: Vec<f64> = points.iter().map(|point| point.values[element]).collect();
        let gradient = (op.gradient)(&point, (op.forward)(&point));
        for (input, &analytic) in gradient.iter().enumerate() {
            let dual = |(at, &x): (usize, &f64)| Dual::new(x, f64::from(u8::from(at == input)));
            let expected = (op.tangent)(&point.iter().enumerate().map(dual).collect::<Vec<_>>());
            let expected = expected.tangent;
            report.compared += 1;
            if !((analytic - expected).abs() <= 1e-9 * (1.0 + analytic.abs())) {
                let oracle = Oracle::DualNumbers;
                let point = &points[input];
                report.mismatches.push(point.mismatch(input, element, oracle, analytic, expected));
            }
        }
    }
    report
}

/// Makes a test that proves a layer's gradient at sizes from 1 upwards, by
/// [`gradcheck`](crate::gradcheck).
///
/// The layer's tracked arguments follow with their axes: letters, which are swept over
/// [`Sizes::SWEPT`], or numbers, which are kept.
///
/// ```
/// use microgpt::layers::{attention, rmsnorm};
/// use microgpt::{Matrix, expr, gradcheck_layer};
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
/// # fn main() {}
/// ```
///
/// The test needs the crate `proptest` among the dev-dependencies; `PROPTEST_CASES` says how many
/// points it draws.
#[macro_export]
macro_rules! gradcheck_layer {
    (<T> $name:ident = $call:expr, $($input:ident: [$($axis:tt),* $(,)?]),+ $(,)?) => {
        mod $name {
            use super::*;

            struct Checked($crate::gradcheck::Sizes);
            impl $crate::gradcheck::Layer for Checked {
                fn outputs<'t, T: $crate::Real>(
                    &self,
                    inputs: &[$crate::Vector<'t, usize, T>],
                ) -> $crate::gradcheck::Outputs<'t, T> {
                    $crate::gradcheck_layer!(@outputs self.0, inputs, $call, $($input: [$($axis),*])+)
                }
            }

            #[test]
            fn the_gradient_is_right() {
                $crate::gradcheck_layer!(@sweep |sizes, points, check| {
                    check.check_layer(&points, &Checked(sizes))
                }, $($input: [$($axis),*])+);
            }
        }
    };
    (<T> $name:ident, $($input:ident: [$($axis:tt),* $(,)?]),+ $(,)?) => {
        $crate::gradcheck_layer! { <T> $name = $name($($input),+), $($input: [$($axis),*]),+ }
    };
    ($name:ident = $call:expr, $($input:ident: [$($axis:tt),* $(,)?]),+ $(,)?) => {
        mod $name {
            use super::*;

            #[test]
            fn the_gradient_is_right() {
                $crate::gradcheck_layer!(@sweep |sizes, points, check| {
                    check.check(&points, |inputs| {
                        $crate::gradcheck_layer!(@outputs sizes, inputs, $call, $($input: [$($axis),*])+)
                    })
                }, $($input: [$($axis),*])+);
            }
        }
    };
    ($name:ident, $($input:ident: [$($axis:tt),* $(,)?]),+ $(,)?) => {
        $crate::gradcheck_layer! { $name = $name($($input),+), $($input: [$($axis),*]),+ }
    };
    (@outputs $sizes:expr, $inputs:ident, $call:expr, $($input:ident: [$($axis:tt),*])+) => {{
        $($($crate::gradcheck_layer!(@axis $sizes, $axis);)*)+
        let mut inputs = $inputs.iter();
        let mut next = || *inputs.next().expect("an input for each name");
        // Named only when all have their shapes: an axis may go by the name of an argument.
        let ($($input,)+) = ($(next().reshape(($($axis,)*)),)+);
        $call.into()
    }};
    (@sweep |$lengths:ident, $points:ident, $check:ident| $report:block, $($input:ident: [$($axis:tt),*])+) => {{
        let names = [$($(::core::stringify!($axis)),*),+];
        let strategy = (
            ::proptest::collection::vec(
                ::proptest::sample::select(&$crate::gradcheck::Sizes::SWEPT[..]),
                names.len(),
            ),
            ::proptest::num::u64::ANY,
        );
        let mut config = ::proptest::test_runner::Config::default();
        config.failure_persistence = ::core::option::Option::None;
        if ::std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = 48;
        }
        let swept = ::proptest::test_runner::TestRunner::new(config).run(&strategy, |(lengths, seed)| {
            let $lengths = $crate::gradcheck::Sizes::new(&names, &lengths);
            $($($crate::gradcheck_layer!(@axis $lengths, $axis);)*)+
            let mut random = $crate::PythonRandom::new(seed);
            let $points = [$($crate::gradcheck::draw(
                &mut random,
                ::core::stringify!($input),
                &[$($axis),*],
            )),+];
            let $check = $crate::gradcheck::Gradcheck::new().seed(seed);
            match $crate::gradcheck::Report::right($report) {
                ::core::result::Result::Ok(_) => ::core::result::Result::Ok(()),
                ::core::result::Result::Err(error) => ::core::result::Result::Err(
                    ::proptest::test_runner::TestCaseError::fail(::std::string::ToString::to_string(&error)),
                ),
            }
        });
        if let ::core::result::Result::Err(error) = swept {
            ::core::panic!("{error}");
        }
    }};
    (@axis $sizes:expr, $axis:ident) => {
        #[allow(unused_variables)]
        let $axis = $sizes.of(::core::stringify!($axis));
    };
    (@axis $sizes:expr, $axis:literal) => {};
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
#[macro_export]
macro_rules! gradcheck_op {
    ($test:ident = $($path:ident)::+) => {
        #[test]
        fn $test() {
            for seed in 0..64 {
                let report = $crate::gradcheck::check_op(&$($path)::+::OP, seed);
                if let ::core::result::Result::Err(error) = report.right() {
                    let name = ::core::stringify!($($path)::+).replace(' ', "");
                    ::core::panic!("{name}: {error}");
                }
            }
        }
    };
}
