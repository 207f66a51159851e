use microgpt::layer;

layer! {
    fn added(x: [t, i], x: [t, i]) -> [t, i] {
        [x[t, i] + x[t, i] for t, i]
    }

    fn first(x: [t, i], x: [i]) -> [t, i] {
        [x[t, i] for t, i]
    }

    fn scaled(x: [t, i], y: [i], y: [t]) -> [t, i] {
        [x[t, i] * y[t] for t, i]
    }
}

fn main() {}
