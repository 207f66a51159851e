use microgpt::layer;

layer! {
    fn so_far(x: [t, i]) -> [t, i]
    where step in 0..=t, u in 0..=t
    {
        [sum(x[stop, i] for stop in 0..=t) for t, i]
    }

    fn sums(x: [t, i]) -> [t, i]
    where s in 0..=t
    {
        [sum(x[s, i] for s in 0..2) for t, i]
    }
}

fn main() {}
