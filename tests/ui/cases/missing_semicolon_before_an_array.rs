use microgpt::expr;

fn main() {
    let v = [1.0, 2.0];
    let _ = expr! {
        let h = [2 * v[i] for i]
        [h[i] + 1 for i]
    };
}
