//! Operands: what can stand for values and integers, and where their numbers are.

use std::marker::PhantomData;

use super::activity::{Activity, OnTape, Plain};
use crate::array::{Array, Numbers};
use crate::dual::Dual;
use crate::real::Real;
use crate::shape::{Const, Dim, Shape, Word};
use crate::tape::Tape;
use crate::value::Value;

/// The number of subscripts that an operand carries in an `expr!`.
pub struct Subscripts<const RANK: usize>;

/// A number of subscripts in words, which the compiler's messages show.
pub trait Count {
    /// The words.
    type InWords;
}

macro_rules! counts {
    ($($rank:literal $subscripts:ident $axes:ident $message:literal $label:literal;)*) => {$(
        #[doc = concat!("`Subscripts<", $rank, ">` in words.")]
        pub struct $subscripts;

        impl Count for Subscripts<$rank> {
            type InWords = $subscripts;
        }

        #[doc = concat!("The subscripts of an operand with ", $rank, " axes.")]
        #[diagnostic::on_unimplemented(
            message = $message,
            label = $label,
            note = "write one subscript for each axis, the same number everywhere"
        )]
        pub trait $axes {
            /// These axes: what has another number of subscripts has no shape at all, so that the
            /// compiler speaks of the subscripts alone.
            type Of<S: Shape>: Shape;
            /// The axes as they are.
            fn of<S: Shape>(shape: S) -> Self::Of<S>;
        }

        impl $axes for $subscripts {
            type Of<S: Shape> = S;
            #[inline(always)]
            fn of<S: Shape>(shape: S) -> S {
                shape
            }
        }
    )*};
}

counts! {
    0 NoSubscripts NoAxes "this operand is a number, which has no axes"
        "leave out the subscripts";
    1 OneSubscript OneAxis "this operand has 1 axis"
        "write 1 subscript: `x[i]`";
    2 TwoSubscripts TwoAxes "this operand has 2 axes"
        "write 2 subscripts: `w[o, i]`";
    3 ThreeSubscripts ThreeAxes "this operand has 3 axes"
        "write 3 subscripts: `q[t, h, j]`";
    4 FourSubscripts FourAxes "this operand has 4 axes"
        "write 4 subscripts: `x[i, j, k, l]`";
    5 FiveSubscripts FiveAxes "this operand has 5 axes"
        "write 5 subscripts: `x[i, j, k, l, m]`";
    6 SixSubscripts SixAxes "this operand has 6 axes"
        "write 6 subscripts: `x[i, j, k, l, m, n]`";
}

/// A precision beside integers: none is, so that the compiler says what to write instead.
#[diagnostic::on_unimplemented(
    message = "an integer, `{N}`, is not a value",
    label = "write `{{n as f64}}`, a number, in braces",
    note = "in code that is generic over the precision `T` a number is `{{T::of(n as f64)}}`",
    note = "ids gather, `w[ids[t], i]`; to be computed with or compared, convert an array in Rust: `let x: Vec<f64> = n.iter().map(|&n| n as f64).collect();`"
)]
pub trait TakesIntegers<N>: Sized {
    /// The integers as numbers.
    fn numbers(integers: &[N]) -> &[Self];
}

/// The precision of an `expr!` beside a float.
pub struct Precision;

/// Whether a float of the type `X` has the precision `T` of an `expr!`.
#[diagnostic::on_unimplemented(
    message = "an `{X}` among operands of the precision `{T}`",
    label = "write `{{T::of(x)}}` where the precision is a type parameter `T`, else `{{x as f32}}` or `{{x as f64}}`",
    note = "the operands of one `expr!` have one precision; `T::of(x)` is the number of the precision `T` that is nearest to an `f64`"
)]
pub trait Suits<X, T> {
    /// The number.
    fn numbers(number: &X) -> &[T];
}

