use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([x[i * j] for i in 0..2, j in 0..2]);
}
