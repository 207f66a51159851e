//! Dual numbers: forward-mode derivatives, the oracle that owes nothing to the op table's.
//!
//! A dual number carries a value and its derivative along one direction, `x + ẋε` with `ε² = 0`
//! (Clifford 1873; Griewank and Walther, *Evaluating Derivatives*, 2008, chapter 3). As it is a
//! [`Real`], whatever is generic over the precision, every layer of this crate for one, computes
//! with it, and what comes out carries its derivative, found without a backward pass.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::num::FpCategory;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use num_traits::{Float, Num, NumCast, One, ToPrimitive, Zero};

use crate::real::Real;

/// A number with its derivative along one direction.
///
/// Both are of a precision `T`: `f64`, `f32`, or `Dual` again for derivatives of second order.
///
/// Numbers compare by their values alone, so that a branch goes the way it would without the
/// derivative.
///
/// ```
/// use microgpt::dual::Dual;
/// use microgpt::expr;
///
/// let x: [Dual; 2] = [Dual::new(3.0, 1.0), Dual::constant(4.0)];
/// let y = expr!(sqrt(x[0]^2 + x[1]^2));
/// assert_eq!(y.value, 5.0);
/// assert!((y.tangent - 0.6).abs() < 1e-15);
///
/// // The derivative of the derivative, of x³ at 2.
/// let x: Dual<Dual> = Dual::new(Dual::new(2.0, 1.0), Dual::constant(1.0));
/// assert_eq!((x * x * x).tangent.tangent, 12.0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual<T = f64> {
    /// The number.
    pub value: T,
    /// Its derivative.
    pub tangent: T,
}

impl<T: Real> Dual<T> {
    /// A number with this derivative.
    #[must_use]
    pub const fn new(value: T, tangent: T) -> Self {
        Self { value, tangent }
    }

    /// A number that does not change.
    #[must_use]
    pub fn constant(value: T) -> Self {
        Self::new(value, T::zero())
    }

    /// The chain rule; a derivative of 0 stays 0 even where the function's is infinite.
    fn chain(self, value: T, slope: T) -> Self {
        Self::new(value, self.tangent.pull(slope))
    }
}

impl<T: Real> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Real> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real> fmt::Display for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {}ε", self.value, self.tangent)
    }
}

impl<T: Real> Add for Dual<T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.value + other.value, self.tangent + other.tangent)
    }
}

impl<T: Real> Sub for Dual<T> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.value - other.value, self.tangent - other.tangent)
    }
}

impl<T: Real> Mul for Dual<T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        // A tangent of 0 stays 0 also times an infinite factor.
        let tangent = self.tangent.pull(other.value) + other.tangent.pull(self.value);
        Self::new(self.value * other.value, tangent)
    }
}

impl<T: Real> Div for Dual<T> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        // A tangent of 0 stays 0 also over 0.
        let quotient = self.value / other.value;
        let along_other = other.tangent.pull(quotient).pull_over(other.value);
        Self::new(quotient, self.tangent.pull_over(other.value) - along_other)
    }
}

impl<T: Real> Rem for Dual<T> {
    type Output = Self;
    fn rem(self, other: Self) -> Self {
        let whole = (self.value / other.value).trunc();
        Self::new(self.value % other.value, self.tangent - whole * other.tangent)
    }
}

impl<T: Real> Neg for Dual<T> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.value, -self.tangent)
    }
}

macro_rules! assign {
    ($($trait:ident $method:ident $operator:tt;)*) => {$(
        impl<T: Real> $trait for Dual<T> {
            fn $method(&mut self, other: Self) {
                *self = *self $operator other;
            }
        }
    )*};
}

assign! {
    AddAssign add_assign +;
    SubAssign sub_assign -;
    MulAssign mul_assign *;
    DivAssign div_assign /;
    RemAssign rem_assign %;
}

impl<T: Real> Sum for Dual<T> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), Add::add)
    }
}

