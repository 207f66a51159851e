use microgpt::layer;

layer! {
    fn scaled(x: [t, i]) -> [t, i]
    where T: Real
    {
        [x[t, i] * 2 for t, i]
    }

    fn so_far(x: [t, i]) -> [t, i]
    where s 0..=t
    {
        [sum(x[s, i] for s) for t, i]
    }

    fn others(x: [t, i]) -> [t, i]
    where s in t
    {
        [sum(x[s, i] for s) for t, i]
    }
}

fn main() {}
