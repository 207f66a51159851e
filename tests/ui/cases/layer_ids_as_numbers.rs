use microgpt::layer;

layer! {
    fn embedding(wte: [v, i], token: &[usize; t] in 0..v) -> [t, i] {
        [wte[token[t], i] * dot(token, token) for t, i]
    }

    fn gathered(wte: [v, i], x: [t]) -> [t, i] {
        [wte[x[t], i] for t, i]
    }

    fn pairs(wte: [v, i], token: &[usize; t] in 0..v) -> [t, i] {
        [wte[token[t, 0], i] for t, i]
    }
}

fn main() {}
