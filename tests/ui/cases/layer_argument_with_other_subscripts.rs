use microgpt::layer;

layer! {
    fn scaled(x: [t, i], gain: [i], by: [], pairs: &[t, 2]) -> [t, i] {
        let a = [x[i] * gain[t, i] for t, i];
        [a[t, i] * by[i] + pairs[t] + gain for t, i]
    }
}

fn main() {}
