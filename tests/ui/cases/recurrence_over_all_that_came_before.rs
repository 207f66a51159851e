use microgpt::expr;

fn main() {
    let (v, c) = ([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]);
    let _ = expr! {
        let c = [v[j] + sum(c[s, j] for s in 0..t) for t in 0..2, j];
        let d = [if t < 1 { v[t] * d[t + 1] } else { 1 } for t];
        [c[t, j] + d[t] for t, j]
    };
}
