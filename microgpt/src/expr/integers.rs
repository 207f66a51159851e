//! Integer operands, ids that gather and integers of ranges and subscripts, conditions, and what is computed of
//! them.

use crate::array::Numbers;
use crate::shape::{Const, Dim, MOST, Shape};

/// Ids that gather, as subscripts of an `expr!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be ids, which are `usize`s",
    label = "expected a slice, `Vec`, Rust array or `Numbers` of `usize`",
    note = "convert ids in Rust: `let ids: Vec<usize> = ids.iter().map(|&id| id as usize).collect();`",
    note = "what is compared with an index is an id, too; floats that are stand in braces: `{{x}}[i] > i`"
)]
pub trait Integers {
    /// The axes.
    type Shape: Shape;
    /// The integers and the axes.
    fn open(&self) -> (&[usize], Self::Shape);
}

/// Conditions of an `expr!`: `if mask[t] { ... }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be conditions, which are `bool`s",
    label = "expected a slice, `Vec`, Rust array or `Numbers` of `bool`",
    note = "a condition on numbers compares them: `if x[t] > 0 {{ ... }}`"
)]
pub trait Conditions {
    /// The axes.
    type Shape: Shape;
    /// The conditions and the axes.
    fn open(&self) -> (&[bool], Self::Shape);
}

