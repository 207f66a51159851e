use microgpt::layer;

layer! {
    fn first(x: [t, i]) -> [t, i] {
        [x[t, i] for t in 0..2, i]
    }

    fn pairs(x: [t]) -> [t, 2] {
        [x[t] + c for t, c in 0..3]
    }
}

fn main() {}
