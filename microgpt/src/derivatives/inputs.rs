//! What functions are derived at: numbers, arrays, and tuples of them.

use crate::array::{Array, Matrix, Numbers, Vector};
use crate::dual::Dual;
use crate::real::Real;
use crate::shape::{Const, Shape};
use crate::tape::Tape;
use crate::value::Value;

/// Where a function is derived, or along what: numbers, with the axes that the function sees.
///
/// | numbers | what the function receives |
/// |---|---|
/// | `f64`, `f32`, [`Dual`] | [`Value`]; a literal has its type: `2.0_f64` |
/// | `[T; N]` | `Vector` of [`Const<N>`](crate::Const) |
/// | `[[T; C]; R]` | `Matrix` of two `Const`s |
/// | `[T]`, `Vec<T>` | `Vector` of `usize` |
/// | [`Numbers<S, T>`](crate::Numbers) | `Array<S, T>` |
/// | a tuple of these, or of references to them | a tuple |
///
/// ```
/// use microgpt::derivatives::hvp;
/// use microgpt::{Numbers, expr};
///
/// let w = Numbers::new((2, 3), vec![1.0, 0.5, 0.0, -1.0, 2.0, 1.0]);
/// let x = [0.5, -1.0, 2.0];
/// let along = (Numbers::new((2, 3), vec![0.0; 6]), [1.0, 0.0, 0.0]);
/// // |W x|², whose second derivative by x is 2 WᵀW.
/// let f = hvp(|_, (w, x)| expr!(sum(sum(w[o, i] * x[i] for i)^2 for o)), &(w, x), &along);
/// assert_eq!(f.product.1, [4.0, -3.0, -2.0]);
/// ```
pub trait Inputs {
    /// The precision.
    type Number: Real;
    /// The arrays as the function receives them, in the numbers `D`.
    type On<'t, D: Real>;
    /// The same numbers as results have them: without references.
    type Owned;

    /// The lengths of the axes of each array.
    #[doc(hidden)]
    fn shapes(&self, into: &mut Vec<Vec<usize>>);
    /// All numbers, one array after the other.
    #[doc(hidden)]
    fn numbers(&self, into: &mut Vec<Self::Number>);
    /// The arrays of a block that has as many numbers, from `start` on.
    #[doc(hidden)]
    fn arrays<'t, D: Real>(
        &self,
        block: Vector<'t, usize, D>,
        start: &mut usize,
    ) -> Self::On<'t, D>;
    /// Other numbers of the same axes.
    #[doc(hidden)]
    fn alike(&self, numbers: &mut impl Iterator<Item = Self::Number>) -> Self::Owned;
}

/// The numbers of some inputs, one array after the other.
pub(super) fn flat<X: Inputs + ?Sized>(x: &X) -> Vec<X::Number> {
    let mut numbers = Vec::new();
    x.numbers(&mut numbers);
    numbers
}

/// A block of dual numbers: where a function is derived, and along what.
#[track_caller]
pub(super) fn dual<'t, X: Inputs + ?Sized>(
    tape: &'t Tape<Dual<X::Number>>,
    x: &X,
    v: &X,
) -> Vector<'t, usize, Dual<X::Number>> {
    let (mut here, mut along) = (Vec::new(), Vec::new());
    x.shapes(&mut here);
    v.shapes(&mut along);
    assert!(
        here == along,
        "a direction has the axes of where the function is derived, {here:?}, not {along:?}"
    );
    let pairs = flat(x).into_iter().zip(flat(v));
    tape.vector(pairs.map(|(value, tangent)| Dual::new(value, tangent)).collect::<Vec<_>>())
}

/// Panics where a function returns what is on another tape: no derivative reaches there.
#[track_caller]
pub(super) fn require_own_tape<T: Real>(tape: &Tape<T>, result: &Tape<T>) {
    assert!(
        std::ptr::eq(tape, result),
        "the function returns what is on another tape than its inputs"
    );
}

macro_rules! numbers {
    ($($number:ty $(, $part:ident)?;)*) => {$(
        impl $(<$part: Real>)? Inputs for $number {
            type Number = Self;
            type On<'t, D: Real> = Value<'t, D>;
            type Owned = Self;

            fn shapes(&self, into: &mut Vec<Vec<usize>>) {
                into.push(Vec::new());
            }
            fn numbers(&self, into: &mut Vec<Self>) {
                into.push(*self);
            }
            fn arrays<'t, D: Real>(
                &self,
                block: Vector<'t, usize, D>,
                start: &mut usize,
            ) -> Value<'t, D> {
                *start += 1;
                block.at([*start - 1])
            }
            fn alike(&self, numbers: &mut impl Iterator<Item = Self>) -> Self {
                numbers.next().unwrap_or_default()
            }
        }
    )*};
}

numbers!(f32; f64; Dual<T>, T;);

/// The next part of a block, under these axes.
fn part<'t, S: Shape, D: Real>(
    block: Vector<'t, usize, D>,
    start: &mut usize,
    shape: S,
) -> Array<'t, S, D> {
    *start += shape.size();
    block.block(*start - shape.size(), shape)
}

impl<T: Real> Inputs for [T] {
    type Number = T;
    type On<'t, D: Real> = Vector<'t, usize, D>;
    type Owned = Vec<T>;

