//! How sharply the loss of a GPT bends while it learns names: the greatest eigenvalue of the Hessian, by
//! Lanczos iterations on Hessian-vector products (Lanczos 1950; Ghorbani 2019, arXiv:1901.10159). A picture
//! shows it beside the loss.
//!
//! `cargo run --release --example curvature [FILE.svg [STEPS]]`

use std::error::Error;
use std::fmt::Write;

use microgpt::tokenizer::documents;
use microgpt::{CharTokenizer, Gpt, Instance, PythonRandom, Tape, Trainer, Training};

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

/// `x += scale · along`.
fn add(x: &mut [f64], scale: f64, along: &[f64]) {
    for (x, by) in x.iter_mut().zip(along) {
        *x += scale * by;
    }
}

/// The least and the greatest eigenvalue of a symmetric matrix that is known by its products.
///
/// After `iterations` products these are those of a tridiagonal matrix, which come close to the others from
/// within, the extreme ones first.
fn extremes(
    product: impl Fn(&[f64]) -> Vec<f64>,
    size: usize,
    iterations: usize,
    random: &mut PythonRandom,
) -> [f64; 2] {
    let mut next: Vec<f64> = (0..size).map(|_| random.gauss(0.0, 1.0)).collect();
    let (mut basis, mut diagonal, mut beside) = (Vec::<Vec<f64>>::new(), Vec::new(), Vec::new());
    for _ in 0..iterations.min(size) {
        let length = dot(&next, &next).sqrt();
        if !basis.is_empty() {
            // The basis spans all that the products reach.
            if length < 1e-10 * f64::abs(diagonal[0]) {
                break;
            }
            beside.push(length);
        }
        basis.push(next.iter().map(|x| x / length).collect());
        let last = &basis[basis.len() - 1];
        next = product(last);
        diagonal.push(dot(last, &next));
        // Twice, for rounding brings back what was taken out.
        for _ in 0..2 {
            for one in &basis {
                let along = dot(one, &next);
                add(&mut next, -along, one);
            }
        }
    }
    let count = diagonal.len();
    [eigenvalue(&diagonal, &beside, 0), eigenvalue(&diagonal, &beside, count - 1)]
}

