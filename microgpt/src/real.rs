//! Precision: the floating-point types that a tape can hold.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use num_traits::Float;

mod exponential;
mod logarithm;

use crate::expr::{Constant, NoSubscript, Operand};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl<T: super::Real> Sealed for crate::dual::Dual<T> {}
}

/// A floating-point precision: `f32` or `f64`, or [`Dual`](crate::dual::Dual) for a value with its
/// derivative.
///
/// What is generic over it works in every precision. Numbers of the source are made by
/// [`of`](Real::of); arithmetic, `sqrt`, `exp` and the like are those of [`num_traits::Float`].
///
/// ```
/// use microgpt::Real;
///
/// fn half<T: Real>(x: T) -> T {
///     x * T::of(0.5)
/// }
///
/// assert_eq!((half(3.0_f32), half(3.0_f64)), (1.5, 1.5));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a precision that a tape can hold",
    label = "expected `f32` or `f64`",
    note = "convert integers first: `{{n as f64}}`"
)]
pub trait Real:
    Float
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + sealed::Sealed
    + for<'a> Operand<NoSubscript, Self, Shape = (), Source<'a> = Constant<'a, Self>>
    + 'static
{
    /// The nearest number of this precision to an `f64`.
    #[must_use]
    fn of(x: f64) -> Self;

    /// This number as an `f64`, exactly.
    #[must_use]
    fn as_f64(self) -> f64;

    /// `self · factor + addend`, with one rounding where the target has FMA.
    ///
    /// Elsewhere a fused operation is a library call that costs ten times a product and a sum,
    /// so there it rounds twice.
    #[doc(hidden)]
    #[must_use]
    fn fma(self, factor: Self, addend: Self) -> Self;

    /// A position among the values of a tape, kept in the place of a number: to be stored, not to be
    /// computed with. It is finite, and no two positions are the same number.
    #[doc(hidden)]
    #[must_use]
    fn of_position(position: usize) -> Self;

    /// The position that was kept in the place of this number.
    #[doc(hidden)]
    #[must_use]
    fn position(self) -> usize;

    /// Whether this number is 0, and so is all that it carries.
    #[doc(hidden)]
    #[must_use]
    fn vanishes(self) -> bool;

    /// The number alone, as a constant: what it carries of a derivative is left out, as by `stop`.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn stopped(self) -> Self {
        self
    }

    /// An adjoint, `self`, times a local gradient: a zero adjoint is zero, also where the local gradient
    /// is infinite or no number.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn pull(self, local: Self) -> Self {
        if self.vanishes() { Self::zero() } else { self * local }
    }

    /// [`pull`](Real::pull), added to what is there, with one rounding where the target has FMA.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn pull_onto(self, local: Self, gradient: Self) -> Self {
        if self.vanishes() { gradient } else { self.fma(local, gradient) }
    }

    /// An adjoint, `self`, over a divisor: a zero adjoint is zero, also over 0.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn pull_over(self, divisor: Self) -> Self {
        if self.vanishes() { Self::zero() } else { self / divisor }
    }

    /// `eˣ`, in plain arithmetic of which a loop becomes vectors; at most 2 ulp from the exact
    /// value.
    #[doc(hidden)]
    #[must_use]
    fn exponential(self) -> Self;

    /// `tanh x`, in plain arithmetic of which a loop becomes vectors; at most 3 ulp from the exact
    /// value.
    #[doc(hidden)]
    #[must_use]
    fn hyperbolic_tangent(self) -> Self;

    /// `ln x`, in plain arithmetic of which a loop becomes vectors; at most 2 ulp from the exact
    /// value.
    #[doc(hidden)]
    #[must_use]
    fn logarithm(self) -> Self;

    /// The error function, `2/√π ∫₀ˣ exp(-s²) ds`.
    #[must_use]
    fn erf(self) -> Self;

    /// Whether another number is this one to the bit, with all that it carries: so is a NaN itself,
    /// and -0 is not 0.
    #[doc(hidden)]
    #[must_use]
    fn is_identical(self, other: Self) -> bool;

    /// `1 - erf(x)`, which keeps its digits where the error function nears 1.
    #[must_use]
    fn erfc(self) -> Self;
}

macro_rules! real {
    ($float:ty, $bits:ty, $erf:path, $erfc:path, $exp:path, $tanh:path, $ln:path) => {
        impl Real for $float {
            #[inline(always)]
            #[allow(clippy::cast_possible_truncation)] // f32 is asked for by the caller
            fn of(x: f64) -> Self {
                x as $float
            }

            #[inline(always)]
            fn as_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn fma(self, factor: Self, addend: Self) -> Self {
                if cfg!(target_feature = "fma") {
                    self.mul_add(factor, addend)
                } else {
                    self * factor + addend
                }
            }

            #[inline(always)]
            #[allow(clippy::cast_possible_truncation)] // a tape has fewer positions than there are numbers
            fn of_position(position: usize) -> Self {
                let bits = position as $bits;
                Self::from_bits(if bits < Self::INFINITY.to_bits() {
                    bits
                } else {
                    bits + (<$bits>::MAX / 2 + 1 - Self::INFINITY.to_bits())
                })
            }

            #[inline(always)]
            #[allow(clippy::cast_possible_truncation)] // it was made from a position
            fn position(self) -> usize {
                let bits = self.to_bits();
                (if bits < Self::INFINITY.to_bits() {
                    bits
                } else {
                    bits - (<$bits>::MAX / 2 + 1 - Self::INFINITY.to_bits())
                }) as usize
            }

            #[inline(always)]
            fn vanishes(self) -> bool {
                self == 0.0
            }

            #[inline(always)]
            fn exponential(self) -> Self {
                $exp(self)
            }

            #[inline(always)]
            fn hyperbolic_tangent(self) -> Self {
                $tanh(self)
            }

            #[inline(always)]
            fn logarithm(self) -> Self {
                $ln(self)
            }

            #[inline]
            fn erf(self) -> Self {
                $erf(self)
            }

            #[inline(always)]
            fn is_identical(self, other: Self) -> bool {
                self.to_bits() == other.to_bits()
            }

            #[inline]
            fn erfc(self) -> Self {
                $erfc(self)
            }
        }
    };
}

real!(
    f32,
    u32,
    libm::erff,
    libm::erfcf,
    exponential::exp_f32,
    exponential::tanh_f32,
    logarithm::ln_f32
);
real!(
    f64,
    u64,
    libm::erf,
    libm::erfc,
    exponential::exp_f64,
    exponential::tanh_f64,
    logarithm::ln_f64
);

/// `Σ coefficients[k] · xᵏ` by Horner's scheme.
#[inline(always)]
fn polynomial<T: Real, const N: usize>(coefficients: [T; N], x: T) -> T {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum.fma(x, coefficients[k]);
    }
    sum
}
