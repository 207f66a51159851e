use microgpt::layer;

layer! {
    fn added((x, y): ([t], [t])) -> [t] {
        [x[t] + y[t] for t]
    }

    fn ignored(_: [t], x: [t], type: [t]) -> [t] {
        [x[t] for t]
    }
}

fn main() {}
