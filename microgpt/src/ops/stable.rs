//! What ops are computed by where the formula as one writes it down overflows, vanishes or cancels, although
//! the answer is an ordinary number. `tests/gradients/figures/ops.json` holds the exact answers.

use super::{clamp, max, min};
use crate::real::Real;

/// `x ^ y` where that is a product or a root.
#[inline(always)]
fn simple_power<T: Real>(x: T, y: T) -> Option<T> {
    // An exponent that carries a derivative is none of these.
    let is = |power: f64| (y - T::of(power)).vanishes();
    if is(2.0) {
        Some(x * x)
    } else if is(1.0) {
        Some(x)
    } else if is(0.0) {
        Some(T::one())
    } else if is(-1.0) {
        Some(x.recip())
    } else if is(-2.0) {
        let reciprocal = x.recip();
        Some(reciprocal * reciprocal)
    } else if is(0.5) {
        Some(x.sqrt())
    } else if is(-0.5) {
        Some(x.sqrt().recip())
    } else if is(-1.5) {
        Some(x.recip() * x.sqrt().recip())
    } else if is(3.0) {
        Some(x * x * x)
    } else {
        None
    }
}

/// `x ^ y`, with the common powers as the products and roots that they are.
#[inline(always)]
pub fn power<T: Real>(x: T, y: T) -> T {
    simple_power(x, y).unwrap_or_else(|| x.powf(y))
}

/// The derivative of `x ^ y` by `x`, `y · x ^ (y - 1)`.
#[inline(always)]
pub fn power_by_base<T: Real>(x: T, y: T) -> T {
    let below = y - T::one();
    if y.vanishes() {
        T::zero()
    } else if let Some(power) = simple_power(x, below) {
        y * power
    } else {
        let power = x.powf(below);
        if power.is_normal() {
            return y * power;
        }
        // The power may be beyond the precision where its product with `y` is not.
        let root = x.abs().powf(below * T::of(0.5));
        share_of(share_of(y, root), root.copysign(power))
    }
}

/// The derivative of `x ^ y` by `y`, `x ^ y · ln x`, from the value.
#[inline(always)]
pub fn power_by_exponent<T: Real>(x: T, y: T, value: T) -> T {
    if x == T::zero() && y >= T::zero() {
        T::zero()
    } else if x < T::zero() {
        T::nan()
    } else {
        share_of(x.ln(), value)
    }
}

/// `x · share`, and 0 where the share is 0 even if `x` is infinite: the share has fallen faster than
/// `x` has grown.
#[inline(always)]
pub fn share_of<T: Real>(x: T, share: T) -> T {
    if share.vanishes() { share } else { x * share }
}

/// `x / √(x² + y²)`, the cosine of an angle: 0 at the origin, and the limit where one side is infinite.
pub fn direction<T: Real>(x: T, y: T) -> T {
    let length = x.hypot(y);
    if length.is_normal() {
        x / length
    } else if length == T::zero() || (y.is_infinite() && !x.is_infinite()) {
        T::zero()
    } else if x.is_infinite() {
        x.signum()
    } else {
        // The length overflows, or is a denormal of few digits.
        let scale = if length < T::one() { T::epsilon().recip() } else { T::of(0.5) };
        (scale * x) / (scale * x).hypot(scale * y)
    }
}

/// `x / (x² + y²)`, and 0 at the origin. The squares may be beyond the precision.
pub fn over_square<T: Real>(x: T, y: T) -> T {
    let length = x.hypot(y);
    if length == T::zero() {
        T::zero()
    } else if length.is_infinite() {
        let half = T::of(0.5);
        half * direction(x, y) / (half * x).hypot(half * y)
    } else {
        direction(x, y) / length
    }
}

/// `e⁻|x|`, which does not overflow.
///
/// It is made of a choice: an absolute value has no derivative at 0, but what is computed of `e⁻|x|` has.
#[inline(always)]
pub fn decay<T: Real>(x: T) -> T {
    (if x < T::zero() { x } else { -x }).exponential()
}

