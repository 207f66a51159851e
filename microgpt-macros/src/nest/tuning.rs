//! Every threshold of the passes. Those of the kernels that generated code calls are in
//! `microgpt/src/expr/tuning.rs`. Those that come before the passes stand in `graph`: how long an equation may be in
//! `equations/divide.rs`, how long an adjoint that has no array in `adjoints.rs`, and how wide a band in `lower/band.rs`.
//!
//! The costs were chosen by `cargo bench --bench table`. Where loops stay as they are written, the default model takes
//! 2.2 times as long (`f32`; 1.8 in `f64`). Their size hardly matters: if one of the six is halved or doubled (1 becomes 0 or
//! 2), no kernel of the library's layers becomes another, but for two of a recurrence in time if what stays costs no more
//! to write than what is contiguous, and for 19 of attention if what is strided costs twice what is contiguous to read, in
//! place of four times; with these the default model and blocks of 256 take as long.

/// What an array costs in the innermost loop, by how it is walked: what is read, and what is written.
#[derive(Clone, Copy)]
pub struct Cost {
    pub load: u32,
    pub result: u32,
}

/// The same element each time. A result that stays is a sum in lanes, which costs a total at its end.
pub const STILL: Cost = Cost { load: 1, result: 6 };
/// One vector after the other.
pub const CONTIGUOUS: Cost = Cost { load: 4, result: 4 };
/// Elements apart from each other, which no vector holds.
pub const STRIDED: Cost = Cost { load: 16, result: 64 };

/// So many parts are made of one index: each is the loops once more. With one more or less no kernel of the library's
/// layers changes; the moving average takes five times as long undivided (`cargo bench --bench recurrences`).
pub const PARTS: usize = 3;

/// So many conditions make versions of one kernel: each doubles its code. With one more or less no kernel of the
/// library's layers changes.
pub const CONDITIONS: usize = 2;
