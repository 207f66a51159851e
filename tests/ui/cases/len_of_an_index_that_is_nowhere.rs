use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!(x[0] * len(k) / len(k));
    let _ = expr!(dot(x, x) / len(i));
}
