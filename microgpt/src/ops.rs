#![doc = include_str!("ops/table.md")]
//!
//! # One declaration an op
//!
//! Calculus lives here. From a declaration follow the function (`ops::tanh(x)` on plain numbers), its
//! local gradient (`ops::tanh::gradient([x], y)`), the method on [`Value`], the name in `expr!`, the
//! row of the table above and the entry of [`TABLE`] that the gradient checks run over.

use crate::array::Vector;
use crate::dual::Dual;
use crate::real::Real;
use crate::value::Value;

mod stable;
use stable::{
    clamp_gradient, decay, direction, gelu_argument, inverse_hyperbolic, is_kept,
    is_zero_times_log, normal_density, normal_distribution, one_minus_square, over_one_and_square,
    over_square, power, power_by_base, power_by_exponent, share_of, sigmoid_and_rest,
    sigmoid_slope, takes_second,
};

/// An op as data, for whatever goes over all of them.
///
/// ```
/// use microgpt::ops::TABLE;
///
/// let square = TABLE.iter().find(|op| op.name == "square").expect("an op of the table");
/// assert_eq!((square.forward)(&[3.0]), 9.0);
/// assert_eq!((square.gradient)(&[3.0], 9.0), [6.0]);
/// ```
pub struct Op {
    /// The name, in `expr!` and elsewhere.
    pub name: &'static str,
    /// The name of each argument with the range that checks draw it from: a part of the domain
    /// where neither the function nor its derivative is extreme.
    pub arguments: &'static [(&'static str, std::ops::Range<f64>)],
    /// The function on numbers.
    pub forward: fn(&[f64]) -> f64,
    /// The function on dual numbers, whose tangent is an oracle for the local gradient.
    pub tangent: fn(&[Dual]) -> Dual,
    /// The local gradient from the arguments and the result: one entry per argument.
    pub gradient: fn(&[f64], f64) -> Vec<f64>,
    /// The local gradient on dual numbers, whose tangents are the second derivatives.
    pub gradient_tangent: fn(&[Dual], Dual) -> Vec<Dual>,
    /// The function on nested dual numbers, an oracle for the second derivatives.
    pub second_tangent: fn(&[Dual<Dual>]) -> Dual<Dual>,
    /// The function and its local gradient in single precision.
    pub single: fn(&[f32]) -> (f32, Vec<f32>),
    /// Zero where the derivative jumps, and about the distance to there elsewhere.
    pub kink: Option<fn(&[f64]) -> f64>,
    /// The op on `Value`s, one record per call.
    pub on_values: for<'t> fn(&[Value<'t>]) -> Value<'t>,
    /// The op in an `expr!` over vectors of one length, one record for all of it.
    pub on_vectors: for<'t> fn(&[Vector<'t, usize>]) -> Vector<'t, usize>,
}

/// A reduction as data, for whatever goes over all of them.
///
/// ```
/// use microgpt::ops::REDUCTIONS;
///
/// let mean = REDUCTIONS.iter().find(|one| one.name == "mean").expect("a reduction");
/// assert_eq!((mean.forward)(&[1.0, 3.0]), 2.0);
/// ```
pub struct Reduction {
    /// The name in `expr!`.
    pub name: &'static str,
    /// What it computes, term by term, without regard to overflow; of at least one number.
    pub forward: fn(&[f64]) -> f64,
    /// The reduction of a vector, one record.
    pub on_vector: for<'t> fn(Vector<'t, usize>) -> Value<'t>,
}

