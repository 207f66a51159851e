use microgpt::{Dim, Real, Value, Vector, expr};

fn head<'t, P: Dim, T: Real>(v: Vector<'t, P, T>, n: i32, share: f64) -> Value<'t, T> {
    expr!(sum(v[t] for t in 0..n) + sum(v[t] for t in 0..{share}))
}

fn main() {}
