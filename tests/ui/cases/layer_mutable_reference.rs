use microgpt::layer;

layer! {
    fn scaled(x: [t, i], y: &mut [t, i]) -> [t, i] {
        [x[t, i] * y[t, i] for t, i]
    }
}

fn main() {}
