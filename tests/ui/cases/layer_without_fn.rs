use microgpt::layer;

layer! {
    pub scaled(x: [t, i]) -> [t, i] {
        [x[t, i] * 2 for t, i]
    }
}

fn main() {}