macro_rules! opened {
    ($trait:ident of $element:ty: $([$($generic:tt)*] $type:ty, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {
        #[diagnostic::do_not_recommend]
        impl<O: $trait + ?Sized> $trait for &O {
            type Shape = O::Shape;
            #[inline(always)]
            fn open(&self) -> (&[$element], Self::Shape) {
                (**self).open()
            }
        }

        $(
            #[diagnostic::do_not_recommend]
            impl<$($generic)*> $trait for $type {
                type Shape = $axes;
                #[inline(always)]
                fn open(&self) -> (&[$element], Self::Shape) {
                    let $self = self;
                    ($data, $shape)
                }
            }
        )*
    };
}

/// The types that hold elements of one type, by their axes.
macro_rules! arrays {
    ($trait:ident of $element:ty) => {
        opened! {
            $trait of $element:
            [] [$element], (usize,), |x| x, (x.len(),);
            [] Vec<$element>, (usize,), |x| x, (x.len(),);
            [const A: usize] [$element; A], (Const<A>,), |x| x, (Const,);
            [const A: usize] [[$element; A]], (usize, Const<A>),
                |x| x.as_flattened(), (x.len(), Const);
            [const A: usize] Vec<[$element; A]>, (usize, Const<A>),
                |x| x.as_flattened(), (x.len(), Const);
            [const A: usize, const B: usize] [[$element; B]; A], (Const<A>, Const<B>),
                |x| x.as_flattened(), (Const, Const);
            [A: Dim] Numbers<(A,), $element>, (A,), |x| x, x.shape();
            [A: Dim, B: Dim] Numbers<(A, B), $element>, (A, B), |x| x, x.shape();
            [A: Dim, B: Dim, C: Dim] Numbers<(A, B, C), $element>, (A, B, C), |x| x, x.shape();
        }
    };
}

arrays!(Integers of usize);
arrays!(Conditions of bool);

/// A condition alone: a `bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a condition, which is a `bool`",
    label = "expected a `bool`",
    note = "a condition on numbers compares them: `if x > 0 {{ ... }}`"
)]
pub trait Condition {
    /// Whether it holds.
    fn holds(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl Condition for bool {
    #[inline(always)]
    fn holds(&self) -> bool {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl<O: Condition + ?Sized> Condition for &O {
    #[inline(always)]
    fn holds(&self) -> bool {
        (**self).holds()
    }
}

/// An integer of a range or subscript: a `usize`, or the length of an axis.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a range or subscript, which counts in `usize`s",
    label = "expected a `usize`: convert it in Rust, `{{n as usize}}`",
    note = "`%` is the remainder of integers, and what is compared with an index is one; a float that is stands in braces: `{{x}} > i`"
)]
pub trait Integer {
    /// The integer.
    fn integer(&self) -> usize;
}

#[diagnostic::do_not_recommend]
impl<O: Integer + ?Sized> Integer for &O {
    #[inline(always)]
    fn integer(&self) -> usize {
        (**self).integer()
    }
}

#[diagnostic::do_not_recommend]
impl Integer for usize {
    #[inline(always)]
    fn integer(&self) -> usize {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Integer for Const<N> {
    #[inline(always)]
    fn integer(&self) -> usize {
        N
    }
}

/// Opens an integer operand.
///
/// # Panics
///
/// If an axis is longer than a tape can hold.
#[track_caller]
#[inline(always)]
pub fn open_integers<O: Integers<Shape = S> + ?Sized, S: Shape>(operand: &O) -> (&[usize], S) {
    let (integers, shape) = operand.open();
    shape.size();
    (integers, shape)
}

/// Opens conditions: the integers 1 where they hold, else 0.
#[inline(always)]
pub fn open_conditions<O: Conditions<Shape = S> + ?Sized, S>(operand: &O) -> (Vec<usize>, S) {
    let (conditions, shape) = operand.open();
    (conditions.iter().map(|&holds| usize::from(holds)).collect(), shape)
}

/// Opens a condition: 1 where it holds, else 0.
#[inline(always)]
pub fn open_condition<O: Condition + ?Sized>(operand: &O) -> usize {
    usize::from(operand.holds())
}

/// Opens an integer.
///
/// # Panics
///
/// If it is larger than any axis, and sums of such might not be numbers of the machine.
#[track_caller]
#[inline(always)]
pub fn open_integer<O: Integer + ?Sized>(operand: &O) -> usize {
    let integer = operand.integer();
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

// ------------------------------------------------------------ arithmetic

/// An integer that is not negative, or one of which the place is looked at.
#[inline(always)]
pub fn unsigned(n: isize) -> usize {
    n.cast_unsigned()
}

/// A bound of a range: 0 where it is negative.
#[inline(always)]
pub fn from_zero(n: isize) -> usize {
    n.max(0).cast_unsigned()
}

/// `one / other`, rounded down.
///
/// # Panics
///
/// If the divisor is not above 0.
#[track_caller]
#[inline(always)]
pub fn quotient(one: isize, other: isize, divisor: &str) -> isize {
    if other <= 0 {
        no_divisor(other, divisor);
    }
    one.div_euclid(other)
}

/// What is left of `one / other`, rounded down: from 0 on and below `other`.
///
/// # Panics
///
/// If the divisor is not above 0.
#[track_caller]
#[inline(always)]
pub fn remainder(one: isize, other: isize, divisor: &str) -> isize {
    if other <= 0 {
        no_divisor(other, divisor);
    }
    one.rem_euclid(other)
}

#[cold]
#[track_caller]
fn no_divisor(n: isize, divisor: &str) -> ! {
    panic!("`{divisor}` divides an integer, and is {n}: it must be above 0")
}

/// The product of two integers.
///
/// # Panics
///
/// If it is beyond 2^32, where sums of such might not be numbers of the machine.
#[track_caller]
#[inline(always)]
pub fn product(one: isize, other: isize) -> isize {
    match one.checked_mul(other) {
        Some(product) if product.unsigned_abs() <= MOST => product,
        _ => large_product(one, other),
    }
}

#[cold]
#[track_caller]
fn large_product(one: isize, other: isize) -> ! {
    panic!("{one} times {other} in a subscript or range is beyond 2^32, the longest axis")
}

// ------------------------------------------------------------ bounds

/// What no id is below; of no ids any number is that.
#[inline(always)]
pub fn least_id(ids: &[usize]) -> isize {
    ids.iter().min().map_or(0, |id| bounded(*id))
}

/// What no id is above.
#[inline(always)]
pub fn greatest_id(ids: &[usize]) -> isize {
    ids.iter().max().map_or(0, |id| bounded(*id))
}

/// An id that is no larger than a sum of integers may be.
fn bounded(id: usize) -> isize {
    id.min(MOST + 1).cast_signed()
}

/// What no quotient of a number up to `one`, or from it on, and a divisor between two is above, or below.
#[inline(always)]
pub fn quotient_bound(one: isize, least: isize, most: isize, greatest: bool) -> isize {
    // The nearer to 0, the greater the divisor is.
    let divisor = if (one > 0) == greatest { least } else { most };
    one.div_euclid(divisor.max(1))
}

/// What no product of numbers between the ends is above, or below.
#[inline(always)]
pub fn product_bound(one: [isize; 2], other: [isize; 2], greatest: bool) -> isize {
    let most = MOST.cast_signed();
    let product = |one: isize, other: isize| one.saturating_mul(other).clamp(-most, most);
    let [a, b] = one.map(|one| other.map(|other| product(one, other)));
    if greatest { a[0].max(a[1]).max(b[0]).max(b[1]) } else { a[0].min(a[1]).min(b[0]).min(b[1]) }
}
