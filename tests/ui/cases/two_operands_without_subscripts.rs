use microgpt::expr;

fn main() {
    let (q, k) = ([1.0, 2.0], vec![1.0, 2.0]);
    let _ = expr!(exp(q) + 2 * k);
}
