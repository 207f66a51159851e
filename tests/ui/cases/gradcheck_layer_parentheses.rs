use microgpt::{Matrix, expr, gradcheck_layer};

fn doubled<'t>(x: Matrix<'t, usize, usize>) -> Matrix<'t, usize, usize> {
    expr!([2 * x[t, i] for t, i])
}

gradcheck_layer!(doubled, x: (t, i));

fn main() {}
