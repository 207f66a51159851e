//! Linear maps of every position.

layer! {
    /// A linear map of every position, without bias. By the token embeddings themselves it makes the logits of
    /// a model that ties the two (Press 2016, arXiv:1608.05859).
    pub fn linear(w: [o, i], x: [t, i]) -> [t, o] {
        [sum(w[o, i] * x[t, i] for i) for t, o]
    }

    /// A linear map of every position, with a bias for each output.
    pub fn linear_with_bias(w: [o, i], bias: [o], x: [t, i]) -> [t, o] {
        [sum(w[o, i] * x[t, i] for i) + bias[o] for t, o]
    }
}
