use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr! {
        let h = [x[i] * 2 for i]
        [h[i] + 1 for i]
    };
    let _ = expr! {
        let s = x[0] * 2
        s + 1
    };
}
