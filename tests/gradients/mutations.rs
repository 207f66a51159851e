//! Wrong local gradients of every op of the table, all of which the checks must catch.

use std::cell::Cell;

use microgpt::gradcheck::{Gradcheck, Point, check_op};
use microgpt::ops::Op;
use microgpt::{PythonRandom, Real, for_each_op, op};

/// A slip in a local gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mutation {
    None,
    Sign(usize),
    Factor(usize, f64),
    Zero(usize),
    One(usize),
    Swapped(usize, usize),
    /// Evaluated at another argument.
    Elsewhere(usize),
    /// The result in place of the local gradient.
    Result(usize),
    /// An argument in place of the local gradient.
    Argument(usize, usize),
    Reciprocal(usize),
}

fn mutations(arity: usize) -> Vec<Mutation> {
    let each = |at| {
        let one = [
            Mutation::Sign(at),
            Mutation::Factor(at, 1.0 + 1e-6),
            Mutation::Factor(at, 2.0),
            Mutation::Zero(at),
            Mutation::One(at),
            Mutation::Elsewhere(at),
            Mutation::Result(at),
            Mutation::Reciprocal(at),
        ];
        let arguments = (0..arity).map(move |other| Mutation::Argument(at, other));
        let swapped = (at + 1..arity).map(move |other| Mutation::Swapped(at, other));
        one.into_iter().chain(arguments).chain(swapped)
    };
    (0..arity).flat_map(each).collect()
}

thread_local! {
    static MUTATION: Cell<Mutation> = const { Cell::new(Mutation::None) };
}

/// The local gradient with the slip that is switched on. Not inlined, so that the loops of all ops
/// compile fast.
#[inline(never)]
fn mutated<T: Real, const N: usize>(
    arguments: [T; N],
    result: T,
    forward: fn([T; N]) -> T,
    gradient: fn([T; N], T) -> [T; N],
) -> [T; N] {
    let right = gradient(arguments, result);
    let mut wrong = right;
    match MUTATION.get() {
        Mutation::None => {}
        Mutation::Sign(at) => wrong[at] = -right[at],
        Mutation::Factor(at, factor) => wrong[at] = right[at] * T::of(factor),
        Mutation::Zero(at) => wrong[at] = T::zero(),
        Mutation::One(at) => wrong[at] = T::one(),
        Mutation::Swapped(at, other) => wrong.swap(at, other),
        Mutation::Elsewhere(at) => {
            let mut elsewhere = arguments;
            elsewhere[at] = arguments[at] * T::of(1.0 - 1e-3);
            wrong[at] = gradient(elsewhere, forward(elsewhere))[at];
        }
        Mutation::Result(at) => wrong[at] = result,
        Mutation::Argument(at, other) => wrong[at] = arguments[other],
        Mutation::Reciprocal(at) => wrong[at] = right[at].recip(),
    }
    wrong
}

const fn range(op: &Op, at: usize) -> std::ops::Range<f64> {
    let range = &op.arguments[at].1;
    range.start..range.end
}

/// An op of the table whose gradient goes through the switch.
macro_rules! mutant {
    ($name:ident($x:ident)) => {
        op! {
            /// With a slip.
            pub $name($x in range(&microgpt::ops::$name::OP, 0)) -> result {
                forward: microgpt::ops::$name($x),
                gradient: [{
                    let of: fn([T; 1]) -> T = |[$x]| microgpt::ops::$name($x);
                    mutated([$x], result, of, microgpt::ops::$name::gradient)[0]
                }],
            }
        }
    };
    ($name:ident($x:ident $y:ident)) => {
        op! {
            /// With a slip.
            pub $name(
                $x in range(&microgpt::ops::$name::OP, 0),
                $y in range(&microgpt::ops::$name::OP, 1)
            ) -> result {
                forward: microgpt::ops::$name($x, $y),
                gradient: [
                    {
                        let of: fn([T; 2]) -> T = |[$x, $y]| microgpt::ops::$name($x, $y);
                        mutated([$x, $y], result, of, microgpt::ops::$name::gradient)[0]
                    },
                    {
                        let of: fn([T; 2]) -> T = |[$x, $y]| microgpt::ops::$name($x, $y);
                        mutated([$x, $y], result, of, microgpt::ops::$name::gradient)[1]
                    },
                ],
            }
        }
    };
    ($name:ident($x:ident $y:ident $z:ident)) => {
        op! {
            /// With a slip.
            pub $name(
                $x in range(&microgpt::ops::$name::OP, 0),
                $y in range(&microgpt::ops::$name::OP, 1),
                $z in range(&microgpt::ops::$name::OP, 2)
            ) -> result {
                forward: microgpt::ops::$name($x, $y, $z),
                gradient: [
                    {
                        let of: fn([T; 3]) -> T = |[$x, $y, $z]| microgpt::ops::$name($x, $y, $z);
                        mutated([$x, $y, $z], result, of, microgpt::ops::$name::gradient)[0]
                    },
                    {
                        let of: fn([T; 3]) -> T = |[$x, $y, $z]| microgpt::ops::$name($x, $y, $z);
                        mutated([$x, $y, $z], result, of, microgpt::ops::$name::gradient)[1]
                    },
                    {
                        let of: fn([T; 3]) -> T = |[$x, $y, $z]| microgpt::ops::$name($x, $y, $z);
                        mutated([$x, $y, $z], result, of, microgpt::ops::$name::gradient)[2]
                    },
                ],
            }
        }
    };
}

