use microgpt::layer;

layer! {
    fn scaled<T: Real>(x: [t, i]) -> [t, i] {
        [x[t, i] * 2 for t, i]
    }
}

fn main() {}
