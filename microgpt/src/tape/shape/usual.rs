//! Lengths of the run time that are small and usual, as types.
//!
//! Code that is made for a length runs faster than code for any. A layer of [`layer!`](crate::layer) looks
//! at the lengths of its inner axes once, on entry, and where they are in the table below it runs its
//! equations with `Const`s. What runs is the same code, so that the bits are the same. Lengths that the
//! caller's types say are left as they are, and nothing else is compiled for them.

use super::{Const, Dim, Shape};
use crate::array::{Array, Numbers};
use crate::real::Real;

/// Whether there is a choice: without optimisation there is nothing to gain by it, and much to build.
pub const ARE_CHOSEN: bool = cfg!(optimised);

/// Work on one length, whatever its type.
pub trait WithOne {
    /// What it results in.
    type Output;
    /// Does it.
    #[track_caller]
    fn with<A: Dim>(self, one: A) -> Self::Output;
}

/// Work on two lengths.
pub trait WithTwo {
    /// What it results in.
    type Output;
    /// Does it.
    #[track_caller]
    fn with<A: Dim, B: Dim>(self, one: A, two: B) -> Self::Output;
}

/// Work on three lengths.
pub trait WithThree {
    /// What it results in.
    type Output;
    /// Does it.
    #[track_caller]
    fn with<A: Dim, B: Dim, C: Dim>(self, one: A, two: B, three: C) -> Self::Output;
}

/// The table: the length of the only letter, and pairs and triples in the order in which the letters stand in
/// a signature; `_` is any length. Pairs are heads and their width where they stand side by side in one array
/// with a third axis. The last of them decides whether there is a choice at all. Each line is code that every
/// layer of its kind is compiled to.
macro_rules! table {
    ($use:ident) => {
        $use! {
            one { [16] [64] }
            two { [16, 16] [16, 64] [64, 16] [_, 16] }
            heads { [4, 4] [4, 16] }
            three { [16, 16, 4] [_, 4, 4] }
        }
    };
}

macro_rules! functions {
    (
        one { $([$a:tt])* }
        two { $([$b:tt, $c:tt])* }
        heads { $([$h:tt, $j:tt])* }
        three { $([$d:tt, $e:tt, $f:tt])* }
    ) => {
        /// Work with the length as a type, if it is in the table.
        #[track_caller]
        #[inline]
        pub fn among_one<V: WithOne>(one: usize, work: V) -> V::Output {
            $(if is!(one, $a) { return work.with(as_type!(one, $a)); })*
            work.with(one)
        }

        /// Work with the lengths as types, if they are in the table.
        #[track_caller]
        #[inline]
        pub fn among_two<A: Dim, V: WithTwo>(one: A, two: usize, work: V) -> V::Output {
            $(if is!(one, $b) && is!(two, $c) {
                return work.with(as_type!(one, $b), as_type!(two, $c));
            })*
            work.with(one, two)
        }

        /// Work on heads and their width with the lengths as types, if they are in the table.
        #[track_caller]
        #[inline]
        pub fn among_heads<A: Dim, V: WithTwo>(one: A, two: usize, work: V) -> V::Output {
            $(if is!(one, $h) && is!(two, $j) {
                return work.with(as_type!(one, $h), as_type!(two, $j));
            })*
            work.with(one, two)
        }

        /// Work with the lengths as types, if they are in the table.
        #[track_caller]
        #[inline]
        pub fn among_three<A: Dim, B: Dim, V: WithThree>(
            one: A,
            two: B,
            three: usize,
            work: V,
        ) -> V::Output {
            $(if is!(one, $d) && is!(two, $e) && is!(three, $f) {
                return work.with(as_type!(one, $d), as_type!(two, $e), as_type!(three, $f));
            })*
            work.with(one, two, three)
        }
    };
}

macro_rules! is {
    ($length:ident, _) => {
        true
    };
    ($length:ident, $usual:literal) => {
        Dim::len($length) == $usual
    };
}

macro_rules! as_type {
    ($length:ident, _) => {
        $length
    };
    ($length:ident, $usual:literal) => {
        Const::<$usual>
    };
}

table!(functions);

/// The lengths of the only letter.
#[track_caller]
#[inline]
pub fn one<A: Dim, V: WithOne>(one: A, work: V) -> V::Output {
    one.choose_one(work)
}

/// Those of two letters.
#[track_caller]
#[inline]
pub fn two<A: Dim, B: Dim, V: WithTwo>(one: A, two: B, work: V) -> V::Output {
    two.choose_two(one, work)
}

/// Those of heads and their width.
#[track_caller]
#[inline]
pub fn heads<A: Dim, B: Dim, V: WithTwo>(one: A, two: B, work: V) -> V::Output {
    two.choose_heads(one, work)
}

/// Those of three letters.
#[track_caller]
#[inline]
pub fn three<A: Dim, B: Dim, C: Dim, V: WithThree>(one: A, two: B, three: C, work: V) -> V::Output {
    three.choose_three(one, two, work)
}

/// The same values under axes of the same lengths and other types.
#[inline(always)]
#[must_use]
pub fn array<R: Shape, S: Shape, T: Real>(array: Array<'_, R, T>, shape: S) -> Array<'_, S, T> {
    debug_assert_eq!(array.shape().lens().as_ref(), shape.lens().as_ref());
    array.shaped(shape)
}

/// The same numbers under axes of the same lengths and other types.
#[inline(always)]
#[must_use]
pub fn numbers<R: Shape, S: Shape, T: Real>(numbers: Numbers<R, T>, shape: S) -> Numbers<S, T> {
    Numbers::new(shape, numbers.into_vec())
}
