//! What adds up along positions: each takes a step from the one before it.

layer! {
    /// The sum of each position and all before it, for each feature (Blelloch 1990, Prefix sums and their
    /// applications).
    pub fn cumulative_sum(x: [t, i]) -> [t, i] {
        for t {
            let total[-1] = 0;
            let total = [total[t - 1, i] + x[t, i] for i];
        }
        [total[t, i] for t, i]
    }

    /// The product of each position and all before it (Blelloch 1990, Prefix sums and their applications). Zeros may
    /// be among them: nothing is divided.
    pub fn cumulative_product(x: [t, i]) -> [t, i] {
        for t {
            let total[-1] = 1;
            let total = [total[t - 1, i] * x[t, i] for i];
        }
        [total[t, i] for t, i]
    }

    /// The logarithm of the sum of the exponentials of each position and all before it (Blanchard 2021,
    /// doi:10.1093/imanum/draa038). None of them overflows, and -∞ is the logarithm of nothing.
    pub fn cumulative_logsumexp(x: [t, i]) -> [t, i] {
        for t {
            let total[-1] = {T::neg_infinity()};
            let total = [logsumexp(if k == 0 { total[t - 1, i] } else { x[t, i] } for k in 0..2) for i];
        }
        [total[t, i] for t, i]
    }

    /// A mean that forgets: a share `decay` of the one before, and the rest of the present position. It begins
    /// with the first position (Brown 1956, Exponential Smoothing for Predicting Demand).
    pub fn exponential_moving_average(x: [t, i], decay: [i] in 0.0..1.0) -> [t, i] {
        for t {
            let mean = [if t > 0 { decay[i] * mean[t - 1, i] + (1 - decay[i]) * x[t, i] } else { x[t, i] } for i];
        }
        [mean[t, i] for t, i]
    }
}
