//! What `layer!` makes of a declaration.

use microgpt::{Array, Const, Dim, Numbers, Tape, Value, layer};

layer! {
    /// Differences to the element before, although `t - 1` says nothing of where `t` ends.
    fn shifted(x: [t]) -> [t] {
        [if t >= 1 { x[t - 1] } else { 0 } for t]
    }

    fn so_far(x: [t]) -> [t]
    where s in 0..=t
    {
        [sum(x[s] for s) for t]
    }

    /// `u` is as long as its range says.
    fn windows(x: [t], w: [k]) -> [u]
    where u in 0..len(t) + 1 - len(k)
    {
        [sum(if u + k < len(t) { x[u + k] * w[k] } else { 0 } for k) for u]
    }

    /// Lengths in numbers, of axes that stand in no subscript alone.
    fn lengths(x: [t, i], y: [i, t]) -> [] {
        len(t) * 10 + len(i) + 0 * x[0, 0] * y[0, 0]
    }

    /// An integer of the signature: compared with sums of indices, a number, and the end of a range.
    fn by_integers(x: [t] in 0.5..2.0, n: usize in 0..6, m: usize in 1..3) -> ([t], []) {
        let near = [if t + 1 < n && m * t != n - 1 { n * x[t] } else { x[t]^m / (n + 1) } for t];
        (
            [near[t] + sum(x[t] * m for s in 0..n where s + t >= m) for t],
            sum(if t % m == 0 { max(t - n, m) * x[t] } else { sqrt(n) } for t),
        )
    }

    /// The rows of the conditions are as long as those of the array.
    fn kept(x: [b, t], keep: &[[bool; t]; b]) -> [b] {
        [sum(if keep[b, t] { x[b, t] } else { 0 } for t) for b]
    }

    fn gathered(x: [v, i], id: &[[usize; t]; b] in 0..v, y: [b, t]) -> [b, i] {
        [sum(x[id[b, t], i] * y[b, t] for t) for b, i]
    }

    fn squares(x: &[t, i], y: &[i]) -> [t, i] {
        [x[t, i]^2 + y[i] for t, i]
    }

    fn total(x: &[t]) -> [] {
        sum(x[t] for t)
    }

    fn moments(x: [t, i]) -> ([t], [t, i], []) {
        let mean = [mean(x[t, i] for i) for t];
        ([mean[t] for t], [x[t, i] - mean[t] for t, i], sum(x[t, i] for t, i))
    }

    fn affine(a: [], x: [i], b: []) -> [i] {
        [a * x[i] + b for i]
    }

    fn bigrams(w: [3, 3], pair: &[[usize; 2]; t] in 0..3) -> [t] {
        [w[pair[t, 0], pair[t, 1]] for t]
    }

    fn ones(_ids: &[usize; t]) -> [t] {
        [1 for t]
    }

    /// An axis and an array of one name.
    fn itself(t: [t], x: [t, i]) -> [t, i] {
        let scale = [t[s] for s];
        [x[t, i] * scale[t] for t, i]
    }

    fn pairs(x: [i]) -> [i, 2] {
        [if c == 0 { x[i] } else { -x[i] } for i, c in 0..2]
    }

    fn switched(x: [i], mode: Mode in [Mode::Same, Mode::Negative], by: f64 in 0.5..2.0, n: i32 in -3..4) -> [i] {
        [{T::of(mode.sign() * by * f64::from(n))} * x[i] for i]
    }

    #[unchecked = "it takes what no check can draw"]
    fn scaled_by(x: [i], by: impl Fn(f64) -> f64) -> [i] {
        [{T::of(by(2.0))} * x[i] for i]
    }

    /// A column that is as long as its axis says, before and after its own range is stated.
    fn halves(x: [i, j, 2], w: &[2]) -> [i, j] {
        [sum(x[i, j, c] * w[c] for c) for i, j]
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Same,
    Negative,
}

impl Mode {
    fn sign(self) -> f64 {
        if self == Self::Same { 1.0 } else { -1.0 }
    }
}

#[test]
fn letters_are_known_ranges() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 3.0]);
    let y: Array<'_, (Const<3>,)> = shifted(x);
    assert_eq!(y.data(), [0.0, 1.0, 2.0]);
    assert_eq!(so_far(x).data(), [1.0, 3.0, 6.0]);
    let y: Array<'_, (usize,)> = windows(x, tape.vector([1.0, 10.0]));
    assert_eq!(y.data(), [21.0, 32.0]);
    let x = tape.matrix([[0.0; 3]; 2]);
    assert_eq!(lengths(x, tape.matrix([[0.0; 2]; 3])).data(), 23.0);
}

