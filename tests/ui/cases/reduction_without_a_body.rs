use microgpt::expr;

fn main() {
    let _ = expr!(sum(for i));
}
