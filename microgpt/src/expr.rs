//! The run-time half of `expr!`: operands, activity, and the loops that generated code is made of.
//!
//! Generated code names nothing outside this module, [`shape`](crate::shape) and
//! [`ops`](crate::ops). Operands are opened in the order in which they were written, before the
//! arena is borrowed, so a `{rust}` operand may itself use the tape.

use std::marker::PhantomData;

use crate::array::{Array, Numbers};
use crate::real::Real;
use crate::shape::{Const, Dim, Same, Shape, Word};
use crate::tape::{Pass, Tape};
use crate::value::Value;

// ---------------------------------------------------------------- operands

/// The number of subscripts that an operand carries in an `expr!`.
pub struct Axes<const RANK: usize>;

/// What can stand for values in an `expr!` with `R` subscripts.
///
/// Tracked operands, [`Value`] and [`Array`], receive gradients; numbers, slices, `Vec`s, Rust
/// arrays and [`Numbers`] do not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an operand of `{T}` values with this many subscripts: `{R}`",
    label = "used as `{R}` here",
    note = "a scalar is a `Value` or a float; an array is a `Vector`, `Matrix`, `Array`, `Numbers`, slice, `Vec` or Rust array of floats, with one subscript for each axis",
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
pub fn open<R, T: Real, O: Operand<R, T> + ?Sized>(operand: &O) -> (O::Source<'_>, O::Shape) {
    operand.open()
}

/// Opens an operand with the precision of those before it.
#[track_caller]
#[inline(always)]
pub fn open_as<R, T: Real, O: Operand<R, T> + ?Sized>(
    _: PhantomData<T>,
    operand: &O,
) -> (O::Source<'_>, O::Shape) {
    operand.open()
}

/// The precision of an opened operand.
#[inline(always)]
pub fn precision<T: Real, S: Source<T>>(_: &S) -> PhantomData<T> {
    PhantomData
}

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

impl<'t, T: Real> Operand<Axes<0>, T> for Value<'t, T> {
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
        impl Operand<Axes<0>, $number> for $number {
            type Shape = ();
            type Source<'a> = Constant<'a, $number>;
            #[inline(always)]
            fn open(&self) -> (Constant<'_, $number>, ()) {
                (Constant(std::slice::from_ref(self)), ())
            }
        }
    )*};
}

number!(f32 f64);

