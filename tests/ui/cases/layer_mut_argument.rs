use microgpt::layer;

layer! {
    fn scaled(mut x: [t, i]) -> [t, i] {
        let x = [x[t, i] * 2 for t, i];
        [x[t, i] * 2 for t, i]
    }
}

fn main() {}
