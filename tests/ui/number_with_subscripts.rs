use microgpt::expr;

fn main() {
    let x = 1.0;
    let y = [1.0, 2.0];
    let _ = expr!([x[i] * y[i] for i]);
}
