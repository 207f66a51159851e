use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let w = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    let x = tape.vector([1.0, 2.0]);
    let y = expr!(w * x);
    y.backward();
}
