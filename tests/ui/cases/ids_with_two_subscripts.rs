use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let ids = [0, 1];
    let _ = expr!([x[ids[t, i]] for t, i]);
}
