use microgpt::expr;

fn main() {
    let x = [1.0f32, 2.0];
    let y = [1.0f64, 2.0];
    let _ = expr!(sum(x[i] * y[i] for i));
}