impl<T: Real> Zero for Dual<T> {
    fn zero() -> Self {
        Self::constant(T::zero())
    }
    fn is_zero(&self) -> bool {
        self.value == T::zero()
    }
}

impl<T: Real> One for Dual<T> {
    fn one() -> Self {
        Self::constant(T::one())
    }
}

impl<T: Real> Num for Dual<T> {
    type FromStrRadixErr = <T as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        T::from_str_radix(text, radix).map(Self::constant)
    }
}

impl<T: Real> ToPrimitive for Dual<T> {
    fn to_i64(&self) -> Option<i64> {
        self.value.to_i64()
    }
    fn to_u64(&self) -> Option<u64> {
        self.value.to_u64()
    }
    fn to_f64(&self) -> Option<f64> {
        self.value.to_f64()
    }
}

impl<T: Real> NumCast for Dual<T> {
    fn from<N: ToPrimitive>(number: N) -> Option<Self> {
        number.to_f64().map(|number| Self::constant(T::of(number)))
    }
}

/// Methods of `Float` that give a number which does not change, or only ask about the value.
macro_rules! constants {
    ($($name:ident)*) => {$(
        fn $name() -> Self {
            Self::constant(<T as Float>::$name())
        }
    )*};
}

macro_rules! questions {
    ($($name:ident -> $answer:ty;)*) => {$(
        fn $name(self) -> $answer {
            Float::$name(self.value)
        }
    )*};
}

/// Functions that are constant between their jumps.
macro_rules! steps {
    ($($name:ident)*) => {$(
        fn $name(self) -> Self {
            Self::constant(self.value.$name())
        }
    )*};
}

/// Functions with their derivatives, from the argument `x` and the result `y`.
macro_rules! functions {
    ($($name:ident(|$x:ident, $y:ident| $slope:expr);)*) => {$(
        fn $name(self) -> Self {
            let $x = self.value;
            let $y = $x.$name();
            self.chain($y, $slope)
        }
    )*};
}

#[allow(unused_variables)]
impl<T: Real> Float for Dual<T> {
    constants! {
        nan infinity neg_infinity neg_zero min_value min_positive_value epsilon max_value
    }

    questions! {
        is_nan -> bool;
        is_infinite -> bool;
        is_finite -> bool;
        is_normal -> bool;
        is_sign_positive -> bool;
        is_sign_negative -> bool;
        classify -> FpCategory;
        integer_decode -> (u64, i16, i8);
    }

    steps! { floor ceil round trunc signum }

    functions! {
        abs(|x, y| if x == T::zero() { T::zero() } else { x.signum() });
        recip(|x, y| -y * y);
        sqrt(|x, y| T::of(0.5) / y);
        cbrt(|x, y| (T::of(3.0) * y * y).recip());
        exp(|x, y| y);
        exp2(|x, y| y * T::of(std::f64::consts::LN_2));
        exp_m1(|x, y| x.exp());
        ln(|x, y| x.recip());
        log2(|x, y| T::of(std::f64::consts::LOG2_E) / x);
        log10(|x, y| T::of(std::f64::consts::LOG10_E) / x);
        ln_1p(|x, y| (T::one() + x).recip());
        sin(|x, y| x.cos());
        cos(|x, y| -x.sin());
        tan(|x, y| T::one() + y * y);
        asin(|x, y| one_minus_square(x).sqrt().recip());
        acos(|x, y| -one_minus_square(x).sqrt().recip());
        atan(|x, y| over_square(x.hypot(T::one())));
        sinh(|x, y| x.cosh());
        cosh(|x, y| x.sinh());
        tanh(|x, y| over_square(x.cosh()));
        asinh(|x, y| x.hypot(T::one()).recip());
        acosh(|x, y| ((x - T::one()).sqrt() * (x + T::one()).sqrt()).recip());
        atanh(|x, y| one_minus_square(x).recip());
    }

    fn fract(self) -> Self {
        Self::new(self.value.fract(), self.tangent)
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }

