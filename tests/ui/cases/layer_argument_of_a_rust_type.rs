use microgpt::layer;

layer! {
    fn scaled<'t>(x: Matrix<'t, usize, usize>, w: &microgpt::Numbers<(usize,)>) -> [t, i] {
        [x[t, i] * w[i] for t, i]
    }
}

fn main() {}
