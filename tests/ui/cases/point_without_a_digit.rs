use microgpt::expr;

fn main() {
    let v = [1.0, 2.0];
    let _ = expr!(([v[i] * .5 for i], max(.25, v[0]), sum(v[i] - .5e-3 for i)));
}
