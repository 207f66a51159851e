//! Attention without softmax: what was before is a state of fixed size, not a row of keys, so that a position
//! costs the same however many there were.

layer! {
    /// Causal attention by the kernel `elu(q) + 1`: a state for each head is the sum of what keys and values make
    /// together (Katharopoulos 2020, arXiv:2006.16236; its code, too, adds 1e-6 to what it divides by).
    pub fn linear_attention(q: [t, h, j], k: [t, h, j], v: [t, h, i]) -> [t, h, i] {
        for t {
            let query     = [if q[t, h, j] > 0 { q[t, h, j] + 1 } else { exp(q[t, h, j]) } for h, j];
            let key       = [if k[t, h, j] > 0 { k[t, h, j] + 1 } else { exp(k[t, h, j]) } for h, j];
            let state[-1] = 0;
            let state     = [state[t - 1, h, j, i] + key[h, j] * v[t, h, i] for h, j, i];
            let total[-1] = 0;
            let total     = [total[t - 1, h, j] + key[h, j] for h, j];
            let weight    = [sum(query[h, j] * total[h, j] for j) + 1e-6 for h];
            let y         = [sum(query[h, j] * state[h, j, i] for j) / weight[h] for h, i];
        }
        [y[t, h, i] for t, h, i]
    }

    /// Retention: a state that fades by a factor for each head, and is read by the query (Sun 2023,
    /// arXiv:2307.08621, equation 6). Its positions are those of [`rotary`](super::rotary), before.
    pub fn retention(q: [t, h, j], k: [t, h, j], v: [t, h, i], fade: &[h] in 0.5..1.0) -> [t, h, i] {
        for t {
            let state[-1] = 0;
            let state     = [fade[h] * state[t - 1, h, j, i] + k[t, h, j] * v[t, h, i] for h, j, i];
            let y         = [sum(q[t, h, j] * state[h, j, i] for j) / sqrt(len(j)) for h, i];
        }
        [y[t, h, i] for t, h, i]
    }

    /// The weighted mean of RWKV: values weighed by `exp(k)`, which fades by `exp(-decay)` a position, and those
    /// of the present one by `exp(k + bonus)` (Peng 2023, arXiv:2305.13048, equation 14). Both sums are kept
    /// relative to `exp(top)`, the greatest weight so far: none of them overflows.
    pub fn wkv(decay: [i] in 0.1..2.0, bonus: [i], k: [t, i], v: [t, i]) -> [t, i] {
        for t {
            let seen   = [max(top[t - 1, i], bonus[i] + k[t, i]) for i];
            let before = [exp(top[t - 1, i] - stop(seen[i])) for i];
            let now    = [exp(bonus[i] + k[t, i] - stop(seen[i])) for i];
            let y      = [(before[i] * above[t - 1, i] + now[i] * v[t, i]) / (before[i] * below[t - 1, i] + now[i]) for i];

            let top[-1]   = {T::neg_infinity()};
            let top       = [stop(max(top[t - 1, i] - decay[i], k[t, i])) for i];
            let fade      = [exp(top[t - 1, i] - decay[i] - top[i]) for i];
            let weight    = [exp(k[t, i] - top[i]) for i];
            let above[-1] = 0;
            let above     = [fade[i] * above[t - 1, i] + weight[i] * v[t, i] for i];
            let below[-1] = 0;
            let below     = [fade[i] * below[t - 1, i] + weight[i] for i];
        }
        [y[t, i] for t, i]
    }
}
