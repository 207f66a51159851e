use microgpt::expr;

fn main() {
    let w = [[1.0, 2.0], [3.0, 4.0]];
    let _ = expr!([w[o i] + w[o; 0] + w[0 1] + w[o {1}] for o, i]);
}
