//! `ln x` in plain arithmetic, without a branch or a table, so that a loop of it becomes vectors.
//!
//! `x = 2ᵏ m` with `m` from `√½` to `√2`, and `ln x = k ln 2 + ln m`. With `f = m - 1` and
//! `s = f / (2 + f)`, `ln m = 2 artanh s = f - f²/2 + s (f²/2 + R)`, where `R` is the series
//! `2 s²/3 + 2 s⁴/5 + ...`; `f` is exact, and what is rounded is small beside it. At most 1 ulp from
//! the exact value in `f64` and in `f32` with FMA; denormals, zeros, infinities and NaN are as they
//! should be.

macro_rules! logarithm {
    (
        $float:ident, $name:ident: scale $scale:expr, $scaled:expr;
        magic $magic:expr; mantissa $mantissa:expr; ln2 $ln2_high:expr, $ln2_low:expr;
        series $($term:expr),+
    ) => {
        /// `ln x`.
        #[inline(always)]
        pub(crate) fn $name(x: $float) -> $float {
            use crate::real::{Real, polynomial};
            // A denormal is scaled to a number that is none.
            let small = x < $float::MIN_POSITIVE;
            let (normal, scaled) = if small { (x * $scale, $scaled) } else { (x, 0.0) };
            let root_of_half = std::$float::consts::FRAC_1_SQRT_2.to_bits();
            let bits = normal.to_bits();
            let power = bits.wrapping_sub(root_of_half).cast_signed() >> $mantissa;
            let m = $float::from_bits(bits.wrapping_sub(power.cast_unsigned() << $mantissa));
            // In the low bits of 1.5 · 2ᵐ an integer is a number.
            let magic: $float = $magic;
            let whole = $float::from_bits(magic.to_bits().wrapping_add_signed(power)) - magic;
            let k = whole - scaled;
            let f = m - 1.0;
            let s = f / (2.0 + f);
            let square = s * s;
            let series = polynomial([$(2.0 / $term),+], square) * square;
            let half = 0.5 * f * f;
            let rest = s.fma(half + series, k * $ln2_low);
            let ln = k.fma($ln2_high, f - (half - rest));
            let ln = if x == $float::INFINITY { x } else { ln };
            let ln = if x == 0.0 { $float::NEG_INFINITY } else { ln };
            if x >= 0.0 { ln } else { $float::NAN }
        }
    };
}

logarithm! {
    f64, ln_f64: scale 18_014_398_509_481_984.0, 54.0;
    magic 6_755_399_441_055_744.0; mantissa 52;
    ln2 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10;
    series 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0
}

logarithm! {
    f32, ln_f32: scale 33_554_432.0, 25.0;
    magic 12_582_912.0; mantissa 23;
    ln2 0.693_359_4, -2.121_944_4e-4;
    series 3.0, 5.0, 7.0, 9.0, 11.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every exponent, denormals included, and mantissas of all sizes; close to 1 in small steps.
    #[test]
    fn double_precision_is_within_two_ulp_of_the_library() {
        let mut worst = 0;
        let mut compare = |x: f64| {
            let (ours, library) = (ln_f64(x), libm::log(x));
            worst = worst.max(ours.to_bits().abs_diff(library.to_bits()));
        };
        for bits in (1..f64::INFINITY.to_bits()).step_by(9_007_199_254_741) {
            compare(f64::from_bits(bits));
        }
        for step in 0..500_000_u64 {
            compare(f64::from_bits(step * step * 7 + 1));
            compare(0.5 + f64::from(u32::try_from(step).expect("few")) * 3.1e-6);
            compare(f64::from_bits(1_f64.to_bits() - 250_000 + step));
        }
        // The library is itself within one of the exact value.
        assert!(worst <= 1, "{worst} ulp");
    }

    /// All of them, or every 97th.
    #[test]
    fn single_precision_is_within_two_ulp_of_the_exact_value() {
        let every = if std::env::var_os("PROPTEST_CASES").is_some() { 1 } else { 997 };
        let mut worst: f64 = 0.0;
        for bits in (1..f32::INFINITY.to_bits()).step_by(every) {
            let x = f32::from_bits(bits);
            let (ours, exact) = (ln_f32(x), libm::log(f64::from(x)));
            #[allow(clippy::cast_possible_truncation)] // to find its neighbour
            let nearest = (exact as f32).abs();
            let ulp = f64::from(nearest.next_up()) - f64::from(nearest);
            worst = worst.max((f64::from(ours) - exact).abs() / ulp);
        }
        assert!(worst <= 2.0, "{worst} ulp");
    }

    #[test]
    fn the_ends_are_what_they_should_be() {
        assert_eq!((ln_f64(0.0), ln_f64(-0.0)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!((ln_f32(0.0), ln_f32(-0.0)), (f32::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!((ln_f64(1.0), ln_f32(1.0)), (0.0, 0.0));
        assert_eq!((ln_f64(f64::INFINITY), ln_f32(f32::INFINITY)), (f64::INFINITY, f32::INFINITY));
        for x in [-1.0, -1e-320, f64::NEG_INFINITY, f64::NAN] {
            assert!(ln_f64(x).is_nan());
        }
        for x in [-1.0, -1e-40, f32::NEG_INFINITY, f32::NAN] {
            assert!(ln_f32(x).is_nan());
        }
        assert_eq!(ln_f64(f64::MAX), libm::log(f64::MAX));
        assert_eq!(ln_f64(f64::from_bits(1)), libm::log(f64::from_bits(1)));
    }
}
