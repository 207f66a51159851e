//! Random programs through all passes, and with each pass left out in turn: what the kernels compute is what the
//! equations say.
//!
//! In programs of whole numbers every order of additions is exact, so the two agree to the bit. In all others they
//! agree but for rounding.

use microgpt::PythonRandom;

use crate::graph::differentiate::Gradient;
use crate::graph::{Node, Through};
use crate::nest::{self, Kernels, PASSES};
use crate::resolve::hir::Function;
use crate::syntax::ast::Operator;
use crate::tests::generate::{
    Integers, OPERANDS, Shapes, below, program, recurrence, whole_program,
};
use crate::tests::interpret::Interpreter;
use crate::tests::machine::{Guards, Machine};
use crate::tests::number::Number;
use crate::tests::{stages, times};

/// So many random programs of whole numbers, and as many of others.
const PROGRAMS: u64 = 920;

/// The numbers of one way to evaluate a program: results, and gradients of operands.
struct Answer<T> {
    results: Vec<T>,
    gradients: Vec<Vec<T>>,
}

impl<T: Number> Answer<T> {
    fn agrees(&self, expected: &Self, exactly: bool) -> Result<(), String> {
        agree("the results", &self.results, &expected.results, exactly)?;
        for (at, (own, wanted)) in self.gradients.iter().zip(&expected.gradients).enumerate() {
            agree(&format!("the gradient of operand {at}"), own, wanted, exactly)?;
        }
        Ok(())
    }
}

fn agree<T: Number>(what: &str, found: &[T], expected: &[T], exactly: bool) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{what}: {} and {} numbers", found.len(), expected.len()));
    }
    let size = |scale: f64, x: &T| if x.is_finite() { scale.max(x.as_f64().abs()) } else { scale };
    let scale = found.iter().chain(expected).fold(1.0, size);
    for (position, (x, y)) in found.iter().zip(expected).enumerate() {
        let close = !exactly && (*x - *y).as_f64().abs() <= T::TOLERANCE * scale;
        if !(x == y || x.is_nan() && y.is_nan() || close) {
            return Err(format!("{what}, number {position}: {x} and {y}"));
        }
    }
    Ok(())
}

/// How the numbers of a program are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    Whole,
    Real,
}

fn draw<T: Number>(random: &mut PythonRandom, numbers: Numbers, count: usize) -> Vec<T> {
    let mut number = || match numbers {
        Numbers::Whole => below(random, 5) as f64 - 2.0,
        Numbers::Real => random.gauss(0.0, 1.0),
    };
    (0..count).map(|_| T::of(number())).collect()
}

/// Runs the kernels of one program by all passes, and by all but one, against its equations.
fn check<T: Number>(
    seed: u64,
    text: &str,
    shapes: &Shapes,
    numbers: Numbers,
    left_out: &[&str],
) -> Result<usize, String> {
    let tokens = text.parse().map_err(|error| format!("{error}"))?;
    let (_, checked, mut gradient) = stages(&tokens)?;
    let mut random = PythonRandom::new(seed);
    let operands: Vec<(Vec<usize>, Vec<T>)> = checked
        .operands
        .iter()
        .map(|operand| {
            let kinds = OPERANDS.iter().find(|(name, _)| *name == operand.name).expect("known").1;
            let lens: Vec<usize> = kinds.iter().map(|&kind| shapes.lengths[kind]).collect();
            let data = draw(&mut random, numbers, lens.iter().product());
            (lens, data)
        })
        .collect();
    let (lens, data): (Vec<_>, Vec<_>) = operands.iter().cloned().unzip();
    let mut reference = Interpreter::new(&checked, &gradient, &operands, &shapes.integers);
    let results = reference.results();
    let cotangents: Vec<T> = draw(&mut random, numbers, results.len());
    let gradients = reference.pull_back(&cotangents);
    let expected = Answer { results, gradients };
    let is_exact = numbers == Numbers::Whole && is_whole(&gradient) && {
        reference.arrays().flatten().all(|x| x.as_f64().abs() < T::EXACT)
    };

    let mut runs = 0;
    let mut run = |gradient: &Gradient, kernels: &Kernels, guards, passes: &str| {
        let mut machine =
            Machine::new((&checked, gradient, kernels), &lens, &shapes.integers, &data, guards);
        let results = machine.forward();
        if machine.empty.is_some() {
            return Ok(());
        }
        let found = Answer { results, gradients: machine.backward(&cotangents) };
        runs += 1;
        found.agrees(&expected, is_exact).map_err(|error| format!("{passes}, {guards:?}: {error}"))
    };
    let kernels = nest::kernels(&mut gradient);
    for guards in all_guards(&kernels) {
        run(&gradient, &kernels, guards, "all passes")?;
    }
    for pass in left_out {
        let passes = PASSES.iter().filter(|kept| kept.name != *pass);
        let kernels = nest::run(&mut gradient, passes, &mut |_, _, _| ());
        for guards in all_guards(&kernels) {
            run(&gradient, &kernels, guards, &format!("without `{pass}`"))?;
        }
    }
    Ok(runs)
}

