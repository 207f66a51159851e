//! Every threshold of the compiler, of speed or of the length of what it generates, with what chose it. Those of the
//! kernels that generated code calls are in `microgpt/src/expr/tuning.rs`. How much a program may hold at all is said
//! where that is checked: `syntax/depth.rs`, `resolve/depth.rs`, `resolve/integers.rs`.
//!
//! The costs of [`Cost`] were chosen by `cargo bench --bench table`. Where loops stay as they are written, the default
//! model takes 2.2 times as long (`f32`; 1.8 in `f64`). Their size hardly matters: if one of the six is halved or doubled
//! (1 becomes 0 or 2), no kernel of the library's layers becomes another, but for two of a recurrence in time if what stays costs no more
//! to write than what is contiguous, and for 19 of attention if what is strided costs twice what is contiguous to read, in
//! place of four times; with these the default model and blocks of 256 take as long.

/// An equation with more arithmetic than this is divided: each of its operands' gradients repeats
/// a part of it. Chosen by the length of expansions (`tests::a_large_equation_is_divided`), not by speed.
pub const LONGEST_EQUATION: usize = 24;

/// An adjoint of more nodes than this gets an array, so that no generated expression grows with the number of equations.
/// With an array for each the LSTM takes 1.07 times as long at width 16 and 1.03 times at width 64 and batch 16
/// (`cargo bench --bench recurrences`), with 12 nodes as long as with 24; more than 24 has none of the library's layers.
pub const LONGEST_ADJOINT: usize = 24;

/// A range of more values keeps its index, along which it goes by vectors. Without bands the CTC loss takes 3.6 times as
/// long (`cargo bench --bench recurrences`), and memory that grows with the square of the labels. Value and gradient of
/// `logsumexp(x[r] for r in s - 3..=s)` for 2,000 `s` take 1.7 times as long without them, of `sum` and `max` 1.1 times;
/// of 8 values as bands they take 1.4 to 1.8 times as long.
pub const WIDEST_BAND: i64 = 4;

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
