//! `Value`: one number on a tape, with the operators of ordinary arithmetic.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::array::Array;
use crate::ops;
use crate::real::Real;
use crate::tape::{Position, Tape};

/// A scalar on a tape: computes like a number, and knows its gradient after
/// [`backward`](Value::backward).
///
/// The example of micrograd's README:
///
/// ```
/// use microgpt::Tape;
///
/// let tape = Tape::new();
/// let a = tape.value(-4.0);
/// let b = tape.value(2.0);
/// let mut c = a + b;
/// let mut d = a * b + b.pow(3.0);
/// c += c + 1.0;
/// c += 1.0 + c + (-a);
/// d += d * 2.0 + (b + a).relu();
/// d += 3.0 * d + (b - a).relu();
/// let e = c - d;
/// let f = e.pow(2.0);
/// let mut g = f / 2.0;
/// g += 10.0 / f;
/// assert_eq!(format!("{:.4}", g.data()), "24.7041");
/// g.backward();
/// assert_eq!(format!("{:.4}", a.grad()), "138.8338");
/// assert_eq!(format!("{:.4}", b.grad()), "645.5773");
/// ```
#[derive(Clone, Copy)]
pub struct Value<'t, T: Real = f64>(pub(crate) Array<'t, (), T>);

impl<'t, T: Real> Value<'t, T> {
    /// The tape that holds the value.
    #[must_use]
    pub fn tape(self) -> &'t Tape<T> {
        self.0.tape()
    }

    /// The number.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the value.
    #[must_use]
    #[track_caller]
    pub fn data(self) -> T {
        self.tape().read(self.0.position(), 1, |values| values[0])
    }

    /// The gradient: the derivative, by this value, of what the backward passes began from.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the value.
    #[must_use]
    #[track_caller]
    pub fn grad(self) -> T {
        self.tape().read_gradients(self.0.position(), 1, |gradients| gradients[0])
    }

    /// Sets the number, as that of a parameter that one moves oneself.
    ///
    /// What was computed from it stays as it was. A backward pass that comes to an `expr!` made before
    /// panics, as after an [`update`](Array::update).
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let x = tape.value(3.0);
    /// x.set(4.0);
    /// assert_eq!((x * x).data(), 16.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the value.
    #[track_caller]
    pub fn set(self, x: T) {
        self.0.update(|values, _| values[0] = x);
    }

    /// Adds the derivative of this value to the gradient of every value it was computed from.
    ///
    /// Gradients of leaves add up over calls; those of results are of the last call.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the value, if it was computed under
    /// [`Tape::inference`](crate::Tape::inference), or if an `expr!` on the way to it has read what an
    /// [`update`](Array::update) has changed since; then what the pass has added so far stays.
    #[track_caller]
    pub fn backward(self) {
        self.tape().backward(self.0.position(), &[T::one()]);
    }

    /// The value as an array without axes.
    #[must_use]
    pub fn as_array(self) -> Array<'t, (), T> {
        self.0
    }
}

impl<T: Real> fmt::Debug for Value<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("data", &self.data()).field("grad", &self.grad()).finish()
    }
}

/// The number, in the format that is asked for: `{:.4}`.
impl<T: Real> fmt::Display for Value<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.data(), f)
    }
}

/// Values compare as their numbers do; so do a value and a number.
///
/// ```
/// let tape = microgpt::Tape::new();
/// let (x, y) = (tape.value(1.0), tape.value(2.0));
/// assert!(x < y && x == 1.0 && y > 1.5);
/// ```
impl<T: Real> PartialEq for Value<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.data() == other.data()
    }
}

impl<T: Real> PartialOrd for Value<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.data().partial_cmp(&other.data())
    }
}

impl<T: Real> PartialEq<T> for Value<'_, T> {
    fn eq(&self, other: &T) -> bool {
        self.data() == *other
    }
}

impl<T: Real> PartialOrd<T> for Value<'_, T> {
    fn partial_cmp(&self, other: &T) -> Option<Ordering> {
        self.data().partial_cmp(other)
    }
}

/// An iterator of values in one: by sum or product.
macro_rules! folds {
    ($($trait:ident $method:ident $operator:ident $what:literal $example:literal;)*) => {$(
        #[doc = concat!("The ", $what, " of some values, one record for each but the first.")]
        ///
        /// ```
        /// let tape = microgpt::Tape::new();
        /// let x = [2.0, 3.0, 4.0].map(|x| tape.value(x));
        #[doc = $example]
        /// ```
        ///
        /// # Panics
        ///
        /// If there is none: a number of its own has no tape to be on. `reduce` gives an `Option`.
        impl<'t, T: Real> $trait for Value<'t, T> {
            #[track_caller]
            fn $method<I: Iterator<Item = Self>>(values: I) -> Self {
                let all = values.reduce(|one, other| one.$operator(other));
                all.expect(concat!("the ", $what, " of no values is on no tape"))
            }
        }

        impl<'t: 'a, 'a, T: Real> $trait<&'a Value<'t, T>> for Value<'t, T> {
            #[track_caller]
            fn $method<I: Iterator<Item = &'a Self>>(values: I) -> Self {
                values.copied().$method()
            }
        }
    )*};
}

