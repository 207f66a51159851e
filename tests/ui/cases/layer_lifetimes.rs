use microgpt::layer;

layer! {
    fn scaled(x: [t, i], y: &'a [t, i], z: Foo<'t> in [one]) -> [t, i] {
        [x[t, i] * y[t, i] * z for t, i]
    }
}

fn main() {}
