use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr! {
        let h = [x[i] + for i];
        let s = h[0] * h[1, 2];
        [h[i] * s for i]
    };
}