macro_rules! shaped {
    ($($rank:literal: $($axis:ident)+;)*) => {$(
        impl<'t, T: Real, $($axis: Dim),+> Operand<Axes<$rank>, T> for Array<'t, ($($axis,)+), T> {
            type Shape = ($($axis,)+);
            type Source<'a> = Tracked<'t, T> where Self: 'a;
            #[track_caller]
            #[inline(always)]
            fn open(&self) -> (Tracked<'t, T>, Self::Shape) {
                (self.source(), self.shape())
            }
        }

        impl<T: Real, $($axis: Dim),+> Operand<Axes<$rank>, T> for Numbers<($($axis,)+), T> {
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

impl<R, T: Real, O: Block<R, T> + ?Sized> Block<R, T> for &O {
    type Shape = O::Shape;
    fn block(&self) -> (&[T], Self::Shape) {
        (**self).block()
    }
}

macro_rules! plain {
    ($([$($generic:tt)*] $type:ty, $rank:literal, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        impl<T: Real, $($generic)*> Block<Axes<$rank>, T> for $type {
            type Shape = $axes;
            #[inline(always)]
            fn block(&self) -> (&[T], Self::Shape) {
                let $self = self;
                ($data, $shape)
            }
        }

        impl<T: Real, $($generic)*> Operand<Axes<$rank>, T> for $type {
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
    message = "`{Self}` cannot be used as integers in `{R}`",
    label = "expected a `usize`, or a slice, `Vec` or array of `usize` with one subscript"
)]
pub trait Integers<R> {
    /// The axes.
    type Shape: Shape;
    /// The integers and the axes.
    fn open(&self) -> (&[usize], Self::Shape);
}

impl<R, O: Integers<R> + ?Sized> Integers<R> for &O {
    type Shape = O::Shape;
    #[inline(always)]
    fn open(&self) -> (&[usize], Self::Shape) {
        (**self).open()
    }
}

macro_rules! integers {
    ($([$($generic:tt)*] $type:ty, $rank:literal, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        impl<$($generic)*> Integers<Axes<$rank>> for $type {
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
#[inline(always)]
pub fn open_integers<R, O: Integers<R> + ?Sized>(operand: &O) -> (&[usize], O::Shape) {
    operand.open()
}

/// Opens an integer.
#[inline(always)]
pub fn open_integer<O: Integers<Axes<0>> + ?Sized>(operand: &O) -> usize {
    operand.open().0[0]
}

/// Stands for the result of an `expr!` with mistakes, so that they are the only errors.
pub fn after_error() -> ! {
    unreachable!("an `expr!` with mistakes does not compile")
}

// ---------------------------------------------------------------- activity

/// Whether the result of an `expr!` is on a tape.
pub trait Activity<T: Real>: Copy {
    /// What the values of the results are kept in.
    type Store;
    /// The result with these axes.
    type Output<S: Shape>;

    /// Computes `size` values with `forward`, and records `backward` if there is a tape.
    fn evaluate<P: Word, B>(
        self,
        size: usize,
        integers: &[&[usize]],
        forward: impl FnOnce(&[T], &mut [T]),
        kept: P,
        backward: B,
    ) -> Self::Store
    where
        B: Fn(P, Pass<'_, T>) + Copy + 'static;

    /// The result that begins at `start` among the values.
    fn output<S: Shape>(self, store: &Self::Store, start: usize, shape: S) -> Self::Output<S>;
}

/// At least one operand is tracked: so is the result.
pub struct OnTape<'t, T: Real>(&'t Tape<T>);

impl<T: Real> Clone for OnTape<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for OnTape<'_, T> {}

/// No operand is tracked: the result is plain numbers.
#[derive(Clone, Copy)]
pub struct Plain;

impl<'t, T: Real> Activity<T> for OnTape<'t, T> {
    type Store = usize;
    type Output<S: Shape> = S::OnTape<'t, T>;

    #[track_caller]
    #[inline(always)]
    fn evaluate<P: Word, B>(
        self,
        size: usize,
        integers: &[&[usize]],
        forward: impl FnOnce(&[T], &mut [T]),
        kept: P,
        backward: B,
    ) -> usize
    where
        B: Fn(P, Pass<'_, T>) + Copy + 'static,
    {
        self.0.record(size, integers, forward, kept, backward)
    }

    #[inline(always)]
    fn output<S: Shape>(self, store: &usize, start: usize, shape: S) -> S::OnTape<'t, T> {
        shape.on_tape(Array::new(self.0, self.0.position(store + start), ()))
    }
}

impl<T: Real> Activity<T> for Plain {
    type Store = Vec<T>;
    type Output<S: Shape> = S::Plain<T>;

    #[inline(always)]
    fn evaluate<P: Word, B>(
        self,
        size: usize,
        _: &[&[usize]],
        forward: impl FnOnce(&[T], &mut [T]),
        _: P,
        _: B,
    ) -> Vec<T>
    where
        B: Fn(P, Pass<'_, T>) + Copy + 'static,
    {
        let mut values = vec![T::zero(); size];
        forward(&[], &mut values);
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

/// The activity of an operand.
#[inline(always)]
pub fn activity<T: Real, S: Source<T>>(_: PhantomData<T>, source: S) -> S::Activity {
    source.activity()
}

/// The activity of two operands together.
#[track_caller]
#[inline(always)]
pub fn join<A: Join<B>, B>(one: A, other: B) -> <A as Join<B>>::Output {
    one.join(other)
}

/// Computes the values of an `expr!`.
#[track_caller]
#[inline(always)]
pub fn evaluate<T: Real, A: Activity<T>, P: Word, B>(
    _: PhantomData<T>,
    activity: A,
    size: usize,
    integers: &[&[usize]],
    forward: impl FnOnce(&[T], &mut [T]),
    kept: P,
    backward: B,
) -> A::Store
where
    B: Fn(P, Pass<'_, T>) + Copy + 'static,
{
    activity.evaluate(size, integers, forward, kept, backward)
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

// ---------------------------------------------------------------- checks on entry

/// The axis that both are.
///
/// # Panics
///
/// If their lengths differ.
#[track_caller]
#[inline(always)]
pub fn same<A: Dim + Same<B>, B: Dim>(
    one: A,
    other: B,
    index: &str,
    one_name: &str,
    other_name: &str,
) -> <A as Same<B>>::Output {
    match one.same(other) {
        Some(axis) => axis,
        None => different(index, one.len(), other.len(), one_name, other_name),
    }
}

#[cold]
#[track_caller]
fn different(index: &str, one: usize, other: usize, one_name: &str, other_name: &str) -> ! {
    panic!(
        "index `{index}` runs over axes of different lengths: {one} ({one_name}) and {other} \
         ({other_name})"
    )
}

/// Checks that a subscript stays on its axis, given its least and its greatest value.
///
/// # Panics
///
/// If it does not, unless the ranges are empty.
#[track_caller]
#[inline(always)]
pub fn on_axis(least: isize, greatest: isize, len: usize, name: &str) {
    if least <= greatest && (least < 0 || greatest >= len.cast_signed()) {
        off_axis(least, greatest, len, name);
    }
}

#[cold]
#[track_caller]
fn off_axis(least: isize, greatest: isize, len: usize, name: &str) -> ! {
    panic!("{name} has length {len}, but its subscript runs from {least} to {greatest}")
}

/// Checks the ids of a gather.
///
/// # Panics
///
/// If one is not below the length of the axis that it subscripts.
#[track_caller]
#[inline(always)]
pub fn ids_on_axis(ids: &[usize], len: usize, ids_name: &str, name: &str) {
    if let Some(position) = ids.iter().position(|&id| id >= len) {
        id_off_axis(position, ids[position], len, ids_name, name);
    }
}

#[cold]
#[track_caller]
fn id_off_axis(position: usize, id: usize, len: usize, ids_name: &str, name: &str) -> ! {
    panic!("{ids_name}[{position}] is {id}, but {name} has length {len}")
}

/// Checks that a reduction without a value for an empty range has elements.
///
/// # Panics
///
/// If the range is empty.
#[track_caller]
#[inline(always)]
pub fn not_empty(count: usize, reduction: &str, index: &str) -> usize {
    if count == 0 {
        empty(reduction, index);
    }
    count
}

#[cold]
#[track_caller]
fn empty(reduction: &str, index: &str) -> ! {
    panic!("`{reduction}` over an empty range: index `{index}` takes no value")
}

/// An integer that others are taken from.
#[inline(always)]
pub fn signed(n: usize) -> isize {
    n.cast_signed()
}

/// The first value of a range: never below 0.
#[inline(always)]
pub fn first(least: isize) -> usize {
    least.max(0).cast_unsigned()
}

/// The length of an axis that holds the values of a stated range.
#[inline(always)]
pub fn extent(least: isize, greatest: isize) -> usize {
    (greatest - least.max(0) + 1).max(0).cast_unsigned()
}

// ---------------------------------------------------------------- loops

/// A number of the language in the precision of the operands.
#[inline(always)]
pub fn real<T: Real>(x: f64) -> T {
    T::of(x)
}

/// An index or a length as a number.
#[inline(always)]
pub fn number<T: Real>(n: usize) -> T {
    T::of(n as f64)
}

/// An integer that may be negative, as a number.
#[inline(always)]
pub fn difference<T: Real>(plus: usize, minus: usize) -> T {
    T::of(plus as f64 - minus as f64)
}

/// A bound of a range: `plus - minus`, or 0 if that is negative.
#[inline(always)]
pub fn minus(plus: usize, minus: usize) -> usize {
    plus.saturating_sub(minus)
}

/// `a · b + c`, fused where the target fuses.
#[inline(always)]
pub fn fma<T: Real>(a: T, b: T, c: T) -> T {
    a.fma(b, c)
}

/// A sum accumulates in this many lanes: whole vectors, and the same bits on every machine that
/// has FMA.
const LANES: usize = 8;

/// A sum under way.
#[derive(Clone, Copy)]
pub struct Sum<T>([T; LANES]);

impl<T: Real> Sum<T> {
    /// The empty sum.
    #[inline(always)]
    pub fn new() -> Self {
        Self([T::zero(); LANES])
    }

    /// Adds one row: `step` takes the sum so far, the position and an element of each of `rows`.
    #[inline(always)]
    pub fn row<const K: usize>(
        &mut self,
        len: usize,
        rows: [&[T]; K],
        step: impl Fn(T, usize, [T; K]) -> T,
    ) {
        let rows = rows.map(|row| &row[..len]);
        let whole = len / LANES * LANES;
        for start in (0..whole).step_by(LANES) {
            let chunks = rows.map(|row| &row[start..start + LANES]);
            for lane in 0..LANES {
                let elements = std::array::from_fn(|row| chunks[row][lane]);
                self.0[lane] = step(self.0[lane], start + lane, elements);
            }
        }
        for lane in 0..len - whole {
            let elements = std::array::from_fn(|row| rows[row][whole + lane]);
            self.0[lane] = step(self.0[lane], whole + lane, elements);
        }
    }

    /// Adds one term: `step` takes the sum so far.
    #[inline(always)]
    pub fn term(&mut self, step: impl FnOnce(T) -> T) {
        self.0[0] = step(self.0[0]);
    }

    /// The sum of the lanes, pairwise.
    #[inline(always)]
    pub fn total(self) -> T {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

impl<T: Real> Default for Sum<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes one row: `step` takes the position and an element of each of `rows`.
#[inline(always)]
pub fn map<T: Real, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(usize, [T; K]) -> T,
) {
    let len = out.len();
    let rows = rows.map(|row| &row[..len]);
    for (position, out) in out.iter_mut().enumerate() {
        *out = step(position, std::array::from_fn(|row| rows[row][position]));
    }
}

/// Adds to one row: `step` takes what is there, the position and an element of each of `rows`.
#[inline(always)]
pub fn accumulate<T: Real, const K: usize>(
    out: &mut [T],
    rows: [&[T]; K],
    step: impl Fn(T, usize, [T; K]) -> T,
) {
    let len = out.len();
    let rows = rows.map(|row| &row[..len]);
    for (position, out) in out.iter_mut().enumerate() {
        *out = step(*out, position, std::array::from_fn(|row| rows[row][position]));
    }
}

/// The greatest of some values, or the least: the first of several that are equal.
#[derive(Clone, Copy)]
pub struct Best<T> {
    best: Option<(usize, T)>,
}

impl<T: Real> Best<T> {
    /// No value yet.
    #[inline(always)]
    pub fn new() -> Self {
        Self { best: None }
    }

    /// Takes a value into account that is greater than all before.
    #[inline(always)]
    pub fn max(&mut self, position: usize, x: T) {
        if self.best.is_none_or(|(_, best)| x > best) {
            self.best = Some((position, x));
        }
    }

    /// Takes a value into account that is less than all before.
    #[inline(always)]
    pub fn min(&mut self, position: usize, x: T) {
        if self.best.is_none_or(|(_, best)| x < best) {
            self.best = Some((position, x));
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If there was none.
    #[track_caller]
    #[inline(always)]
    pub fn value(self, reduction: &str, index: &str) -> T {
        match self.best {
            Some((_, value)) => value,
            None => empty(reduction, index),
        }
    }

    /// The position of the value, as a number, to compare an index with.
    ///
    /// # Panics
    ///
    /// If there was none.
    #[track_caller]
    #[inline(always)]
    pub fn position(self, reduction: &str, index: &str) -> T {
        match self.best {
            Some((position, _)) => number(position),
            None => empty(reduction, index),
        }
    }
}

impl<T: Real> Default for Best<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// `a` where the index is at the position of a maximum, else 0.
#[inline(always)]
pub fn where_at<T: Real>(index: usize, position: T, a: T) -> T {
    if number::<T>(index) == position { a } else { T::zero() }
}
