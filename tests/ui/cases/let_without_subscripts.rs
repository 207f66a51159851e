use microgpt::expr;

fn main() {
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let _ = expr! {
        let y = [x[t, i]^2 for t, i];
        y * 2
    };
}
