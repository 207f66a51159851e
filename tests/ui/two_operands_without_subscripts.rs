use microgpt::{Tape, expr};

fn main() {
    let _ = Tape::new();
    let (q, k) = ([1.0, 2.0], vec![1.0, 2.0]);
    let _ = expr!(exp(q) + 2 * k);
}
