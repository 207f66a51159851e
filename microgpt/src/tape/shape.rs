//! Shapes as types: an axis is `Const<N>`, known to the compiler, or `usize`, known at run time.

#[doc(hidden)]
pub mod usual;

use std::fmt::Debug;
use std::ops::Range;

use crate::array::{Array, Numbers};
use crate::expr::tuning::LOCAL;
use crate::expr::{Integer, blocks};
use crate::real::Real;
use crate::value::Value;
use usual::{WithOne, WithThree, WithTwo};

/// An axis whose length is a type: a mismatch is an error of the compiler.
///
/// ```
/// use microgpt::{Const, Tape};
///
/// let tape = Tape::new();
/// assert_eq!(tape.vector([1.0, 2.0, 3.0]).shape(), (Const::<3>,));
/// assert_eq!(tape.vector(vec![1.0, 2.0, 3.0]).shape(), (3,));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Const<const N: usize>;

/// The length of an axis: [`Const<N>`] or `usize`.
///
/// ```
/// use microgpt::{Dim, Tape, Vector};
///
/// fn length<N: Dim>(x: Vector<'_, N>) -> usize {
///     x.shape().0.len()
/// }
///
/// let tape = Tape::new();
/// assert_eq!(length(tape.vector([1.0, 2.0])), 2);
/// assert_eq!(length(tape.vector(vec![1.0, 2.0, 3.0])), 3);
/// ```
pub trait Dim:
    Copy
    + Eq
    + Debug
    + Send
    + Sync
    + 'static
    + Word
    + Same<Self, Output = Self>
    + Same<usize, Output = Self>
    + Integer
{
    /// The length, if the type says it: code can then be made for it alone.
    const FIXED: Option<usize>;

    /// The number of elements along the axis.
    fn len(self) -> usize;

    /// Whether the axis has no elements.
    fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Works on one row of this axis's length, in registers where the length is known.
    ///
    /// The generated code opens a row once around the loops that accumulate onto it.
    #[doc(hidden)]
    fn local<T: Real>(self, row: &mut [T], work: impl FnOnce(&mut [T]));

    /// [`local`](Dim::local) for `work` that adds the terms of a range to the row: a long one in blocks,
    /// whose sums are added.
    #[doc(hidden)]
    fn local_blocks<T: Real>(
        self,
        row: &mut [T],
        range: Range<usize>,
        work: impl FnMut(&mut [T], Range<usize>),
    );

    /// Works on so many rows of this axis's length, one after the other, all of them 0: on the stack
    /// where the length is known.
    #[doc(hidden)]
    fn rows<T: Real, const ROWS: usize>(self, work: impl FnOnce(&mut [T])) {
        work(&mut vec![T::zero(); ROWS * self.len()]);
    }

    #[doc(hidden)]
    #[track_caller]
    #[inline]
    fn choose_one<V: WithOne>(self, work: V) -> V::Output {
        work.with(self)
    }

    #[doc(hidden)]
    #[track_caller]
    #[inline]
    fn choose_two<A: Dim, V: WithTwo>(self, first: A, work: V) -> V::Output {
        work.with(first, self)
    }

    #[doc(hidden)]
    #[track_caller]
    #[inline]
    fn choose_heads<A: Dim, V: WithTwo>(self, first: A, work: V) -> V::Output {
        work.with(first, self)
    }

    #[doc(hidden)]
    #[track_caller]
    #[inline]
    fn choose_three<A: Dim, B: Dim, V: WithThree>(self, first: A, second: B, work: V) -> V::Output {
        work.with(first, second, self)
    }
}

impl<const N: usize> Dim for Const<N> {
    const FIXED: Option<usize> = Some(N);

    #[inline(always)]
    fn len(self) -> usize {
        N
    }

    #[inline(always)]
    fn local<T: Real>(self, row: &mut [T], work: impl FnOnce(&mut [T])) {
        if N > LOCAL {
            return work(row);
        }
        let row: &mut [T; N] = row.try_into().expect("a row of the axis's length");
        let mut local = *row;
        work(&mut local);
        *row = local;
    }

    #[inline(always)]
    fn local_blocks<T: Real>(
        self,
        row: &mut [T],
        range: Range<usize>,
        mut work: impl FnMut(&mut [T], Range<usize>),
    ) {
        if N > LOCAL {
            return self.len().local_blocks(row, range, work);
        }
        let row: &mut [T; N] = row.try_into().expect("a row of the axis's length");
        for (number, block) in blocks(range).enumerate() {
            let mut local = if number == 0 { *row } else { [T::zero(); N] };
            work(&mut local, block);
            if number == 0 {
                *row = local;
            } else {
                add(row, &local);
            }
        }
    }

    #[inline(always)]
    fn rows<T: Real, const ROWS: usize>(self, work: impl FnOnce(&mut [T])) {
        work([[T::zero(); N]; ROWS].as_flattened_mut());
    }
}

impl Dim for usize {
    const FIXED: Option<usize> = None;

