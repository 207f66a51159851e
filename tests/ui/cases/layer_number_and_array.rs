use microgpt::layer;

layer! {
    fn total(x: [t, i]) -> [t] {
        sum(x[t, i] for t, i)
    }

    fn all(x: [t, i]) -> [] {
        [x[t, i] * 2 for t, i]
    }
}

fn main() {}