/// What can stand for values in an `expr!` with `R` subscripts.
///
/// Tracked operands, [`Value`] and [`Array`], receive gradients; numbers, slices, `Vec`s, Rust
/// arrays and [`Numbers`] do not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value that can stand here",
    label = "expected floats, with one subscript for each axis; of an integer `n` write `{{n as f64}}`",
    note = "the operands of one `expr!` have one precision, here `{T}`",
    note = "a scalar is a `Value` or a float; an array is a `Vector`, `Matrix`, `Array`, `Numbers`, slice, `Vec` or Rust array of floats, with one subscript for each axis; a `Vec` of `Vec`s is none, its rows lie apart"
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
#[track_caller]
#[inline(always)]
pub fn open<'a, const N: usize, R, T: Real, O, X, S>(_: Subscripts<N>, operand: &'a O) -> (X, S)
where
    Subscripts<N>: Count<InWords = R>,
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    operand.open()
}

/// Opens an operand with the precision of those before it.
#[track_caller]
#[inline(always)]
pub fn open_as<'a, const N: usize, R, T: Real, O, X, S>(
    _: PhantomData<T>,
    _: Subscripts<N>,
    operand: &'a O,
) -> (X, S)
where
    Subscripts<N>: Count<InWords = R>,
    O: Operand<R, T, Source<'a> = X, Shape = S> + ?Sized + 'a,
{
    operand.open()
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

impl<'t, R: NoAxes, T: Real> Operand<R, T> for Value<'t, T> {
    type Shape = R::Of<()>;
    type Source<'a>
        = Tracked<'t, T>
    where
        Self: 'a;
    #[track_caller]
    #[inline(always)]
    fn open(&self) -> (Tracked<'t, T>, R::Of<()>) {
        (self.0.source(), R::of(()))
    }
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl Suits<$number, $number> for Precision {
            #[inline(always)]
            fn numbers(number: &$number) -> &[$number] {
                std::slice::from_ref(number)
            }
        }

        impl<R: NoAxes, T: Real> Operand<R, T> for $number
        where
            Precision: Suits<$number, T>,
        {
            type Shape = R::Of<()>;
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, R::Of<()>) {
                (Constant(Precision::numbers(self)), R::of(()))
            }
        }
    )*};
}

number!(f32 f64 Dual);

macro_rules! integer_values {
    (@each $integer:ident: $([$($generic:tt)*] $type:ty, $axes:ident, $shape:ty, |$self:ident| $data:expr, $lens:expr;)*) => {$(
        impl<R: $axes, T: Real + TakesIntegers<$integer>, $($generic)*> Operand<R, T> for $type {
            type Shape = R::Of<$shape>;
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                let $self = self;
                (Constant(T::numbers($data)), R::of($lens))
            }
        }
    )*};
    ($($integer:ident)*) => {$(
        integer_values! { @each $integer:
            [] $integer, NoAxes, (), |x| std::slice::from_ref(x), ();
            [] [$integer], OneAxis, (usize,), |x| x, (x.len(),);
            [] Vec<$integer>, OneAxis, (usize,), |x| x, (x.len(),);
            [const A: usize] [$integer; A], OneAxis, (Const<A>,), |x| x, (Const,);
        }
    )*};
}

integer_values!(usize isize u8 u16 u32 u64 i8 i16 i32 i64);

macro_rules! shaped {
    ($($axes:ident: $($axis:ident)+;)*) => {$(
        impl<'t, R: $axes, T: Real, $($axis: Dim),+> Operand<R, T> for Array<'t, ($($axis,)+), T> {
            type Shape = R::Of<($($axis,)+)>;
            type Source<'a> = Tracked<'t, T> where Self: 'a;
            #[track_caller]
            #[inline(always)]
            fn open(&self) -> (Tracked<'t, T>, Self::Shape) {
                (self.source(), R::of(self.shape()))
            }
        }

        impl<R: $axes, T: Real, $($axis: Dim),+> Operand<R, T> for Numbers<($($axis,)+), T> {
            type Shape = R::Of<($($axis,)+)>;
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                (Constant(self), R::of(self.shape()))
            }
        }
    )*};
}

