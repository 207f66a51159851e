//! `eˣ` and `tanh x` in plain arithmetic, without a branch or a table, so that a loop of them becomes vectors.
//!
//! `x = k ln 2 + r` with `|r| ≤ ln 2 / 2`, and `eˣ = 2ᵏ eʳ` (Tang 1989, doi:10.1145/63522.214389):
//! `eʳ` is its Taylor polynomial, `2ᵏ` is made of bits, in two factors where one would underflow.
//! At most 1 ulp from the exact value in `f64` with FMA, 2 without and in `f32`; the limits,
//! denormal results, infinities and NaN are as they should be.
//!
//! `tanh x = d / (d + 2)` with `d = e²ˣ - 1 = 2ᵏ (eʳ - 1) + (2ᵏ - 1)`. Near 0, where `k` is 0, nothing cancels:
//! at most 3 ulp from the exact value.

use crate::real::{Real, polynomial};

macro_rules! exponential {
    (
        $float:ident, $bits:ident, $exp:ident, $tanh:ident, $reduce:ident: ends $low:expr, $high:expr;
        one from $one:expr; magic $magic:expr; mantissa $mantissa:expr, bias $bias:expr;
        ln2 $ln2_high:expr, $ln2_low:expr; even $($even:expr),+; odd $($odd:expr),+
    ) => {
        /// `eʳ - 1` and `k`.
        #[inline(always)]
        fn $reduce(x: $float) -> ($float, $bits) {
            // Adding 1.5 · 2ᵐ rounds to an integer, which is then in the low bits.
            let rounded = x.fma(std::$float::consts::LOG2_E, $magic);
            let k = rounded - $magic;
            let r = (-k).fma($ln2_low, (-k).fma($ln2_high, x));
            // 1/2! + r/3! + r²/4! + ..., its even and odd powers side by side.
            let square = r * r;
            let even = polynomial([$($even),+], square);
            let odd = polynomial([$($odd),+], square);
            let tail = odd.fma(r, even);
            (tail.fma(square, r), rounded.to_bits().wrapping_sub($float::to_bits($magic)))
        }

        /// `eˣ`.
        #[inline(always)]
        pub(crate) fn $exp(x: $float) -> $float {
            // Beyond these ends it is infinite or 0; a NaN stays one. The lower end is so low that both powers of two
            // are 0 there. A product of zeros is fast. One that is rounded to 0 takes as long as a hundred others.
            let (less_one, k) = $reduce(x.clamp($low, $high));
            // Half of k and the rest of it, each with the bias of an exponent.
            let biased = k.wrapping_add(2 * $bias);
            let half = biased >> 1;
            let power_of_two = |exponent: $bits| $float::from_bits(exponent << $mantissa);
            (1.0 + less_one) * power_of_two(half) * power_of_two(biased - half)
        }

        /// `tanh x`.
        #[inline(always)]
        pub(crate) fn $tanh(x: $float) -> $float {
            // Beyond these ends it is 1 or -1; a NaN stays one.
            let size = x.clamp(-$one, $one).abs();
            let (less_one, k) = $reduce(size + size);
            let power = $float::from_bits(k.wrapping_add($bias) << $mantissa);
            let grown = less_one.fma(power, power - 1.0);
            (grown / (grown + 2.0)).copysign(x)
        }
    };
}

exponential! {
    f64, u64, exp_f64, tanh_f64, reduce_f64: ends -1418.0, 710.0; one from 20.0;
    magic 6_755_399_441_055_744.0; mantissa 52, bias 1023;
    ln2 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10;
    even 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40_320.0, 1.0 / 3_628_800.0, 1.0 / 479_001_600.0;
    odd 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5_040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0
}

