//! Second derivatives: the Hessian times a vector, and all of it.

use num_traits::{One, Zero};

use super::inputs::{Inputs, dual, flat, require_own_tape};
use crate::array::Numbers;
use crate::dual::Dual;
use crate::tape::Tape;
use crate::value::Value;

/// What [`hvp`] gives: the function at a point, its gradient, and its Hessian times a vector.
///
/// Gradient and product have the axes of the inputs, `N`.
///
/// ```
/// use microgpt::derivatives::{HessianProduct, hvp};
/// use microgpt::expr;
///
/// let HessianProduct { value, gradient, product } = hvp(|_, x| expr!(x^3), &2.0_f64, &1.0);
/// assert_eq!((value, gradient, product), (8.0, 12.0, 12.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct HessianProduct<N, T = f64> {
    /// `f(x)`.
    pub value: T,
    /// `∇f(x)`.
    pub gradient: N,
    /// `H·v`: the derivative of the gradient along `v`.
    pub product: N,
}

/// A function, its gradient, and its Hessian times a vector `v`, without the Hessian.
///
/// It is forward over reverse (Pearlmutter 1994, *Fast exact multiplication by the Hessian*): on a tape
/// of dual numbers `x + vε` the backward pass computes dual gradients, and the tangent of `∇f(x + vε)`
/// is `H·v`. It costs about three times what a gradient costs, for any number of inputs.
///
/// The function returns one number. `x` and `v` have the same axes, and so have the gradient and the
/// product.
///
/// ```
/// use microgpt::derivatives::hvp;
/// use microgpt::expr;
///
/// // The function of Rosenbrock (1960) at its minimum.
/// let f = hvp(
///     |_, x| expr!((1 - x[0])^2 + 100 * (x[1] - x[0]^2)^2),
///     &[1.0, 1.0],
///     &[1.0, 0.0],
/// );
/// assert_eq!((f.value, f.gradient, f.product), (0.0, [0.0, 0.0], [802.0, -400.0]));
/// ```
///
/// Nested once more it gives third derivatives: with `x + wε` for `x` the product is `H·v`, and its
/// tangent the derivative of `H·v` along `w`.
///
/// ```
/// use microgpt::derivatives::hvp;
/// use microgpt::dual::Dual;
/// use microgpt::expr;
///
/// let f = hvp(|_, x| expr!(x[0]^4), &[Dual::new(2.0, 1.0)], &[Dual::constant(1.0)]);
/// assert_eq!((f.product[0].value, f.product[0].tangent), (48.0, 48.0));
/// ```
///
/// # Panics
///
/// If `v` has other axes than `x`; if the function returns what is on another tape or was computed in
/// [`inference`](Tape::inference); and as the function does.
#[track_caller]
pub fn hvp<X: Inputs + ?Sized>(
    function: impl for<'t> FnOnce(
        &'t Tape<Dual<X::Number>>,
        X::On<'t, Dual<X::Number>>,
    ) -> Value<'t, Dual<X::Number>>,
    x: &X,
    v: &X,
) -> HessianProduct<X::Owned, X::Number> {
    let tape = Tape::default();
    let block = dual(&tape, x, v);
    let y = function(&tape, x.arrays(block, &mut 0));
    require_own_tape(&tape, y.tape());
    y.backward();
    let gradients = block.grad();
    HessianProduct {
        value: y.data().value,
        gradient: x.alike(&mut gradients.iter().map(|gradient| gradient.value)),
        product: x.alike(&mut gradients.iter().map(|gradient| gradient.tangent)),
    }
}

/// The Hessian of a function that returns one number: `[inputs, inputs]`, in row-major order, one array
/// after the other.
///
/// It is one [`hvp`] for each input: meant for some hundreds of them. It is symmetric but for rounding.
///
/// ```
/// use microgpt::derivatives::hessian;
/// use microgpt::expr;
///
/// let h = hessian(|_, (a, x)| expr!(a * x[0] * x[1]^2), &(3.0_f64, [1.0, 2.0]));
/// assert_eq!(*h, [
///     0.0, 4.0, 4.0,
///     4.0, 0.0, 12.0,
///     4.0, 12.0, 6.0,
/// ]);
/// ```
///
/// # Panics
///
/// As [`hvp`].
#[must_use]
#[track_caller]
pub fn hessian<X: Inputs + ?Sized>(
    function: impl for<'t> Fn(
        &'t Tape<Dual<X::Number>>,
        X::On<'t, Dual<X::Number>>,
    ) -> Value<'t, Dual<X::Number>>,
    x: &X,
) -> Numbers<(usize, usize), X::Number> {
    let tape = Tape::default();
    let block = tape.vector(flat(x).into_iter().map(Dual::constant).collect::<Vec<_>>());
    let mark = tape.mark();
    let mut entries = Vec::with_capacity(block.size() * block.size());
    for input in 0..block.size() {
        block.update(|values, gradients| {
            values[input].tangent = X::Number::one();
            gradients.fill(Dual::default());
        });
        let y = function(&tape, x.arrays(block, &mut 0));
        require_own_tape(&tape, y.tape());
        y.backward();
        entries.extend(block.grad().iter().map(|gradient| gradient.tangent));
        tape.rewind(mark);
        block.update(|values, _| values[input].tangent = X::Number::zero());
    }
    Numbers::new((block.size(), block.size()), entries)
}