shaped! {
    OneAxis: A;
    TwoAxes: A B;
    ThreeAxes: A B C;
    FourAxes: A B C D;
    FiveAxes: A B C D E;
    SixAxes: A B C D E F;
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
    message = "`{Self}` is not what this array is made from",
    label = "`vector` takes a slice, `Vec` or array of `{T}`, `matrix` one of rows, each an array: `[[1.0, 2.0], [3.0, 4.0]]`",
    note = "numbers that lie one after the other make an array of any shape with `tape.array((rows, columns), &numbers)`"
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
    ($([$($generic:tt)*] $type:ty, $rank:literal $subscripts:ident, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Real, $($generic)*> Block<Subscripts<$rank>, T> for $type {
            type Shape = $axes;
            #[inline(always)]
            fn block(&self) -> (&[T], Self::Shape) {
                let $self = self;
                ($data, $shape)
            }
        }

        impl<R: $subscripts, T: Real, $($generic)*> Operand<R, T> for $type {
            type Shape = R::Of<$axes>;
            type Source<'a> = Constant<'a, T>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, T>, Self::Shape) {
                let (data, shape) = Block::<Subscripts<$rank>, T>::block(self);
                (Constant(data), R::of(shape))
            }
        }
    )*};
}

plain! {
    [] [T], 1 OneAxis, (usize,), |x| x, (x.len(),);
    [] Vec<T>, 1 OneAxis, (usize,), |x| x, (x.len(),);
    [const A: usize] [T; A], 1 OneAxis, (Const<A>,), |x| x, (Const,);
    [const A: usize] [[T; A]], 2 TwoAxes, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[T; A]>, 2 TwoAxes, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[T; B]; A], 2 TwoAxes, (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
    [const A: usize, const B: usize, const C: usize] [[[T; C]; B]; A], 3 ThreeAxes,
        (Const<A>, Const<B>, Const<C>),
        |x| x.as_flattened().as_flattened(), (Const, Const, Const);
}

/// What can stand for integers in an `expr!`: a `usize` in a range or subscript, or an array of
/// ids that gathers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an integer in a subscript or range",
    label = "expected `usize`: write `{{n as usize}}`, in braces",
    note = "a range or subscript takes a `usize` or a `Dim`, a gather a slice, `Vec` or array of `usize`"
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
    ($([$($generic:tt)*] $type:ty, $subscripts:ident, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        impl<R: $subscripts, $($generic)*> Integers<R> for $type {
            type Shape = R::Of<$axes>;
            #[inline(always)]
            fn open(&self) -> (&[usize], Self::Shape) {
                let $self = self;
                ($data, R::of($shape))
            }
        }
    )*};
}

integers! {
    [] usize, NoAxes, (), |x| std::slice::from_ref(x), ();
    [const N: usize] Const<N>, NoAxes, (), |_x| const { &[N] }, ();
    [] [usize], OneAxis, (usize,), |x| x, (x.len(),);
    [] Vec<usize>, OneAxis, (usize,), |x| x, (x.len(),);
    [const A: usize] [usize; A], OneAxis, (Const<A>,), |x| x, (Const,);
    [const A: usize] [[usize; A]], TwoAxes, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[usize; A]>, TwoAxes, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[usize; B]; A], TwoAxes, (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
}

/// Opens an integer operand.
#[inline(always)]
pub fn open_integers<const N: usize, R, O, S>(_: Subscripts<N>, operand: &O) -> (&[usize], S)
where
    Subscripts<N>: Count<InWords = R>,
    O: Integers<R, Shape = S> + ?Sized,
{
    operand.open()
}

/// Opens an integer.
#[inline(always)]
pub fn open_integer<O: Integers<NoSubscripts> + ?Sized>(operand: &O) -> usize {
    operand.open().0[0]
}
