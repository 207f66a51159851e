//! Newton's method with conjugate gradients: it minimises by gradients and Hessian-vector products, and never
//! has a Hessian (Nocedal and Wright, *Numerical Optimization*, 2006, algorithm 7.1).
//!
//! `cargo run --release --example newton`

use microgpt::derivatives::{HessianProduct, hvp, jvp};
use microgpt::dual::Dual;
use microgpt::{Numbers, PythonRandom, Real, Tape, Value, Vector, expr, layer};

layer! {
    /// Logistic regression with a ridge: the mean loss of labels 1 and -1.
    fn logistic(w: [k], x: &[n, k], label: &[n]) -> [] {
        mean(softplus(-label[n] * sum(w[k] * x[n, k] for k)) for n) + 0.001 * sum(w[k]^2 for k)
    }
}

/// The valley of Rosenbrock (1960), along several dimensions: its least value is 0, where all is 1.
fn valley<T: Real>(x: Vector<'_, usize, T>) -> Value<'_, T> {
    let last = x.size() - 1;
    expr!(sum((1 - x[i])^2 + 100 * (x[i + 1] - x[i]^2)^2 for i in 0..last))
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

/// `x + scale · along`.
fn moved(x: &[f64], scale: f64, along: &[f64]) -> Vec<f64> {
    x.iter().zip(along).map(|(x, by)| x + scale * by).collect()
}

/// Solves `H·p = -g` by conjugate gradients, as exactly as `g` is small; stops where `H` bends down.
fn newton_step(gradient: &[f64], product: impl Fn(&Vec<f64>) -> Vec<f64>) -> Vec<f64> {
    let size = dot(gradient, gradient).sqrt();
    let tolerance = size * size.sqrt().min(0.5);
    let mut step = vec![0.0; gradient.len()];
    let mut residual = gradient.to_vec();
    let mut along = moved(&step, -1.0, gradient);
    for _ in 0..2 * gradient.len() {
        let bent = product(&along);
        let curvature = dot(&along, &bent);
        if curvature <= 0.0 {
            break;
        }
        let before = dot(&residual, &residual);
        let scale = before / curvature;
        step = moved(&step, scale, &along);
        residual = moved(&residual, scale, &bent);
        let after = dot(&residual, &residual);
        if after.sqrt() < tolerance {
            break;
        }
        along = moved(&residual, -after / before, &along).iter().map(|x| -x).collect();
    }
    if dot(&step, &step) == 0.0 { along } else { step }
}

/// The end of a minimisation, and the norm of the gradient at each step to there.
struct Minimum {
    x: Vec<f64>,
    value: f64,
    norms: Vec<f64>,
}

fn minimise(
    function: impl for<'t> Fn(&'t Tape<Dual>, Vector<'t, usize, Dual>) -> Value<'t, Dual>,
    mut x: Vec<f64>,
    say: impl Fn(String),
) -> Minimum {
    let mut norms = Vec::new();
    loop {
        let still = vec![0.0; x.len()];
        let HessianProduct { value, gradient, .. } = hvp(&function, &x, &still);
        let norm = dot(&gradient, &gradient).sqrt();
        say(format!("step {:2} | value {value:.3e} | gradient {norm:.1e}", norms.len()));
        norms.push(norm);
        if norm < 1e-10 || norms.len() > 200 {
            return Minimum { x, value, norms };
        }
        let step = newton_step(&gradient, |along| hvp(&function, &x, along).product);
        // Half as far, until the value falls by a part of what the slope promises (Armijo 1966).
        let at = |x: &Vec<f64>| jvp(|tape, x| function(tape, x).as_array(), x, &still).0[0];
        let (slope, mut scale) = (dot(&gradient, &step), 1.0);
        while at(&moved(&x, scale, &step)) > value + 1e-4 * scale * slope && scale > 1e-9 {
            scale /= 2.0;
        }
        x = moved(&x, scale, &step);
    }
}

/// Points of two clouds, which overlap, with a constant beside their coordinates; and the cloud of each.
fn clouds(count: usize) -> (Numbers<(usize, usize), Dual>, Vec<Dual>) {
    let mut random = PythonRandom::new(7);
    let (mut points, mut labels) = (Vec::new(), Vec::new());
    for at in 0..count {
        let label = if at % 2 == 0 { 1.0 } else { -1.0 };
        let mut near = |x| random.gauss(x, 1.0);
        points.extend([near(label), near(-0.5 * label), near(0.0), 1.0].map(Dual::constant));
        labels.push(Dual::constant(label));
    }
    (Numbers::new((count, 4), points), labels)
}

fn main() {
    println!("Rosenbrock's valley, 5 dimensions");
    let least = minimise(|_, x| valley(x), vec![-1.0; 5], |line| println!("{line}"));
    println!("after {} gradients the minimum is at {:.6?}", least.norms.len(), least.x);
    println!("logistic regression, 200 points");
    let (points, labels) = clouds(200);
    let fit =
        minimise(|_, w| logistic(w, &points, &labels), vec![0.0; 4], |line| println!("{line}"));
    println!("the weights are {:.6?}, their loss {:.6}", fit.x, fit.value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_walks_down_the_valley() {
        let least = minimise(|_, x| valley(x), vec![-1.0; 10], |_| ());
        assert!(least.x.iter().all(|x| (x - 1.0).abs() < 1e-9), "{:?}", least.x);
        assert!(least.value < 1e-20 && least.norms.len() < 100, "{}", least.norms.len());
    }

    #[test]
    fn near_the_minimum_each_step_doubles_the_digits() {
        let (points, labels) = clouds(60);
        let fit = minimise(|_, w| logistic(w, &points, &labels), vec![0.0; 4], |_| ());
        assert!(fit.norms.len() < 12, "{:?}", fit.norms);
        let [.., before, last] = fit.norms[..] else { panic!("several steps") };
        assert!(last < 1e-10 && last < before.powf(1.4), "{before:e} {last:e}");
        // The gradient in plain numbers, without the tape.
        let mut gradient: Vec<f64> = fit.x.iter().map(|w| 0.002 * w).collect();
        for (x, label) in points.chunks(4).zip(&labels) {
            let x: Vec<f64> = x.iter().map(|x| x.value).collect();
            let wrong = 1.0 / (1.0 + (label.value * dot(&x, &fit.x)).exp());
            gradient = moved(&gradient, -label.value * wrong / 60.0, &x);
        }
        assert!(dot(&gradient, &gradient).sqrt() < 1e-9, "{gradient:?}");
    }
}
