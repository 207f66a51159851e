use microgpt::expr;

fn main() {
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let y = expr!([2 * x[i, j] for i, j]);
    let _ = expr!([y[i, j, k] for i, j, k]);
}
