use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let n = 2_i32;
    let mean = expr!(sum(x[i] for i) / n);
    mean.backward();
}
