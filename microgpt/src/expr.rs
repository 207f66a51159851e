//! The run-time half of `expr!`.
//!
//! Generated code names nothing outside this module, [`shape`](crate::shape),
//! [`tape`](crate::tape) and [`ops`](crate::ops). Operands are evaluated in the order in which
//! they were written, then opened, all before the arena is borrowed: so a `{rust}` operand may itself use
//! the tape.

// Generated code uses all that these return.
#![allow(clippy::must_use_candidate)]

mod activity;
mod contraction;
mod entry;
mod equations;
mod extremes;
mod integers;
mod interleaved;
#[cfg(feature = "large-products")]
mod large;
mod loops;
mod operand;
mod packed;
mod panels;
mod products;
mod ragged;
mod subscripts;
mod sums;
pub(crate) mod tuning;

pub use activity::*;
pub use contraction::{Factor, Target, contract, contract_in_blocks};
pub use entry::*;
pub use equations::{Equations, Place};
pub use extremes::*;
pub use integers::*;
pub use interleaved::*;
pub use loops::*;
pub use operand::*;
pub use packed::{Packed, contract_packed};
pub use panels::Below;
pub(crate) use panels::Panels;
pub use products::{Others, Product};
pub use ragged::{Ragged, contract_ragged, is_long, least};
pub use subscripts::*;
pub(crate) use sums::blocks;
pub use sums::*;
