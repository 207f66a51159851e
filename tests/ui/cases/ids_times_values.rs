use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let counts = vec![3_u32, 4];
    let _ = expr!(sum(x[i] * counts[i] for i));
}
