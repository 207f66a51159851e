//! micrograd's demo: a small network learns to tell two moons apart, once number by number and once
//! in equations; the same losses, and the time of both. A picture shows the boundary.
//!
//! `cargo run --release --example moons [FILE.svg]`

use std::f64::consts::PI;
use std::fmt::Write;
use std::time::{Duration, Instant};

use microgpt::{Const, Matrix, PythonRandom, Tape, Value, Vector, expr, layer};

const POINTS: usize = 100;
const STEPS: usize = 100;
const SIZES: [usize; 4] = [2, 16, 16, 1];
const WEIGHT_DECAY: f64 = 1e-4;

layer! {
    /// A layer of neurons, rectified.
    fn neurons(w: [o, i], b: [o], x: [n, i]) -> [n, o] {
        [relu(sum(w[o, i] * x[n, i] for i) + b[o]) for n, o]
    }

    /// The score of each point.
    fn score(w: [1, i], b: [1], x: [n, i]) -> [n] {
        [sum(w[0, i] * x[n, i] for i) + b[0] for n]
    }

    /// How far scores are from the right side of a margin (Cortes 1995).
    fn hinge(score: [n], label: &[n]) -> [] {
        mean(relu(1 - label[n] * score[n]) for n)
    }
}

/// Two half circles, each in the arm of the other, and the side of each point: 1 or -1.
fn moons(random: &mut PythonRandom) -> (Vec<[f64; 2]>, Vec<f64>) {
    let point = |at: usize| {
        let (angle, side) = ((at / 2) as f64 / (POINTS / 2 - 1) as f64 * PI, at % 2);
        let [x, y] = [[angle.cos(), angle.sin()], [1.0 - angle.cos(), 0.5 - angle.sin()]][side];
        let mut near = |x| x + random.gauss(0.0, 0.1);
        ([near(x), near(y)], if side == 0 { -1.0 } else { 1.0 })
    };
    (0..POINTS).map(point).unzip()
}

/// The parameters of each layer: weights row by row, then biases.
fn beginning(random: &mut PythonRandom) -> Vec<(Vec<f64>, Vec<f64>)> {
    let layer = |sizes: &[usize]| {
        let weight = |_| 2.0 * random.random() - 1.0;
        ((0..sizes[0] * sizes[1]).map(weight).collect(), vec![0.0; sizes[1]])
    };
    SIZES.windows(2).map(layer).collect()
}

/// The learning rate of a step.
fn rate(step: usize) -> f64 {
    1.0 - 0.9 * step as f64 / STEPS as f64
}

/// A network on a tape, in either form: what it makes of a point, and how its parameters move.
struct Trained {
    losses: Vec<f64>,
    parameters: Vec<(Vec<f64>, Vec<f64>)>,
    time: Duration,
}

fn neuron<'t>(w: &[Value<'t>], b: Value<'t>, x: &[Value<'t>]) -> Value<'t> {
    w.iter().zip(x).fold(b, |sum, (w, x)| sum + *w * *x)
}

fn number_by_number(
    points: &[[f64; 2]],
    labels: &[f64],
    start: &[(Vec<f64>, Vec<f64>)],
) -> Trained {
    let began = Instant::now();
    let tape = Tape::new();
    let on_tape = |numbers: &[f64]| numbers.iter().map(|&x| tape.value(x)).collect::<Vec<_>>();
    let layers: Vec<_> = start.iter().map(|(w, b)| (on_tape(w), on_tape(b))).collect();
    let (mark, mut losses) = (tape.mark(), Vec::new());
    for step in 0..STEPS {
        let mut loss = tape.value(0.0);
        for (point, label) in points.iter().zip(labels) {
            let mut x = on_tape(point);
            for (number, (w, b)) in layers.iter().enumerate() {
                let rows = w.chunks_exact(x.len()).zip(b);
                let sums = rows.map(|(w, b)| neuron(w, *b, &x));
                let is_last = number + 1 == layers.len();
                x = sums.map(|sum| if is_last { sum } else { sum.relu() }).collect();
            }
            loss += (1.0 - x[0] * *label).relu() / POINTS as f64;
        }
        let all = || layers.iter().flat_map(|(w, b)| w.iter().chain(b));
        for p in all() {
            loss += *p * *p * WEIGHT_DECAY;
        }
        loss.backward();
        losses.push(loss.data());
        tape.rewind(mark);
        for p in all() {
            p.as_array().update(|x, g| (x[0], g[0]) = (x[0] - rate(step) * g[0], 0.0));
        }
    }
    let numbers = |all: &[Value<'_>]| all.iter().map(|x| x.data()).collect();
    let parameters = layers.iter().map(|(w, b)| (numbers(w), numbers(b))).collect();
    Trained { losses, parameters, time: began.elapsed() }
}

type Layer<'t> = (Matrix<'t, usize, usize>, Vector<'t, usize>);

fn scores<'t>(layers: &[Layer<'t>], mut x: Matrix<'t, usize, usize>) -> Vector<'t, usize> {
    let [hidden @ .., (w, b)] = layers else { panic!("a network has a layer at least") };
    for (w, b) in hidden {
        x = neurons(*w, *b, x);
    }
    score(w.reshape((Const, w.shape().1)), b.reshape((Const,)), x)
}

