use microgpt::expr;

fn main() {
    let x = 1.0;
    let _ = expr!(if x > 0 { x });
}
