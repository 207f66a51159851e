use microgpt::layer;

layer! {
    fn added(x: [t] y: [t], z: [t i], past: usize 0..4) -> [t] {
        [x[t] + y[t] + z[t, 0] for t]
    }
}

fn main() {}
