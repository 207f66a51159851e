use microgpt::expr;

fn main() {
    let w = [[1.0, 2.0], [3.0, 4.0]];
    let _ = expr!([sum(w[o i] for i) for o]);
    let _ = expr!([sum(w[o, i] for i o) for o]);
    let _ = expr!([max(w[o, i] 0) for o, i]);
    let _ = expr!((w[0, 0] w[1, 1], 2));
}
