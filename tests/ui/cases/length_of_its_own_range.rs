use microgpt::expr;

fn main() {
    let a = [1.0, 2.0, 3.0];
    let _ = expr!([a[k + 1] - a[k] for k in 0..len(k)]);
    let _ = expr!(sum(a[i] for i in len(i) - 1..3));
    let _ = expr!(sum(a[i] for i in 0..len(j)) + sum(a[j] for j in 0..len(i)));
}
