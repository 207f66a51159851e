use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let ids = [1, 0];
    let _ = expr!(sum(x[ids[t]] for t) + dot(ids, x));
    let _ = expr!(ids·x + sum(x[ids[t]] for t));
    let _ = expr!(ids + sum(x[ids[t]] for t));
}
