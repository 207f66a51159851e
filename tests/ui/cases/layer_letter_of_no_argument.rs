use microgpt::layer;

layer! {
    fn linear(weight: [out, i], x: [t, i]) -> [t, ouy] {
        [sum(weight[out, i] * x[t, i] for i) for t, out]
    }

    fn embedding(wte: [v, i], token: &[usize; t] in 0..v) -> [s, i] {
        [wte[token[t], i] for t, i]
    }
}

fn main() {}
