use microgpt::{Tape, expr};

fn main() {
    let tape = Tape::new();
    let v = tape.vector([1.0, 2.0]);
    let h = tape.vector([0.0, 0.0]);
    let _ = expr! {
        let h = [if t > 0 { h[t - 1] + h[t - 1] * v[t] } else { v[t] } for t];
        [h[t] for t]
    };
}
