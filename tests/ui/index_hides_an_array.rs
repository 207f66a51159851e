use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr! {
        let y = [x[i] * 2 for i];
        [y[y] for y]
    };
    let y = x;
    let _ = expr!([x[y] * y[y] for y]);
}
