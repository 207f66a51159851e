use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!(sum(x[t + k] for t, k in -1..=1));
    let _ = expr!(sum(x[k + 3] for k in 1 - 2 * 2..0));
    let _ = expr!(sum(x[k + 1] for k in -(1)..2));
    let _ = expr!(sum(x[k] for k in 0..-1));
}
