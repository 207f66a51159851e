//! `+`, `-` and scaling of whole arrays, so that residuals read `x + f(x)`.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use super::{Array, Vector};
use crate::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// The same values under one axis.
fn flat<S: Shape, T: Real>(x: Array<'_, S, T>) -> Vector<'_, usize, T> {
    x.reshape((x.size(),))
}

#[cold]
#[track_caller]
fn different(one: impl AsRef<[usize]>, other: impl AsRef<[usize]>) -> ! {
    panic!("an array of shape {:?} meets one of shape {:?}", one.as_ref(), other.as_ref())
}

#[track_caller]
fn same_shape<S: Shape, T: Real>(one: Array<'_, S, T>, other: Array<'_, S, T>) -> S {
    if one.shape() != other.shape() {
        different(one.shape().lens(), other.shape().lens());
    }
    one.shape()
}

/// Element by element, of two arrays of one shape.
impl<S: Shape, T: Real> Add for Array<'_, S, T> {
    type Output = Self;

    #[track_caller]
    fn add(self, other: Self) -> Self {
        let (shape, one, other) = (same_shape(self, other), flat(self), flat(other));
        expr!([one[i] + other[i] for i]).shaped(shape)
    }
}

impl<S: Shape, T: Real> AddAssign for Array<'_, S, T> {
    #[track_caller]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Element by element, of two arrays of one shape.
impl<S: Shape, T: Real> Sub for Array<'_, S, T> {
    type Output = Self;

    #[track_caller]
    fn sub(self, other: Self) -> Self {
        let (shape, one, other) = (same_shape(self, other), flat(self), flat(other));
        expr!([one[i] - other[i] for i]).shaped(shape)
    }
}

impl<S: Shape, T: Real> Neg for Array<'_, S, T> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        let x = flat(self);
        expr!([-x[i] for i]).shaped(self.shape())
    }
}

/// Every element times a number.
impl<S: Shape, T: Real> Mul<T> for Array<'_, S, T> {
    type Output = Self;

    #[track_caller]
    fn mul(self, scale: T) -> Self {
        let x = flat(self);
        expr!([x[i] * scale for i]).shaped(self.shape())
    }
}

/// Every element times a value, which has a gradient too.
impl<'t, S: Shape, T: Real> Mul<Value<'t, T>> for Array<'t, S, T> {
    type Output = Self;

    #[track_caller]
    fn mul(self, scale: Value<'t, T>) -> Self {
        let x = flat(self);
        expr!([x[i] * scale for i]).shaped(self.shape())
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl<'t, S: Shape> Mul<Array<'t, S, $number>> for $number {
            type Output = Array<'t, S, $number>;

            #[track_caller]
            fn mul(self, x: Array<'t, S, $number>) -> Array<'t, S, $number> {
                x * self
            }
        }
    )*};
}

numbers!(f32 f64);
