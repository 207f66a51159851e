use microgpt::layer;

layer! {
    fn so_far(x: [t, i]) -> [t, i]
    where s in 0..=t where u in 0..=t
    {
        [sum(x[s, i] for s) + sum(x[u, i] for u) for t, i]
    }

    fn other(x: [t, i]) -> [t, i]
    where s in 0..=t, s in 0..2
    {
        [sum(x[s, i] for s) for t, i]
    }
}

fn main() {}
