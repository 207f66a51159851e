use microgpt::Tape;

fn main() {
    let tape = Tape::new();
    let _ = tape.matrix(vec![1.0, 2.0, 3.0, 4.0]);
}
