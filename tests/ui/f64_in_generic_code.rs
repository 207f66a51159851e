use microgpt::{Dim, Real, Vector, expr};

fn half<'t, N: Dim, T: Real>(x: Vector<'t, N, T>, n: usize) -> Vector<'t, N, T> {
    expr!([if i < {n as f64} { x[i] * {std::f64::consts::PI} } else { 0 } for i])
}

fn main() {

}
