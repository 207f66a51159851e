use microgpt::layer;

layer! {
    fn one(x: [in, usize], y: [T], w: &[f64]) -> [in] {
        [x[t, i] * w[t] for t]
    }
}

fn main() {}