/// Declares an op: a function with its local gradient, for `expr!`, `Value` and the checks.
///
/// ```
/// use microgpt::{Tape, expr};
///
/// mod ops {
///     microgpt::op! {
///         /// `x · tanh(ln(1 + eˣ))` (Misra 2019, arXiv:1908.08681).
///         pub mish(x in -4.0..4.0) -> y {
///             forward: x * x.exp().ln_1p().tanh(),
///             gradient: [{
///                 let tanh = x.exp().ln_1p().tanh();
///                 let sigmoid = 1.0 / (1.0 + (-x).exp());
///                 tanh + x * sigmoid * (1.0 - tanh * tanh)
///             }],
///         }
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.vector([0.0, 1.0]);
/// let y = expr!([ops::mish(x[i]) for i]);
/// assert_eq!(y.data()[0], 0.0);
/// ```
///
/// In both bodies `T` is the precision, a [`Real`]; the gradient has one entry per argument, in
/// terms of the arguments and the result. After `in` stands the range that checks draw the
/// argument from. A function whose derivative jumps has a third entry, `kink:`, an expression
/// that is 0 there. The entries may come in any order.
///
/// A number with a point, as in `3.0 * x`, is one of the precision. With a suffix, `3.0f64`, or in the
/// arguments of `T::of(...)` it is an `f64`: `T::of(0.5 * std::f64::consts::PI) * x`.
#[macro_export]
macro_rules! op {
    (
        @declare $(#[$meta:meta])*
        $visibility:vis $name:ident($($argument:ident in $range:expr),+) -> $result:ident {
            forward: $forward:expr,
            gradient: [$($gradient:expr),+ $(,)?] $(, kink: $kink:expr)?
        }
    ) => {
        $(#[$meta])*
        #[inline(always)]
        #[must_use]
        $visibility fn $name<T: $crate::Real>($($argument: T),+) -> T {
            $name::forward($($argument),+)
        }

        #[doc = ::core::concat!("The local gradient of `", ::core::stringify!($name), "`, and the op as data.")]
        #[allow(unused_imports, unused_variables)]
        $visibility mod $name {
            use super::*;
            use $crate::Real;

            /// The function and its local gradient under one name, as `expr!` asks for them.
            mod this {
                pub use super::gradient;
            }
            use forward as this;

            /// The function.
            #[inline(always)]
            #[must_use]
            pub fn forward<T: $crate::Real>($($argument: T),+) -> T {
                $forward
            }

            /// The number of arguments.
            pub const ARITY: usize = <[_]>::len(&[$(::core::stringify!($argument)),+]);

            /// The derivative by each argument, from the arguments and the result.
            #[inline(always)]
            #[must_use]
            pub fn gradient<T: $crate::Real>([$($argument),+]: [T; ARITY], $result: T) -> [T; ARITY] {
                [$($gradient),+]
            }

            /// The op as data.
            pub const OP: $crate::ops::Op = $crate::ops::Op {
                name: ::core::stringify!($name),
                arguments: &[$((::core::stringify!($argument), $range)),+],
                forward: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    forward($($argument),+)
                },
                tangent: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    forward($($argument),+)
                },
                gradient: |arguments, result| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    <[_]>::to_vec(&gradient([$($argument),+], result))
                },
                gradient_tangent: |arguments, result| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    <[_]>::to_vec(&gradient([$($argument),+], result))
                },
                second_tangent: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    forward($($argument),+)
                },
                single: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    let $result = forward($($argument),+);
                    ($result, <[_]>::to_vec(&gradient([$($argument),+], $result)))
                },
                kink: $crate::op!(@kink [$($argument)+] $($kink)?),
                on_values: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    $crate::ops::apply(
                        [$($crate::ops::Argument::argument($argument)),+],
                        |[$($argument),+]| forward($($argument),+),
                        gradient,
                    )
                },
                on_vectors: |arguments| {
                    let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
                    $crate::__compile!([$crate] [] [self::this($($argument[i]),+) for i])
                },
            };
        }
    };
    (@kink [$($argument:ident)+]) => {
        ::core::option::Option::None
    };
    (@kink [$($argument:ident)+] $kink:expr) => {
        ::core::option::Option::Some(|arguments| {
            let &[$($argument),+] = arguments else { $crate::ops::wrong_arity() };
            $kink
        })
    };
    ($($declaration:tt)*) => {
        $crate::__op!([$crate] $($declaration)*);
    };
}

#[doc(hidden)]
pub use crate::value::{Argument, apply};

#[doc(hidden)]
pub fn wrong_arity() -> ! {
    panic!("an op was called with another number of arguments than it declares")
}

