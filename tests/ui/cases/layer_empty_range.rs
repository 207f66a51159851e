use microgpt::layer;

layer! {
    fn shifted(x: [t] in 2.0..1.0, past: usize in 5..5, by: T in 0.5..0.5, mode: u8 in []) -> [t] {
        [x[t] * by + {T::of(past as f64)} + {T::of(f64::from(mode))} for t]
    }
}

fn main() {}
