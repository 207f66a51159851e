use microgpt::Tape;

fn main() {
    let tape = Tape::new();
    let _ = tape.vector([[1.0, 2.0], [3.0, 4.0]]);
    let _ = tape.vector(vec![1, 2]);
}