/// Which versions of the kernels there are.
pub fn all_guards(kernels: &Kernels) -> Vec<Guards> {
    let both = [false, true];
    let has = |is: fn(&nest::ir::Guard) -> bool| {
        kernels.all().any(|kernel| nest::ir::guards(&kernel.body).iter().any(is))
    };
    let interleaved = if kernels.interleaving.is_some() { &both[..] } else { &both[..1] };
    let long =
        if has(|guard| matches!(guard, nest::ir::Guard::Long(_))) { &both[..] } else { &both[..1] };
    interleaved
        .iter()
        .flat_map(|&interleaved| long.iter().map(move |&long| Guards { interleaved, long }))
        .collect()
}

/// Whether whole numbers stay whole in all that is computed.
fn is_whole(gradient: &Gradient) -> bool {
    let graph = &gradient.equations.graph;
    graph.nodes.iter().all(|node| match node {
        Node::Call { function, .. } => match &graph.functions[*function] {
            Function::Builtin(name) => ["max", "min", "relu"].contains(&name.as_str()),
            Function::User(_) => false,
        },
        Node::Binary { operator, .. } => *operator != Operator::Div,
        Node::Pullback { through, .. } => *through != Through::Over,
        Node::Number(bits) => f64::from_bits(*bits).fract() == 0.0,
        _ => true,
    })
}

/// Lengths around those of vectors, lanes, blocks and long ranges.
const LENGTHS: [usize; 15] = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65];

/// Programs whose kernels are of all kinds, in loops of two indices.
pub const OF_TWO: [&str; 17] = [
    "for k { let s[-1] = c; let s = relu(s[k - 1]) - a[k]; } [s[k] * b[k] for k]",
    "for k { let s[len(k)] = d; let s = tanh(s[k + 1]) * a[k] + b[k]; } [s[k] for k]",
    "for i, k { let p = if i == 0 || k == 0 { m[i, k] } else { max(p[i - 1, k], p[i, k - 1]) * 0.5 }; }
     [p[i, k] for i, k]",
    "sum(u[i] * v[i] for i)",
    "[sum(m[i, k] * a[k] for k) for i]",
    "[sum(m[i, k] * a[k] * 2 for i) + b[k] for k]",
    "[sum(m[i, k] * u[i] for i, k) * v[j] for j]",
    "[relu(m[i, k]) * u[i] for k, i]",
    "[max(m[i, k] for k) * min(m[i, k] for k) for i]",
    "[max(m[i, k] for i) * a[k] for k]",
    "[prod(1 - m[i, k] * m[i, k] for k) for i]",
    "[sum(q[k, l] * a[l] for l in 0..=k) for k]",
    "[sum(q[l, k] * a[l] for l in k + 1..len(k)) for k]",
    "let p = [q[k, l] * a[l] for k, l in k - 2..=k]; [sum(p[k, l] * b[k] for l in k - 2..=k) for k]",
    "[m[i, ids[i]] * a[ids[i]] for i]",
    "[sum(if k >= l && a[l] != 0 { b[k - l] * a[l] } else { 0 } for l) - b[k] for k]",
    "([sum(if u[i] > 0 || !(v[i] < 1) { m[i, k] } else { 2 * u[i] } for i) for k], [u[i] * v[i] for i])",
];

