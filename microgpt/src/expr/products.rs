//! Products, which neither overflow nor vanish on the way.

use crate::real::Real;

/// A product under way: `mantissa · scale^exponent`, the mantissa far from the ends of its precision.
///
/// What is a number in the end is one, wherever the product has been: `1e200 · 1e200 · 1e-200` is
/// `1e200`. Scaling is by powers of two, and only where a product grows or shrinks a lot: the digits are
/// those of plain multiplication. Zeros, infinities and NaN are as in plain multiplication.
///
/// All its methods take a reference, as those of [`Sum`](super::sums::Sum) do.
#[derive(Clone, Copy, Debug)]
pub struct Product<T> {
    mantissa: T,
    exponent: i32,
}

impl<T: Real> Product<T> {
    /// The empty product.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self { mantissa: T::one(), exponent: 0 }
    }

    /// A power of two: its square and the inverse of that are far from the ends of the precision.
    #[inline]
    fn scale() -> f64 {
        if T::max_value().as_f64() > f64::from(f32::MAX) { 256f64.exp2() } else { 32f64.exp2() }
    }

    /// Multiplies by a number.
    #[inline]
    pub fn take(&mut self, x: T) {
        let plain = self.mantissa * x;
        let magnitude = plain.as_f64().abs();
        if magnitude < Self::scale() && magnitude > Self::scale().recip() {
            self.mantissa = plain;
        } else {
            *self = self.times(Self::scaled(x));
        }
    }

    /// A number of any size.
    #[cold]
    fn scaled(x: T) -> Self {
        let (mut mantissa, mut exponent) = (x, 0);
        let scale = Self::scale();
        while mantissa.as_f64().abs() > scale && mantissa.is_finite() {
            mantissa *= T::of(scale.recip());
            exponent += 1;
        }
        while mantissa.as_f64().abs() < scale.recip() && mantissa.as_f64() != 0.0 {
            mantissa *= T::of(scale);
            exponent -= 1;
        }
        Self { mantissa, exponent }
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        let plain = self.mantissa * other.mantissa;
        let magnitude = plain.as_f64().abs();
        let exponent = self.exponent + other.exponent;
        if magnitude < Self::scale() && magnitude > Self::scale().recip() {
            return Self { mantissa: plain, exponent };
        }
        let product = Self::scaled(plain);
        Self { exponent: exponent + product.exponent, ..product }
    }

    /// The product as a number, rounded where it is a denormal.
    #[must_use]
    #[inline]
    pub fn number(&mut self) -> T {
        if self.exponent == 0 {
            return self.mantissa;
        }
        let scale = Self::scale();
        let scale = T::of(if self.exponent > 0 { scale } else { scale.recip() });
        // Beyond the ends of the precision more of the same changes nothing.
        let times = self.exponent.unsigned_abs().min(16);
        (0..times).fold(self.mantissa, |number, _| number * scale)
    }
}

impl<T: Real> Default for Product<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The product over all values but one, for each of them.
#[derive(Clone, Debug)]
pub struct Others<T> {
    /// Of the values before each.
    before: Vec<Product<T>>,
    product: Product<T>,
}

impl<T: Real> Others<T> {
    /// No value yet.
    #[must_use]
    pub fn new() -> Self {
        Self { before: Vec::new(), product: Product::new() }
    }

    /// Takes the values one after the other.
    #[inline]
    pub fn before(&mut self, x: T) {
        self.before.push(self.product);
        self.product.take(x);
    }

    /// All values were taken: they follow again, the last one first.
    #[inline]
    pub fn turn(&mut self) {
        self.product = Product::new();
    }

    /// Takes the values again, and gives the product of all others.
    #[inline]
    pub fn after(&mut self, x: T) -> T {
        let before = self.before.pop().unwrap_or_default();
        let others = before.times(self.product).number();
        self.product.take(x);
        if self.before.is_empty() {
            // That was the first value: others may follow from the beginning.
            self.turn();
        }
        others
    }
}

