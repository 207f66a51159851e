//! State spaces: a linear system that is driven by what it is given, and read.

layer! {
    /// The selective scan of Mamba: `n` states for each feature, whose step `delta`, input `b` and reading `c`
    /// each position says itself (Gu 2023, arXiv:2312.00752, algorithm 2 with the discretisation of equation 4,
    /// `b` as its code has it by Euler's rule). `a` is below 0, so that states fade.
    pub fn selective_scan(a: [i, n] in -2.0..-0.1, b: [t, n], c: [t, n], delta: [t, i] in 0.05..1.0, skip: [i], x: [t, i]) -> [t, i] {
        for t {
            let fade  = [exp(delta[t, i] * a[i, n]) for i, n];
            let h[-1] = 0;
            let h     = [fade[i, n] * h[t - 1, i, n] + delta[t, i] * x[t, i] * b[t, n] for i, n];
            let y     = [sum(c[t, n] * h[i, n] for n) + skip[i] * x[t, i] for i];
        }
        [y[t, i] for t, i]
    }

    /// The Kalman filter of a state that moves by `transition` and by `m` noises through `drive`, and of which
    /// `reading` and a noise of the variance `noise` make what is observed (Kalman 1960): the mean of each state
    /// given what was observed until then, and minus the log likelihood of all that was observed. `spread` times
    /// its transpose is the covariance of the state before the first, of the mean `start`.
    pub fn kalman_filter(transition: [i, i], drive: [i, m], reading: [i], noise: [] in 0.2..2.0, start: [i], spread: [i, i], observed: [t]) -> ([t, i], []) {
        for t {
            // What is expected, and how far off it may be.
            let ahead    = [sum(transition[i, k] * mean[t - 1, k] for k) for i];
            let moved    = [sum(transition[i, k] * p[t - 1, k, j] for k) for i, j];
            let expected = [sum(moved[i, k] * transition[j, k] for k) + sum(drive[i, m] * drive[j, m] for m) for i, j];
            let read     = [sum(expected[i, k] * reading[k] for k) for i];
            let variance = sum(reading[i] * read[i] for i) + noise;
            let surprise = observed[t] - sum(reading[i] * ahead[i] for i);
            // What is known once it was observed.
            let mean[-1] = [start[i] for i];
            let mean     = [ahead[i] + read[i] / variance * surprise for i];
            let p[-1]    = [sum(spread[i, k] * spread[j, k] for k) for i, j];
            let p        = [expected[i, j] - read[i] * read[j] / variance for i, j];
            let loss     = (surprise^2 / variance + ln(variance) + {T::of(std::f64::consts::TAU.ln())}) / 2;
        }
        ([mean[t, i] for t, i], sum(loss[t] for t))
    }
}
