use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let w = tape.matrix([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let x = tape.vector([1.0, 2.0, 3.0]);
    let _ = expr!([sum(w[o, i] * x[i] for i) for o]);
}
