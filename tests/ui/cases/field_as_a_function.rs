use microgpt::expr;

fn main() {
    let pair = ([1.0, 2.0], 3.0);
    let _ = expr!(pair.1(4 + pair.0[0]));
    let _ = expr!([pair.0(i) for i in 0..2]);
}
