//! Numbers that are not finite, and where they came up.

use std::fmt;

use super::{Record, Tape};
use crate::expr::Place;
use crate::real::Real;

/// Whether a number is a value or a gradient; [`NotFinite`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Of the forward pass, or a parameter.
    Value,
    /// Of the backward pass.
    Gradient,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "value",
            Self::Gradient => "gradient",
        })
    }
}

/// A NaN or an infinity, and where it came up; see [`Tape::not_finite`].
///
/// ```
/// use microgpt::tape::Quantity;
/// use microgpt::{Tape, expr};
///
/// let tape = Tape::new();
/// let x = tape.vector([1.0, 0.0]);
/// let _ = expr! {
///     let log = [ln(x[i]) for i];
///     [log[i] * log[j] for i, j]
/// };
/// let found = tape.not_finite().expect("the logarithm of 0");
/// assert_eq!((found.quantity, found.name.as_str()), (Quantity::Value, "log"));
/// assert_eq!((found.index, found.number), (vec![1], f64::NEG_INFINITY));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the {quantity} of `{name}` at {index:?} is {number}, in the `expr!` at {place}")]
pub struct NotFinite {
    /// Whether it is a value or a gradient.
    pub quantity: Quantity,
    /// The `let` that it belongs to, or what the compiler calls the part of an equation.
    pub name: String,
    /// Its index along each axis.
    pub index: Vec<usize>,
    /// The number.
    pub number: f64,
    /// Where the `expr!`, or the operator, stands.
    pub place: Place,
}

impl<T: Real> Tape<T> {
    /// The first value that any record computed and that is not a finite number, or else the first
    /// such gradient that a backward pass met on its way. A leaf that is not finite is told by what is computed of it: a
    /// tape knows no names of leaves.
    ///
    /// It reads all of the tape: this is for finding out, not for every step.
    #[must_use]
    pub fn not_finite(&self) -> Option<NotFinite> {
        let arena = self.arena();
        let found = |record: &Record<T>, numbers: &[T], quantity| {
            let own = numbers.get(record.start..record.end)?;
            let mut offsets = (0..own.len()).filter(|&offset| !own[offset].is_finite()).peekable();
            // Few records have any, and it takes time to find out what a record is.
            offsets.peek()?;
            let equations = record.equations(&arena.words);
            let offset = offsets.find(|&offset| {
                equations.as_ref().is_none_or(|equations| match quantity {
                    Quantity::Value => equations.has_value(offset),
                    Quantity::Gradient => equations.has_gradient(offset),
                })
            })?;
            let (name, index) = record.describe(&arena.words, offset);
            let (number, place) = (own[offset].as_f64(), record.place(&arena.words));
            Some(NotFinite { quantity, name, index, number, place })
        };
        let value = |record| found(record, &arena.values[..arena.top], Quantity::Value);
        let gradient = |record| found(record, arena.gradients(), Quantity::Gradient);
        let mut forward = arena.records.iter();
        let mut backward = arena.records.iter().rev();
        forward.find_map(value).or_else(|| backward.find_map(gradient))
    }
}
