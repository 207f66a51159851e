use microgpt::layer;

layer! {
    fn shifted(
        x: [t] in 0..5,
        past: usize in 0.0..4.0,
        by: T in 1..3,
        id: &[usize; t] in [0, 1],
        mode: bool in 0..2,
        y: [t] in [1.0, 2.0],
        z: [t] in 0.5..=2.0,
        n: usize in 4,
    ) -> [t] {
        [x[t] * by + x[id[t]] + y[t] + z[t] + {T::of((n + past) as f64)} + {T::of(f64::from(mode))} for t]
    }
}

fn main() {}
