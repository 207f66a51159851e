use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([x[i] for i where x[i] > 0]);
    let _ = expr!(sum(x[i] where x[i] > 0 for i));
    let _ = expr!(sum(x[i] for i where x[i]));
    let _ = expr!(sum(x[i] for i where x[i] > 0 and i > 0));
}
