use microgpt::layer;

layer! {
    fn added(x, y: , z [t]) -> [t] {
        [x[t] + y[t] + z[t] for t]
    }
}

fn main() {}
