use microgpt::layer;

layer! {
    fn added(x: [t, i], y: [s, j]) -> [t, i] {
        [x[t, i] + y[t, i] for t, i]
    }

    fn transposed(x: [t, i]) -> [i, t] {
        [x[a, b] + x[b, a] for b, a]
    }

    fn halves(x: [t, 2], w: [3]) -> [t] {
        [sum(x[t, c] * w[c] for c) for t]
    }
}

fn main() {}
