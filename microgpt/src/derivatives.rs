//! Derivatives of functions of arrays: along a direction, as a matrix, and of second and third order.
//!
//! | function | what it gives | how |
//! |---|---|---|
//! | [`jvp`] | `f(x)` and `J·v` | dual numbers forward |
//! | [`jacobian`] | `J`, a row for each output | one backward pass for each output |
//! | [`hvp`] | `f(x)`, `∇f(x)` and `H·v` | a backward pass of dual numbers |
//! | [`hessian`] | `H` | an `H·v` for each input |
//! | [`Instance::hvp`](crate::Instance::hvp) | the same of a model's loss over examples | |
//!
//! All are exact to rounding: no step is chosen and nothing is subtracted. [The
//! guide](crate::guide::derivatives) says why, and what to do with them.
//!
//! The function under derivation is a closure. It receives a tape, and arrays on it with the shapes of
//! the numbers it is called at ([`Inputs`]). It computes with `expr!`, layers and `Value`s as usual.
//! Other numbers that it reads are of the tape's precision: made by [`Real::of`](crate::Real::of).

mod hessian;
mod inputs;
mod jacobian;
mod model;

pub use hessian::{HessianProduct, hessian, hvp};
pub use inputs::Inputs;
pub use jacobian::{jacobian, jvp};
