use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::<f64>::new();
    let x = tape.vector([1.0, 2.0]);
    let y = expr!(x[0] && x[1]);
    println!("{}", y.data());
    y.backward();
}
