use microgpt::layer;

layer! {
    #[unchecked]
    fn one(x: [t]) -> [t] {
        [x[t] for t]
    }

    #[unchecked = ""]
    fn two(x: [t]) -> [t] {
        [x[t] for t]
    }

    #[unchecked(why)]
    fn three(x: [t]) -> [t] {
        [x[t] for t]
    }
}

fn main() {}
