//! Every threshold of the passes. Those of the kernels that generated code calls are in
//! `microgpt/src/expr/tuning.rs`; how long an equation may be is in `graph/equations.rs`.
//!
//! The costs were chosen by `cargo bench --bench table`. Where loops stay as they are written, the default model takes
//! 2.2 times as long (`f32`; 1.8 in `f64`).

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
