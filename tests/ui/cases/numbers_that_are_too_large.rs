use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!(x[0] * 1e999);
    let _ = expr!([x[900000000000000 * 900000000000000 * i] for i in 0..2]);
    let _ = expr!([x[i + 4294967296 + 4294967296] for i in 0..2]);
    let _ = expr!([x[i] for i in 0..99999999999999999999]);
    let _ = expr!([x[i * 4000000000 * -4000000000] for i in 0..2]);
}
