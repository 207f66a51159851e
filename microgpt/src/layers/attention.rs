//! Attention: what a position takes from those before it.

layer! {
    /// Causal attention of several heads at once (Vaswani 2017, arXiv:1706.03762), from queries of the new
    /// positions and keys and values of all of them: query `t` is at position `t + past`.
    pub fn attention(q: [t, h, j], k: [s, h, j], v: [s, h, j], past: usize in 0..4) -> [t, h, j]
    where s in 0..=t + past {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s];
        let top   = [max(score[h, t, s] for s) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s];
        let total = [sum(e[h, t, s] for s) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s) for t, h, j]
    }

    /// [`attention`] of one query of each of several documents, whose keys and values are rows of one array: query `n`
    /// is at position `place[n]` of the document that begins at row `first[n]`.
    pub fn attention_of_streams(q: [n, h, j], k: [m, h, j], v: [m, h, j], first: &[usize; n] in 0..m - m / 2, place: &[usize; n] in 0..=m / 2) -> [n, h, j]
    where s in 0..=place[n] {
        // `weight` by itself: what has ids in its ranges is else computed again for each `j`.
        let score  = [sum(q[n, h, j] * k[first[n] + s, h, j] for j) / sqrt(len(j)) for n, h, s];
        let top    = [max(score[n, h, s] for s) for n, h];
        let e      = [exp(score[n, h, s] - stop(top[n, h])) for n, h, s];
        let total  = [sum(e[n, h, s] for s) for n, h];
        let weight = [e[n, h, s] / total[n, h] for n, h, s];
        [sum(weight[n, h, s] * v[first[n] + s, h, j] for s) for n, h, j]
    }

    /// What [`attention`] weighs the values with: 0 for keys that a query does not see.
    pub fn attention_weights(q: [t, h, j], k: [s, h, j], past: usize in 0..4) -> [h, t, s]
    where s in 0..=t + past {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s];
        let top   = [max(score[h, t, s] for s) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s];
        let total = [sum(e[h, t, s] for s) for h, t];
        [e[h, t, s] / total[h, t] for h, t, s]
    }

    /// [`attention`] in which a position sees itself and the `window - 1` before it (Beltagy 2020,
    /// arXiv:2004.05150).
    pub fn sliding_window_attention(q: [t, h, j], k: [s, h, j], v: [s, h, j], past: usize in 0..4, window: usize in 1..5) -> [t, h, j]
    where s in t + past + 1 - window..=t + past {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s];
        let top   = [max(score[h, t, s] for s) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s];
        let total = [sum(e[h, t, s] for s) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s) for t, h, j]
    }

    /// [`attention`] in which `r` query heads share each of `g` heads of keys and values (Ainslie 2023,
    /// arXiv:2305.13245).
    pub fn grouped_query_attention(q: [t, g, r, j], k: [s, g, j], v: [s, g, j], past: usize in 0..4) -> [t, g, r, j]
    where s in 0..=t + past {
        let score = [sum(q[t, g, r, j] * k[s, g, j] for j) / sqrt(len(j)) for g, r, t, s];
        let top   = [max(score[g, r, t, s] for s) for g, r, t];
        let e     = [exp(score[g, r, t, s] - stop(top[g, r, t])) for g, r, t, s];
        let total = [sum(e[g, r, t, s] for s) for g, r, t];
        [sum(e[g, r, t, s] / total[g, r, t] * v[s, g, j] for s) for t, g, r, j]
    }

    /// [`attention`] whose scores fall with the distance, by a slope for each head, in place of position
    /// embeddings (Press 2021, arXiv:2108.12409).
    pub fn alibi_attention(q: [t, h, j], k: [s, h, j], v: [s, h, j], slope: &[h] in 0.0..1.0, past: usize in 0..4) -> [t, h, j]
    where s in 0..=t + past {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) - slope[h] * (t + {T::of(past as f64)} - s) for h, t, s];
        let top   = [max(score[h, t, s] for s) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s];
        let total = [sum(e[h, t, s] for s) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s) for t, h, j]
    }
}
