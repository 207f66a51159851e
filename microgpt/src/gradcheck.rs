//! Gradient checks: what a backward pass gives, held against oracles that know nothing of it.
//!
//! [`gradcheck`] takes a function of arrays and a point. It differs from the usual checks in what
//! it does not let pass:
//!
//! - small functions are checked by their whole Jacobian, larger ones by random cotangents for
//!   each input, and the largest by random directions too: a plain sum as the loss would hide
//!   errors, as that of a softmax is constant;
//! - gradients are added to buffers that are not empty, so that `=` for `+=` shows;
//! - tolerances are relative to the derivative and to the rounding of the difference at that point
//!   ([`Tolerance`] has the formula): what rounding hides is not decidable, and not passed;
//! - steps adapt to the function, and stay inside its domain;
//! - at a kink the gradient must be within what both sides give, and is counted, not passed; among
//!   thousands of elements the one that kinks is found, and the others are compared;
//! - of several results each is looked at alone, and all together;
//! - a second run must give the same bits, and one array that stands for two inputs the sum of
//!   their gradients;
//! - a [`Layer`], generic over its precision, is held against dual numbers and against itself in
//!   the other precision; recorded, without a record and with dual numbers it must panic at the same
//!   points.
//!
//! The report names the input, the index, both values, the step, and the line of the `expr!` in
//! whose backward pass the worst error arises. [`gradcheck_layer!`](crate::gradcheck_layer) and
//! [`gradcheck_op!`](crate::gradcheck_op) make a test of it in one line.
//!
//! Of a [`Layer`] and of an op the second derivatives are checked too: a backward pass of dual numbers
//! gives the Hessian times a vector, and that is held against differences of the gradient. The Hessian
//! must be symmetric. Where the gradient kinks or jumps nothing is decided, as for `relu` at 0.
//! [`Gradcheck::first_order`] leaves them out, for a reason.

mod consistency;
mod difference;
mod drawing;
mod figures;
mod layer;
mod panics;
mod precision;
mod projections;
mod report;
mod run;
mod search;
mod second_order;
mod special;
mod sweep;

use crate::array::{Array, Vector, indices};
use crate::real::Real;
use crate::shape::Shape;
use crate::value::Value;

pub use drawing::Sizes;
#[doc(hidden)]
pub use drawing::{Drawing, letters};
pub use layer::{Layer, check_op};
use precision::Ways;
pub use report::{
    Derivative, GradientError, Mismatch, Oracle, Panics, Report, SecondOrder, Tolerance,
};
use run::Run;
pub use special::{SPECIAL, special_points};
#[doc(hidden)]
pub use sweep::{outside_of_functions, sweep};

/// The outputs of a function under check: made `.into()` from a `Value`, an `Array` or a tuple of them.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Outputs, gradcheck};
///
/// let report = gradcheck(&[vec![0.5, -1.0]], |inputs| -> Outputs<'_> {
///     let x = inputs[0];
///     (expr!([x[i]^2 for i]), expr!(sum(x[i] for i))).into()
/// });
/// report.assert_right();
/// // Two inputs, and three outputs of each.
/// assert_eq!(report.compared, 6);
/// ```
#[derive(Debug)]
pub struct Outputs<'t, T: Real = f64>(Vec<Vector<'t, usize, T>>);

impl<'t, T: Real> From<Value<'t, T>> for Outputs<'t, T> {
    fn from(value: Value<'t, T>) -> Self {
        value.as_array().into()
    }
}

impl<'t, S: Shape, T: Real> From<Array<'t, S, T>> for Outputs<'t, T> {
    fn from(array: Array<'t, S, T>) -> Self {
        Self(vec![array.reshape((array.size(),))])
    }
}

impl<'t, T: Real, A, B> From<(A, B)> for Outputs<'t, T>
where
    A: Into<Outputs<'t, T>>,
    B: Into<Outputs<'t, T>>,
{
    fn from((one, other): (A, B)) -> Self {
        let (mut one, other) = (one.into(), other.into());
        one.0.extend(other.0);
        one
    }
}

impl<'t, T: Real, A, B, C> From<(A, B, C)> for Outputs<'t, T>
where
    A: Into<Outputs<'t, T>>,
    B: Into<Outputs<'t, T>>,
    C: Into<Outputs<'t, T>>,
{
    fn from((one, two, three): (A, B, C)) -> Self {
        (one, (two, three)).into()
    }
}

impl<'t, T: Real, A, B, C, D> From<(A, B, C, D)> for Outputs<'t, T>
where
    A: Into<Outputs<'t, T>>,
    B: Into<Outputs<'t, T>>,
    C: Into<Outputs<'t, T>>,
    D: Into<Outputs<'t, T>>,
{
    fn from((one, two, three, four): (A, B, C, D)) -> Self {
        ((one, two), (three, four)).into()
    }
}

