//! Operands: what can stand for values and integers, and where their numbers are.

use std::marker::PhantomData;

use super::activity::{Activity, OnTape, Plain};
use crate::array::{Array, Numbers};
use crate::dual::Dual;
use crate::real::Real;
use crate::shape::{Const, Dim, MOST, Shape, Word};
use crate::tape::Tape;
use crate::value::Value;

/// The number of subscripts that an operand carries in an `expr!`.
pub struct Subscripts<const RANK: usize>;

/// What can stand for values in an `expr!` with `R` subscripts.
///
/// Tracked operands, [`Value`] and [`Array`], receive gradients; numbers, slices, `Vec`s, Rust
/// arrays and [`Numbers`] do not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operand with `{R}`",
    label = "expected floats, with one subscript for each axis",
    note = "the operands of one `expr!` have one precision, here `{T}`",
    note = "a scalar is a `Value` or a float; an array is a `Vector`, `Matrix`, `Array`, `Numbers`, slice, `Vec` or Rust array of floats, with one subscript for each axis; a `Vec` of `Vec`s is none, its rows lie apart",
    note = "integers are not values: write `{{n as f64}}` for a number, or use them as subscripts"
)]
pub trait Operand<R, T: Real> {
    /// The axes.
    type Shape: Shape;
    /// Where the numbers are.
    type Source<'a>: Source<T>
    where
        Self: 'a;
    /// The numbers and the axes.
    fn open(&self) -> (Self::Source<'_>, Self::Shape);
}

/// Where an operand's numbers are: on a tape, or in plain memory.
pub trait Source<T: Real>: Copy {
    /// Whether results that use this operand are tracked.
    type Activity: Activity<T>;
    /// The same as a type that a record can keep.
    type Tracking: Tracking;
    /// The tape, if there is one.
    fn activity(self) -> Self::Activity;
    /// The numbers; `below` is the arena below the record that is being made.
    fn read<'s>(&'s self, below: &'s [T]) -> &'s [T];
    /// How many numbers a record must copy to have them in its backward pass.
    fn copied(self) -> usize;
    /// Copies them to the record's own values.
    fn copy(self, own: &mut [T]);
    /// Where the backward pass finds them: in the arena, or at `copy` in the record.
    fn kept(self, copy: usize) -> Kept<Self::Tracking>;
}

/// A tracked operand's block of the arena.
#[derive(Clone, Copy)]
pub struct Tracked<'t, T: Real> {
    tape: &'t Tape<T>,
    start: usize,
    len: usize,
}

/// An operand in plain memory.
#[derive(Clone, Copy)]
pub struct Constant<'a, T>(&'a [T]);

impl<'t, T: Real> Source<T> for Tracked<'t, T> {
    type Activity = OnTape<'t, T>;
    type Tracking = Active;
    #[inline(always)]
    fn activity(self) -> OnTape<'t, T> {
        OnTape(self.tape)
    }
    #[inline(always)]
    fn read<'s>(&'s self, below: &'s [T]) -> &'s [T] {
        &below[self.start..self.start + self.len]
    }
    #[inline(always)]
    fn copied(self) -> usize {
        0
    }
    #[inline(always)]
    fn copy(self, _: &mut [T]) {}
    #[inline(always)]
    fn kept(self, _: usize) -> Kept<Active> {
        Kept { at: self.start, tracking: Active }
    }
}

impl<T: Real> Source<T> for Constant<'_, T> {
    type Activity = Plain;
    type Tracking = Inactive;
    #[inline(always)]
    fn activity(self) -> Plain {
        Plain
    }
    #[inline(always)]
    fn read<'s>(&'s self, _: &'s [T]) -> &'s [T] {
        self.0
    }
    #[inline(always)]
    fn copied(self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn copy(self, own: &mut [T]) {
        own.copy_from_slice(self.0);
    }
    #[inline(always)]
    fn kept(self, copy: usize) -> Kept<Inactive> {
        Kept { at: copy, tracking: Inactive }
    }
}

/// Whether an operand receives a gradient, as a type.
pub trait Tracking: Word {
    /// Whether it does.
    const ACTIVE: bool;
}

/// The operand receives a gradient.
#[derive(Clone, Copy)]
pub struct Active;

/// The operand does not receive a gradient.
#[derive(Clone, Copy)]
pub struct Inactive;

impl Tracking for Active {
    const ACTIVE: bool = true;
}

impl Tracking for Inactive {
    const ACTIVE: bool = false;
}

