use microgpt::layer;

layer! {
    fn both(x: [t]) -> ([t], [t]) {
        [x[t] * 2 for t]
    }

    fn one(x: [t]) -> [t] {
        ([x[t] for t], [x[t] * 2 for t])
    }
}

fn main() {}
