use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let h = [0.0; 3];
    let _ = expr! {
        let h = [if t > 0 { 0.5 * h[t - 1] + x[t] } else { x[t] } for t];
        h[2]
    };
    let _ = expr! {
        let s = [x[t] + sum(s[k] for k in 0..t) for t];
        s[2]
    };
    let _ = h;
}
