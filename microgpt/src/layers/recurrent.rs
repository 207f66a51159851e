//! Recurrent networks: the state of each position is made of the one before.
//!
//! `n` documents go side by side, so that a step is a product of matrices. Weights have the axis that is summed
//! first, and their gates side by side: `w: [j, 4, i]` are four matrices. `start` is the state before the first
//! position, and what comes last of one call starts the next.

layer! {
    /// A recurrent network of one layer (Elman 1990, Finding Structure in Time).
    pub fn rnn(w: [j, i], u: [i, i], bias: [i], x: [t, n, j], start: [n, i]) -> [t, n, i] {
        for t {
            let input = [sum(w[j, i] * x[t, n, j] for j) + bias[i] for n, i];
            let h[-1] = [start[n, i] for n, i];
            let h     = [tanh(input[n, i] + sum(u[k, i] * h[t - 1, n, k] for k)) for n, i];
        }
        [h[t, n, i] for t, n, i]
    }

    /// Long short-term memory (Hochreiter 1997; with a gate that forgets, Gers 2000): the states and the cells
    /// after each position. The four of `w`, `u` and `bias` are, as in PyTorch, the gate that lets in, the one that
    /// keeps, what is let in, and the gate that shows.
    pub fn lstm(w: [j, 4, i], u: [i, 4, i], bias: [4, i], x: [t, n, j], start: [n, i], start_cell: [n, i]) -> ([t, n, i], [t, n, i]) {
        for t {
            let z     = [sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i]
                         + sum(u[k, g, i] * h[t - 1, n, k] for k) for n, g, i];
            let c[-1] = [start_cell[n, i] for n, i];
            let c     = [sigmoid(z[n, 1, i]) * c[t - 1, n, i] + sigmoid(z[n, 0, i]) * tanh(z[n, 2, i]) for n, i];
            let h[-1] = [start[n, i] for n, i];
            let h     = [sigmoid(z[n, 3, i]) * tanh(c[n, i]) for n, i];
        }
        ([h[t, n, i] for t, n, i], [c[t, n, i] for t, n, i])
    }

    /// A gated recurrent unit (Cho 2014, arXiv:1406.1078): one gate says how much of the state stays, another how
    /// much of it the new one sees, after the product, as in PyTorch. The three of `w`, `u` and `bias` are the
    /// gate that keeps, the one that shows, and the new state.
    pub fn gru(w: [j, 3, i], u: [i, 3, i], bias: [3, i], x: [t, n, j], start: [n, i]) -> [t, n, i] {
        for t {
            let input  = [sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i] for n, g, i];
            let before = [sum(u[k, g, i] * h[t - 1, n, k] for k) for n, g, i];
            let keep   = [sigmoid(input[n, 0, i] + before[n, 0, i]) for n, i];
            let show   = [sigmoid(input[n, 1, i] + before[n, 1, i]) for n, i];
            let new    = [tanh(input[n, 2, i] + show[n, i] * before[n, 2, i]) for n, i];
            let h[-1]  = [start[n, i] for n, i];
            let h      = [keep[n, i] * h[t - 1, n, i] + (1 - keep[n, i]) * new[n, i] for n, i];
        }
        [h[t, n, i] for t, n, i]
    }

    /// A gated unit whose gate and new state see the input alone, so that all products are made at once before
    /// the steps (Feng 2024, arXiv:2410.01201). The two of `w` and `bias` are the gate that replaces and the
    /// new state.
    pub fn min_gru(w: [j, 2, i], bias: [2, i], x: [t, n, j], start: [n, i]) -> [t, n, i] {
        for t {
            let input = [sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i] for n, g, i];
            let keep  = [sigmoid(-input[n, 0, i]) for n, i];
            let h[-1] = [start[n, i] for n, i];
            let h     = [keep[n, i] * h[t - 1, n, i] + sigmoid(input[n, 0, i]) * input[n, 1, i] for n, i];
        }
        [h[t, n, i] for t, n, i]
    }
}