exponential! {
    f32, u32, exp_f32, tanh_f32, reduce_f32: ends -176.0, 89.0; one from 10.0;
    magic 12_582_912.0; mantissa 23, bias 127; ln2 0.693_359_4, -2.121_944_4e-4;
    even 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0;
    odd 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5_040.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many floats lie between two.
    fn ulps_f64(one: f64, other: f64) -> u64 {
        one.to_bits().abs_diff(other.to_bits())
    }

    /// Every float from the least with a result above 0 to beyond the greatest, in steps.
    #[test]
    fn double_precision_is_within_two_ulp_of_the_library() {
        let mut worst = 0;
        let mut x = -750.0;
        while x < 712.0 {
            let (ours, library) = (exp_f64(x), libm::exp(x));
            worst = worst.max(ulps_f64(ours, library));
            x += 0.000_173_205;
        }
        for tiny in [0.0, -0.0, 1e-320, -1e-320, 1e-17, -1e-17, 1e-9] {
            worst = worst.max(ulps_f64(exp_f64(tiny), libm::exp(tiny)));
        }
        // The library is itself within one of the exact value.
        assert!(worst <= 1, "{worst} ulp");
    }

    /// All of them: there are few enough.
    #[test]
    fn single_precision_is_within_two_ulp_of_the_exact_value() {
        let every = if std::env::var_os("PROPTEST_CASES").is_some() { 1 } else { 997 };
        let mut worst: f64 = 0.0;
        for bits in (0..=u32::MAX).step_by(every) {
            let x = f32::from_bits(bits);
            if !(-110.0..90.0).contains(&x) {
                continue;
            }
            let (ours, exact) = (f64::from(exp_f32(x)), f64::from(x).exp());
            if exact > f64::from(f32::MAX) {
                assert!(ours.is_infinite() || ours == f64::from(f32::MAX), "{x}: {ours}");
                continue;
            }
            let nearest = f32::of(exact);
            let ulp = f64::from(nearest.next_up()) - f64::from(nearest);
            worst = worst.max((ours - exact).abs() / ulp);
        }
        assert!(worst <= 2.0, "{worst} ulp");
    }

    #[test]
    fn the_ends_are_what_they_should_be() {
        assert_eq!(exp_f64(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp_f64(f64::NEG_INFINITY), 0.0);
        assert_eq!((exp_f64(1e308), exp_f64(-1e308)), (f64::INFINITY, 0.0));
        assert_eq!((exp_f64(0.0), exp_f64(-0.0)), (1.0, 1.0));
        assert!(exp_f64(f64::NAN).is_nan() && exp_f32(f32::NAN).is_nan());
        assert_eq!(exp_f32(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp_f32(f32::NEG_INFINITY), 0.0);
        assert_eq!((exp_f32(0.0), exp_f32(88.8)), (1.0, f32::INFINITY));
        assert_eq!(exp_f64(-745.0), libm::exp(-745.0));
        assert!(exp_f32(-103.0) > 0.0);
    }

    /// The exact value of what is rounded to single precision, in double precision.
    #[test]
    fn the_tangent_of_single_precision_is_within_three_ulp_of_the_exact_value() {
        let every = if std::env::var_os("PROPTEST_CASES").is_some() { 1 } else { 997 };
        let mut worst: f64 = 0.0;
        for bits in (0..=u32::MAX).step_by(every) {
            let x = f32::from_bits(bits);
            if x.is_nan() {
                assert!(tanh_f32(x).is_nan());
                continue;
            }
            let (ours, exact) = (tanh_f32(x), libm::tanh(f64::from(x)));
            let size = f32::of(exact.abs());
            let ulp = f64::from(size.next_up()) - f64::from(size);
            worst = worst.max((f64::from(ours) - exact).abs() / ulp);
            assert_eq!(ours.is_sign_negative(), x.is_sign_negative());
        }
        assert!(worst <= 3.0, "{worst} ulp");
    }

    /// Of every exponent, and in small steps where it is neither `x` nor 1.
    #[test]
    fn the_tangent_of_double_precision_is_within_three_ulp_of_the_exact_value() {
        let mut worst = 0;
        // Beside the least bits of `x`, which the library knows: itself within one of the exact value.
        let mut compare = |x: f64| {
            worst = worst.max(ulps_f64(tanh_f64(x), libm::tanh(x)));
            assert_eq!(tanh_f64(-x).to_bits(), (-tanh_f64(x)).to_bits());
        };
        for bits in (0..=f64::INFINITY.to_bits()).step_by(9_007_199_254_741) {
            compare(f64::from_bits(bits));
        }
        for step in 0..1_000_000 {
            compare(f64::from(step) * 2.1e-5);
        }
        assert!(worst <= 3, "{worst} ulp");
        assert_eq!((tanh_f64(f64::INFINITY), tanh_f64(-1e300)), (1.0, -1.0));
        assert!(tanh_f64(-0.0).is_sign_negative() && tanh_f64(f64::NAN).is_nan());
    }
}
