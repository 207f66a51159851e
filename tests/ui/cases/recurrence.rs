use microgpt::expr;

fn main() {
    let v = [1.0, 2.0];
    let _ = expr! {
        let h = [if t > 0 { 0.5 * h[t - 1] + v[t] } else { v[t] } for t];
        [h[t] for t]
    };
}