    #[cfg(optimised)]
    #[inline]
    fn choose_one<V: WithOne>(self, work: V) -> V::Output {
        usual::among_one(self, work)
    }

    #[cfg(optimised)]
    #[inline]
    fn choose_two<A: Dim, V: WithTwo>(self, first: A, work: V) -> V::Output {
        usual::among_two(first, self, work)
    }

    #[cfg(optimised)]
    #[inline]
    fn choose_heads<A: Dim, V: WithTwo>(self, first: A, work: V) -> V::Output {
        usual::among_heads(first, self, work)
    }

    #[cfg(optimised)]
    #[inline]
    fn choose_three<A: Dim, B: Dim, V: WithThree>(self, first: A, second: B, work: V) -> V::Output {
        usual::among_three(first, second, self, work)
    }

    #[inline(always)]
    fn len(self) -> usize {
        self
    }

    #[inline(always)]
    fn local<T: Real>(self, row: &mut [T], work: impl FnOnce(&mut [T])) {
        work(row);
    }

    #[inline(always)]
    fn local_blocks<T: Real>(
        self,
        row: &mut [T],
        range: Range<usize>,
        mut work: impl FnMut(&mut [T], Range<usize>),
    ) {
        let mut part = Vec::new();
        for (number, block) in blocks(range).enumerate() {
            if number == 0 {
                work(row, block);
            } else {
                part.clear();
                part.resize(row.len(), T::zero());
                work(&mut part, block);
                add(row, &part);
            }
        }
    }
}

fn add<T: Real>(row: &mut [T], part: &[T]) {
    for (sum, part) in row.iter_mut().zip(part) {
        *sum += *part;
    }
}

/// What a record keeps of one axis or offset: a machine word, or nothing where the type says it.
#[doc(hidden)]
pub trait Word: Copy + 'static {
    /// Appends the word, if there is one.
    fn write(self, words: &mut Vec<usize>);
    /// Takes the word back, in the order of writing.
    fn read(words: &mut &[usize]) -> Self;
}

impl<const N: usize> Word for Const<N> {
    #[inline(always)]
    fn write(self, _: &mut Vec<usize>) {}
    #[inline(always)]
    fn read(_: &mut &[usize]) -> Self {
        Self
    }
}

impl Word for usize {
    #[inline(always)]
    fn write(self, words: &mut Vec<usize>) {
        words.push(self);
    }
    #[inline(always)]
    fn read(words: &mut &[usize]) -> Self {
        let word = words[0];
        *words = &words[1..];
        word
    }
}

impl Word for () {
    #[inline(always)]
    fn write(self, _: &mut Vec<usize>) {}
    #[inline(always)]
    fn read(_: &mut &[usize]) -> Self {}
}

macro_rules! words {
    ($($word:ident)+) => {
        impl<$($word: Word),+> Word for ($($word,)+) {
            #[inline(always)]
            #[allow(non_snake_case)] // one name for the type of a word and for its value
            fn write(self, words: &mut Vec<usize>) {
                let ($($word,)+) = self;
                $($word.write(words);)+
            }
            #[inline(always)]
            fn read(words: &mut &[usize]) -> Self {
                ($($word::read(words),)+)
            }
        }
    };
}

words!(A);
words!(A B);
words!(A B C);
words!(A B C D);
words!(A B C D E);
words!(A B C D E F);
words!(A B C D E F G);
words!(A B C D E F G H);

