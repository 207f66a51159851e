//! `jvp`, `jacobian`, `hvp` and `hessian` against closed forms, differences and nested dual numbers, of
//! functions, layers and whole models.

use microgpt::derivatives::{hessian, hvp, jacobian, jvp};
use microgpt::dual::Dual;
use microgpt::layers::{attention, cross_entropy, rmsnorm};
use microgpt::{Array, Gpt, Instance, Numbers, PythonRandom, Real, Tape, Value, expr};

fn drawn(random: &mut PythonRandom, count: usize) -> Vec<f64> {
    (0..count).map(|_| random.gauss(0.0, 1.0)).collect()
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

fn row(matrix: &Numbers<(usize, usize)>, at: usize) -> Vec<f64> {
    matrix.chunks(matrix.shape().1).nth(at).expect("a row").to_vec()
}

#[track_caller]
fn assert_close(one: &[f64], other: &[f64], relative: f64) {
    assert_eq!(one.len(), other.len());
    let size = dot(other, other).sqrt();
    for (at, (one, other)) in one.iter().zip(other).enumerate() {
        assert!((one - other).abs() <= relative * size, "{at}: {one}, not {other} (beside {size})");
    }
}

#[test]
fn of_a_quadratic_form_the_hessian_is_its_matrix() {
    let mut random = PythonRandom::new(1);
    let (n, v) = (7, drawn(&mut random, 7));
    let a = drawn(&mut random, n * n);
    let x = drawn(&mut random, n);
    let h = hessian(
        |tape, x| {
            let a = tape.array((n, n), &a.iter().map(|&a| Dual::of(a)).collect::<Vec<_>>());
            expr!(sum(x[i] * a[i, j] * x[j] for i, j))
        },
        &x,
    );
    for i in 0..n {
        for j in 0..n {
            assert!((h[[i, j]] - (a[i * n + j] + a[j * n + i])).abs() < 1e-14);
        }
    }
    let f = hvp(
        |tape, x| {
            let a = tape.array((n, n), &a.iter().map(|&a| Dual::of(a)).collect::<Vec<_>>());
            expr!(sum(x[i] * a[i, j] * x[j] for i, j))
        },
        &x,
        &v,
    );
    let rows: Vec<f64> = (0..n).map(|i| dot(&row(&h, i), &v)).collect();
    assert_close(&f.product, &rows, 1e-14);
}

type Tracked<'t, T> = Array<'t, (usize, usize, usize), T>;

/// Attention under a root mean square, and a cross entropy: a loss with every kind of curvature.
fn loss<'t, T: Real>((q, k, v): (Tracked<'t, T>, Tracked<'t, T>, Tracked<'t, T>)) -> Value<'t, T> {
    let y = attention(q, k, v, 0);
    let (t, h, j) = y.shape();
    cross_entropy(rmsnorm(y.reshape((t, h * j))), &[1, 0, 3])
}

type Heads<T> = Numbers<(usize, usize, usize), T>;

fn heads<T: Real>(random: &mut PythonRandom) -> Heads<T> {
    Numbers::new((3, 2, 2), drawn(random, 12).into_iter().map(T::of).collect())
}

fn flat(x: &(Heads<f64>, Heads<f64>, Heads<f64>)) -> Vec<f64> {
    [&x.0, &x.1, &x.2].into_iter().flat_map(|x| x.to_vec()).collect()
}

#[test]
fn of_layers_every_derivative_agrees_with_every_other() {
    let mut random = PythonRandom::new(2);
    let mut three = || (heads(&mut random), heads(&mut random), heads(&mut random));
    let (x, u, v) = (three(), three(), three());
    let f = hvp(|_, x| loss(x), &x, &v);
    // The slope along v is that of forward mode.
    let (value, slope): (Numbers<()>, Numbers<()>) = jvp(|_, x| loss(x).as_array(), &x, &v);
    assert!((value[0] - f.value).abs() < 1e-15);
    assert!((slope[0] - dot(&flat(&f.gradient), &flat(&v))).abs() < 1e-14);
    // The gradient is the Jacobian of one output.
    let j = jacobian(|_, x| loss(x).as_array(), &x);
    assert_eq!(j.shape(), (1, 36));
    assert_close(&flat(&f.gradient), &j, 1e-15);
    // The product is a row of the Hessian, which is symmetric.
    let h = hessian(|_, x| loss(x), &x);
    let rows: Vec<f64> = (0..36).map(|i| dot(&row(&h, i), &flat(&v))).collect();
    assert_close(&flat(&f.product), &rows, 1e-13);
    for (i, j) in (0..36).flat_map(|i| (0..i).map(move |j| (i, j))) {
        assert!((h[[i, j]] - h[[j, i]]).abs() < 1e-14);
    }
    // And so it is along another direction: forward over forward, without any backward pass.
    let nested = |x: &Heads<f64>, u: &Heads<f64>, v: &Heads<f64>| {
        let dual = |x, u, v| Dual::new(Dual::new(x, u), Dual::constant(v));
        let all = x.iter().zip(u.iter().zip(v.iter())).map(|(&x, (&u, &v))| dual(x, u, v));
        all.collect::<Vec<_>>()
    };
    let tape = Tape::<Dual<Dual>>::default();
    let on_tape = |x, u, v| tape.array((3usize, 2usize, 2usize), &nested(x, u, v));
    let bend =
        loss((on_tape(&x.0, &u.0, &v.0), on_tape(&x.1, &u.1, &v.1), on_tape(&x.2, &u.2, &v.2)));
    let bend = bend.data().tangent.tangent;
    assert!((dot(&flat(&f.product), &flat(&u)) - bend).abs() < 1e-13 * bend.abs());
}