/// The `at`-th eigenvalue of a symmetric tridiagonal matrix, by bisection: the pivots of `T - x` that are
/// negative are as many as the eigenvalues below `x` (Sturm; Givens 1954).
fn eigenvalue(diagonal: &[f64], beside: &[f64], at: usize) -> f64 {
    let below = |x: f64| {
        let (mut count, mut pivot) = (0, 1.0);
        for (row, entry) in diagonal.iter().enumerate() {
            let before = if row == 0 { 0.0 } else { beside[row - 1] * beside[row - 1] };
            pivot = entry - x - before / pivot;
            if pivot == 0.0 {
                pivot = f64::EPSILON;
            }
            count += usize::from(pivot < 0.0);
        }
        count
    };
    // Gershgorin (1931): no eigenvalue is further from 0.
    let around = |row: usize| {
        let sides = [row.checked_sub(1), Some(row)].into_iter().flatten();
        sides.filter_map(|side| beside.get(side)).map(|x: &f64| x.abs()).sum::<f64>()
    };
    let rows = diagonal.iter().enumerate();
    let most = rows.map(|(row, x)| x.abs() + around(row)).fold(0.0, f64::max);
    let (mut low, mut high) = (-most, most);
    while high - low > 1e-12 * most {
        let middle = 0.5 * (low + high);
        if below(middle) > at { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

/// The state of a training at one of its steps.
#[derive(Clone, Copy, Debug)]
struct Moment {
    step: usize,
    loss: f64,
    least: f64,
    greatest: f64,
}

/// What is looked at: how often, and how exactly.
struct Plan {
    model: fn(usize) -> Gpt,
    steps: usize,
    every: usize,
    documents: usize,
    iterations: usize,
}

/// Trains on the built-in names, and looks now and then at the curvature of the loss of others.
fn run(plan: &Plan, say: impl Fn(&Moment)) -> Result<Vec<Moment>, Box<dyn Error>> {
    let mut random = PythonRandom::new(42);
    let mut names: Vec<&str> = documents(include_str!("names.txt")).collect();
    random.shuffle(&mut names);
    let tokenizer = CharTokenizer::new(names.iter().copied());
    let docs = names.iter().map(|name| tokenizer.encode(name)).collect::<Result<Vec<_>, _>>()?;
    let docs: Vec<&[usize]> = docs.iter().map(Vec::as_slice).collect();
    let (looked_at, docs) = docs.split_at(plan.documents);

    let tape = Tape::new();
    let gpt = Instance::new(&tape, (plan.model)(tokenizer.vocabulary()), &mut random)?;
    let mut trainer = Trainer::new(&gpt, Training { steps: plan.steps, ..Training::default() });
    let mut moments = Vec::new();
    loop {
        let step = trainer.steps();
        if step.is_multiple_of(plan.every) {
            let share = 1.0 / looked_at.len() as f64;
            // The Hessian of the mean loss.
            let product = |v: &[f64]| {
                gpt.hvp(looked_at, v).product.iter().map(|x| share * x).collect::<Vec<f64>>()
            };
            let [least, greatest] =
                extremes(product, gpt.block().size(), plan.iterations, &mut PythonRandom::new(1));
            let loss = share * gpt.evaluate(looked_at);
            let moment = Moment { step, loss, least, greatest };
            say(&moment);
            moments.push(moment);
        }
        if step == plan.steps {
            return Ok(moments);
        }
        trainer.step(&[docs[step % docs.len()]])?;
    }
}

/// Two curves over the steps, each from 0 to its own greatest value.
fn picture(moments: &[Moment]) -> String {
    const WIDTH: f64 = 600.0;
    const HEIGHT: f64 = 300.0;
    let last = moments.iter().map(|moment| moment.step).max().unwrap_or(1).max(1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 -30 {} {}\" font-size=\"14\">\n",
        WIDTH + 20.0,
        HEIGHT + 60.0
    );
    let curve = |of: fn(&Moment) -> f64| moments.iter().map(of).collect::<Vec<f64>>();
    let curves = [
        ("#a63603", "greatest eigenvalue of the Hessian", curve(|moment| moment.greatest)),
        ("#08519c", "loss", curve(|moment| moment.loss)),
    ];
    for (number, (colour, name, curve)) in curves.into_iter().enumerate() {
        let most = curve.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let mut points = String::new();
        for (moment, height) in moments.iter().zip(curve) {
            let (x, y) = (moment.step as f64 / last as f64, height.max(0.0) / most);
            let _ = write!(points, "{:.1},{:.1} ", x * WIDTH, HEIGHT * (1.0 - y));
        }
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"-10\" fill=\"{colour}\">{name}, 0 to {most:.2}</text>",
            points.trim_end(),
            number * 350
        );
    }
    let _ = writeln!(svg, "<path d=\"M0 0V{HEIGHT}H{WIDTH}\" fill=\"none\" stroke=\"#888\"/>");
    let _ =
        writeln!(svg, "<text x=\"{}\" y=\"{}\">step {last}</text>", WIDTH - 70.0, HEIGHT + 20.0);
    svg + "</svg>\n"
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps = std::env::args().nth(2).map_or(Ok(1000), |steps| steps.parse())?;
    let every = (steps / 10).max(1);
    let plan = Plan { model: Gpt::new, steps, every, documents: 64, iterations: 20 };
    let moments = run(&plan, |moment| {
        let Moment { step, loss, least, greatest } = moment;
        println!("step {step:4} | loss {loss:.4} | eigenvalues from {least:8.3} to {greatest:8.3}");
    })?;
    if let Some(file) = std::env::args().nth(1) {
        std::fs::write(&file, picture(&moments))?;
        println!("{file} shows both curves");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use microgpt::derivatives::hessian;

    use super::*;

    #[test]
    fn lanczos_finds_the_ends_of_a_known_spectrum() {
        // The second difference of n numbers has the eigenvalues 2 - 2 cos(kπ / (n + 1)).
        let n = 40;
        let product = |x: &[f64]| {
            let at = |i: Option<usize>| i.and_then(|i| x.get(i)).copied().unwrap_or(0.0);
            let row = |i: usize| 2.0 * x[i] - at(i.checked_sub(1)) - at(Some(i + 1));
            (0..n).map(row).collect::<Vec<f64>>()
        };
        let [least, greatest] = extremes(product, n, n, &mut PythonRandom::new(3));
        let exact = |k: usize| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / 41.0).cos();
        assert!((least - exact(1)).abs() < 1e-10, "{least} {}", exact(1));
        assert!((greatest - exact(n)).abs() < 1e-10, "{greatest} {}", exact(n));
    }

    #[test]
    fn the_curvature_of_a_small_model_is_that_of_its_whole_hessian() {
        let model =
            |vocabulary| Gpt { n_embd: 2, n_head: 1, block_size: 4, ..Gpt::new(vocabulary) };
        let plan = Plan { model, steps: 4, every: 4, documents: 2, iterations: 60 };
        let moments = run(&plan, |_| ()).expect("a training");
        let [start, end] = moments[..] else { panic!("two moments, not {}", moments.len()) };
        assert!(end.loss < start.loss && end.least <= end.greatest, "{end:?}");
        assert_eq!(picture(&moments).matches("<polyline").count(), 2);

        let tape = Tape::new();
        let gpt = Instance::new(&tape, model(3), &mut PythonRandom::new(5)).expect("a model");
        let documents: [&[usize]; 2] = [&[2, 0, 1, 2], &[2, 1, 1, 0, 2]];
        let size = gpt.block().size();
        let [least, greatest] =
            extremes(|v| gpt.hvp(&documents, v).product, size, size, &mut PythonRandom::new(6));
        let h = hessian(
            |_, block| {
                Instance::with_parameters(block, model(3)).expect("as many").loss(&documents)
            },
            &gpt.block().data(),
        );
        // No eigenvalue of the whole is beyond: the shifted matrices have none below 0.
        for sign in [1.0, -1.0] {
            let beyond = if sign > 0.0 { greatest } else { -least } + 1e-9;
            let mut rest: Vec<Vec<f64>> = h.chunks(size).map(<[f64]>::to_vec).collect();
            for (i, row) in rest.iter_mut().enumerate() {
                for x in row.iter_mut() {
                    *x *= -sign;
                }
                row[i] += beyond;
            }
            for pivot in 0..size {
                assert!(rest[pivot][pivot] > 0.0, "{sign} {pivot}");
                for row in pivot + 1..size {
                    let factor = rest[row][pivot] / rest[pivot][pivot];
                    let above = rest[pivot].clone();
                    add(&mut rest[row], -factor, &above);
                }
            }
        }
    }
}