/// Two axes that one index runs over: both must have the same length.
///
/// The result is the one that says more: `Const<N>` and `usize` unify to `Const<N>`.
///
/// ```
/// use microgpt::Const;
/// use microgpt::shape::Same;
///
/// assert_eq!(Const::<3>.same(3_usize), Some(Const::<3>));
/// assert_eq!(3_usize.same(4_usize), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "one index cannot run over both `{Self}` and `{Other}`",
    label = "this axis is `{Other}`, the axes before it are `{Self}`",
    note = "an index takes every position of each axis that it subscripts, so their lengths must be equal; in generic code give both one type parameter"
)]
pub trait Same<Other> {
    /// The axis that both are.
    type Output: Dim;
    /// The common axis, or nothing if the lengths differ.
    fn same(self, other: Other) -> Option<Self::Output>;
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Same<Const<N>> for Const<N> {
    type Output = Self;
    #[inline(always)]
    fn same(self, _: Const<N>) -> Option<Self> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Same<usize> for Const<N> {
    type Output = Self;
    #[inline(always)]
    fn same(self, other: usize) -> Option<Self> {
        (N == other).then_some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<D: Dim> Same<D> for usize {
    type Output = D;
    #[inline(always)]
    fn same(self, other: D) -> Option<D> {
        (self == other.len()).then_some(other)
    }
}

/// The axes of an array: a tuple of up to six [`Dim`]s, `()` for a scalar.
///
/// ```
/// use microgpt::{Const, Shape};
///
/// let shape = (5_usize, Const::<3>);
/// assert_eq!(shape.lens(), [5, 3]);
/// assert_eq!(shape.size(), 15);
/// ```
pub trait Shape: Copy + PartialEq + Debug + Send + Sync + 'static {
    /// The lengths, one per axis.
    type Lens: AsRef<[usize]> + Copy + Debug;
    /// What a block of this shape is on a tape: [`Value`] for `()`, [`Array`] for the others.
    type OnTape<'t, T: Real>;
    /// What a block of this shape is without a tape: a number for `()`, an owned block of numbers
    /// for the others.
    type Plain<T: Real>;

    /// The length of each axis.
    fn lens(self) -> Self::Lens;

    /// The number of elements: the product of the lengths.
    ///
    /// # Panics
    ///
    /// If an axis is longer than 2³², or the product is: a tape holds no more.
    #[track_caller]
    #[inline(always)]
    fn size(self) -> usize {
        let lens = self.lens();
        match product(lens.as_ref()) {
            Some(size) => size,
            None => too_large(lens),
        }
    }

    #[doc(hidden)]
    fn on_tape<T: Real>(self, block: Array<'_, (), T>) -> Self::OnTape<'_, T>;
    #[doc(hidden)]
    fn plain<T: Real>(self, data: &[T]) -> Self::Plain<T>;
}

/// A tape holds at most so many values; so does an axis.
pub(crate) const MOST: usize = match 1usize.checked_shl(32) {
    Some(most) => most,
    None => usize::MAX,
};

/// The product of some lengths, if neither it nor one of them is beyond what a tape can hold.
#[inline(always)]
pub(crate) fn product(lens: &[usize]) -> Option<usize> {
    let size = lens.iter().try_fold(1, |size: usize, &len| size.checked_mul(len))?;
    // Where there is an element, no axis is longer than the product.
    (size <= MOST && (size > 0 || lens.iter().all(|&len| len <= MOST))).then_some(size)
}

// By value: a reference would force the lengths into memory also where nothing panics.
#[cold]
#[track_caller]
fn too_large(lens: impl Debug) -> ! {
    panic!("the shape {lens:?} has an axis, or more elements, than 2^32")
}

/// A shape whose first axis is a `usize`: so many rows, each of the remaining axes.
///
/// ```
/// use microgpt::Const;
/// use microgpt::shape::Rows;
///
/// let shape = (5_usize, Const::<3>);
/// assert_eq!((shape.rows(), shape.row_size()), (5, 3));
/// assert_eq!(shape.with_rows(2), (2, Const::<3>));
/// ```
pub trait Rows: Shape {
    /// The number of rows.
    fn rows(self) -> usize;

    /// The number of elements of a row.
    fn row_size(self) -> usize;

    /// The shape of another number of rows.
    #[must_use]
    fn with_rows(self, rows: usize) -> Self;
}

macro_rules! rows {
    ($($axis:ident)*) => {
        impl<$($axis: Dim),*> Rows for (usize, $($axis,)*) {
            #[inline(always)]
            fn rows(self) -> usize {
                self.0
            }

            #[inline(always)]
            #[allow(non_snake_case)] // one name for the type of an axis and for its value
            fn row_size(self) -> usize {
                let (_, $($axis,)*) = self;
                1 $(* $axis.len())*
            }

            #[inline(always)]
            #[allow(non_snake_case)]
            fn with_rows(self, rows: usize) -> Self {
                let (_, $($axis,)*) = self;
                (rows, $($axis,)*)
            }
        }
    };
}

rows!();
rows!(B);
rows!(B C);
rows!(B C D);
rows!(B C D E);
rows!(B C D E F);

impl Shape for () {
    type Lens = [usize; 0];
    type OnTape<'t, T: Real> = Value<'t, T>;
    type Plain<T: Real> = T;

    #[inline(always)]
    fn lens(self) -> [usize; 0] {
        []
    }

    #[inline(always)]
    fn on_tape<T: Real>(self, block: Array<'_, (), T>) -> Value<'_, T> {
        Value(block)
    }

    #[inline(always)]
    fn plain<T: Real>(self, data: &[T]) -> T {
        data[0]
    }
}

macro_rules! shape {
    ($rank:literal: $($axis:ident)+) => {
        impl<$($axis: Dim),+> Shape for ($($axis,)+) {
            type Lens = [usize; $rank];
            type OnTape<'t, T: Real> = Array<'t, Self, T>;
            type Plain<T: Real> = Numbers<Self, T>;

            #[inline(always)]
            #[allow(non_snake_case)] // one name for the type of an axis and for its value
            fn lens(self) -> [usize; $rank] {
                let ($($axis,)+) = self;
                [$($axis.len()),+]
            }

            #[inline(always)]
            fn on_tape<T: Real>(self, block: Array<'_, (), T>) -> Array<'_, Self, T> {
                block.shaped(self)
            }

            #[inline(always)]
            fn plain<T: Real>(self, data: &[T]) -> Numbers<Self, T> {
                Numbers::new(self, data.to_vec())
            }
        }
    };
}

shape!(1: A);
shape!(2: A B);
shape!(3: A B C);
shape!(4: A B C D);
shape!(5: A B C D E);
shape!(6: A B C D E F);
