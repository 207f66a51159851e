use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    let _ = expr!([sum(x[t, j] for i) for t]);
}
