use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([sum(x[s] for s in 0..=t) / len(s) for t in 0..2]);
}