/// The sigmoid, and what it lacks to 1: a difference would lose all digits as the sigmoid nears 1.
#[inline(always)]
pub fn sigmoid_and_rest<T: Real>(x: T) -> [T; 2] {
    let e = decay(x);
    let share = (T::one() + e).recip();
    if x < T::zero() { [e * share, share] } else { [share, e * share] }
}

/// The derivative of the sigmoid. That of the result, `y (1 - y)`, loses all digits as `y` nears 1.
#[inline(always)]
pub fn sigmoid_slope<T: Real>(x: T) -> T {
    let e = decay(x);
    let sum = T::one() + e;
    e / (sum * sum)
}

/// An inverse hyperbolic function, `ln 2x` for an `x` so large that this is exact: in terms of `2x` it
/// overflows too soon.
pub fn inverse_hyperbolic<T: Real>(x: T, y: T) -> T {
    if x.abs() < T::epsilon().recip() || y.is_nan() {
        return y;
    }
    (x.abs().ln() + T::of(std::f64::consts::LN_2)).copysign(y)
}

/// `1 - x²`: as a product near 1, where the difference cancels, and else as a difference, where the
/// derivative of the product does.
#[inline(always)]
pub fn one_minus_square<T: Real>(x: T) -> T {
    let one = T::one();
    if x.abs() < T::of(0.5) { one - x * x } else { (one - x) * (one + x) }
}

/// `1 / (1 + x²)`, where `x²` may overflow.
#[inline(always)]
pub fn over_one_and_square<T: Real>(x: T) -> T {
    let reciprocal = x.recip();
    if x.abs() > T::one() { reciprocal / (x + reciprocal) } else { (T::one() + x * x).recip() }
}

/// The density of the standard normal distribution.
pub fn normal_density<T: Real>(x: T) -> T {
    (T::of(-0.5) * x * x).exp()
        * T::of(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2)
}

/// The distribution function of the standard normal distribution.
pub fn normal_distribution<T: Real>(x: T) -> T {
    T::of(0.5) * (x * T::of(-std::f64::consts::FRAC_1_SQRT_2)).erfc()
}

/// `u` in `gelu_tanh`, which is `x · ½ (1 + tanh ½u)`, or `x · sigmoid(u)`; and its derivative.
pub fn gelu_argument<T: Real>(x: T) -> (T, T) {
    // Beyond these ends the sigmoid is 0 or 1, and the cube might overflow.
    let end = T::of(100.0);
    let x = clamp(x, -end, end);
    let scale = T::of(2.0 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
    let cubic = T::of(0.044_715);
    (scale * (x + cubic * x * x * x), scale * (T::one() + T::of(3.0) * cubic * x * x))
}

/// Whether what is `x` above 0 is `x` here: not where the other argument is NaN.
#[inline(always)]
pub fn is_kept<T: Real>(x: T, other: T) -> bool {
    x > T::zero() && !other.is_nan()
}

/// Whether the second of two is the better one, or the only NaN.
#[inline(always)]
pub fn takes_second<T: Real>(is_better: bool, x: T, y: T) -> bool {
    is_better || (y.is_nan() && !x.is_nan())
}

/// The local gradient of `min(max(x, low), high)`.
#[inline(always)]
pub fn clamp_gradient<T: Real>(x: T, low: T, high: T) -> [T; 3] {
    let raised = max(x, low);
    let [to_raised, to_high] = min::gradient([raised, high], raised);
    let [to_x, to_low] = max::gradient([x, low], raised);
    [to_raised * to_x, to_raised * to_low, to_high]
}

/// Whether `x · ln y` is 0 by agreement: the logarithm is no number, or an infinite one.
#[inline(always)]
pub fn is_zero_times_log<T: Real>(x: T, y: T) -> bool {
    x == T::zero() && !(y > T::zero() && y.is_finite()) && !y.is_nan()
}