macro_rules! no_word {
    ($($type:ident)*) => {$(
        impl Word for $type {
            #[inline(always)]
            fn write(self, _: &mut Vec<usize>) {}
            #[inline(always)]
            fn read(_: &mut &[usize]) -> Self {
                $type
            }
        }
    )*};
}

no_word!(Active Inactive);

/// Where a backward pass finds an operand.
#[derive(Clone, Copy)]
pub struct Kept<A> {
    at: usize,
    tracking: A,
}

impl<A: Tracking> Word for Kept<A> {
    #[inline(always)]
    fn write(self, words: &mut Vec<usize>) {
        self.at.write(words);
        self.tracking.write(words);
    }
    #[inline(always)]
    fn read(words: &mut &[usize]) -> Self {
        let at = usize::read(words);
        Self { at, tracking: A::read(words) }
    }
}

impl<A: Tracking> Kept<A> {
    /// Whether the operand receives a gradient.
    #[inline(always)]
    pub fn active(self) -> bool {
        A::ACTIVE
    }

    /// Where the operand begins, if that is on the tape and not in the record.
    pub(crate) fn on_tape(self) -> Option<usize> {
        A::ACTIVE.then_some(self.at)
    }

    /// The operand's numbers.
    #[inline(always)]
    pub fn values<T>(self, values: &[T], record: usize, len: usize) -> &[T] {
        let start = if A::ACTIVE { self.at } else { record + self.at };
        &values[start..start + len]
    }

    /// The operand's gradients.
    #[inline(always)]
    pub fn gradients<T>(self, below: &mut [T], len: usize) -> &mut [T] {
        &mut below[self.at..self.at + len]
    }
}

/// Axes none of which is so long that sums of positions might not be numbers of the machine: where an
/// array has no element, any length fits in its memory.
#[track_caller]
#[inline(always)]
fn countable<S: Shape>(shape: S) -> S {
    shape.size();
    shape
}

/// Opens an operand.
///
/// # Panics
///
/// If an axis is longer than a tape can hold, or if a tracked operand was forgotten.
#[track_caller]
#[inline(always)]
pub fn open<'a, R, T: Real, O, X, S: Shape>(operand: &'a O) -> (X, S)
where
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    let (source, shape) = operand.open();
    (source, countable(shape))
}

/// Opens an operand with the precision of those before it.
///
/// # Panics
///
/// As [`open`].
#[track_caller]
#[inline(always)]
pub fn open_as<'a, R, T: Real, O, X, S: Shape>(_: PhantomData<T>, operand: &'a O) -> (X, S)
where
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    let (source, shape) = operand.open();
    (source, countable(shape))
}

/// The precision of an opened operand.
#[inline(always)]
pub fn precision<T: Real, S: Source<T>>(_: &S) -> PhantomData<T> {
    PhantomData
}

#[diagnostic::do_not_recommend]
impl<R, T: Real, O: Operand<R, T> + ?Sized> Operand<R, T> for &O {
    type Shape = O::Shape;
    type Source<'a>
        = O::Source<'a>
    where
        Self: 'a;
    #[track_caller]
    #[inline(always)]
    fn open(&self) -> (Self::Source<'_>, Self::Shape) {
        (**self).open()
    }
}

#[diagnostic::do_not_recommend]
impl<'t, T: Real> Operand<Subscripts<0>, T> for Value<'t, T> {
    type Shape = ();
    type Source<'a>
        = Tracked<'t, T>
    where
        Self: 'a;
    #[track_caller]
    #[inline(always)]
    fn open(&self) -> (Tracked<'t, T>, ()) {
        (self.0.source(), ())
    }
}

macro_rules! number {
    ($($number:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Operand<Subscripts<0>, $number> for $number {
            type Shape = ();
            type Source<'a> = Constant<'a, $number>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, $number>, ()) {
                (Constant(std::slice::from_ref(self)), ())
            }
        }
    )*};
}

number!(f32 f64 Dual);

macro_rules! shaped {
    ($($rank:literal: $($axis:ident)+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'t, T: Real, $($axis: Dim),+> Operand<Subscripts<$rank>, T> for Array<'t, ($($axis,)+), T> {
            type Shape = ($($axis,)+);
            type Source<'a> = Tracked<'t, T> where Self: 'a;
            #[track_caller]
            #[inline(always)]
            fn open(&self) -> (Tracked<'t, T>, Self::Shape) {
                (self.source(), self.shape())
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Real, $($axis: Dim),+> Operand<Subscripts<$rank>, T> for Numbers<($($axis,)+), T> {
            type Shape = ($($axis,)+);
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                (Constant(self), self.shape())
            }
        }
    )*};
}

shaped! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
}