impl<'t, T: Real, A> From<(A,)> for Outputs<'t, T>
where
    A: Into<Outputs<'t, T>>,
{
    fn from((one,): (A,)) -> Self {
        one.into()
    }
}

impl<T: Real> Outputs<'_, T> {
    /// The numbers of all outputs.
    fn numbers(&self) -> Vec<T> {
        self.0.iter().flat_map(|output| output.data()).collect()
    }

    /// A backward pass from all outputs.
    fn pull_back(&self, cotangents: &[f64]) {
        let cotangents: Vec<T> = cotangents.iter().map(|&x| T::of(x)).collect();
        match &self.0[..] {
            [one] => one.backward_with(&cotangents),
            // In one pass: each record then has the cotangents of all of its results at once.
            several => {
                let size: usize = several.iter().map(|output| output.size()).sum();
                let tape = several[0].tape();
                tape.concatenate(several, (size,)).backward_with(&cotangents);
            }
        }
    }

    /// Each output with its part of the cotangent.
    fn with<'c>(
        &self,
        mut cotangents: &'c [T],
    ) -> impl Iterator<Item = (&Vector<'_, usize, T>, &'c [T])> {
        self.0.iter().map(move |output| {
            let (own, rest) = cotangents.split_at(output.size());
            cotangents = rest;
            (output, own)
        })
    }
}

/// A point of a function's domain: one input.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Point, gradcheck};
///
/// let x = Point::new("x", &[2, 2], vec![0.5, -1.0, 2.0, 0.25]);
/// let report = gradcheck(&[x], |inputs| {
///     let x = inputs[0].reshape((2, 2));
///     expr!(sum(x[t, i]^3 for t, i)).into()
/// });
/// report.assert_right();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What reports call it.
    pub name: String,
    /// The axes, for reports: the function receives the input as a vector.
    pub shape: Vec<usize>,
    /// The numbers, row-major.
    pub values: Vec<f64>,
}

impl Point {
    /// An input with a name and axes.
    ///
    /// # Panics
    ///
    /// If the number of values is not the product of the axes.
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<String>, shape: &[usize], values: Vec<f64>) -> Self {
        let name = name.into();
        assert!(
            values.len() == shape.iter().product::<usize>(),
            "`{name}` of shape {shape:?} has {} values",
            values.len()
        );
        Self { name, shape: shape.to_vec(), values }
    }

    /// Whether rounding has made no number 0 or infinite.
    fn is_near(&self, rounded: &Self) -> bool {
        let near = |(here, there): (&f64, &f64)| {
            (*here == 0.0) == (*there == 0.0) && here.is_finite() == there.is_finite()
        };
        self.values.iter().zip(&rounded.values).all(near)
    }

    fn mismatch(
        &self,
        input: usize,
        element: usize,
        oracle: Oracle,
        analytic: f64,
        expected: f64,
    ) -> Mismatch {
        Mismatch {
            name: self.name.clone(),
            input,
            element,
            index: indices(&self.shape, element),
            output: None,
            analytic,
            expected,
            step: 0.0,
            oracle,
            derivative: Derivative::Gradient,
            place: None,
        }
    }
}

impl From<&Vec<f64>> for Point {
    fn from(values: &Vec<f64>) -> Self {
        Self { name: String::new(), shape: vec![values.len()], values: values.clone() }
    }
}

impl From<&Point> for Point {
    fn from(point: &Point) -> Self {
        point.clone()
    }
}

/// How much of the Jacobian is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of it, or random projections where it is large.
    Automatic,
    Jacobian,
    Projections(usize),
}

/// A gradient check with its settings; see [`gradcheck`] for the usual ones.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::Gradcheck;
///
/// let x = vec![0.5, -1.0, 2.0];
/// let check = Gradcheck::<f32>::default().seed(7).projections(5);
/// let report = check.check(&[x], |inputs| {
///     let x = inputs[0];
///     expr!([tanh(x[i]) * x[j] for i, j]).into()
/// });
/// report.assert_right();
/// assert_eq!(report.compared, 5);
/// ```
#[derive(Clone, Debug)]
pub struct Gradcheck<T: Real = f64> {
    seed: u64,
    tolerance: Tolerance,
    extent: Extent,
    first_order: Option<&'static str>,
    precision: std::marker::PhantomData<T>,
}

impl Gradcheck<f64> {
    /// The check in double precision; [`Gradcheck::default`] makes one of any precision.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Real> Default for Gradcheck<T> {
    fn default() -> Self {
        Self {
            seed: 0,
            tolerance: Tolerance::of::<T>(),
            extent: Extent::Automatic,
            first_order: None,
            precision: std::marker::PhantomData,
        }
    }
}

