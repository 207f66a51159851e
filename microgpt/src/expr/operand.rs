//! Operands: what can stand for values and integers, and where their numbers are.

use std::marker::PhantomData;

use super::activity::{Activity, OnTape, Plain};
use super::panels::Below;
use super::subscripts::{
    AnySubscripts, NoneOrSeveral, OneSubscript, Subscripted, ThreeSubscripts, TwoSubscripts,
};
use crate::array::{Array, Numbers};
use crate::dual::Dual;
use crate::real::Real;
use crate::shape::{Const, Dim, Shape, Word};
use crate::tape::Tape;
use crate::value::Value;

/// What can stand for values in an `expr!` with `R` subscripts.
///
/// Tracked operands, [`Value`] and [`Array`], receive gradients; numbers, slices, `Vec`s, Rust
/// arrays and [`Numbers`] do not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operand of this `expr!`",
    label = "expected floats, with one subscript for each axis; of integers make floats, as by `{{ids.iter().map(|&id| id as f64).collect::<Vec<_>>()}}[t]`",
    note = "the operands of one `expr!` have one precision, here `{T}`",
    note = "a scalar is a `Value` or a float; an array is a `Vector`, `Matrix`, `Array`, `Numbers`, slice, `Vec` or Rust array of floats, with one subscript for each axis; a `Vec` of `Vec`s is none, its rows lie apart"
)]
pub trait Operand<R, T: Real> {
    /// The axes.
    type Shape;
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
    /// The same as a type that a record can save.
    type Tracking: Tracking;
    /// The tape, if there is one.
    fn activity(self) -> Self::Activity;
    /// The numbers; `below` is the arena below the record that is being made.
    fn read<'s>(&'s self, below: Below<'s, T>) -> &'s [T];
    /// How many numbers a record must copy to have them in its backward pass.
    fn copied(self) -> usize;
    /// Copies them to the record's own values.
    fn copy(self, own: &mut [T]);
    /// Where the backward pass finds them: in the arena, or at `copy` in the record.
    fn saved(self, copy: usize) -> Saved<Self::Tracking>;
    /// Where the backward pass finds them, of a record of this size so far, and its size with them.
    #[inline(always)]
    fn save(self, size: usize) -> (Saved<Self::Tracking>, usize) {
        (self.saved(size), size + self.copied())
    }
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
    fn read<'s>(&'s self, below: Below<'s, T>) -> &'s [T] {
        &below.values[self.start..self.start + self.len]
    }
    #[inline(always)]
    fn copied(self) -> usize {
        0
    }
    #[inline(always)]
    fn copy(self, _: &mut [T]) {}
    #[inline(always)]
    fn saved(self, _: usize) -> Saved<Active> {
        Saved { at: self.start, tracking: Active }
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
    fn read<'s>(&'s self, _: Below<'s, T>) -> &'s [T] {
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
    fn saved(self, copy: usize) -> Saved<Inactive> {
        Saved { at: copy, tracking: Inactive }
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
pub struct Saved<A> {
    at: usize,
    tracking: A,
}

impl<A: Tracking> Word for Saved<A> {
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

impl<A: Tracking> Saved<A> {
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

/// Opens an operand.
///
/// # Panics
///
/// If a tracked operand was forgotten, or an axis is longer than a tape can hold.
#[track_caller]
#[inline(always)]
pub fn open<'a, R, T: Real, O, X, S>(operand: &'a O) -> (X, S)
where
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    operand.open()
}

/// Opens an operand with the precision of those before it.
///
/// # Panics
///
/// As [`open`].
#[track_caller]
#[inline(always)]
pub fn open_as<'a, R, T: Real, O, X, S>(_: PhantomData<T>, operand: &'a O) -> (X, S)
where
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    operand.open()
}

/// The axes of an opened operand, each with its subscript.
#[inline(always)]
pub fn axes<R, S: Subscripted<R, Axes = A>, A: Shape>(shape: S) -> A {
    shape.subscripted()
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
impl<'t, R, T: Real> Operand<R, T> for Value<'t, T> {
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

/// Operands of the precision `T`.
pub struct Among<T>(PhantomData<T>);

/// Operands that a number of the type `Number` can stand among: those of its own precision.
#[diagnostic::on_unimplemented(
    message = "a number of the precision `{Number}` among operands of the precision `{T}`",
    label = "convert it: `{{T::of(x)}}` where the precision is a type parameter `T`, else `{{x as f32}}` or `{{x as f64}}`"
)]
pub trait TakeNumber<Number, T> {
    /// The number.
    fn take(number: &Number) -> &T;
}

macro_rules! number {
    ($($number:ty $(, $part:ident)?;)*) => {$(
        impl<R, T: Real $(, $part: Real)?> Operand<R, T> for $number
        where
            Among<T>: TakeNumber<Self, T>,
        {
            type Shape = ();
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, ()) {
                (Constant(std::slice::from_ref(Among::take(self))), ())
            }
        }

        #[diagnostic::do_not_recommend]
        impl $(<$part: Real>)? TakeNumber<$number, $number> for Among<$number> {
            #[inline(always)]
            fn take(number: &$number) -> &$number {
                number
            }
        }
    )*};
}

number!(f32; f64; Dual<Part>, Part;);

macro_rules! shaped {
    ($($($axis:ident)+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'t, R, T: Real, $($axis: Dim),+> Operand<R, T> for Array<'t, ($($axis,)+), T> {
            type Shape = ($($axis,)+);
            type Source<'a> = Tracked<'t, T> where Self: 'a;
            #[track_caller]
            #[inline(always)]
            fn open(&self) -> (Tracked<'t, T>, Self::Shape) {
                (self.source(), self.shape())
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R, T: Real, $($axis: Dim),+> Operand<R, T> for Numbers<($($axis,)+), T> {
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
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

impl<'t, S: Shape, T: Real> Array<'t, S, T> {
    #[track_caller]
    #[inline(always)]
    fn source(self) -> Tracked<'t, T> {
        let len = self.size();
        Tracked { tape: self.tape(), start: self.tape().check(self.position(), len), len }
    }
}

/// What integers have in the place of axes: they are no values.
pub struct OfIntegers;

/// Subscripts with which integers could be values: none.
#[diagnostic::on_unimplemented(
    message = "an integer is no value to compute with",
    label = "write `{{n as f64}}`",
    note = "in a function that is generic over its precision `T` it is `{{T::of(n as f64)}}`",
    note = "compared with an index alone, `i < n`, an `n` is known to be an integer; so is a `usize` of the signature of a `layer!`"
)]
pub trait FitsIntegers {}

impl<R: FitsIntegers> Subscripted<R> for OfIntegers {
    type Axes = ();
    fn subscripted(self) {}
}

/// What conditions have in the place of axes: they are no values either.
pub struct OfConditions;

/// Subscripts with which conditions could be values: none.
#[diagnostic::on_unimplemented(
    message = "a condition is no value to compute with",
    label = "choose a number by it: `if b {{ 1 }} else {{ 0 }}`"
)]
pub trait FitsConditions {}

impl<R: FitsConditions> Subscripted<R> for OfConditions {
    type Axes = ();
    fn subscripted(self) {}
}

macro_rules! no_value {
    ($of:ident: $($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R, T: Real> Operand<R, T> for $type {
            type Shape = $of;
            type Source<'a> = Constant<'a, T>;
            fn open(&self) -> (Constant<'_, T>, $of) {
                unreachable!("the compiler refuses what is no value")
            }
        }
    )*};
}

no_value!(OfIntegers: usize u8 u16 u32 u64 isize i8 i16 i32 i64);
no_value!(OfConditions: bool);

/// Never.
pub trait Never {
    /// No axes.
    type Shape;
}

/// Operands of a precision that are refused.
pub struct Refused<T>(PhantomData<T>);

/// Arrays whose elements are no floats. Without these impls the compiler would take the elements for floats
/// of a precision that it does not know, and say so at each use.
macro_rules! refused {
    ($([$($generic:tt)*] $type:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R, T: Real, $($generic)*> Operand<R, T> for $type
        where
            Refused<T>: Never,
        {
            type Shape = <Refused<T> as Never>::Shape;
            type Source<'a>
                = Constant<'a, T>
            where
                Self: 'a;
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                unreachable!("the compiler refuses what has elements that are no floats")
            }
        }
    )*};
}

macro_rules! refused_elements {
    ($($element:ty)*) => {$(
        refused! {
            [] [$element];
            [] Vec<$element>;
            [const A: usize] [$element; A];
        }
    )*};
}

refused_elements!(usize u8 u16 u32 u64 isize i8 i16 i32 i64 bool);

refused! {
    [X] Vec<Vec<X>>;
    [X] [Vec<X>];
    [X, const A: usize] [Vec<X>; A];
}

/// Plain numbers with axes: what a leaf of a tape is made from.
pub trait Block<R, T: Real> {
    /// The axes.
    type Shape: Shape;
    /// The numbers, row-major, and the axes.
    fn block(&self) -> (&[T], Self::Shape);
}

impl<R, T: Real, O: Block<R, T> + ?Sized> Block<R, T> for &O {
    type Shape = O::Shape;
    fn block(&self) -> (&[T], Self::Shape) {
        (**self).block()
    }
}

/// The numbers of a vector.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no vector of `{T}` numbers",
    label = "expected floats in a row: `[1.0, 2.0]`, a slice or a `Vec`",
    note = "rows of numbers are a matrix: `tape.matrix([[1.0, 2.0], [3.0, 4.0]])`",
    note = "integers become floats in Rust: `numbers.iter().map(|&n| n as f64).collect::<Vec<_>>()`"
)]
pub trait Row<T: Real> {
    /// The axis.
    type Shape: Shape;
    /// The numbers and the axis.
    fn row(&self) -> (&[T], Self::Shape);
}

