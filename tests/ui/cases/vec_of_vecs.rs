use microgpt::expr;

fn main() {
    let x = vec![vec![1.0, 2.0], vec![3.0]];
    let y = [1.0f64, 2.0];
    let _ = expr!([sum(x[t, i] * y[i] for i) for t]);
}