folds! {
    Sum sum add "sum" "assert_eq!(x.iter().sum::<microgpt::Value>(), 9.0);";
    Product product mul "product" "assert_eq!(x.iter().product::<microgpt::Value>(), 24.0);";
}

/// An argument's number, or the place of its value.
#[doc(hidden)]
pub type Tracked<'t, T> = (T, Option<(&'t Tape<T>, Position)>);

/// What an operator on a [`Value`] takes beside it: another `Value` of the same tape, or a number.
///
/// ```
/// let tape = microgpt::Tape::new();
/// let x = tape.value(3.0);
/// assert_eq!((x + 1.0).data(), 4.0);
/// assert_eq!((x + x).data(), 6.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be computed with beside a `Value` of `{T}`",
    label = "expected a `Value<{T}>` or a `{T}`: write the number `2` as `2.0`, an integer `n` as `n as {T}`"
)]
pub trait Argument<'t, T: Real>: Copy {
    #[doc(hidden)]
    fn argument(self) -> Tracked<'t, T>;
}

#[diagnostic::do_not_recommend]
impl<'t, T: Real> Argument<'t, T> for Value<'t, T> {
    #[inline]
    fn argument(self) -> Tracked<'t, T> {
        (T::zero(), Some((self.tape(), self.0.position())))
    }
}

#[diagnostic::do_not_recommend]
impl<'t, T: Real> Argument<'t, T> for T {
    #[inline]
    fn argument(self) -> Tracked<'t, T> {
        (self, None)
    }
}

/// Records an op of the table on arguments of which at least one is a `Value`.
#[doc(hidden)]
#[track_caller]
#[inline]
pub fn apply<T: Real, const N: usize>(
    arguments: [Tracked<'_, T>; N],
    forward: impl FnOnce([T; N]) -> T,
    gradient: impl FnOnce([T; N], T) -> [T; N],
) -> Value<'_, T> {
    let mut tapes = arguments.iter().filter_map(|(_, tracked)| tracked.map(|(tape, _)| tape));
    let Some(tape) = tapes.next() else { unreachable!("the methods of `Value` begin with one") };
    assert!(
        tapes.all(|other| std::ptr::eq(other, tape)),
        "the operands are on two different tapes; an operator needs both on one"
    );
    tape.scalar(arguments.map(|(_, tracked)| tracked.map(|(_, position)| position)), |values| {
        let mut x = arguments.map(|(number, _)| number);
        for (x, value) in x.iter_mut().zip(values) {
            *x = value.unwrap_or(*x);
        }
        let result = forward(x);
        (result, gradient(x, result))
    })
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident;)*) => {$(
        impl<'t, T: Real, X: Argument<'t, T>> $trait<X> for Value<'t, T> {
            type Output = Value<'t, T>;
            #[track_caller]
            #[inline]
            fn $method(self, other: X) -> Value<'t, T> {
                apply(
                    [self.argument(), other.argument()],
                    |[x, y]| ops::$method(x, y),
                    ops::$method::gradient,
                )
            }
        }

        impl<'t, T: Real, X: Argument<'t, T>> $assign<X> for Value<'t, T> {
            #[track_caller]
            #[inline]
            fn $assign_method(&mut self, other: X) {
                *self = $trait::$method(*self, other);
            }
        }

        operators!(@number $trait $method f32);
        operators!(@number $trait $method f64);
    )*};
    (@number $trait:ident $method:ident $number:ty) => {
        impl<'t> $trait<Value<'t, $number>> for $number {
            type Output = Value<'t, $number>;
            #[track_caller]
            #[inline]
            fn $method(self, other: Value<'t, $number>) -> Value<'t, $number> {
                apply(
                    [self.argument(), other.argument()],
                    |[x, y]| ops::$method(x, y),
                    ops::$method::gradient,
                )
            }
        }
    };
}

operators! {
    Add add AddAssign add_assign;
    Sub sub SubAssign sub_assign;
    Mul mul MulAssign mul_assign;
    Div div DivAssign div_assign;
}

impl<'t, T: Real> Neg for Value<'t, T> {
    type Output = Value<'t, T>;
    #[track_caller]
    #[inline]
    fn neg(self) -> Value<'t, T> {
        apply([self.argument()], |[x]| ops::neg(x), ops::neg::gradient)
    }
}
