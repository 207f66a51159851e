use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([sum(x[s] * x[len(s)] for s in t - 1..=t) for t in 0..2]);
    let _ = expr!([sum(sum(x[k] for k in 0..len(s)) for s in t..2) for t in 0..3]);
}
