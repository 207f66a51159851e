use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!((sofplus(x[0]), x[j], exp(x[0], x[1])));
}
