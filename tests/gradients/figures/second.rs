//! Second derivatives of every op: the derivative of its local gradient, and that of its tangent, at
//! ordinary and at extreme points.

use microgpt::dual::Dual;
use microgpt::ops::{Op, TABLE};
use serde_json::Value as Json;

use super::numbers;

fn moving(point: &[f64], by: usize) -> Vec<Dual> {
    let along = |at| if at == by { 1.0 } else { 0.0 };
    point.iter().enumerate().map(|(at, &x)| Dual::new(x, along(at))).collect()
}

/// As a backward pass of dual numbers has it: the local gradient there.
fn of_the_gradient(op: &Op, point: &[f64], at: usize, by: usize) -> f64 {
    let point = moving(point, by);
    (op.gradient_tangent)(&point, (op.tangent)(&point))[at].tangent
}

/// From the function alone, by nested dual numbers.
fn of_the_function(op: &Op, point: &[f64], at: usize, by: usize) -> f64 {
    let point: Vec<Dual<Dual>> = moving(point, at)
        .into_iter()
        .enumerate()
        .map(|(k, x)| Dual::new(x, Dual::constant(if k == by { 1.0 } else { 0.0 })))
        .collect();
    (op.second_tangent)(&point).tangent.tangent
}

/// Whether a figure is the exact one, but for what rounding does to an argument, and beside the greatest of
/// the second derivatives at this point.
fn holds(figure: f64, exact: f64, greatest: f64) -> bool {
    let allowed = 1e-11 * exact.abs() + 1e-15 * greatest + 1e-300;
    figure == exact || (figure - exact).abs() <= allowed
}

/// Whether an op is within the numbers to first order: a value of few digits has no derivative of more.
fn is_normal(op: &Op, point: &[f64]) -> bool {
    let value = (op.forward)(point);
    let gradient = (op.gradient)(point, value);
    gradient.into_iter().chain([value]).all(|figure| figure == 0.0 || figure.is_normal())
}

fn compare(
    second: fn(&Op, &[f64], usize, usize) -> f64,
    holds: impl Fn(&[f64], f64, f64, f64) -> bool,
) {
    let table: Json = serde_json::from_str(include_str!("second.json")).expect("a table");
    let rows = table["rows"].as_array().expect("rows");
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    for row in rows {
        let op = TABLE.iter().find(|op| row[0] == op.name).expect("an op of the table");
        let point = numbers(&row[1]);
        let exact: Vec<_> = row[2].as_array().expect("a matrix").iter().map(numbers).collect();
        let greatest = exact.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
        if !is_normal(op, &point) || greatest.is_infinite() {
            continue;
        }
        for (at, exact) in exact.into_iter().enumerate() {
            for (by, exact) in exact.into_iter().enumerate() {
                let figure = second(op, &point, at, by);
                // Of `e⁻|x|`, whose part that is odd cancels near 0: the error is one beside 1.
                let odd = op.name == "sigmoid" && (figure - exact).abs() < 1e-17;
                if !odd && !holds(&point, figure, exact, greatest) {
                    wrong.push(format!(
                        "{} {point:?} {at} {by}: {figure:e}, not {exact:e}",
                        op.name
                    ));
                }
            }
        }
        seen.push(op.name);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(TABLE.iter().all(|op| seen.contains(&op.name)));
}

#[test]
fn local_gradients_have_the_exact_derivatives() {
    compare(of_the_gradient, |_, figure, exact, greatest| holds(figure, exact, greatest));
}

#[test]
fn nested_dual_numbers_have_the_exact_second_derivatives() {
    // On their way through a function, derivatives of derivatives leave the numbers sooner.
    compare(of_the_function, |point, figure, exact, greatest| {
        let is_far = |x: &f64| *x != 0.0 && !(1e-100..1e100).contains(&x.abs());
        holds(figure, exact, greatest) || point.iter().any(is_far)
    });
}
