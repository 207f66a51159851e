use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let _ = expr!(x * 2);
}
