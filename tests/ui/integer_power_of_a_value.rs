use microgpt::Tape;

fn main() {
    let tape = Tape::new();
    let x = tape.value(2.0);
    let _ = x.pow(2);
    let _ = x * 2;
}
