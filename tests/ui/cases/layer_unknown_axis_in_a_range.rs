use microgpt::layer;

layer! {
    fn embedding(wte: [vocab, i], token: &[usize; t] in 0..vocap) -> [t, i] {
        [wte[token[t], i] for t, i]
    }

    fn shifted(x: [t], past: usize in 0..n, next: usize in 0..past) -> [t] {
        [x[t] + {T::of((past + next) as f64)} for t]
    }
}

fn main() {}
