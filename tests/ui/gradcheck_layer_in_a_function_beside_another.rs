use microgpt::{Matrix, expr, gradcheck_layer};

fn doubled<'t>(x: Matrix<'t, usize, usize>) -> Matrix<'t, usize, usize> {
    expr!([2 * x[t, i] for t, i])
}

fn halved<'t>(x: Matrix<'t, usize, usize>) -> Matrix<'t, usize, usize> {
    expr!([x[t, i] / 2 for t, i])
}

gradcheck_layer!(doubled, x: [t, i]);

fn main() {
    gradcheck_layer!(halved, x: [t, i]);
}
