use microgpt::expr;

fn main() {
    let x = vec![1.0, 2.0];
    let _ = expr!(x.len() * 2);
}
