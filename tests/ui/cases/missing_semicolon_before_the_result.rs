use microgpt::expr;

fn main() {
    let v = [1.0, 2.0];
    let _ = expr! {
        let m = mean(v[i] for i)
        let s = sum((v[i] - m)^2 for i)
        sqrt(s) + sofplus(m)
    };
}
