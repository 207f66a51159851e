//! What tokens and positions become vectors by.

layer! {
    /// Token and position embedding: each token says its position.
    pub fn embedding(wte: [v, i], wpe: [p, i], token: &[usize; t] in 0..v, place: &[usize; t] in 0..p) -> [t, i] {
        [wte[token[t], i] + wpe[place[t], i] for t, i]
    }

    /// Token embedding alone, for models whose positions enter elsewhere.
    pub fn token_embedding(wte: [v, i], token: &[usize; t] in 0..v) -> [t, i] {
        [wte[token[t], i] for t, i]
    }

    /// Adds to `x` what the position `at[t]` is known by: sines and cosines, in turn, of wavelengths from
    /// 2π to 10000 · 2π (Vaswani 2017, arXiv:1706.03762, section 3.5).
    pub fn sinusoidal_positions(x: [t, j, 2], at: &[t] in 0.0..9.0) -> [t, j, 2] {
        let angle = [at[t] / 10000^(j / len(j)) for t, j];
        [x[t, j, c] + if c == 0 { sin(angle[t, j]) } else { cos(angle[t, j]) } for t, j, c]
    }

    /// Rotary position embedding of queries or keys whose width is split in two halves, at the positions
    /// `at` (Su 2021, arXiv:2104.09864).
    pub fn rotary(x: [t, h, 2, j], at: &[t] in 0.0..9.0) -> [t, h, 2, j] {
        let angle  = [at[t] * 10000^(-j / len(j)) for t, j];
        let turned = [if c == 0 { -x[t, h, 1, j] } else { x[t, h, 0, j] } for t, h, c in 0..2, j];
        [x[t, h, c, j] * cos(angle[t, j]) + turned[t, h, c, j] * sin(angle[t, j]) for t, h, c, j]
    }
}
