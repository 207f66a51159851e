use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let n: usize = x.len();
    let _ = expr!(sum(x[i] for i) / n);
}