#[test]
fn without_a_tracked_argument_results_are_numbers() {
    let x = Numbers::new((2, Const::<2>), vec![1.0, 2.0, 3.0, 4.0]);
    let y: Numbers<(usize, Const<2>)> = squares(&x, &[0.5, 0.0]);
    assert_eq!(*y, [1.5, 4.0, 9.5, 16.0]);
    let sum: f32 = total(&[1.0f32, 2.0]);
    assert_eq!(sum, 3.0);
}

#[test]
fn results_are_arrays_values_and_tuples_of_them() {
    let tape = Tape::new();
    let x = tape.array((2, 2), &[1.0, 3.0, 5.0, 9.0]);
    let (mean, off, sum): (Array<'_, (usize,)>, Array<'_, (usize, usize)>, Value<'_>) = moments(x);
    assert_eq!(mean.data(), [2.0, 7.0]);
    assert_eq!(off.data(), [-1.0, 1.0, -2.0, 2.0]);
    assert_eq!(sum.data(), 18.0);
    let a = tape.value(2.0);
    let y = affine(a, tape.vector(vec![1.0, 2.0]), tape.value(0.5));
    assert_eq!(y.data(), [2.5, 4.5]);
    y.backward_with(&[1.0, 1.0]);
    assert_eq!(a.grad(), 3.0);
    let y: Array<'_, (Const<2>, Const<2>)> = pairs(tape.vector([1.0, 2.0]));
    assert_eq!(y.data(), [1.0, -1.0, 2.0, -2.0]);
}

#[test]
fn arguments_that_are_no_arrays_pass_through() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    assert_eq!(switched(x, Mode::Negative, 0.5, 2).data(), [-1.0, -2.0]);
    assert_eq!(scaled_by(x, |x| x + 1.0).data(), [3.0, 6.0]);
    let w = tape.matrix([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]);
    assert_eq!(bigrams(w, &[[1, 0], [2, 2]]).data(), [3.0, 8.0]);
    let x = tape.array((1, 1, Const::<2>), &[1.0, 2.0]);
    assert_eq!(halves(x, &[1.0, 10.0]).data(), [21.0]);
}

fn message(work: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    *panic.expect_err("it panics").downcast::<String>().expect("a message")
}

#[test]
fn axes_of_one_letter_are_compared_whatever_the_equations_say() {
    let tape = Tape::new();
    let (x, y) = (tape.array((2, 3), &[0.0; 6]), tape.array((4, 2), &[0.0; 8]));
    assert_eq!(
        message(|| {
            let _ = lengths(x, y);
        }),
        "index `i` of `lengths` runs over axes of different lengths: 3 (axis 1 of `x`) and 4 (axis 0 of `y`)"
    );
}

#[test]
fn an_integer_of_the_signature_is_a_number() {
    for (n, m) in (0..6).flat_map(|n| [(n, 1), (n, 2)]) {
        let tape = Tape::new();
        let x = tape.vector([0.5, 1.5, 2.0, 0.75]);
        let (near, sum) = by_integers(x, n, m);
        let (nf, mf) = (n as f64, m as f64);
        let expected = x.data().into_iter().enumerate().map(|(t, x)| {
            let is_near = t + 1 < n && m * t != n - 1;
            let near = if is_near { nf * x } else { x.powf(mf) / (nf + 1.0) };
            near + x * mf * (0..n).filter(|s| s + t >= m).count() as f64
        });
        let of_all = x
            .data()
            .into_iter()
            .enumerate()
            .map(|(t, x)| if t % m == 0 { (t as f64 - nf).max(mf) * x } else { nf.sqrt() });
        for (ours, theirs) in
            near.data().into_iter().zip(expected).chain([(sum.data(), of_all.sum())])
        {
            assert!((ours - theirs).abs() < 1e-12, "{ours} and {theirs}");
        }
    }
}

/// What generated code might mean by these, if it were not hygienic.
#[allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals)]
mod hostile {
    pub struct Array;
    pub struct Value;
    pub struct Const;
    pub struct Numbers;
    pub struct Option;
    pub struct Result;
    pub struct usize;
    pub struct Arguments_;
    pub trait Dim {}
    pub trait Real {}
    pub trait Into {}
    pub mod core {}
    pub mod microgpt {}
    pub const t: u8 = 0;
    pub const i: u8 = 0;
    pub const o: u8 = 0;
    pub fn equations_() {}

