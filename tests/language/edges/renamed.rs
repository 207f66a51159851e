//! Names that stand for several things, and lengths that come from a type.

use microgpt::{Dim, Real, Tape, Value, Vector, expr};

#[test]
fn a_let_may_take_the_name_of_an_array_that_it_uses() {
    let (x, w) = ([1.0, 4.0, 9.0], [[1.0, 2.0], [3.0, 4.0]]);
    let ids = [2, 0, 1];
    assert_eq!(*expr! { let x = [x[i] * 2 for i]; [x[i] + 1 for i] }, [3.0, 9.0, 19.0]);
    assert_eq!(*expr! { let w = [w[j, i] for i, j]; [w[i, j] for i, j] }, [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(*expr! { let x = [x[ids[i]] + x[0] for i]; [x[i] for i] }, [10.0, 2.0, 5.0]);
    assert_eq!(*expr! { let x = [x[i] / sum(x[j] for j) for i]; [14 * x[i] for i] }, x);
    assert_eq!(expr! { let x = sum(x[i] for i); x / 2 }, 7.0);
}

#[test]
fn a_later_let_may_use_the_earlier_one_anywhere() {
    let x = [1.0, 4.0, 9.0];
    let twice = expr! {
        let d = [x[i + 1] - x[i] for i in 0..2];
        let d = [d[i + 1] - d[i] for i in 0..1];
        [d[i] for i]
    };
    assert_eq!(*twice, [2.0]);
}

#[test]
fn the_length_of_an_axis_is_the_end_of_a_range() {
    fn sums<P: Dim, T: Real>(x: Vector<'_, P, T>, p: P) -> Value<'_, T> {
        expr!(sum(x[s] for t in 0..p, s in 0..=t) + sum(x[t] for t in 0..{x.shape().0}))
    }
    let tape = Tape::new();
    assert_eq!(sums(tape.vector([1.0, 2.0, 4.0]), microgpt::Const).data(), 18.0);
    assert_eq!(sums(tape.vector(vec![1.0, 2.0, 4.0]), 3).data(), 18.0);
    let n = &2;
    assert_eq!(expr!(sum(i for i in 0..n)), 1.0);
}
