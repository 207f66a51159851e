use microgpt::layer;

layer! {
    fn scaled(x: [t, i], gain: [i], past: usize in 0..4) -> [t, i] {
        [x[t, i] * 2 for t, i]
    }
}

fn main() {}
