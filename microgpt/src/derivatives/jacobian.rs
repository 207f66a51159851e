//! First derivatives: along a direction, and all of them.

use num_traits::{One, Zero};

use super::inputs::{Inputs, dual, flat, require_own_tape};
use crate::array::{Array, Numbers};
use crate::dual::Dual;
use crate::shape::Shape;
use crate::tape::Tape;

/// A function and its derivative along a direction: `f(x)` and the Jacobian-vector product `J·v`.
///
/// It is forward mode: one pass on dual numbers, without a record (Wengert 1964, *A simple automatic
/// derivative evaluation program*). It costs about three times what the function costs, for any number
/// of inputs.
///
/// `x` and `v` have the same axes, and both results those of what `function` returns. A function that
/// returns a `Value` ends with [`as_array`](crate::Value::as_array).
///
/// ```
/// use microgpt::derivatives::jvp;
/// use microgpt::expr;
///
/// let (y, along) = jvp(|_, x| expr!([x[i]^2 * x[0] for i]), &[3.0, 4.0], &[1.0, 0.0]);
/// assert_eq!(*y, [27.0, 48.0]);
/// assert_eq!(*along, [27.0, 16.0]);
/// ```
///
/// # Panics
///
/// If `v` has other axes than `x`; and as `function` does.
#[track_caller]
pub fn jvp<X: Inputs + ?Sized, S: Shape>(
    function: impl for<'t> FnOnce(
        &'t Tape<Dual<X::Number>>,
        X::On<'t, Dual<X::Number>>,
    ) -> Array<'t, S, Dual<X::Number>>,
    x: &X,
    v: &X,
) -> (Numbers<S, X::Number>, Numbers<S, X::Number>) {
    let tape = Tape::default();
    let block = dual(&tape, x, v);
    let y = tape.inference(|| function(&tape, x.arrays(block, &mut 0)));
    require_own_tape(&tape, y.tape());
    y.with_data(|numbers| {
        let part = |of: fn(&Dual<X::Number>) -> X::Number| {
            Numbers::new(y.shape(), numbers.iter().map(of).collect())
        };
        (part(|number| number.value), part(|number| number.tangent))
    })
}

/// The Jacobian: the derivative of each output by each input, `[outputs, inputs]`.
///
/// Outputs are in row-major order. Inputs are too, one array after the other. It is reverse mode: the
/// function runs once, and a backward pass for each output. For many more outputs than inputs a [`jvp`]
/// for each input is cheaper.
///
/// ```
/// use microgpt::derivatives::jacobian;
/// use microgpt::expr;
///
/// // The derivative of a softmax is diag(p) - p pᵀ.
/// let j = jacobian(
///     |_, x| expr! {
///         let total = sum(exp(x[i]) for i);
///         [exp(x[i]) / total for i]
///     },
///     &[0.0, 0.0],
/// );
/// assert_eq!(*j, [0.25, -0.25, -0.25, 0.25]);
/// ```
///
/// # Panics
///
/// As `function` does, and if it returns what is on another tape.
#[must_use]
#[track_caller]
pub fn jacobian<X: Inputs + ?Sized, S: Shape>(
    function: impl for<'t> FnOnce(&'t Tape<X::Number>, X::On<'t, X::Number>) -> Array<'t, S, X::Number>,
    x: &X,
) -> Numbers<(usize, usize), X::Number> {
    let tape = Tape::default();
    let block = tape.vector(flat(x));
    let y = function(&tape, x.arrays(block, &mut 0));
    require_own_tape(&tape, y.tape());
    let mut entries = Vec::with_capacity(y.size() * block.size());
    let mut cotangents = vec![X::Number::zero(); y.size()];
    for output in 0..y.size() {
        cotangents[output] = X::Number::one();
        block.update_gradients(|gradients| gradients.fill(X::Number::zero()));
        y.backward_with(&cotangents);
        entries.extend(block.grad());
        cotangents[output] = X::Number::zero();
    }
    Numbers::new((y.size(), block.size()), entries)
}
