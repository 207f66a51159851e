//! Probabilities, and losses by them. The greatest logit is subtracted before anything is added: beside
//! large logits the logarithm would be lost.

layer! {
    /// Probabilities from logits, for each row (Bridle 1990).
    pub fn softmax(x: [t, i]) -> [t, i] {
        let top = [max(x[t, i] for i) for t];
        let e   = [exp(x[t, i] - stop(top[t])) for t, i];
        [e[t, i] / sum(e[t, j] for j) for t, i]
    }

    /// The logarithms of [`softmax`], in nats.
    pub fn log_softmax(x: [t, i]) -> [t, i] {
        let top   = [max(x[t, i] for i) for t];
        let below = [x[t, i] - stop(top[t]) for t, i];
        let total = [sum(exp(below[t, i]) for i) for t];
        [below[t, i] - ln(total[t]) for t, i]
    }

    /// The mean over positions of `-ln` of the probability that softmax gives to the target, in nats.
    pub fn cross_entropy(logits: [t, v], target: &[usize; t] in 0..v) -> [] {
        let top   = [max(logits[t, i] for i) for t];
        let total = [sum(exp(logits[t, i] - stop(top[t])) for i) for t];
        mean(ln(total[t]) - (logits[t, target[t]] - stop(top[t])) for t)
    }

    /// [`cross_entropy`] with a weight for each position in the place of the mean. A position of weight 0 is
    /// ignored, whatever its logits are.
    pub fn weighted_cross_entropy(logits: [t, v], target: &[usize; t] in 0..v, weight: &[t] in 0.0..1.0) -> [] {
        let top   = [max(logits[t, i] for i) for t];
        let total = [sum(exp(logits[t, i] - stop(top[t])) for i) for t];
        let loss  = [ln(total[t]) - (logits[t, target[t]] - stop(top[t])) for t];
        sum(if weight[t] == 0 { 0 } else { weight[t] * loss[t] } for t)
    }

    /// [`weighted_cross_entropy`] with a share `smoothing` of the target's probability spread over all tokens
    /// (Szegedy 2015, arXiv:1512.00567, section 7).
    pub fn smoothed_cross_entropy(logits: [t, v], target: &[usize; t] in 0..v, weight: &[t] in 0.0..1.0, smoothing: T in [T::of(0.1), T::zero(), T::one()]) -> [] {
        let top    = [max(logits[t, i] for i) for t];
        let below  = [logits[t, i] - stop(top[t]) for t, i];
        let total  = [sum(exp(below[t, i]) for i) for t];
        let hard   = [ln(total[t]) - below[t, target[t]] for t];
        let spread = [ln(total[t]) - mean(below[t, i] for i) for t];
        // A share of nothing is nothing, also of an infinite loss.
        let one    = [if smoothing == 1 { 0 } else { (1 - smoothing) * hard[t] } for t];
        let others = [if smoothing == 0 { 0 } else { smoothing * spread[t] } for t];
        sum(if weight[t] == 0 { 0 } else { weight[t] * (one[t] + others[t]) } for t)
    }
}
