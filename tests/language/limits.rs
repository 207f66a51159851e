//! Expressions as large as the language allows for: the compiler's own cost stays small, and the
//! gradient right.

use microgpt::gradcheck::{Gradcheck, Layer, Outputs};
use microgpt::{Real, Tape, Value, Vector, expr};

/// Forty lets of more than five hundred operations, each built on the ones before.
macro_rules! forty_lets {
    ($x:ident, $w:ident; $($k:tt)*) => {
        expr! {
            let y = [$x[t, i] * $w[i] for t, i];
            $(
                let scale = [(mean(y[t, i]^2 for i) + $k)^-0.5 for t];
                let turned = [sin(y[t, i] * scale[t] + $k) - y[t, i] / (2 + $w[i]^2) for t, i];
                let gate = [sum(turned[t, i] * $w[i] + turned[t, i]^2 / $k for t) for i];
                let y = [
                    tanh(turned[t, i] * scale[t] + gate[i] * $w[i] - $k)
                    + y[t, i] * (1 - turned[t, i]) / (1 + exp(-gate[i])) for t, i
                ];
            )*
            sum(y[t, i] * $w[i] for t, i)
        }
    };
}

struct FortyLets;

impl Layer for FortyLets {
    fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
        let (x, w) = (inputs[0].reshape((3, 2)), inputs[1]);
        forty_lets!(x, w; 1 2 3 4 5 6 7 8 9 10).into()
    }
}

#[test]
fn forty_lets_with_five_hundred_operations() {
    let x: Vec<f64> = (0..6).map(|n| f64::from(n) / 4.0 - 0.6).collect();
    let w = vec![0.7, -0.4];
    let report = Gradcheck::new().seed(1).check_layer(&[x, w], &FortyLets);
    report.assert_right();
    // By differences the two weights; the rest is a millionth of the result and less, and is decided
    // by dual numbers. And each once more in single precision.
    assert_eq!((report.compared, &report.undecided[..]), (2 + 8 + 8, &[][..]));
}

/// Doubles the nesting of an expression.
macro_rules! nested {
    ($x:ident; ) => { expr!(sum($x[i] for i)) };
    ($x:ident; [$($inner:tt)*]) => { expr!(sum($($inner)* for i)) };
    ($x:ident; [$($inner:tt)*] $first:tt $($rest:tt)*) => {
        nested!($x; [(sin($($inner)*) * $x[i] + $x[i] / (2 + $x[i] * $first))] $($rest)*)
    };
}

#[test]
fn one_expression_nested_a_hundred_deep() {
    let x = vec![0.3, -0.9];
    let report = Gradcheck::new().seed(1).check(&[x], |inputs| {
        let x = inputs[0];
        let y: Value<'_> = nested!(x; [x[i]]
            1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9
            1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9);
        y.into()
    });
    report.assert_right();
}

#[test]
fn arrays_of_rank_six() {
    let tape = Tape::new();
    let shape = (2, 3, 1, 2, 2, 3);
    let numbers: Vec<f64> = (0..72).map(f64::from).collect();
    let x = tape.array(shape, &numbers);
    let y = expr!([x[a, b, c, d, e, f]^2 for f, e, d, c, b, a]);
    assert_eq!(y.shape(), (3, 2, 2, 1, 3, 2));
    expr!(sum(y[f, e, d, c, b, a] for f, e, d, c, b, a)).backward();
    assert_eq!(x.grad(), numbers.iter().map(|x| 2.0 * x).collect::<Vec<_>>());
}
