//! `eˣ` in plain arithmetic, without a branch or a table, so that a loop of it becomes vectors.
//!
//! `x = k ln 2 + r` with `|r| ≤ ln 2 / 2`, and `eˣ = 2ᵏ eʳ` (Tang 1989, doi:10.1145/63522.214389):
//! `eʳ` is its Taylor polynomial, `2ᵏ` is made of bits, in two factors where one would underflow.
//! At most 1 ulp from the exact value in `f64` with FMA, 2 without and in `f32`; the limits,
//! denormal results, infinities and NaN are as they should be.

macro_rules! exponential {
    (
        $float:ident, $bits:ident, $name:ident: ends $low:expr, $high:expr; magic $magic:expr;
        mantissa $mantissa:expr, bias $bias:expr; ln2 $ln2_high:expr, $ln2_low:expr;
        even $($even:expr),+; odd $($odd:expr),+
    ) => {
        /// `eˣ`.
        #[inline(always)]
        pub(crate) fn $name(x: $float) -> $float {
            use crate::real::{Real, polynomial};
            // Beyond these ends it is infinite or 0; a NaN stays one.
            let x = x.clamp($low, $high);
            // Adding 1.5 · 2ᵐ rounds to an integer, which is then in the low bits.
            let rounded = x.fma(std::$float::consts::LOG2_E, $magic);
            let k = rounded - $magic;
            let r = (-k).fma($ln2_low, (-k).fma($ln2_high, x));
            // 1/2! + r/3! + r²/4! + ..., its even and odd powers side by side.
            let square = r * r;
            let even = polynomial([$($even),+], square);
            let odd = polynomial([$($odd),+], square);
            let tail = odd.fma(r, even);
            let exp = 1.0 + tail.fma(square, r);
            // Half of k and the rest of it, each with the bias of an exponent.
            let biased = rounded.to_bits().wrapping_sub($float::to_bits($magic) - 2 * $bias);
            let half = biased >> 1;
            let power_of_two = |exponent: $bits| $float::from_bits(exponent << $mantissa);
            exp * power_of_two(half) * power_of_two(biased - half)
        }
    };
}

exponential! {
    f64, u64, exp_f64: ends -746.0, 710.0; magic 6_755_399_441_055_744.0;
    mantissa 52, bias 1023; ln2 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10;
    even 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40_320.0, 1.0 / 3_628_800.0, 1.0 / 479_001_600.0;
    odd 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5_040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0
}

exponential! {
    f32, u32, exp_f32: ends -104.0, 89.0; magic 12_582_912.0;
    mantissa 23, bias 127; ln2 0.693_359_4, -2.121_944_4e-4;
    even 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0;
    odd 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5_040.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Real;

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
}
