use microgpt::layer;

layer! {
    fn added(x: [t, i], x: [t, i]) -> [t, i] {
        [x[t, i] + x[t, i] for t, i]
    }
}

fn main() {}
