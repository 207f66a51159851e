//! Activity: whether the result of an `expr!` is on a tape, as a type.

use std::marker::PhantomData;

use super::equations::Equations;
use super::operand::Source;
use super::panels::Below;
use crate::array::Array;
use crate::real::Real;
use crate::shape::{Shape, Word};
use crate::tape::{Pass, Position, Tape};

/// How many values an `expr!` computes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// All of them, and what is saved for the backward pass.
    pub all: usize,
    /// Those before the first result. Their gradients are written by the backward pass before it reads them.
    pub intermediates: usize,
}

/// Whether the result of an `expr!` is on a tape.
pub trait Activity<T: Real>: Copy {
    /// What the values of the results are kept in.
    type Store;
    /// The result with these axes.
    type Output<S: Shape>;

    /// Computes values with `forward`, and records `backward` if there is a tape.
    fn evaluate<P: Word, B, D>(
        self,
        sizes: Sizes,
        integers: &[&[usize]],
        forward: impl FnOnce(Below<'_, T>, &mut [T]),
        saved: P,
        backward: B,
        describe: D,
    ) -> Self::Store
    where
        B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
        D: Fn(P) -> Equations + Copy + Send + 'static;

    /// The result that begins at `start` among the values.
    fn output<S: Shape>(self, store: &Self::Store, start: usize, shape: S) -> Self::Output<S>;
}

/// At least one operand is tracked: so is the result.
#[derive(Clone, Copy)]
pub struct OnTape<'t, T: Real>(pub(super) &'t Tape<T>);

/// No operand is tracked: the result is plain numbers.
#[derive(Clone, Copy)]
pub struct Plain;

impl<'t, T: Real> Activity<T> for OnTape<'t, T> {
    type Store = Position;
    type Output<S: Shape> = S::OnTape<'t, T>;

    #[track_caller]
    #[inline(always)]
    fn evaluate<P: Word, B, D>(
        self,
        sizes: Sizes,
        integers: &[&[usize]],
        forward: impl FnOnce(Below<'_, T>, &mut [T]),
        saved: P,
        backward: B,
        describe: D,
    ) -> Position
    where
        B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
        D: Fn(P) -> Equations + Copy + Send + 'static,
    {
        self.0.record(sizes, integers, forward, saved, backward, describe)
    }

    #[inline(always)]
    fn output<S: Shape>(self, store: &Position, start: usize, shape: S) -> S::OnTape<'t, T> {
        shape.on_tape(Array::new(self.0, store.shifted(start), ()))
    }
}

impl<T: Real> Activity<T> for Plain {
    type Store = Vec<T>;
    type Output<S: Shape> = S::Plain<T>;

    #[inline(always)]
    fn evaluate<P: Word, B, D>(
        self,
        sizes: Sizes,
        _: &[&[usize]],
        forward: impl FnOnce(Below<'_, T>, &mut [T]),
        _: P,
        _: B,
        _: D,
    ) -> Vec<T>
    where
        B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
        D: Fn(P) -> Equations + Copy + Send + 'static,
    {
        let mut values = vec![T::zero(); sizes.all];
        forward(Below::NOTHING, &mut values);
        values
    }

    #[inline(always)]
    fn output<S: Shape>(self, store: &Vec<T>, start: usize, shape: S) -> S::Plain<T> {
        shape.plain(&store[start..start + shape.size()])
    }
}

/// The activity of an expression of two operands.
#[diagnostic::on_unimplemented(
    message = "one `expr!` cannot mix the precisions of `{Self}` and `{Other}`",
    label = "convert one of them"
)]
pub trait Join<Other> {
    /// On a tape if one of them is.
    type Output;
    /// Checks that there is one tape at most.
    fn join(self, other: Other) -> Self::Output;
}

impl<'t, T: Real> Join<OnTape<'t, T>> for OnTape<'t, T> {
    type Output = Self;
    #[track_caller]
    #[inline(always)]
    fn join(self, other: Self) -> Self {
        assert!(
            std::ptr::eq(self.0, other.0),
            "the operands are on two different tapes; an `expr!` needs all of them on one"
        );
        self
    }
}

impl<T: Real> Join<Plain> for OnTape<'_, T> {
    type Output = Self;
    #[inline(always)]
    fn join(self, _: Plain) -> Self {
        self
    }
}

impl<'t, T: Real> Join<OnTape<'t, T>> for Plain {
    type Output = OnTape<'t, T>;
    #[inline(always)]
    fn join(self, other: OnTape<'t, T>) -> OnTape<'t, T> {
        other
    }
}

impl Join<Plain> for Plain {
    type Output = Plain;
    #[inline(always)]
    fn join(self, _: Plain) -> Plain {
        self
    }
}

/// The activity of the operands so far and one more.
#[track_caller]
#[inline(always)]
pub fn join<A, T, S>(one: A, _: PhantomData<T>, source: S) -> <A as Join<S::Activity>>::Output
where
    T: Real,
    S: Source<T>,
    A: Join<S::Activity>,
{
    one.join(source.activity())
}

/// Computes the values of an `expr!`.
#[allow(clippy::too_many_arguments)] // generated code calls it, and names each
#[track_caller]
#[inline(always)]
pub fn evaluate<T: Real, A: Activity<T>, P: Word, B, D>(
    _: PhantomData<T>,
    activity: A,
    sizes: Sizes,
    integers: &[&[usize]],
    forward: impl FnOnce(Below<'_, T>, &mut [T]),
    saved: P,
    backward: B,
    describe: D,
) -> A::Store
where
    B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
    D: Fn(P) -> Equations + Copy + Send + 'static,
{
    activity.evaluate(sizes, integers, forward, saved, backward, describe)
}

/// A result of an `expr!`.
#[inline(always)]
pub fn output<T: Real, A: Activity<T>, S: Shape>(
    _: PhantomData<T>,
    activity: A,
    store: &A::Store,
    start: usize,
    shape: S,
) -> A::Output<S> {
    activity.output(store, start, shape)
}
