//! Figures that other programs computed, in `tests/figures/`: exact values and derivatives of ops by
//! mpmath, values and gradients of layers by JAX. Each table has the script beside it that made it.

mod figures {
    mod ops;
}
