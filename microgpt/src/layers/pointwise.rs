//! What is done to every element by itself, and an MLP made of it.

layer! {
    /// The rectifier of every element.
    pub fn relu(x: [t, i]) -> [t, i] {
        [relu(x[t, i]) for t, i]
    }

    /// The square of the rectifier of every element (So 2021, arXiv:2109.08668).
    pub fn squared_relu(x: [t, i]) -> [t, i] {
        [relu(x[t, i])^2 for t, i]
    }

    /// The Gaussian error linear unit of every element (Hendrycks 2016, arXiv:1606.08415).
    pub fn gelu(x: [t, i]) -> [t, i] {
        [gelu(x[t, i]) for t, i]
    }

    /// An MLP whose hidden layer is gated: `w_down · (silu(w_gate · x) * w_up · x)` (Shazeer 2020,
    /// arXiv:2002.05202).
    pub fn swiglu(w_gate: [m, i], w_up: [m, i], w_down: [i, m], x: [t, i]) -> [t, i] {
        let gate   = [sum(w_gate[m, i] * x[t, i] for i) for t, m];
        let up     = [sum(w_up[m, i] * x[t, i] for i) for t, m];
        let hidden = [silu(gate[t, m]) * up[t, m] for t, m];
        [sum(w_down[i, m] * hidden[t, m] for m) for t, i]
    }

    /// Elements kept where the mask is 1 and scaled up for those where it is 0, `drop` of all on average
    /// (Srivastava 2014). The mask is an operand: whoever calls draws it.
    pub fn dropout(x: [t, i], mask: &[t, i] in 0.0..1.0, drop: T in 0.0..0.5) -> [t, i] {
        [x[t, i] * mask[t, i] / (1 - drop) for t, i]
    }
}
