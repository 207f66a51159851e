use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.value(1.0);
    let _ = expr!([x[i] for i in 0..3]);
}
