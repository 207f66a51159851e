//! Every threshold of the kernels, each with the benchmark that chose it and its figure; and what follows from the
//! machine, as the bytes of a register.
//!
//! Those of the compiler are in `microgpt-macros/src/tuning.rs`.

/// The lanes of a sum: whole vectors of any machine. With one a step of a model with blocks of 256 takes 1.13 times as
/// long. It is no threshold that may be tuned by the way, for the bits of sums depend on it.
pub(crate) const LANES: usize = 8;

/// So many terms are added up one by one, more of them in blocks of so many. In `f32`, whose numbers have 24 bits,
/// a term is lost in a sum that is 2²⁴ times as large. The bits of longer sums depend on it.
pub(crate) const BLOCK: usize = 1 << 12;

/// Rows up to this many numbers are copied to a local array: more would not stay in registers. Without it the selective
/// scan takes 1.4 times as long (`cargo bench --bench recurrences`), and the moving average, too; the model as long.
pub(crate) const LOCAL: usize = 64;

/// So many rows of logits are sampled side by side, a row in each lane: whole vectors of any machine.
pub(crate) const ROWS: usize = 16;

/// Fewer rows are sampled one after the other. Side by side, a token of one stream of the default model takes 1.6 times as
/// long (`f32`, 2.1 in `f64`), of four 1.09 times (1.17), of eight 0.95 (0.99), of twelve 0.90 (0.93).
pub(crate) const FEWEST_ROWS: usize = 8;

/// Arrays lie interleaved where ragged ranges reach so far at most: rows of one or two vectors. The default model, whose
/// documents have up to 16 positions, takes 1.29 times as long without it (`f32`, 1.11 in `f64`), and 1.39 times in
/// batches of 16.
pub(super) const SHORT: usize = 2 * LANES;

/// The axis that is then innermost has a length that is a multiple of this: whole vectors of four `f64`.
pub(super) const INTERLEAVED: usize = LANES / 2;

/// Ranges of which one has so many values are cut into rectangles. Chosen by `cargo bench --bench scaling`:
/// attention over 256 positions is three times as fast as in loops, and a step of a model with it 1.4 times.
pub(super) const LONG: usize = 32;

/// So few values of the index that bounds the other are not halved again. With 4 a step of a model with blocks of 256
/// and width 64 takes 1.15 times as long (`f32`, 1.07 in `f64`), with 16 as long as with 8 (`cargo bench --bench scaling`).
pub(super) const FEW: usize = 8;

/// The columns of a rectangle that is computed beside the target: a block of sums. With 8 or 32 the same step takes as
/// long, within 2 per cent.
pub(super) const WIDTH: usize = 16;

/// Bytes of a vector register. The blocks of a contraction are eight of them: as many as hide the latency of a fused
/// operation on a machine that begins two of them a cycle.
pub(super) const VECTOR: usize = if cfg!(target_feature = "avx512f") { 64 } else { 32 };

/// With this many rows the right factor of a contraction is read so often that a copy of it pays, on whole cache
/// lines, even where its columns lie side by side already. Not so for the few columns of a known axis. Without it
/// a training step at `n_embd` 256 and 512 takes 1.2 times as long.
pub(super) const COPIED: usize = 32;

/// The lanes of the sums of a single row: with the columns of a panel as many as the registers of any machine hold. With
/// eight of half as many columns each number of the row is read twice as often. Chosen by the instructions of a
/// generated token of the default model in `f32`: the product of a row takes a sixth less. The bits depend on it.
pub(super) const ROW_LANES: usize = 4;

/// Bytes of a line of a panel that the tape keeps: a line of the cache, so that no register is read from two of them.
pub(super) const PANEL: usize = 64;

/// With this many rows a product turns the right factor itself, in code for the known sizes; fewer read the panels that
/// the tape keeps. Two streams of the default model generate 1.15 to 1.25 times as fast by panels (`f32`, 1.09 in `f64`),
/// four 1.14 (1.02 to 1.05), eight 1.06 to 1.13 (1.02), and 64 are 0.98 times as fast (0.91).
pub(super) const TURNED: usize = 16;

/// So many fused operations are better made by the crate for large products. Chosen by
/// `cargo bench --bench products`: of `y = x wᵀ` with 512 positions, inputs and outputs the blocks make 99 GFLOP/s,
/// and the crate 102.
#[cfg(feature = "large-products")]
pub(super) const LARGE: usize = 1 << 27;

/// The same where the terms of the left factor do not lie side by side, as in the gradient of a weight: the crate
/// packs them. Chosen by `cargo bench --bench products`: of `∂w = ∂yᵀ x` with 128 of each the blocks make
/// 100 GFLOP/s, and the crate 107.
#[cfg(feature = "large-products")]
pub(super) const LARGE_ACROSS: usize = 1 << 22;
