use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 3.0]);
    let (b, many) = (true, [true, false, true]);
    let _ = expr!([x[i] * b for i]);
    let _ = expr!([b + sum(x[i] * b for i) for k in 0..3]);
    let _ = expr!(sum(x[i] * many[i] for i));
}
