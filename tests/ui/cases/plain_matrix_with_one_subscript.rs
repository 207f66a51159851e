use microgpt::expr;

fn main() {
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let y: &[f64] = &[1.0, 2.0];
    let _ = expr!([y[i] * x[i] for i]);
}
