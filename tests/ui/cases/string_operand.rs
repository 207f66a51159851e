use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let x = tape.value(1.0);
    let name = String::from("x");
    let _ = expr!(x * name);
}