    fn powi(self, power: i32) -> Self {
        let exponent = T::of(<f64 as From<i32>>::from(power));
        let slope = if power == 0 { T::zero() } else { exponent * self.value.powi(power - 1) };
        self.chain(self.value.powi(power), slope)
    }

    fn powf(self, power: Self) -> Self {
        let value = self.value.powf(power.value);
        let by_base = slope_of_power(self.value, power.value);
        let x = self.value;
        let by_power = if x < T::zero() {
            T::nan()
        } else if x == T::zero() && power.value >= T::zero() {
            T::zero()
        } else {
            value.pull(x.ln())
        };
        Self::new(value, self.tangent.pull(by_base) + power.tangent.pull(by_power))
    }

    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    fn max(self, other: Self) -> Self {
        if self.value >= other.value || other.value.is_nan() { self } else { other }
    }

    fn min(self, other: Self) -> Self {
        if self.value <= other.value || other.value.is_nan() { self } else { other }
    }

    fn abs_sub(self, other: Self) -> Self {
        if self.value > other.value { self - other } else { Self::constant(T::zero()) }
    }

    fn hypot(self, other: Self) -> Self {
        let value = self.value.hypot(other.value);
        let (x, y) = (self.value, other.value);
        let along_both = self.tangent.pull(direction(x, y)) + other.tangent.pull(direction(y, x));
        Self::new(value, along_both)
    }

    fn atan2(self, other: Self) -> Self {
        let (y, x) = (self.value, other.value);
        let across = self.tangent.pull(direction(x, y)) - other.tangent.pull(direction(y, x));
        // Of a length beyond the precision the half is not.
        let scale = T::of(if x.hypot(y).is_infinite() { 0.5 } else { 1.0 });
        Self::new(y.atan2(x), (scale * across).pull_over((scale * x).hypot(scale * y)))
    }

    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }
}

impl<T: Real> Real for Dual<T> {
    fn of(x: f64) -> Self {
        Self::constant(T::of(x))
    }

    fn as_f64(self) -> f64 {
        self.value.as_f64()
    }

    fn fma(self, factor: Self, addend: Self) -> Self {
        Self::new(
            self.value.fma(factor.value, addend.value),
            self.tangent.pull(factor.value) + factor.tangent.pull(self.value) + addend.tangent,
        )
    }

    fn of_position(position: usize) -> Self {
        Self::constant(T::of_position(position))
    }

    fn position(self) -> usize {
        self.value.position()
    }

    fn stopped(self) -> Self {
        Self::constant(self.value.stopped())
    }

    fn vanishes(self) -> bool {
        self.value.vanishes() && self.tangent.vanishes()
    }

    fn pull(self, local: Self) -> Self {
        Self::new(
            self.value.pull(local.value),
            self.tangent.pull(local.value) + self.value.pull(local.tangent),
        )
    }

    fn pull_onto(self, local: Self, gradient: Self) -> Self {
        gradient + self.pull(local)
    }

    fn pull_over(self, divisor: Self) -> Self {
        let quotient = self.value.pull_over(divisor.value);
        let along_divisor = quotient.pull(divisor.tangent).pull_over(divisor.value);
        Self::new(quotient, self.tangent.pull_over(divisor.value) - along_divisor)
    }

    fn exponential(self) -> Self {
        Float::exp(self)
    }

    fn hyperbolic_tangent(self) -> Self {
        Float::tanh(self)
    }

    fn logarithm(self) -> Self {
        Float::ln(self)
    }

    fn erf(self) -> Self {
        let slope = T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-self.value * self.value).exp();
        self.chain(Real::erf(self.value), slope)
    }

    fn is_identical(self, other: Self) -> bool {
        self.value.is_identical(other.value) && self.tangent.is_identical(other.tangent)
    }

    fn erfc(self) -> Self {
        let slope = T::of(-std::f64::consts::FRAC_2_SQRT_PI) * (-self.value * self.value).exp();
        self.chain(Real::erfc(self.value), slope)
    }
}

