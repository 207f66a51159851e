use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([where(x[i] > 0, x[i], 0) for i]);
    let _ = expr!([2idx * x[i] for i]);
    let _ = expr!([2usize * x[i] for i]);
}
