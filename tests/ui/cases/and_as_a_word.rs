use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::<f64>::new();
    let x = tape.vector([1.0, 2.0]);
    let y = expr!(if x[0] > 1 and x[1] > 1 { x[0] } else { x[1] });
    println!("{}", y.data());
    y.backward();
}
