use microgpt::layer;

layer! {
    fn scaled(x: [t], n: usize in 1..4) -> [t] {
        [x[t] * n[t] for t]
    }

    fn chosen(x: [t], n: usize in 1..4) -> [t] {
        [if n { x[t] } else { n * 2 } for t]
    }
}

fn main() {}