/// `1 - x²`, without cancellation in it or in its derivative.
fn one_minus_square<T: Real>(x: T) -> T {
    let one = T::one();
    if x.abs() < T::of(0.5) { one - x * x } else { (one - x) * (one + x) }
}

/// `1 / x²` of what may be infinite.
fn over_square<T: Real>(x: T) -> T {
    if x.is_infinite() { T::zero() } else { x.recip() / x }
}

/// A side of a right triangle over its hypotenuse: the sine of an angle, 0 where there is no triangle.
fn direction<T: Real>(side: T, other: T) -> T {
    match (side.is_infinite(), other.is_infinite()) {
        (true, _) => side.signum(),
        (_, true) => T::zero(),
        _ if side == T::zero() && other == T::zero() => T::zero(),
        _ => {
            // A length that cancels: as a constant it leaves no trace in a derivative either.
            let scale = side.abs().max(other.abs()).stopped();
            let (side, other) = (side / scale, other / scale);
            side / side.hypot(other)
        }
    }
}

/// The derivative of `x ^ power` by `x`, in two halves where one factor would overflow or vanish.
fn slope_of_power<T: Real>(x: T, power: T) -> T {
    if power.vanishes() {
        return T::zero();
    }
    let steepness = x.powf(power - T::one());
    if steepness.vanishes() {
        return steepness;
    }
    if steepness.is_normal() || x == T::zero() || x.is_infinite() {
        return power * steepness;
    }
    let half = x.abs().powf(T::of(0.5) * (power - T::one()));
    if half == T::zero() { half } else { power * half * half.copysign(steepness) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tangent_is_the_limit_of_the_difference_quotient() {
        type Function = (&'static str, fn(Dual) -> Dual);
        let functions: [Function; 8] = [
            ("tan", |x| x.tan().cbrt()),
            ("hypot", |x| x.hypot(Dual::constant(0.7)).exp2()),
            ("atan2", |x| Dual::constant(0.3).atan2(x)),
            ("powf", |x| x.powf(x)),
            ("powi", |x| x.powi(-3)),
            ("log", |x| x.log(x + Dual::one())),
            ("rem", |x| (x * Dual::constant(5.3)) % (x * x)),
            ("erf", |x| x.erf().atanh()),
        ];
        for (name, function) in functions {
            let at = |x: f64, tangent| function(Dual::new(x, tangent));
            let step = 1e-6;
            let quotient = (at(0.6 + step, 0.0).value - at(0.6 - step, 0.0).value) / (2.0 * step);
            let tangent = at(0.6, 1.0).tangent;
            assert!((tangent - quotient).abs() < 1e-8, "{name}: {tangent} {quotient}");
        }
    }

    #[test]
    fn what_does_not_change_has_no_tangent_where_the_slope_is_infinite() {
        assert_eq!(Dual::constant(0.0).sqrt().tangent, 0.0);
        assert_eq!(Dual::new(-2.0, 1.0).powf(Dual::constant(2.0)).tangent, -4.0);
        let (zero, infinite) = (Dual::constant(0.0), Dual::constant(f64::INFINITY));
        let still = [
            zero / zero,
            Dual::constant(1.0) / zero,
            zero.recip(),
            zero.ln(),
            zero.powf(Dual::constant(-0.5)),
            zero.powi(-2),
            zero.atan2(zero),
            zero.hypot(zero),
            infinite * zero,
            infinite.fma(zero, zero),
            infinite.hypot(infinite),
            infinite - infinite,
            Dual::constant(1.0).acosh(),
            Dual::constant(1.0).asin(),
            Dual::constant(2.0).acos(),
            Dual::constant(-1.0).atanh(),
            infinite.exp().tan(),
        ];
        for dual in still {
            assert_eq!(dual.tangent, 0.0, "{dual}");
        }
    }
}
