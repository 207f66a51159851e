use microgpt::layer;

layer! {
    fn linear(w: [o, i], x: [t, i]) -> [o, t] {
        [sum(w[o, i] * x[t, i] for i) for t, o]
    }

    fn same(x: [t, i], y: [o]) -> [t, o] {
        [x[t, i] + y[0] for t, i]
    }
}

fn main() {}
