use microgpt::expr;

fn main() {
    let (a, b, c) = ([1.0], [2.0], [3.0]);
    let _ = expr!(a·b·c);
}