/// Loops that are divided where a condition on their index changes.
pub const DIVIDED: [&str; 5] = [
    "[if i > 0 { m[i - 1, k] * u[i] } else { m[i, k] } for i, k]",
    "[sum(if i < len(i) - 1 { m[i + 1, k] * u[i] } else { 0 } for i) + b[k] for k]",
    "[sum(if 1 <= i { m[i - 1, k] * m[i, k] } else { u[i] } for k) for i]",
    "[if k == 0 || k != 2 && 3 > k { a[k] * u[i] } else { m[i, k] * b[k - 1] } for k, i]",
    "[max(if i == len(i) - 1 && k > 1 { m[i, k] } else { a[k] - u[i] } for i) for k]",
];

/// Ragged arrays between whose rows elements are read, and such between whose rows none is.
pub const RAGGED: [&str; 5] = [
    "let e = [exp(q[k, l]) for k, l in 0..=k]; [sum(e[k, l] for l) * a[k] for k]",
    "let e = [sin(q[k, l]) for k, l in 0..=k]; [sum(e[k, l]^2 for l in 0..=k) * a[k] for k]",
    "let e = [cos(q[k, l]) * b[l] for k, l in k..len(k)]; [sum(e[k, l] * e[k, l] for l in 0..=k) for k]",
    "let e = [tanh(q[k, l]) for k, l in 0..=k]; [e[k, l] * e[l, k] for k, l]",
    "let e = [exp(q[k, l]) for k, l in 0..=k];
     [if k > 0 { sum(e[k - 1, l]^2 for l in 0..=k - 1) } else { a[k] } for k]",
];

/// Reductions over a few values beside an index, some of which begin below 0.
pub const BANDS: [&str; 8] = [
    "[max(a[l] * q[k, l] for l in k - 2..=k) - mean(b[l] for l in k - 1..=k) for k]",
    "[prod(1 + a[l] for l in k - 1..=k) * norm(q[k, l] - b[l] for l in k - 2..k + 1 where l != 1) for k]",
    "[logsumexp(a[l] * 0.1 + l for l in k - 3..=k) + b[k] * sum(m[i, l] * (l - k) for i, l in k - 1..k) for k]",
    "[b[k] + sum(exp(0.1 * b[l]) * a[n] for l in k - 3..=k, n in l..=k) for k]",
    "[b[k] * sum(a[l] for l in k - 2..=k where max(a[n] for n in l - 1..=l) > 0.1) for k]",
    "[max(a[l] - b[n] for l in k - 1..=k, n in l - 1..=l) * b[k] for k]",
    "[sum(min(a[n] for n in l - 1..=l) for l in k - 2..k + 1) * b[k] for k]",
    "for k { let s = a[k] + sum(s[l] * b[l] for l in k - 3..k); } [s[k] * sum(q[k, l] for l in k - 2..=k) for k]",
];

/// Products of matrices, with bounds and without, and arrays that may lie interleaved: in loops of three.
pub const OF_THREE: [&str; 9] = [
    "for l { let h[-1] = [b[k] for k]; let h = [tanh(q[l, k] + sum(q[k, j] * h[l - 1, j] for j) / len(j)) for k]; }
     [h[l, k] for l, k]",
    "[sum(m[i, k] * w[k, j] for k, x in 0..2) for i, j]",
    "[sum(m[i, k] * w[k, j] for k) for i, j]",
    "[sum(w[k, i] * w[l, i] for i) for k, l]",
    "[sum(w[k, i] * w[l, i] for i) for k, l in 0..=k]",
    "[sum(q[k, l] * w[l, i] for l in 0..=k) for k, i]",
    "[sum(q[k, l] * w[k, i] for k in l + 1..len(l)) for i, l]",
    "let p = [w[k, i] * w[l, i] + u[i] for i, k, l in 0..=k];
     let z = [max(p[i, k, l] for l in 0..=k) for i, k];
     [sum(p[i, k, l] * stop(z[i, k]) * w[l, i] for l in 0..=k) for k, i]",
    "let p = [sum(w[k, i] * m[i, l] * u[i] for i) * w[l, j] for j, k, l in 0..=k];
     [sum(p[j, k, l] * w[l, j] for l in 0..=k) for k, j]",
];