/// Declares the built-in ops, `expr!` that knows their names, and the table.
macro_rules! table {
    (
        ($d:tt)
        reductions { $(
            $(#[doc = $rdoc:literal])*
            $reduction:ident -> $plain:expr;
        )* }
        operators { $(
            $(#[doc = $odoc:literal])*
            $oname:ident($($oargument:ident in $orange:expr),+) -> $oresult:ident { $($obody:tt)* }
        )* }
        functions { $(
            $(#[doc = $doc:literal])*
            $name:ident($self:ident in $range:expr $(, $argument:ident in $ranges:expr)*) -> $result:ident { $($body:tt)* }
        )* }
    ) => {
        $( op! {
            $(#[doc = $odoc])*
            pub $oname($($oargument in $orange),+) -> $oresult { $($obody)* }
        } )*
        $( op! {
            $(#[doc = $doc])*
            pub $name($self in $range $(, $argument in $ranges)*) -> $result { $($body)* }
        } )*

        /// Every built-in op, in the order of the [table](self).
        pub const TABLE: &[Op] = &[$($oname::OP,)* $($name::OP),*];

        /// What `ops/table.md` holds, with which the page of this module begins.
        #[cfg(test)]
        const PAGE: &str = concat!(
            "The op table: every function of `expr!` and what it means.\n\n",
            "| op | meaning |\n|---|---|\n",
            $("| `", stringify!($oname), "(", stringify!($($oargument),+), ")` |", $($odoc,)* " |\n",)*
            $("| `", stringify!($name), "(", stringify!($self $(, $argument)*), ")` |", $($doc,)* " |\n",)*
            "\n| reduction | meaning |\n|---|---|\n",
            $("| `", stringify!($reduction), "(x[i] for i)` |", $($rdoc,)* " |\n",)*
        );

        /// Every reduction of `expr!`.
        pub const REDUCTIONS: &[Reduction] = &[$(Reduction {
            name: stringify!($reduction),
            forward: $plain,
            on_vector: |x| $crate::__compile!([$crate] [exp(x) ln(x)] $reduction(x[i] for i)),
        }),*];

        impl<'t, T: Real> Value<'t, T> {
            $(
                $(#[doc = $doc])*
                ///
                /// # Panics
                ///
                /// If an argument is of another tape, or was forgotten by a rewind.
                #[must_use]
                #[track_caller]
                #[inline]
                pub fn $name(self $(, $argument: impl Argument<'t, T>)*) -> Value<'t, T> {
                    apply(
                        [self.argument() $(, $argument.argument())*],
                        |[$self $(, $argument)*]| $name($self $(, $argument)*),
                        $name::gradient,
                    )
                }
            )*
        }

        /// Calls a macro with the name and the arguments of every built-in op, as
        /// `add(x y) ... exp(x) ...`: what must be done for each op then cannot leave one out.
        #[macro_export]
        macro_rules! for_each_op {
            ($d callback:ident) => {
                $d callback! { $($oname($($oargument)+))* $($name($self $($argument)*))* }
            };
        }

        #[doc = include_str!("../../docs/language.md")]
        #[macro_export]
        macro_rules! expr {
            ($d($d tokens:tt)*) => {
                $crate::__compile!(
                    [$crate]
                    [$($oname($($oargument)+))* $($name($self $($argument)*))*]
                    $d($d tokens)*
                )
            };
        }

        #[doc = include_str!("../../docs/layer.md")]
        #[macro_export]
        macro_rules! layer {
            ($d($d tokens:tt)*) => {
                $crate::__layer! {
                    [$crate]
                    [$($oname($($oargument)+))* $($name($self $($argument)*))*]
                    $d($d tokens)*
                }
            };
        }

        /// What [`expr!`](crate::expr) makes of some equations, as a `&'static str`: the equations
        /// it divides them into, what is shared, the derived gradients in the same notation, the
        /// loop nests, and the operations and numbers that a call costs.
        ///
        /// `expr!(#[explain] ...)` prints the same while the crate compiles.
        ///
        /// ```
        /// let text = microgpt::explain!([sum(w[o, i] * x[t, i] for i) for t, o]);
        /// assert!(text.contains("∂w[o, i] += ∂result[t, o] * x[t, i] for t, o, i"));
        /// ```
        #[macro_export]
        macro_rules! explain {
            ($d($d tokens:tt)*) => {
                $crate::__explain!(
                    [$crate]
                    [$($oname($($oargument)+))* $($name($self $($argument)*))*]
                    $d($d tokens)*
                )
            };
        }
    };
}

/// 1 where the condition holds, else 0.
#[inline(always)]
fn one_if<T: Real>(condition: bool) -> T {
    if condition { T::one() } else { T::zero() }
}

/// The derivative of a step: 0, and NaN of NaN.
#[inline(always)]
fn nothing_of<T: Real>(x: T) -> T {
    if x.is_nan() { x.stopped() } else { T::zero() }
}

table! {
    ($)
    reductions {
        /// The sum; 0 over an empty range.
        sum -> |x| x.iter().sum();
        /// The sum over the number of terms.
        mean -> |x| x.iter().sum::<f64>() / x.len() as f64;
        /// The greatest; the first of several that are equal receives the gradient. NaN, if one is.
        max -> |x| x.iter().copied().fold(f64::NEG_INFINITY, max);
        /// The least; the first of several that are equal receives the gradient. NaN, if one is.
        min -> |x| x.iter().copied().fold(f64::INFINITY, min);
        /// The product; 1 over an empty range.
        prod -> |x| x.iter().product();
        /// `ln Σ eˣ`, without overflow.
        logsumexp -> |x| x.iter().map(|x| x.exp()).sum::<f64>().ln();
        /// The root of the sum of squares, without overflow; 0 over an empty range. No gradient flows where
        /// it is 0 or infinite.
        norm -> |x| x.iter().fold(0.0, |norm: f64, x| norm.hypot(*x));
    }
    operators {
        /// `x + y`.
        add(x in -3.0..3.0, y in -3.0..3.0) -> z {
            forward: x + y,
            gradient: [T::one(), T::one()],
        }
        /// `x - y`.
        sub(x in -3.0..3.0, y in -3.0..3.0) -> z {
            forward: x - y,
            gradient: [T::one(), -T::one()],
        }
        /// `x * y`.
        mul(x in -3.0..3.0, y in -3.0..3.0) -> z {
            forward: x * y,
            gradient: [y, x],
        }
        /// `x / y`.
        div(x in -3.0..3.0, y in 0.5..3.0) -> z {
            forward: x / y,
            gradient: [y.recip(), -(z / y)],
        }
        /// `-x`.
        neg(x in -3.0..3.0) -> y {
            forward: -x,
            gradient: [-T::one()],
        }
    }
    functions {
        /// `x ^ y`, for a base above 0 if the exponent is to have a gradient. `x ^ 0` is 1, whatever `x` is.
        pow(x in 0.3..3.0, y in -2.5..2.5) -> z {
            forward: power(x, y),
            gradient: [
                power_by_base(x, y),
                power_by_exponent(x, y, z),
            ],
        }
        /// `eˣ`.
        exp(x in -4.0..4.0) -> y {
            forward: x.exponential(),
            gradient: [y],
        }
        /// The natural logarithm.
        ln(x in 0.2..5.0) -> y {
            forward: x.logarithm(),
            gradient: [x.recip()],
        }
        /// The logarithm to base 2.
        log2(x in 0.2..5.0) -> y {
            forward: x.log2(),
            gradient: [T::of(std::f64::consts::LOG2_E) / x],
        }
        /// The logarithm to base 10.
        log10(x in 0.2..5.0) -> y {
            forward: x.log10(),
            gradient: [T::of(std::f64::consts::LOG10_E) / x],
        }
        /// `eˣ - 1`, exact for small `x`.
        exp_m1(x in -4.0..4.0) -> y {
            forward: x.exp_m1(),
            gradient: [x.exp()],
        }
        /// `ln(1 + x)`, exact for small `x`.
        ln_1p(x in -0.8..4.0) -> y {
            forward: x.ln_1p(),
            gradient: [(T::one() + x).recip()],
        }
        /// The square root.
        sqrt(x in 0.2..5.0) -> y {
            forward: x.sqrt(),
            gradient: [T::of(0.5) / y],
        }
        /// `1 / √x`.
        rsqrt(x in 0.2..5.0) -> y {
            forward: x.sqrt().recip(),
            gradient: [T::of(-0.5) * y / x],
        }
        /// The cube root.
        cbrt(x in 0.2..5.0) -> y {
            forward: x.cbrt(),
            gradient: [(T::of(3.0) * y * y).recip()],
        }
        /// `1 / x`.
        recip(x in 0.3..3.0) -> y {
            forward: x.recip(),
            gradient: [-(y * y)],
        }
        /// `x²`.
        square(x in -3.0..3.0) -> y {
            forward: x * x,
            gradient: [T::of(2.0) * x],
        }
        /// The absolute value; its derivative at 0 is 0.
        abs(x in -2.0..2.0) -> y {
            forward: x.abs(),
            gradient: [if x == T::zero() { T::zero() } else { x.signum() }],
            kink: x,
        }
        /// -1, 0 or 1: the side of 0. Its derivative is 0.
        sign(x in -2.0..2.0) -> y {
            forward: if x > T::zero() {
                T::one()
            } else if x < T::zero() {
                -T::one()
            } else {
                x.stopped()
            },
            gradient: [nothing_of(x)],
            kink: x,
        }
        /// The greatest integer that is not above `x`. Its derivative is 0.
        floor(x in -3.0..3.0) -> y {
            forward: x.floor(),
            gradient: [nothing_of(x)],
            kink: x - x.round(),
        }
        /// The nearest integer, of halves the one further from 0. Its derivative is 0.
        round(x in -3.0..3.0) -> y {
            forward: x.round(),
            gradient: [nothing_of(x)],
            kink: x - x.floor() - 0.5,
        }
        /// The sine, of radians.
        sin(x in -4.0..4.0) -> y {
            forward: x.sin(),
            gradient: [x.cos()],
        }
        /// The cosine, of radians.
        cos(x in -4.0..4.0) -> y {
            forward: x.cos(),
            gradient: [-x.sin()],
        }
        /// The tangent, of radians.
        tan(x in -1.2..1.2) -> y {
            forward: x.tan(),
            gradient: [T::one() + y * y],
        }
        /// The arc sine, in radians.
        asin(x in -0.9..0.9) -> y {
            forward: x.asin(),
            gradient: [one_minus_square(x).sqrt().recip()],
        }
        /// The arc cosine, in radians.
        acos(x in -0.9..0.9) -> y {
            forward: x.acos(),
            gradient: [-one_minus_square(x).sqrt().recip()],
        }
        /// The arc tangent, in radians.
        atan(x in -4.0..4.0) -> y {
            forward: x.atan(),
            gradient: [over_one_and_square(x)],
        }
        /// The hyperbolic sine.
        sinh(x in -3.0..3.0) -> y {
            forward: x.sinh(),
            gradient: [x.cosh()],
        }
        /// The hyperbolic cosine.
        cosh(x in -3.0..3.0) -> y {
            forward: x.cosh(),
            gradient: [x.sinh()],
        }
        /// The hyperbolic tangent.
        tanh(x in -3.0..3.0) -> y {
            forward: x.hyperbolic_tangent(),
            gradient: [
                // Near 0 the other's derivative cancels, and far from it this one's value.
                if x.abs() < T::of(0.5) {
                    T::one() - y * y
                } else {
                    T::of(4.0) * sigmoid_slope(x + x)
                },
            ],
        }
        /// The inverse hyperbolic sine.
        asinh(x in -4.0..4.0) -> y {
            forward: inverse_hyperbolic(x, x.asinh()),
            gradient: [x.hypot(T::one()).recip()],
        }
        /// The inverse hyperbolic cosine.
        acosh(x in 1.3..5.0) -> y {
            forward: {
                // In terms of what `x` is above 1: the function is steep there.
                let above = x - T::one();
                let root = above.sqrt() * (x + T::one()).sqrt();
                inverse_hyperbolic(x, (above + root).ln_1p())
            },
            gradient: [((x - T::one()).sqrt() * (x + T::one()).sqrt()).recip()],
        }
        /// The inverse hyperbolic tangent.
        atanh(x in -0.9..0.9) -> y {
            forward: if x < T::zero() { -(-x).atanh() } else { x.atanh() },
            gradient: [one_minus_square(x).recip()],
        }
        /// The angle of the point `(x, y)`, in radians: `atan2(y, x)`; its derivative at the origin is 0.
        atan2(y in -3.0..3.0, x in 0.3..3.0) -> angle {
            forward: y.atan2(x),
            gradient: [over_square(x, y), -over_square(y, x)],
        }
        /// `√(x² + y²)`; its derivative at the origin is 0.
        hypot(x in 0.3..3.0, y in -3.0..3.0) -> z {
            forward: x.hypot(y),
            gradient: [direction(x, y), direction(y, x)],
        }
        /// `x · ln y`, and 0 where `x` is 0, whatever `y` is; if that has no finite logarithm, derivatives are 0 too.
        xlogy(x in -3.0..3.0, y in 0.2..5.0) -> z {
            forward: if is_zero_times_log(x, y) { T::zero() } else { x * y.logarithm() },
            gradient: [
                if is_zero_times_log(x, y) { T::zero() } else { y.logarithm() },
                if is_zero_times_log(x, y) || y.is_infinite() { T::zero() } else { x / y },
            ],
        }
        /// `1 / (1 + e⁻ˣ)`, without overflow.
        sigmoid(x in -5.0..5.0) -> y {
            forward: {
                let e = decay(x);
                (if x < T::zero() { e } else { T::one() }) / (T::one() + e)
            },
            gradient: [sigmoid_slope(x)],
        }
        /// `ln(1 + eˣ)`, without overflow.
        softplus(x in -5.0..5.0) -> y {
            forward: (if x < T::zero() { T::zero() } else { x }) + decay(x).ln_1p(),
            gradient: [sigmoid(x)],
        }
        /// `max(x, 0)`; its derivative at 0 is 0.
        relu(x in -2.0..2.0) -> y {
            forward: if x <= T::zero() { T::zero() } else { x },
            gradient: [one_if(!(x <= T::zero()))],
            kink: x,
        }
        /// `x` above 0, else `slope * x` (Maas 2013).
        leaky_relu(x in -2.0..2.0, slope in 0.05..0.5) -> y {
            forward: if is_kept(x, slope) { x } else { slope * x },
            gradient: [
                if is_kept(x, slope) { T::one() } else { slope },
                if is_kept(x, slope) { T::zero() } else { x },
            ],
            kink: x,
        }
        /// `x` above 0, else `alpha * (eˣ - 1)` (Clevert 2015, arXiv:1511.07289).
        elu(x in -2.0..2.0, alpha in 0.3..2.0) -> y {
            forward: if is_kept(x, alpha) { x } else { alpha * x.exp_m1() },
            gradient: [
                if is_kept(x, alpha) { T::one() } else { share_of(alpha, x.exp()) },
                if is_kept(x, alpha) { T::zero() } else { x.exp_m1() },
            ],
            kink: x,
        }
        /// `x * sigmoid(x)` (Elfwing 2017, arXiv:1702.03118).
        silu(x in -5.0..5.0) -> y {
            forward: share_of(x, sigmoid(x)),
            gradient: [{
                let [s, rest] = sigmoid_and_rest(x);
                s + share_of(y, rest)
            }],
        }
        /// `x · Φ(x)` with the error function (Hendrycks 2016, arXiv:1606.08415).
        gelu(x in -4.0..4.0) -> y {
            forward: share_of(x, normal_distribution(x)),
            gradient: [normal_distribution(x) + share_of(x, normal_density(x))],
        }
        /// The approximation of `gelu` by a tanh, as GPT-2 has it.
        gelu_tanh(x in -4.0..4.0) -> y {
            forward: share_of(x, sigmoid(gelu_argument(x).0)),
            gradient: [{
                let (u, du) = gelu_argument(x);
                sigmoid(u) + share_of(x * du, sigmoid_slope(u))
            }],
        }
        /// The error function.
        erf(x in -2.5..2.5) -> y {
            forward: Real::erf(x),
            gradient: [T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp()],
        }
        /// The greater of two; of two equal ones, the first receives the gradient. NaN, if one is.
        max(x in -2.0..2.0, y in -2.0..2.0) -> z {
            forward: if takes_second(y > x, x, y) { y } else { x },
            gradient: [one_if(!takes_second(y > x, x, y)), one_if(takes_second(y > x, x, y))],
            kink: x - y,
        }
        /// The lesser of two; of two equal ones, the first receives the gradient. NaN, if one is.
        min(x in -2.0..2.0, y in -2.0..2.0) -> z {
            forward: if takes_second(y < x, x, y) { y } else { x },
            gradient: [one_if(!takes_second(y < x, x, y)), one_if(takes_second(y < x, x, y))],
            kink: x - y,
        }
        /// `min(max(x, low), high)`.
        clamp(x in -2.0..2.0, low in -1.5..-0.5, high in 0.5..1.5) -> y {
            forward: min(max(x, low), high),
            gradient: [
                clamp_gradient(x, low, high)[0],
                clamp_gradient(x, low, high)[1],
                clamp_gradient(x, low, high)[2],
            ],
            kink: (x - low) * (x - high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PAGE;

    #[test]
    fn the_page_is_that_of_the_table() {
        let page = include_str!("ops/table.md");
        assert!(page == PAGE, "ops/table.md is out of date, it should be\n{PAGE}");
    }
}
