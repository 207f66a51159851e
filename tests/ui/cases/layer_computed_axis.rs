use microgpt::layer;

layer! {
    fn halves(x: [t, 2 * j], y: [n + 1], z: [{4}], w: [3usize]) -> [t, j] {
        [x[t, j] + y[0] + z[0] + w[0] for t, j]
    }
}

fn main() {}
