use microgpt::layer;

layer! {
    fn products(x: [t, i]) -> [t, t] {
        [sum(x[t, i] * x[s, i] for i) for t, s]
    }
}

fn main() {}
