use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let w = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    let target: &[usize] = &[0, 1];
    let _ = expr!(sum(if j != target[t] { w[t, j] } else { 0 } for t, j));
}
