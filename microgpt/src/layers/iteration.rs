//! A vector that is moved again and again.

layer! {
    /// The ranks after so many steps of a walk over pages, which follows links from `j` to `i` with the
    /// probabilities `link[j, i]`, but with a share `1 - damping` begins anew, at pages of the probabilities
    /// `begin` (Page 1999, The PageRank Citation Ranking). No step at all panics.
    pub fn pagerank(link: [i, i], begin: [i], damping: T in 0.5..0.95, steps: usize in 1..5) -> [i] {
        for n in 0..steps {
            let rank[-1] = [begin[i] for i];
            let rank     = [damping * sum(link[j, i] * rank[n - 1, j] for j) + (1 - damping) * begin[i] for i];
        }
        [rank[{steps} - 1, i] for i]
    }
}
