//! How many subscripts an operand stands with, and how many axes it has: where they differ, the compiler
//! says so in words.

use crate::shape::{Dim, Shape};

macro_rules! subscripts {
    ($($count:literal $subscripts:ident $fit:ident($($axis:ident)*) $message:literal, $label:literal;)*) => {$(
        #[doc = concat!("An operand stands with ", $count, " subscripts.")]
        pub struct $subscripts;

        /// Subscripts that an operand with so many axes can have: so many.
        #[diagnostic::on_unimplemented(message = $message, label = $label)]
        pub trait $fit {
            /// The axes, each with its subscript.
            type Axes<$($axis: Dim),*>: Shape;
            /// These axes, each with its subscript.
            fn axes<$($axis: Dim),*>(axes: ($($axis,)*)) -> Self::Axes<$($axis),*>;
        }

        #[diagnostic::do_not_recommend]
        impl $fit for $subscripts {
            type Axes<$($axis: Dim),*> = ($($axis,)*);
            #[inline(always)]
            fn axes<$($axis: Dim),*>(axes: ($($axis,)*)) -> Self::Axes<$($axis),*> {
                axes
            }
        }

        impl<R: $fit, $($axis: Dim),*> Subscripted<R> for ($($axis,)*) {
            type Axes = R::Axes<$($axis),*>;
            #[inline(always)]
            fn subscripted(self) -> Self::Axes {
                R::axes(self)
            }
        }
    )*};
}

/// The axes of an operand that stands with subscripts: one for each.
pub trait Subscripted<R> {
    /// The axes.
    type Axes: Shape;
    /// The axes, each with its subscript.
    fn subscripted(self) -> Self::Axes;
}

subscripts! {
    0 NoSubscript FitsNoAxis()
        "a single number has no axis, and takes no subscripts", "write `x` alone";
    1 OneSubscript FitsOneAxis(A)
        "this operand has 1 axis, and takes 1 subscript", "write `x[i]`";
    2 TwoSubscripts FitsTwoAxes(A B)
        "this operand has 2 axes, and takes 2 subscripts", "write `x[i, j]`";
    3 ThreeSubscripts FitsThreeAxes(A B C)
        "this operand has 3 axes, and takes 3 subscripts", "write `x[i, j, k]`";
    4 FourSubscripts FitsFourAxes(A B C D)
        "this operand has 4 axes, and takes 4 subscripts", "write `x[i, j, k, l]`";
    5 FiveSubscripts FitsFiveAxes(A B C D E)
        "this operand has 5 axes, and takes 5 subscripts", "write `x[i, j, k, l, m]`";
    6 SixSubscripts FitsSixAxes(A B C D E F)
        "this operand has 6 axes, and takes 6 subscripts", "write `x[i, j, k, l, m, n]`";
}

/// Any number of subscripts.
pub trait AnySubscripts {
    /// The axes.
    type Axes<S>;
    /// The axes.
    fn shape<S>(shape: S) -> Self::Axes<S>;
}

impl<R> AnySubscripts for R {
    type Axes<S> = S;
    #[inline(always)]
    fn shape<S>(shape: S) -> S {
        shape
    }
}

/// Any number of subscripts but one: an array of what is not known yet is one of floats where it has one.
#[diagnostic::on_unimplemented(
    message = "this operand has several axes, and takes as many subscripts",
    label = "write `x[i, j]`, with one subscript for each axis"
)]
pub trait NoneOrSeveral {
    /// The axes.
    type Axes<S>;
    /// The axes.
    fn shape<S>(shape: S) -> Self::Axes<S>;
}

macro_rules! none_or_several {
    ($($subscripts:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl NoneOrSeveral for $subscripts {
            type Axes<S> = S;
            #[inline(always)]
            fn shape<S>(shape: S) -> S {
                shape
            }
        }
    )*};
}

none_or_several!(NoSubscript TwoSubscripts ThreeSubscripts FourSubscripts FiveSubscripts SixSubscripts);