#[test]
fn in_single_precision_they_are_the_same_rounded() {
    let mut random = PythonRandom::new(3);
    #[allow(clippy::cast_possible_truncation)] // that is what is asked for
    let mut six = |_| drawn(&mut random, 6).into_iter().map(|x| f64::from(x as f32)).collect();
    let [x, v]: [Vec<f64>; 2] = std::array::from_fn(&mut six);
    #[allow(clippy::cast_possible_truncation)]
    let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let double = hvp(|_, x| expr!(logsumexp(x[i]^3 for i)), &x, &v);
    let single = hvp(|_, x| expr!(logsumexp(x[i]^3 for i)), &narrow(&x), &narrow(&v));
    let wide: Vec<f64> = single.product.iter().map(|&x| f64::from(x)).collect();
    assert_close(&wide, &double.product, 1e-5);
}

#[test]
fn third_derivatives_are_those_of_nested_dual_numbers() {
    // sin(x y): the derivative by x, x and y is -2y sin(xy) - xy² cos(xy).
    let (x, y): (f64, f64) = (0.7, 1.3);
    let point = [Dual::new(x, 0.0), Dual::new(y, 1.0)];
    let along_x = [Dual::constant(1.0), Dual::constant(0.0)];
    let f = hvp(|_, x| expr!(sin(x[0] * x[1])), &point, &along_x);
    let exact = -2.0 * y * (x * y).sin() - x * y * y * (x * y).cos();
    assert!((f.product[0].tangent - exact).abs() < 1e-14);
    assert!((f.gradient[1].value - x * (x * y).cos()).abs() < 1e-15);
}

#[test]
fn a_model_has_the_products_of_its_block() {
    let tape = Tape::new();
    let sizes = Gpt { n_embd: 4, n_head: 2, ..Gpt::new(5) };
    let mut random = PythonRandom::new(4);
    let gpt = Instance::new(&tape, sizes, &mut random).expect("a model");
    let mut documents: Vec<Vec<usize>> = Vec::new();
    for length in (1..40).map(|at| 1 + at % 9) {
        let inner = (0..length).map(|at| (at * at + length) % 4);
        documents.push(std::iter::once(4).chain(inner).chain([4]).collect());
    }
    let examples: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let x = gpt.block().data();
    let (u, v) = (drawn(&mut random, x.len()), drawn(&mut random, x.len()));
    let (records, values) = (tape.records(), tape.len());
    // More positions than a micro-batch has.
    let whole = gpt.hvp(&examples, &v);
    assert_eq!((tape.records(), tape.len()), (records, values));
    assert!((whole.value - gpt.evaluate(&examples)).abs() < 1e-11);
    let free = hvp(
        |_, block| {
            let gpt = Instance::with_parameters(block, sizes).expect("as many");
            gpt.loss(&examples)
        },
        &x,
        &v,
    );
    assert_close(&whole.product, &free.product, 1e-12);
    assert_close(&whole.gradient, &free.gradient, 1e-12);
    let other = gpt.hvp(&examples, &u);
    let (one, two) = (dot(&u, &whole.product), dot(&v, &other.product));
    assert!((one - two).abs() < 1e-11 * one.abs(), "{one} {two}");
    // The gradient of the tape itself, and its difference along v.
    let gradient = |by: f64| {
        let tape = Tape::new();
        let moved = x.iter().zip(&v).map(|(x, v)| x + by * v).collect::<Vec<_>>();
        let gpt = Instance::with_parameters(tape.vector(moved), sizes).expect("as many");
        gpt.loss(&examples).backward();
        gpt.block().grad()
    };
    assert_close(&whole.gradient, &gradient(0.0), 1e-12);
    let step = 1e-5;
    let ahead = gradient(step).into_iter().zip(gradient(-step));
    let quotient: Vec<f64> = ahead.map(|(right, left)| (right - left) / (2.0 * step)).collect();
    assert_close(&whole.product, &quotient, 1e-6);
}

#[test]
#[should_panic(
    expected = "a direction has the axes of where the function is derived, [[2]], not [[3]]"
)]
fn a_direction_of_other_axes_is_refused() {
    let _ = hvp(|_, x| expr!(sum(x[i]^2 for i)), &vec![1.0, 2.0], &vec![1.0, 0.0, 0.0]);
}

#[test]
#[should_panic(expected = "on another tape")]
fn what_is_on_another_tape_is_refused() {
    // A tape of a call has no name outside: only one that lives for ever can take its place.
    let other: &'static Tape = Box::leak(Box::default());
    let _ = jacobian(|_, _| other.vector([1.0]), &[1.0]);
}
