//! Normalisation of every position.

layer! {
    /// Each position divided by its root mean square, without gain (Zhang 2019, arXiv:1910.07467).
    pub fn rmsnorm(x: [t, i]) -> [t, i] {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] for t, i]
    }

    /// [`rmsnorm`] with a gain for each feature (Zhang 2019, arXiv:1910.07467).
    pub fn rmsnorm_with_gain(x: [t, i], gain: [i]) -> [t, i] {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] * gain[i] for t, i]
    }

    /// Each position minus its mean, over its standard deviation, with gain and bias (Ba 2016,
    /// arXiv:1607.06450).
    ///
    /// The mean is taken twice: the first is rounded, and of large numbers that are close to each other what
    /// it is off by would be all that is left.
    pub fn layernorm(x: [t, i], gain: [i], bias: [i]) -> [t, i] {
        let mean  = [mean(x[t, i] for i) for t];
        let near  = [x[t, i] - stop(mean[t]) for t, i];
        let off   = [mean(near[t, i] for i) for t];
        let scale = [(mean((near[t, i] - off[t])^2 for i) + 1e-5)^-0.5 for t];
        [(near[t, i] - off[t]) * scale[t] * gain[i] + bias[i] for t, i]
    }
}
