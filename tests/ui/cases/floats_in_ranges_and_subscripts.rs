use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let n = 3;
    let _ = expr!([x[i] for i in 0..n - 1.0]);
    let _ = expr!([x[i] for i in 1e0..3]);
    let _ = expr!([x[i + 1.0] for i in 0..2]);
    let _ = expr!(x[0.5]);
    let _ = expr!([x[2.0 * i] for i in 0..2]);
}
