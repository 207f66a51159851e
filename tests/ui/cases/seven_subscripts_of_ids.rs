use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let ids = [0usize];
    let _ = expr!(sum(x[ids[a, b, c, d, e, f, g]] for a, b, c, d, e, f, g));
}
