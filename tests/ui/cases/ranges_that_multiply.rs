use microgpt::expr;

fn main() {
    let (x, n) = ([1.0, 2.0, 3.0], 3);
    let _ = expr!(sum(x[100000 * k] for i in 0..n, j in 0..100000 * i, k in 0..100000 * j));
}