macro_rules! mutants {
    ($($name:ident($($argument:ident)+))*) => {
        #[allow(clippy::redundant_closure_call)]
        mod mutants {
            use super::*;
            $(mutant!($name($($argument)+));)*
        }

        const MUTANTS: &[Op] = &[$(mutants::$name::OP),*];
    };
}

for_each_op!(mutants);

const SEEDS: std::ops::Range<u64> = 0..8;

/// The points that `check_op` draws from this seed.
fn points(op: &Op, seed: u64) -> Vec<Point> {
    let mut random = PythonRandom::new(seed);
    let mut column = |(name, range): &(&'static str, std::ops::Range<f64>)| {
        let length = range.end - range.start;
        let values = (0..4).map(|_| range.start + length * random.random()).collect();
        Point::new(*name, &[4], values)
    };
    op.arguments.iter().map(&mut column).collect()
}

/// The greatest part by which a slip changes a local gradient at some points: 0 if it is none there.
fn change(op: &Op, mutation: Mutation, points: &[Point]) -> f64 {
    let gradient = |mutation, point: &[f64]| {
        MUTATION.set(mutation);
        let gradient = (op.gradient)(point, (op.forward)(point));
        MUTATION.set(Mutation::None);
        gradient
    };
    let mut greatest = 0.0;
    for element in 0..4 {
        let point: Vec<f64> = points.iter().map(|point| point.values[element]).collect();
        let (right, wrong) = (gradient(Mutation::None, &point), gradient(mutation, &point));
        for (right, wrong) in right.iter().zip(&wrong) {
            let size = right.abs().max(wrong.abs());
            let change = if right == wrong { 0.0 } else { (right - wrong).abs() / size };
            greatest = f64::max(greatest, if change.is_nan() { 1.0 } else { change });
        }
    }
    greatest
}

#[test]
fn every_slip_in_a_local_gradient_is_caught() {
    let (mut slips, mut caught, mut equal) = (0, 0, Vec::new());
    for op in MUTANTS {
        for mutation in mutations(op.arguments.len()) {
            let mut differs = false;
            for seed in SEEDS {
                let points = points(op, seed);
                // The same numbers at all of these points, as the swapped gradients of a sum are.
                let change = change(op, mutation, &points);
                if change < 5e-7 {
                    continue;
                }
                differs = true;
                let differences =
                    || Gradcheck::new().seed(seed).check(&points, |x| (op.on_vectors)(x).into());
                for (way, report) in [
                    ("check_op", with(mutation, || check_op(op, seed))),
                    ("differences", with(mutation, differences)),
                ] {
                    slips += 1;
                    let found = report.right().is_err();
                    caught += usize::from(found);
                    assert!(found, "{}: {mutation:?} passes {way} from seed {seed}", op.name);
                }
            }
            if !differs {
                equal.push(format!("{} {mutation:?}", op.name));
            }
        }
    }
    println!("{caught} of {slips} slips in local gradients were caught");
    println!("no slips, the same function: {}", equal.join(", "));
    assert_eq!(caught, slips);
    // Without a slip all is right.
    for op in MUTANTS {
        for seed in SEEDS {
            check_op(op, seed).right().unwrap_or_else(|error| panic!("{}: {error}", op.name));
        }
    }
}

fn with<R>(mutation: Mutation, work: impl FnOnce() -> R) -> R {
    MUTATION.set(mutation);
    let result = work();
    MUTATION.set(Mutation::None);
    result
}
