use microgpt::expr;

fn main() {
    let (x, y) = (1.0, 2.0);
    let _ = expr!(x % y);
}
