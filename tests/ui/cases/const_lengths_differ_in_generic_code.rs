use microgpt::{Dim, Matrix, Vector, expr};

fn linear<'t, O: Dim, I: Dim, J: Dim>(w: Matrix<'t, O, I>, x: Vector<'t, J>) -> Vector<'t, O> {
    expr!([sum(w[o, i] * x[i] for i) for o])
}

fn main() {}