impl<T: Real> Default for Others<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dual::Dual;

    fn product<T: Real>(values: &[T]) -> T {
        let mut product = Product::new();
        for &x in values {
            product.take(x);
        }
        product.number()
    }

    fn others<T: Real>(values: &[T]) -> Vec<T> {
        let mut others = Others::new();
        for row in [&[T::of(3.0); 4][..], &[]] {
            for &x in row {
                others.before(x);
            }
            others.turn();
            for &x in row {
                assert_eq!(others.after(x), T::of(27.0));
            }
        }
        for &x in values {
            others.before(x);
        }
        others.turn();
        let mut all: Vec<T> = values.iter().rev().map(|&x| others.after(x)).collect();
        all.reverse();
        all
    }

    #[test]
    fn what_is_a_number_does_not_overflow_or_vanish_on_the_way() {
        assert_eq!(others(&[0.0, 0.0, 1e200, 1e200]), [0.0; 4]);
        assert_eq!(others(&[0.0, 1e200, 1e200, 1e-200]), [1e200, 0.0, 0.0, 0.0]);
        assert_eq!(others(&[1e-200, 1e-200, 1e200, 1e200])[..2], [1e200, 1e200]);
        assert_eq!(others(&[1e300, 1e300, 2.0]), [2e300, 2e300, f64::INFINITY]);
        assert_eq!(others(&[f64::from_bits(1), 1e300, 3.0])[1], f64::from_bits(3));
        assert_eq!(others(&[1e30_f32, 1e30, 1e-30, 1e-30])[0], 1e-30);
        assert!(others::<f64>(&[]).is_empty());
        assert_eq!(others(&[5.0]), [1.0]);
        let infinite = others(&[f64::INFINITY, 0.0, 2.0]);
        assert_eq!(infinite[..2], [0.0, f64::INFINITY]);
        assert!(infinite[2].is_nan());
    }

    #[test]
    fn a_product_is_a_number_if_it_is_one_in_the_end() {
        assert_eq!(product(&[1e200, 1e200, 0.0]), 0.0);
        assert_eq!(product(&[1e200, 1e200, 1e-200]), 1e200);
        let (small, big) = ((-700f64).exp2(), 700f64.exp2());
        assert_eq!(product(&[small, small, big, -big]), -1.0);
        assert_eq!(product(&[1e300, 1e10]), f64::INFINITY);
        assert_eq!(product(&[1e-300, -1e-300]), 0.0);
        assert_eq!(product(&[f64::from_bits(3), 0.5, 4.0]), f64::from_bits(6));
        assert_eq!(product(&[1e-320, 1e20, 1e-20]), 1e-320);
        assert_eq!(product(&[1e-30_f32, 1e-30, 1e30]), 1e-30);
        assert_eq!(product(&[f32::MAX, f32::MAX, f32::MIN_POSITIVE]), f32::INFINITY);
        assert!(product(&[f64::INFINITY, 0.0]).is_nan());
        assert!(product(&[f64::NAN, 0.0]).is_nan());
        assert_eq!(product(&[f64::NEG_INFINITY, 1e-300, 1e-300]), f64::NEG_INFINITY);
        // The tangents of a product of zeros and large numbers.
        let zero = Dual::new(0.0, 1.0);
        let large = Dual::constant(1e200);
        assert_eq!(product(&[zero, zero, large, large]).tangent, 0.0);
        assert_eq!(product(&[large, zero, Dual::constant(1e-200), large]).tangent, 1e200);
    }

    #[test]
    fn ordinary_numbers_have_the_digits_of_plain_products() {
        let x = [0.3, -1.7, 2.9, 1e-5, 12345.678];
        let plain = |skip: usize| {
            let product =
                |range: &mut dyn Iterator<Item = usize>| range.fold(1.0, |p, at| p * x[at]);
            product(&mut (0..skip)) * product(&mut (skip + 1..x.len()).rev())
        };
        for (at, other) in others(&x).into_iter().enumerate() {
            assert_eq!(other, plain(at));
        }
        let duals = x.map(|x| Dual::new(x, 1.0));
        assert!(others(&duals).iter().zip(others(&x)).all(|(dual, x)| dual.value == x));
    }
}
