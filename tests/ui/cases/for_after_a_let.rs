use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let m = sum(x[s] for s in 0..=t) for t;
        [m[t] * x[t] for t]
    };
}