impl<'t, S: Shape, T: Real> Array<'t, S, T> {
    #[track_caller]
    #[inline(always)]
    fn source(self) -> Tracked<'t, T> {
        let len = self.size();
        Tracked { tape: self.tape(), start: self.tape().check(self.position(), len), len }
    }
}

/// Plain numbers with axes: what a leaf of a tape is made from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a block of `{T}` numbers with `{R}`",
    label = "expected a slice, `Vec` or Rust array of floats"
)]
pub trait Block<R, T: Real> {
    /// The axes.
    type Shape: Shape;
    /// The numbers, row-major, and the axes.
    fn block(&self) -> (&[T], Self::Shape);
}

#[diagnostic::do_not_recommend]
impl<R, T: Real, O: Block<R, T> + ?Sized> Block<R, T> for &O {
    type Shape = O::Shape;
    fn block(&self) -> (&[T], Self::Shape) {
        (**self).block()
    }
}

macro_rules! plain {
    ($([$($generic:tt)*] $type:ty, $rank:literal, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Real, $($generic)*> Block<Subscripts<$rank>, T> for $type {
            type Shape = $axes;
            #[inline(always)]
            fn block(&self) -> (&[T], Self::Shape) {
                let $self = self;
                ($data, $shape)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Real, $($generic)*> Operand<Subscripts<$rank>, T> for $type {
            type Shape = $axes;
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                let (data, shape) = self.block();
                (Constant(data), shape)
            }
        }
    )*};
}

plain! {
    [] [T], 1, (usize,), |x| x, (x.len(),);
    [] Vec<T>, 1, (usize,), |x| x, (x.len(),);
    [const A: usize] [T; A], 1, (Const<A>,), |x| x, (Const,);
    [const A: usize] [[T; A]], 2, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[T; A]>, 2, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[T; B]; A], 2, (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
    [const A: usize, const B: usize, const C: usize] [[[T; C]; B]; A], 3,
        (Const<A>, Const<B>, Const<C>),
        |x| x.as_flattened().as_flattened(), (Const, Const, Const);
}

/// What can stand for integers in an `expr!`: a `usize` in a range or subscript, or an array of
/// ids that gathers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no integer operand with `{R}`",
    label = "expected `usize`, with one subscript for each axis",
    note = "a range or subscript takes a `usize`, a gather a slice, `Vec` or array of `usize`"
)]
pub trait Integers<R> {
    /// The axes.
    type Shape: Shape;
    /// The integers and the axes.
    fn open(&self) -> (&[usize], Self::Shape);
}

#[diagnostic::do_not_recommend]
impl<R, O: Integers<R> + ?Sized> Integers<R> for &O {
    type Shape = O::Shape;
    #[inline(always)]
    fn open(&self) -> (&[usize], Self::Shape) {
        (**self).open()
    }
}

macro_rules! integers {
    ($([$($generic:tt)*] $type:ty, $rank:literal, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generic)*> Integers<Subscripts<$rank>> for $type {
            type Shape = $axes;
            #[inline(always)]
            fn open(&self) -> (&[usize], Self::Shape) {
                let $self = self;
                ($data, $shape)
            }
        }
    )*};
}

integers! {
    [] usize, 0, (), |x| std::slice::from_ref(x), ();
    [] [usize], 1, (usize,), |x| x, (x.len(),);
    [] Vec<usize>, 1, (usize,), |x| x, (x.len(),);
    [const A: usize] [usize; A], 1, (Const<A>,), |x| x, (Const,);
    [const A: usize] [[usize; A]], 2, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[usize; A]>, 2, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[usize; B]; A], 2, (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
}

/// Opens an integer operand.
///
/// # Panics
///
/// If an axis is longer than a tape can hold.
#[track_caller]
#[inline(always)]
pub fn open_integers<R, O, S>(operand: &O) -> (&[usize], S)
where
    O: Integers<R, Shape = S> + ?Sized,
    S: Shape,
{
    let (integers, shape) = operand.open();
    (integers, countable(shape))
}

/// Opens an integer.
///
/// # Panics
///
/// If it is larger than any axis, and sums of such might not be numbers of the machine.
#[track_caller]
#[inline(always)]
pub fn open_integer<O: Integers<Subscripts<0>> + ?Sized>(operand: &O) -> usize {
    let integer = operand.open().0[0];
    if integer > MOST {
        too_large(integer);
    }
    integer
}

#[cold]
#[track_caller]
fn too_large(integer: usize) -> ! {
    panic!("the integer {integer} in a subscript or range is beyond 2^32, the longest axis")
}
