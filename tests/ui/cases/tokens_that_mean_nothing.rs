use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!('a + 1);
    let _ = expr!('a' + 1);
    let _ = expr!(b"s" + 1);
    let _ = expr!($ + 1);
    let _ = expr!(&x[0]);
    let _ = expr!(|x[0]|);
    let _ = expr!(x[0]?);
    let _ = expr!(vec![1.0]);
    let _ = expr!(x[0] ? 1 : 2);
    let _ = expr!(x[0] = 2);
}