    macro_rules! expr {
        ($($any:tt)*) => {
            compile_error!("not this one")
        };
    }
    macro_rules! panic {
        ($($any:tt)*) => {
            compile_error!("not this one")
        };
    }
    #[allow(unused_imports)]
    pub(crate) use {expr, panic};

    ::microgpt::layer! {
        /// Arguments by the names of what generated code has.
        pub fn clashing(tape: [o, i], values: [t, i], real_: &[o], own: [], start: [t]) -> [t, o] {
            let shape = [sum(tape[o, j] * values[s, j] for j) + real_[o] for s, o];
            let result_ = [start[s] for s];
            [shape[t, o] * own + result_[t] for t, o]
        }

        /// Letters by the names of types and words.
        pub fn words(array: [self_, r#type], w: [r#type, Output]) -> [self_, Output] {
            [sum(array[self_, r#type] * w[r#type, Output] for r#type) for self_, Output]
        }
    }
}

#[test]
fn names_of_the_user_are_not_those_of_the_generated_code() {
    let tape = Tape::new();
    let x = tape.array((2, 2), &[1.0, 2.0, 3.0, 4.0]);
    let y = hostile::clashing(x, x, &[0.0, 1.0], tape.value(1.0), tape.vector(vec![0.0, 100.0]));
    assert_eq!(y.data(), [5.0, 12.0, 111.0, 126.0]);
    assert_eq!(hostile::words(x, x).data(), [7.0, 10.0, 15.0, 22.0]);
    assert_eq!(*ones(&[7, 9]), [1.0, 1.0]);
    assert_eq!(itself(tape.vector(vec![1.0, 10.0]), x).data(), [1.0, 2.0, 30.0, 40.0]);
}

/// As a user's own macro would declare layers.
macro_rules! elementwise {
    ($($name:ident: $op:ident),+) => {
        layer! {$(
            fn $name(x: [t, i]) -> [t, i] {
                [$op(x[t, i]) for t, i]
            }
        )+}
    };
}

elementwise!(tangent: tanh, sine: sin);

#[test]
fn a_macro_may_declare_layers() {
    let tape = Tape::new();
    let x = tape.array((1, 1), &[0.5]);
    assert_eq!(tangent(x).data(), [0.5f64.tanh()]);
    assert_eq!(sine(x).data(), [0.5f64.sin()]);
    let length = Const::<3>.len();
    assert_eq!(length, 3);
}

#[test]
fn ids_and_conditions_of_two_letters_have_the_axes_of_arrays() {
    let tape = Tape::new();
    for columns in [3, 16] {
        let numbers: Vec<f64> = (0..2 * columns).map(|at| at as f64).collect();
        let x = tape.array((2, columns), &numbers);
        let keep: Vec<bool> = (0..2 * columns).map(|at| at % 2 == 0).collect();
        let sums: Vec<f64> = numbers
            .chunks(columns)
            .map(|row| row.iter().filter(|number| *number % 2.0 == 0.0).sum())
            .collect();
        assert_eq!(kept(x, &Numbers::new((2, columns), keep)).data(), sums);
        let ids = vec![1; 2 * columns];
        let y = gathered(x, &Numbers::new((2, columns), ids), x).data();
        let factors = numbers.chunks(columns).map(|row| row.iter().sum::<f64>());
        let expected: Vec<f64> = factors
            .flat_map(|factor| numbers[columns..].iter().map(move |number| number * factor))
            .collect();
        assert_eq!(y, expected);
    }
}

layer! {
    fn inverse(x: [t]) -> [t] {
        [1 / x[t] for t]
    }

    /// On a line of its own.
    fn root(x: [t]) -> [t] {
        [sqrt(x[t]) for t]
    }
}

#[test]
fn a_number_that_is_not_finite_comes_from_the_line_of_its_layer() {
    let tape = Tape::new();
    let lines = [[0.0, 4.0], [1.0, -1.0]].map(|numbers| {
        let x = tape.vector(numbers.to_vec());
        let mark = tape.mark();
        let _ = inverse(root(x));
        let found = tape.not_finite().expect("an infinity or a NaN");
        tape.rewind(mark);
        assert_eq!(found.place.file, file!());
        found.place.line
    });
    let of = |name: &str| {
        let at = include_str!("layers.rs").lines().position(|line| line.contains(name));
        u32::try_from(at.expect("the layer") + 1).expect("a line")
    };
    assert_eq!(lines, [of("fn inverse("), of("fn root(")]);
}