    fn shapes(&self, into: &mut Vec<Vec<usize>>) {
        into.push(vec![self.len()]);
    }
    fn numbers(&self, into: &mut Vec<T>) {
        into.extend_from_slice(self);
    }
    fn arrays<'t, D: Real>(
        &self,
        block: Vector<'t, usize, D>,
        start: &mut usize,
    ) -> Self::On<'t, D> {
        part(block, start, (self.len(),))
    }
    fn alike(&self, numbers: &mut impl Iterator<Item = T>) -> Vec<T> {
        numbers.take(self.len()).collect()
    }
}

impl<T: Real, const N: usize> Inputs for [T; N] {
    type Number = T;
    type On<'t, D: Real> = Vector<'t, Const<N>, D>;
    type Owned = [T; N];

    fn shapes(&self, into: &mut Vec<Vec<usize>>) {
        into.push(vec![N]);
    }
    fn numbers(&self, into: &mut Vec<T>) {
        into.extend_from_slice(self);
    }
    fn arrays<'t, D: Real>(
        &self,
        block: Vector<'t, usize, D>,
        start: &mut usize,
    ) -> Self::On<'t, D> {
        part(block, start, (Const,))
    }
    fn alike(&self, numbers: &mut impl Iterator<Item = T>) -> [T; N] {
        std::array::from_fn(|_| numbers.next().unwrap_or_default())
    }
}

impl<T: Real, const R: usize, const C: usize> Inputs for [[T; C]; R] {
    type Number = T;
    type On<'t, D: Real> = Matrix<'t, Const<R>, Const<C>, D>;
    type Owned = [[T; C]; R];

    fn shapes(&self, into: &mut Vec<Vec<usize>>) {
        into.push(vec![R, C]);
    }
    fn numbers(&self, into: &mut Vec<T>) {
        into.extend_from_slice(self.as_flattened());
    }
    fn arrays<'t, D: Real>(
        &self,
        block: Vector<'t, usize, D>,
        start: &mut usize,
    ) -> Self::On<'t, D> {
        part(block, start, (Const, Const))
    }
    fn alike(&self, numbers: &mut impl Iterator<Item = T>) -> [[T; C]; R] {
        std::array::from_fn(|row| self[row].alike(numbers))
    }
}

impl<S: Shape, T: Real> Inputs for Numbers<S, T> {
    type Number = T;
    type On<'t, D: Real> = Array<'t, S, D>;
    type Owned = Self;

    fn shapes(&self, into: &mut Vec<Vec<usize>>) {
        into.push(self.shape().lens().as_ref().to_vec());
    }
    fn numbers(&self, into: &mut Vec<T>) {
        into.extend_from_slice(self);
    }
    fn arrays<'t, D: Real>(
        &self,
        block: Vector<'t, usize, D>,
        start: &mut usize,
    ) -> Self::On<'t, D> {
        part(block, start, self.shape())
    }
    fn alike(&self, numbers: &mut impl Iterator<Item = T>) -> Self {
        Self::new(self.shape(), (**self).alike(numbers))
    }
}

/// What passes everything on.
macro_rules! forwarding {
    ($([$($generics:tt)*] $pointer:ty => $inner:ty;)*) => {$(
        impl<$($generics)*> Inputs for $pointer {
            type Number = <$inner as Inputs>::Number;
            type On<'t, D: Real> = <$inner as Inputs>::On<'t, D>;
            type Owned = <$inner as Inputs>::Owned;

            fn shapes(&self, into: &mut Vec<Vec<usize>>) {
                <$inner>::shapes(self, into);
            }
            fn numbers(&self, into: &mut Vec<Self::Number>) {
                <$inner>::numbers(self, into);
            }
            fn arrays<'t, D: Real>(
                &self,
                block: Vector<'t, usize, D>,
                start: &mut usize,
            ) -> Self::On<'t, D> {
                <$inner>::arrays(self, block, start)
            }
            fn alike(&self, numbers: &mut impl Iterator<Item = Self::Number>) -> Self::Owned {
                <$inner>::alike(self, numbers)
            }
        }
    )*};
}

forwarding! {
    [T: Real] Vec<T> => [T];
    [X: Inputs + ?Sized] &X => X;
}

macro_rules! tuples {
    ($($first:ident $($other:ident)*;)*) => {$(
        #[allow(non_snake_case)] // the names of types are those of values too
        impl<$first: Inputs, $($other: Inputs<Number = $first::Number>),*> Inputs
            for ($first, $($other,)*)
        {
            type Number = $first::Number;
            type On<'t, D: Real> = ($first::On<'t, D>, $($other::On<'t, D>,)*);
            type Owned = ($first::Owned, $($other::Owned,)*);

            fn shapes(&self, into: &mut Vec<Vec<usize>>) {
                let ($first, $($other,)*) = self;
                $first.shapes(into);
                $($other.shapes(into);)*
            }
            fn numbers(&self, into: &mut Vec<Self::Number>) {
                let ($first, $($other,)*) = self;
                $first.numbers(into);
                $($other.numbers(into);)*
            }
            fn arrays<'t, D: Real>(
                &self,
                block: Vector<'t, usize, D>,
                start: &mut usize,
            ) -> Self::On<'t, D> {
                let ($first, $($other,)*) = self;
                ($first.arrays(block, start), $($other.arrays(block, start),)*)
            }
            fn alike(&self, numbers: &mut impl Iterator<Item = Self::Number>) -> Self::Owned {
                let ($first, $($other,)*) = self;
                ($first.alike(numbers), $($other.alike(numbers),)*)
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D_;
    A B C D_ E;
    A B C D_ E F;
}
