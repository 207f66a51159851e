use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let y = [x[i] * 2 for i];
        [y(i) for i]
    };
}