/// Sums of several indices.
pub const OF_FOUR: [&str; 3] = [
    "let p = [m[i, k] * u[j] for i, j, k]; [sum(p[i, j, k] * p[h, j, k] for j, k) for i, h]",
    "let p = [m[i, k] * u[j] for i, j, k]; [sum(p[i, j, k] * p[j, h, k] * 2 for j, h) for k, i]",
    "let p = [m[i, k] * u[j] for i, j, k]; [sum(p[i, j, k] * q[l, k] for k) for i, j, l]",
];

/// Windows, of which two meet in one element.
const WINDOWS: [&str; 2] = [
    "let n = sum(u[j] for j); let p = [q[l, k] * b[k] + x for l, x in 0..2, k];
     [sum(p[l, x, k] * m[i + x, k] for x in 0..2, k) + n for i in 0..len(j) - 1, l]",
    "let n = sum(u[j] for j); let p = [m[h, k] * u[i] for h, i, k];
     [sum(q[l, k] * p[h, i + x, k] for k) * n for h, x in 0..2, i in 0..len(j) - 1, l]",
];

fn names() -> Vec<&'static str> {
    PASSES.iter().map(|pass| pass.name).collect()
}

fn run(programs: impl Iterator<Item = (u64, String, Shapes, Numbers)>) {
    let (names, mut runs, mut count) = (names(), 0, 0);
    for (seed, text, shapes, numbers) in programs {
        let left_out = &names[count % names.len()..][..1];
        let checked = if seed.is_multiple_of(2) {
            check::<f64>(seed, &text, &shapes, numbers, left_out)
        } else {
            check::<f32>(seed, &text, &shapes, numbers, left_out)
        };
        runs += checked.unwrap_or_else(|error| panic!("{seed}, {shapes:?}: {text}\n{error}"));
        count += 1;
    }
    println!("{count} programs, {runs} runs");
}

fn random(numbers: Numbers) -> impl Iterator<Item = (u64, String, Shapes, Numbers)> {
    (0..times(PROGRAMS)).map(move |seed| {
        let shapes = Shapes::drawn(&mut PythonRandom::new(seed), 3);
        let text = match numbers {
            Numbers::Whole => whole_program(seed, &shapes),
            Numbers::Real if seed % 3 == 2 => recurrence(seed, &shapes),
            Numbers::Real => program(seed, &shapes),
        };
        (seed, text, shapes, numbers)
    })
}

#[test]
fn kernels_of_whole_numbers_are_exact() {
    run(random(Numbers::Whole));
}

#[test]
fn kernels_of_all_numbers_compute_what_their_equations_say() {
    run(random(Numbers::Real));
}

#[test]
fn kernels_of_all_lengths_compute_what_their_equations_say() {
    let mut random = PythonRandom::new(1);
    let mut programs = Vec::new();
    let mut add = |texts: &[&str], lengths: [usize; 2]| {
        for text in texts {
            // Ids of an empty axis are none.
            if lengths[1] == 0 && text.contains("ids") {
                continue;
            }
            let integers = Integers::drawn(lengths, |_, most| below(&mut random, most));
            let shapes = Shapes { lengths, integers };
            let seed = programs.len() as u64;
            let numbers = if seed % 4 < 2 { Numbers::Whole } else { Numbers::Real };
            programs.push((seed, (*text).to_owned(), shapes, numbers));
        }
    };
    for (at, &length) in LENGTHS.iter().enumerate() {
        for second in [length, LENGTHS[(at + 4) % LENGTHS.len()]] {
            add(&OF_TWO, [length, second]);
            add(&DIVIDED, [length, second]);
            add(&RAGGED, [length, second]);
            add(&BANDS, [length, second]);
            // A third loop over as many would take too long.
            add(&OF_THREE, [length.min(17), second.min(9)]);
            add(&OF_THREE, [length.min(4), second.min(33)]);
            add(&OF_FOUR, [length.min(4), second.min(9)]);
            add(&WINDOWS, [length.min(9), second.min(9)]);
        }
    }
    // One in seven, and all of them where there are five times as many as usual.
    let share = times(3) / 2;
    run(programs.into_iter().filter(|(seed, ..)| seed % 7 < share));
}
