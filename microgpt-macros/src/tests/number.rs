//! The ops of the table in either precision.

use microgpt::Real;
use microgpt::ops::Op;

/// A precision in which programs are evaluated without generated code.
pub trait Number: Real {
    /// How far two ways to round may be apart, beside numbers up to 1.
    const TOLERANCE: f64;
    /// Sums of whole numbers far above this are no longer exact.
    const EXACT: f64;
    fn forward(op: &Op, arguments: &[Self]) -> Self;
    fn gradient(op: &Op, arguments: &[Self], result: Self) -> Vec<Self>;
}

impl Number for f64 {
    const TOLERANCE: f64 = 1e-12;
    const EXACT: f64 = 1e12;

    fn forward(op: &Op, arguments: &[Self]) -> Self {
        (op.forward)(arguments)
    }

    fn gradient(op: &Op, arguments: &[Self], result: Self) -> Vec<Self> {
        (op.gradient)(arguments, result)
    }
}

impl Number for f32 {
    const TOLERANCE: f64 = 1e-4;
    const EXACT: f64 = 1e5;

    fn forward(op: &Op, arguments: &[Self]) -> Self {
        (op.single)(arguments).0
    }

    fn gradient(op: &Op, arguments: &[Self], _: Self) -> Vec<Self> {
        (op.single)(arguments).1
    }
}
