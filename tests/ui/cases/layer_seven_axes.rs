use microgpt::layer;

layer! {
    fn large(x: [a, b, c, d, e, f, g]) -> [a] {
        [sum(x[a, b, c, d, e, f, g] for b, c, d, e, f, g) for a]
    }
}

fn main() {}
