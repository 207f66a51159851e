use microgpt::Tape;

fn main() {
    let tape = Tape::new();
    let x = tape.value(3.0);
    let _ = x.pow(2);
}
