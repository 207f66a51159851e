use microgpt::layer;

layer! {
    fn long(x: [t, 10000000000], past: usize in 0..99999999999) -> [t] {
        [x[t, 0] * {T::of(past as f64)} for t]
    }
}

fn main() {}
