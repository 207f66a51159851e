use microgpt::layer;

layer! {
    fn one(x: [t]) -> [t];

    fn two(x: [t]) -> [t] {}

    fn three(x: [t]) -> [t] {
        let y = [x[t] for t];
    }

    fn four(x: [t]) -> [t]
}

fn main() {}
