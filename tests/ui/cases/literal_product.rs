use microgpt::expr;

fn main() {
    let _ = expr!([sin(2i) for i in 0..3]);
}
