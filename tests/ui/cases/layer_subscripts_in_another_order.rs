use microgpt::layer;

layer! {
    fn down(w: [j, i], x: [t, i]) -> [t, j] {
        [sum(w[i, j] * x[t, i] for i) for t, j]
    }

    fn turned(w: [g, i, j], x: [i, j]) -> [g] {
        let y = [sum(w[g, j, i] * x[i, j] for i, j) for g];
        [y[g] + sum(w[i, j, g] * x[j, i] for i, j) for g]
    }

    // With a range of one's own it may be what is meant.
    fn square(w: [j, i]) -> [] {
        sum(w[i, j] for i in 0..2, j in 0..2)
    }
}

fn main() {}
