use microgpt::layer;

layer! {
    fn one(wte: [v, i], token: &[usize] in 0..v) -> [t, i] {
        [wte[token[t], i] for t, i]
    }

    fn two(wte: [v, i], token: &[[usize; k]] in 0..v) -> [t, i] {
        [wte[token[t, 0], i] for t, i]
    }

    fn three(x: [f64; 3], y: &[]) -> [] {
        x[0] * y
    }
}

fn main() {}
