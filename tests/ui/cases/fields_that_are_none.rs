use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!(x."s");
    let _ = expr!(x.5e3);
    let _ = expr!(x.0x1);
    let _ = expr!(x. + 1);
    let _ = expr!(x::<f64> + 1);
    let _ = expr!(x.len::y + 1);
    let _ = expr!(x.0::y + 1);
}
