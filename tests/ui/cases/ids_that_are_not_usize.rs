use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let table = tape.vector([1.0, 2.0, 3.0]);
    let token: &[i32] = &[0, 2];
    let _ = expr!([table[token[t]] for t]);
}
