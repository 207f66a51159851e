use microgpt::layer;

layer! {
    fn scaled(x: [t, i]) {
        [x[t, i] * 2 for t, i]
    }

    fn halved(x: [t, i]) [t, i] {
        [x[t, i] / 2 for t, i]
    }
}

fn main() {}
