use microgpt::expr;

fn main() {
    let w = [[1.0, 2.0], [3.0, 4.0]];
    let target = vec![0usize, 1];
    let _ = expr!(sum(if j != target[t] { w[t, j] } else { 0 } for t, j));
}