#[diagnostic::do_not_recommend]
impl<T: Real, O: Block<OneSubscript, T> + ?Sized> Row<T> for O {
    type Shape = O::Shape;
    fn row(&self) -> (&[T], Self::Shape) {
        self.block()
    }
}

/// The numbers of a matrix.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no matrix of `{T}` numbers: its type does not say where a row ends",
    label = "write `tape.array((rows, columns), &numbers)` with the numbers one row after the other",
    note = "what has rows in its type is a matrix: `[[T; COLUMNS]; ROWS]`, `&[[T; COLUMNS]]` or `Vec<[T; COLUMNS]>` of floats"
)]
pub trait Rows<T: Real> {
    /// The axes.
    type Shape: Shape;
    /// The numbers, row-major, and the axes.
    fn rows(&self) -> (&[T], Self::Shape);
}

#[diagnostic::do_not_recommend]
impl<T: Real, O: Block<TwoSubscripts, T> + ?Sized> Rows<T> for O {
    type Shape = O::Shape;
    fn rows(&self) -> (&[T], Self::Shape) {
        self.block()
    }
}

macro_rules! plain {
    ($([$($generic:tt)*] $type:ty, $subscripts:ident among $among:ident, ($($axis:ty),+), |$self:ident| $data:expr, $shape:expr;)*) => {$(
        impl<T: Real, $($generic)*> Block<$subscripts, T> for $type {
            type Shape = ($($axis,)+);
            #[inline(always)]
            fn block(&self) -> (&[T], Self::Shape) {
                let $self = self;
                ($data, $shape)
            }
        }

        impl<R: $among, T: Real, $($generic)*> Operand<R, T> for $type {
            type Shape = R::Axes<($($axis,)+)>;
            type Source<'a> = Constant<'a, T>;
            #[track_caller]
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                let (data, shape) = Block::<$subscripts, T>::block(self);
                // Where there is no element, an axis of any length fits in memory, and sums of positions
                // might not be numbers of the machine. What is on a tape was asked when it was made.
                shape.size();
                (Constant(data), R::shape(shape))
            }
        }
    )*};
}

plain! {
    [] [T], OneSubscript among AnySubscripts, (usize), |x| x, (x.len(),);
    [] Vec<T>, OneSubscript among AnySubscripts, (usize), |x| x, (x.len(),);
    [const A: usize] [T; A], OneSubscript among AnySubscripts, (Const<A>), |x| x, (Const,);
    [const A: usize] [[T; A]], TwoSubscripts among NoneOrSeveral, (usize, Const<A>),
        |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[T; A]>, TwoSubscripts among NoneOrSeveral, (usize, Const<A>),
        |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[T; B]; A], TwoSubscripts among NoneOrSeveral, (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
    [const A: usize, const B: usize, const C: usize] [[[T; C]; B]; A],
        ThreeSubscripts among NoneOrSeveral, (Const<A>, Const<B>, Const<C>),
        |x| x.as_flattened().as_flattened(), (Const, Const, Const);
}
