use microgpt::layer;

layer! {
    fn average(x: [t, i]) -> [t] {
        mean(x[t, i] for i)
    }

    fn shifted(x: [t, i], bias: [i]) -> [t] {
        [x[t, 0] + bias[i] for t]
    }
}

fn main() {}
