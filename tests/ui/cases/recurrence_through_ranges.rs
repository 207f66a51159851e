use microgpt::expr;

fn main() {
    let (h, n) = ([1.0, 2.0, 3.0], 3);
    let _ = expr! {
        let h = [sum(h[s + 1] for s in 0..t) for t in 0..n];
        h[0]
    };
    let _ = expr! {
        let h = [sum(h[s] for u in 0..t, s in 0..u) for t in 0..n];
        h[0]
    };
}
