use microgpt::expr;

fn main() {
    let n = 2;
    let _ = expr!(n as f64);
}
