use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    let v = [1.0, 2.0];
    let _ = expr!(([sum(v[s] for s in 0..=t) for t], [max(x[0, j] for j in 0..k + 1) for k]));
}
