use microgpt::layer;

layer! {
    fn shifted(x: [t, i], t: usize in 0..4) -> [t, i] {
        [x[t, i] * {T::of(t as f64)} for t, i]
    }

    fn scaled(x: [t, i], i: []) -> [t, i] {
        [x[t, i] * i for t, i]
    }
}

fn main() {}
