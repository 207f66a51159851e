use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!(sum(x[i] for i in 0..));
}
