use microgpt::layer;

layer! {
    fn one(x: Matrix) -> [t, i] {
        [x[t, i] + y for t, i
    ]}

    fn two(x: [t, i]) -> [i, t] {
        let a = [2 * x[t, i] for t, i]
        [a[t] for t, i]
    }

    three(x: [t]) -> [t] {
        [sin(x[t], 2) + x[u] for t]
    }
}

fn calls(tape: &microgpt::Tape) {
    // Who calls them hears nothing of it.
    let x = tape.matrix([[1.0, 2.0]]);
    let _ = one(x).data();
    let y = two(x);
    let _ = y.data();
    let _ = three(tape.vector([1.0])).data();
}

fn main() {}
