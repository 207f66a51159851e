use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.array((1, 2, 2), &[1.0, 2.0, 3.0, 4.0]);
    let y = expr!([tanh(x) for i in 0..2]);
    println!("{:?}", y.data());
}