/// Checks the gradient of `function` at these inputs, each of which it receives as a vector on a
/// fresh tape: reshape it as needed.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::gradcheck;
///
/// let x = vec![0.5, -1.0, 2.0];
/// let report = gradcheck(&[x], |inputs| {
///     let x = inputs[0];
///     expr!(sum(tanh(x[i]) * x[i] for i)).into()
/// });
/// report.assert_right();
/// assert_eq!(report.compared, 3);
/// ```
pub fn gradcheck<P>(
    inputs: &[P],
    function: impl for<'t> Fn(&[Vector<'t, usize>]) -> Outputs<'t>,
) -> Report
where
    for<'p> Point: From<&'p P>,
{
    Gradcheck::new().check(inputs, function)
}

impl<T: Real> Gradcheck<T> {
    /// Draws cotangents, directions and what gradient buffers hold from this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Allows other errors.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Compares every entry of the Jacobian, however many there are.
    #[must_use]
    pub fn jacobian(mut self) -> Self {
        self.extent = Extent::Jacobian;
        self
    }

    /// Compares this many projections `c · J v`, with random cotangents `c` and directions `v`.
    #[must_use]
    pub fn projections(mut self, count: usize) -> Self {
        self.extent = Extent::Projections(count);
        self
    }

    /// Leaves second derivatives out, and says why: the report repeats it.
    ///
    /// ```
    /// use microgpt::gradcheck::{Gradcheck, Layer, Outputs};
    /// use microgpt::{Real, Vector, expr};
    ///
    /// /// Newton's step towards a root, of which the derivative is taken as a constant.
    /// struct Step;
    ///
    /// impl Layer for Step {
    ///     fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
    ///         let x = inputs[0];
    ///         expr!([x[i]^2 for i]).into()
    ///     }
    /// }
    ///
    /// let check = Gradcheck::new().first_order("nobody takes a second derivative of a step");
    /// let report = check.check_layer(&[vec![0.5, -1.0]], &Step);
    /// assert_eq!(report.second_order.compared, 0);
    /// assert!(report.second_order.left_out.is_some());
    /// ```
    #[must_use]
    pub fn first_order(mut self, reason: &'static str) -> Self {
        self.first_order = Some(reason);
        self
    }

    /// Checks the gradient of a function at a point.
    pub fn check<P>(
        &self,
        inputs: &[P],
        function: impl for<'t> Fn(&[Vector<'t, usize, T>]) -> Outputs<'t, T>,
    ) -> Report
    where
        for<'p> Point: From<&'p P>,
    {
        self.check_at(&prepared::<T>(inputs.iter().map(Point::from).collect()), &function)
    }

    fn check_at(&self, points: &[Point], function: &run::Function<'_, T>) -> Report {
        let mut run = Run::new(self, points, function);
        run.check();
        run.report
    }
}

impl Gradcheck<f64> {
    /// Checks a layer at a point: its gradient by differences, against dual numbers, and in single
    /// precision where that has the numbers of the point; its second derivatives by differences of the
    /// gradient; and that recording, inference and dual numbers panic at the same points.
    ///
    /// # Panics
    ///
    /// With the layer's own message, if it panics at this point in all ways of computing it.
    #[track_caller]
    pub fn check_layer<P>(&self, inputs: &[P], layer: &impl Layer) -> Report
    where
        for<'p> Point: From<&'p P>,
    {
        let points = inputs.iter().map(Point::from).collect();
        self.check_ways(
            points,
            &Ways {
                double: &|inputs| layer.outputs(inputs),
                single: &|inputs| layer.outputs(inputs),
                dual: &|inputs| layer.outputs(inputs),
            },
        )
    }

    #[track_caller]
    fn check_ways(&self, points: Vec<Point>, layer: &Ways<'_>) -> Report {
        let (here, rounded) = (prepared::<f64>(points.clone()), prepared::<f32>(points));
        if let Some(panics) = precision::panics_alike(&here, layer) {
            return Report { panics: Some(panics), ..Report::default() };
        }
        let mut report = self.check_at(&here, layer.double);
        let mut double = Run::new(self, &here, layer.double);
        if !(here.is_empty() || double.outputs.is_empty()) {
            report.decide(&double.against_duals(layer));
            report.join(double.report);
            // Rounded, so that both precisions look at the same point, unless that is another one.
            if here.iter().zip(&rounded).all(|(here, rounded)| here.is_near(rounded)) {
                let mut double = Run::new(self, &rounded, layer.double);
                double.against_single_precision(layer);
                report.join(double.report);
                // Far from 1 a second derivative soon is beyond all numbers.
                report.join(second_order::check(self, &here, layer));
            }
        }
        for list in [&mut report.kinks, &mut report.undecided] {
            list.sort_unstable();
            list.dedup();
        }
        report
    }
}

/// The points with names, as the precision rounds them.
fn prepared<T: Real>(mut points: Vec<Point>) -> Vec<Point> {
    for (number, point) in points.iter_mut().enumerate() {
        if point.name.is_empty() {
            point.name = format!("input {number}");
        }
        for value in &mut point.values {
            *value = T::of(*value).as_f64();
        }
    }
    points
}
