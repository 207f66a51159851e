//! Convolution over positions.

layer! {
    /// A causal convolution over positions: tap `k` of `w` reads `k` positions back, and before the first
    /// position all is 0 (van den Oord 2016, arXiv:1609.03499).
    pub fn causal_conv1d(w: [o, i, k], x: [t, i]) -> [t, o] {
        [sum(if t >= k { w[o, i, k] * x[t - k, i] } else { 0 } for i, k) for t, o]
    }
}
