//! Integer operands: ids that gather, and integers of ranges and subscripts.

use crate::shape::{Const, MOST, Shape};

/// Ids that gather, as subscripts of an `expr!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be ids, which are `usize`s",
    label = "expected a slice, `Vec` or Rust array of `usize`",
    note = "convert ids in Rust: `let ids: Vec<usize> = ids.iter().map(|&id| id as usize).collect();`"
)]
pub trait Integers {
    /// The axes.
    type Shape: Shape;
    /// The integers and the axes.
    fn open(&self) -> (&[usize], Self::Shape);
}

#[diagnostic::do_not_recommend]
impl<O: Integers + ?Sized> Integers for &O {
    type Shape = O::Shape;
    #[inline(always)]
    fn open(&self) -> (&[usize], Self::Shape) {
        (**self).open()
    }
}

macro_rules! integers {
    ($([$($generic:tt)*] $type:ty, $axes:ty, |$self:ident| $data:expr, $shape:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generic)*> Integers for $type {
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
    [] [usize], (usize,), |x| x, (x.len(),);
    [] Vec<usize>, (usize,), |x| x, (x.len(),);
    [const A: usize] [usize; A], (Const<A>,), |x| x, (Const,);
    [const A: usize] [[usize; A]], (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize] Vec<[usize; A]>, (usize, Const<A>), |x| x.as_flattened(), (x.len(), Const);
    [const A: usize, const B: usize] [[usize; B]; A], (Const<A>, Const<B>),
        |x| x.as_flattened(), (Const, Const);
}

/// An integer of a range or subscript: a `usize`, or the length of an axis.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a range or subscript, which counts in `usize`s",
    label = "expected a `usize`: convert it in Rust, `{{n as usize}}`"
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
