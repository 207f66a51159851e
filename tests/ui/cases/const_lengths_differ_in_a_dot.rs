use microgpt::expr;

fn main() {
    let (q, k) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
    let _ = expr!(q·k);
}
