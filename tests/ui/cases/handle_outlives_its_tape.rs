use microgpt::{Tape, Value};

fn value<'t>() -> Value<'t> {
    let tape = Tape::new();
    tape.value(1.0)
}

fn main() {
    let _ = value();
}
