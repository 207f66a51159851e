use microgpt::layer;

layer! {
    fn shifted(x: [t, i], past: usize, drop: T, mode: Option<u8>) -> [t, i] {
        [x[t, i] * drop + {T::of(past as f64)} + {T::of(mode.map_or(0.0, f64::from))} for t, i]
    }

    fn embedding(wte: [v, i], token: &[usize; t]) -> [t, i] {
        [wte[token[t], i] for t, i]
    }

    fn biased(x: [i], by: f64) -> [i] {
        [x[i] + {T::of(by)} for i]
    }

    fn scaled(x: [i], by: T in) -> [i] {
        [x[i] * by for i]
    }
}

fn main() {}
