use microgpt::expr;

fn main() {
    let _ = expr!([]);
}
