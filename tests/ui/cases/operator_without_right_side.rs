use microgpt::expr;

fn main() {
    let x = 1.0;
    let _ = expr!(x + );
}