fn on_tape<'t>(tape: &'t Tape, parameters: &[(Vec<f64>, Vec<f64>)]) -> Vec<Layer<'t>> {
    let layer = |(w, b): &(Vec<f64>, Vec<f64>)| {
        (tape.array((b.len(), w.len() / b.len()), w), tape.vector(b.as_slice()))
    };
    parameters.iter().map(layer).collect()
}

fn in_equations(points: &[[f64; 2]], labels: &[f64], start: &[(Vec<f64>, Vec<f64>)]) -> Trained {
    let began = Instant::now();
    let tape = Tape::new();
    let layers = on_tape(&tape, start);
    let all = || layers.iter().flat_map(|(w, b)| [w.reshape((w.size(),)), *b]);
    let (mark, mut losses) = (tape.mark(), Vec::new());
    for step in 0..STEPS {
        let x = tape.array((POINTS, 2), points.as_flattened());
        let squares = all().map(|p| expr!(sum(p[i]^2 for i))).reduce(|sum, one| sum + one);
        let squares = squares.unwrap_or_else(|| tape.value(0.0));
        let loss = hinge(scores(&layers, x), labels) + squares * WEIGHT_DECAY;
        loss.backward();
        losses.push(loss.data());
        tape.rewind(mark);
        for p in all() {
            p.update(|x, g| {
                for (x, g) in x.iter_mut().zip(g) {
                    (*x, *g) = (*x - rate(step) * *g, 0.0);
                }
            });
        }
    }
    let parameters = layers.iter().map(|(w, b)| (w.data(), b.data())).collect();
    Trained { losses, parameters, time: began.elapsed() }
}

fn sides(parameters: &[(Vec<f64>, Vec<f64>)], points: &[[f64; 2]]) -> Vec<f64> {
    let tape = Tape::new();
    let x = tape.array((points.len(), 2), points.as_flattened());
    tape.inference(|| scores(&on_tape(&tape, parameters), x).data())
}

/// The share of points on their side.
fn accuracy(parameters: &[(Vec<f64>, Vec<f64>)], points: &[[f64; 2]], labels: &[f64]) -> f64 {
    let right = sides(parameters, points).iter().zip(labels).filter(|(s, l)| *s * *l > 0.0).count();
    right as f64 / points.len() as f64
}

/// The plane in two colours, and the points.
fn picture(parameters: &[(Vec<f64>, Vec<f64>)], points: &[[f64; 2]], labels: &[f64]) -> String {
    const CELLS: usize = 80;
    let cells: Vec<[f64; 2]> = (0..CELLS * CELLS)
        .map(|at| [(at % CELLS) as f64 / 20.0 - 1.5, (at / CELLS) as f64 / 20.0 - 2.0])
        .collect();
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-1.5 -2 4 4\" width=\"600\" height=\"600\">\n",
    );
    for ([x, y], side) in cells.iter().zip(sides(parameters, &cells)) {
        let colour = if side > 0.0 { "#9ecae1" } else { "#fdae6b" };
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\".051\" height=\".051\" fill=\"{colour}\"/>"
        );
    }
    for ([x, y], label) in points.iter().zip(labels) {
        let colour = if *label > 0.0 { "#08519c" } else { "#a63603" };
        let _ = writeln!(svg, "<circle cx=\"{x:.3}\" cy=\"{y:.3}\" r=\".03\" fill=\"{colour}\"/>");
    }
    svg + "</svg>\n"
}

fn main() -> std::io::Result<()> {
    let mut random = PythonRandom::new(1337);
    let (points, labels) = moons(&mut random);
    let start = beginning(&mut random);
    let scalar = number_by_number(&points, &labels, &start);
    let equations = in_equations(&points, &labels, &start);
    for (name, Trained { losses, parameters, time }) in
        [("number by number", &scalar), ("in equations", &equations)]
    {
        let (loss, right) = (losses[STEPS - 1], 100.0 * accuracy(parameters, &points, &labels));
        println!("{name}: loss {loss:.6}, {right} % right, {:.1} ms", time.as_secs_f64() * 1e3);
    }
    let file = std::env::args().nth(1).unwrap_or_else(|| "moons.svg".to_owned());
    std::fs::write(&file, picture(&equations.parameters, &points, &labels))?;
    println!("{file}: the boundary");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_learn_the_same_and_all_points() {
        let mut random = PythonRandom::new(1337);
        let (points, labels) = moons(&mut random);
        let start = beginning(&mut random);
        let scalar = number_by_number(&points, &labels, &start);
        let equations = in_equations(&points, &labels, &start);
        for (one, other) in scalar.losses.iter().zip(&equations.losses) {
            assert!((one - other).abs() < 1e-9, "{one} and {other}");
        }
        for trained in [&scalar, &equations] {
            assert_eq!(accuracy(&trained.parameters, &points, &labels), 1.0);
        }
        let svg = picture(&equations.parameters, &points, &labels);
        assert_eq!(svg.matches("<circle").count(), POINTS);
        assert!(svg.contains("#9ecae1") && svg.contains("#fdae6b"));
    }
}
