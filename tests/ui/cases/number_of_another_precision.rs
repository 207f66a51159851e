use microgpt::{Dim, Real, Vector, expr};

fn scaled<'t, P: Dim, T: Real>(v: Vector<'t, P, T>, n: usize) -> Vector<'t, P, T> {
    expr!([if t < {n as f64} { v[t] } else { v[t] * {std::f64::consts::PI} } for t])
}

fn halved(v: &[f32], half: f64) -> Vec<f32> {
    expr!([v[i] * half for i]).into_vec()
}

fn main() {}
