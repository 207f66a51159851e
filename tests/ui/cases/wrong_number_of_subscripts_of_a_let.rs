use microgpt::expr;

fn main() {
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let _ = expr! {
        let y = [x[t, i] * x[t, j] for t, i, j];
        [y[t, i] for t, i]
    };
}
