use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([sum(x[s] for s in 0..=t) for t]);
}
