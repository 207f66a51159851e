//! What a check allows, and what it found.

use crate::real::Real;
use crate::tape::Place;
use std::fmt;

use super::figures::figures;

/// How strict a check is. Both numbers are relative: nothing is allowed because a function is large.
///
/// A derivative `d` is held against an extrapolated difference quotient with
///
/// ```text
/// allowed = relative · |d| + rounding + truncation
/// rounding = 1.2 · ε · |f| / h,   truncation = the last correction of the extrapolation
/// ```
///
/// where `h` is the least step of the difference and `ε` the precision's. It is right only if
/// `rounding + truncation ≤ relative · |d|`, else it is *not decidable* by differences. So an error
/// that passes as right is at most `3 · relative · |d|`: 3e-7 of the derivative in `f64`.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Gradcheck, Tolerance};
///
/// let strict = Tolerance { relative: 1e-9, ..Tolerance::default() };
/// let report = Gradcheck::new().tolerance(strict).check(&[vec![0.5, 2.0]], |inputs| {
///     let x = inputs[0];
///     expr!(sum(x[i]^3 for i)).into()
/// });
/// report.assert_right();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The greatest error against a difference quotient, relative to the derivative.
    pub relative: f64,
    /// The greatest error against what is exact but for rounding, as dual numbers, relative to the
    /// derivative.
    pub exact: f64,
}

impl Tolerance {
    /// The tolerance for this precision: 1e-7 and 1e-9 in `f64`, 1e-3 and 1e-4 in `f32`.
    #[must_use]
    pub fn of<T: Real>() -> Self {
        if T::epsilon().as_f64() < 1e-10 {
            Self { relative: 1e-7, exact: 1e-9 }
        } else {
            Self { relative: 1e-3, exact: 1e-4 }
        }
    }
}

impl Default for Tolerance {
    /// That of `f64`.
    fn default() -> Self {
        Self::of::<f64>()
    }
}

/// What is held against an oracle.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Derivative, gradcheck};
///
/// let report = gradcheck(&[vec![3.0, 0.5]], |inputs| {
///     let x = inputs[0];
///     expr!(sum(x[i] * stop(x[i]) for i)).into()
/// });
/// assert!(report.mismatches.iter().all(|one| one.derivative == Derivative::Gradient));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Derivative {
    /// The gradient.
    Gradient,
    /// The Hessian times a vector: the gradient's derivative along a random direction.
    HessianProduct,
}

/// What a gradient is held against.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{Oracle, gradcheck};
///
/// let report = gradcheck(&[vec![3.0, 0.5]], |inputs| {
///     let x = inputs[0];
///     // `stop` takes half of the gradient away, as if that was forgotten.
///     expr!(sum(x[i] * stop(x[i]) for i)).into()
/// });
/// assert!(report.mismatches.iter().all(|one| one.oracle == Oracle::CentralDifference));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oracle {
    /// The central difference of the function itself, extrapolated; one-sided at an edge of the
    /// domain.
    CentralDifference,
    /// The nearest derivative from one side, at a kink.
    OneSided,
    /// Forward mode, with dual numbers.
    DualNumbers,
    /// The same gradient in double precision.
    DoublePrecision,
    /// The sum of the gradients of two inputs, where one array stands for both.
    Aliasing,
    /// The same gradient, added to one that is not empty.
    Accumulation,
    /// One of several results with a cotangent of zero for each other.
    Alone,
    /// The sum of what each result gives alone.
    Sum,
    /// The same computation once more.
    SecondRun,
    /// `v·H·u` for `u·H·v`: a Hessian is symmetric.
    Symmetry,
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CentralDifference => "the central difference is",
            Self::OneSided => "at this kink the nearest derivative from one side is",
            Self::DualNumbers => "dual numbers give",
            Self::DoublePrecision => "in double precision it is",
            Self::Aliasing => "with two arrays for the one that is both inputs it is",
            Self::Accumulation => "added to a gradient that was zero it is",
            Self::Alone => "with zero cotangents for the results that are not used it is",
            Self::Sum => "what each result gives alone sums up to",
            Self::SecondRun => "a second run gave",
            Self::Symmetry => "with the two directions exchanged it is",
        })
    }
}

/// A derivative that is wrong.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::gradcheck;
///
/// let report = gradcheck(&[vec![3.0, 0.5]], |inputs| {
///     let x = inputs[0];
///     // `stop` takes half of the gradient away, as if that was forgotten.
///     expr!(sum(x[i] * stop(x[i]) for i)).into()
/// });
/// let worst = report.worst().expect("a wrong derivative");
/// assert_eq!((worst.index.as_slice(), worst.analytic), (&[0][..], 3.0));
/// assert!((worst.expected - 6.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The name of the input, or its number.
    pub name: String,
    /// Which input.
    pub input: usize,
    /// Which element of it, row-major.
    pub element: usize,
    /// The same element by its index along each axis.
    pub index: Vec<usize>,
    /// Which output, row-major over all of them; none if a random cotangent joined them.
    pub output: Option<usize>,
    /// What the backward pass gave.
    pub analytic: f64,
    /// What the oracle gave.
    pub expected: f64,
    /// The step of the difference, or 0.
    pub step: f64,
    /// What was asked.
    pub oracle: Oracle,
    /// Whether the gradient is wrong, or its own derivative.
    pub derivative: Derivative,
    /// The `expr!`, or the operator, whose part of the backward pass is most in error.
    pub place: Option<Place>,
}

impl Mismatch {
    /// By how much the two differ; infinite if one is not a number.
    #[must_use]
    pub fn error(&self) -> f64 {
        let error = (self.analytic - self.expected).abs();
        if error.is_nan() { f64::INFINITY } else { error }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, index, output, analytic, expected, step, oracle, place, derivative, ..
        } = self;
        match (derivative, oracle) {
            (Derivative::Gradient, _) => write!(f, "the gradient of `{name}` at {index:?}")?,
            (Derivative::HessianProduct, Oracle::Symmetry) => {
                f.write_str("the Hessian is not symmetric: u·H·v")?;
            }
            (Derivative::HessianProduct, _) => {
                write!(f, "the Hessian-vector product of `{name}` at {index:?}")?;
            }
        }
        if let Some(output) = output {
            write!(f, " from output {output}")?;
        }
        let [analytic, expected] = figures([*analytic, *expected]);
        let [error] = figures([self.error()]);
        let of = if *derivative == Derivative::HessianProduct && *step > 0.0 {
            " of gradients"
        } else {
            ""
        };
        write!(f, " is {analytic}, but {oracle} {expected}{of} (error {error}")?;
        if *step > 0.0 {
            let [step] = figures([*step]);
            write!(f, ", step {step}")?;
        }
        f.write_str(")")?;
        match place {
            Some(place) => write!(f, "; the error arises in the `expr!` at {place}"),
            None => Ok(()),
        }
    }
}

/// Which ways of computing a function panic at a point, with the message, and which do not.
///
/// ```
/// use microgpt::gradcheck::Panics;
///
/// let panics = Panics { recorded: Some("no rows".into()), inference: None, dual: None };
/// assert!(panics.to_string().starts_with("while recording it panics: no rows; in inference"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Panics {
    /// On a tape that records.
    pub recorded: Option<String>,
    /// On a tape in inference.
    pub inference: Option<String>,
    /// With dual numbers.
    pub dual: Option<String>,
}

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways = [
            ("while recording", &self.recorded),
            ("in inference", &self.inference),
            ("with dual numbers", &self.dual),
        ];
        for (number, (way, message)) in ways.into_iter().enumerate() {
            let between = if number > 0 { "; " } else { "" };
            match message {
                Some(message) => write!(f, "{between}{way} it panics: {message}")?,
                None => write!(f, "{between}{way} it does not panic")?,
            }
        }
        Ok(())
    }
}

/// What a check found.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::gradcheck;
///
/// let report = gradcheck(&[vec![-1.0, 0.0, 2.0]], |inputs| {
///     let x = inputs[0];
///     expr!(sum(relu(x[i]) for i)).into()
/// });
/// report.assert_right();
/// // The rectifier has no derivative at 0, the second element of the first input.
/// assert_eq!(report.kinks, [(0, 1)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many derivatives were compared, and decided.
    pub compared: usize,
    /// How many of these are 0 because the output does not depend on the element at all.
    pub zeros: usize,
    /// Elements at a kink, as (input, element). The derivative there is within the two one-sided
    /// ones, else it is among the mismatches.
    pub kinks: Vec<(usize, usize)>,
    /// How many random projections were left out because a kink lay in the way that belongs to no
    /// single element.
    pub kinked_projections: usize,
    /// Elements, as (input, element), of which some derivative could not be decided: the rounding
    /// of the difference is greater than the error that must be seen.
    pub undecided: Vec<(usize, usize)>,
    /// How many random projections could not be decided.
    pub undecided_projections: usize,
    /// The derivatives that are wrong.
    pub mismatches: Vec<Mismatch>,
    /// Where one way of computing the function panics and another does not.
    pub panics: Option<Panics>,
    /// What was found of second derivatives; those that are wrong are among the mismatches.
    pub second_order: SecondOrder,
}

/// What a check found of second derivatives: of products `u·H·v` of the Hessian of the outputs, joined
/// by random cotangents, with random directions.
///
/// ```
/// use microgpt::gradcheck::{Gradcheck, Layer, Outputs};
/// use microgpt::{Real, Vector, expr};
///
/// struct Cubes;
///
/// impl Layer for Cubes {
///     fn outputs<'t, T: Real>(&self, inputs: &[Vector<'t, usize, T>]) -> Outputs<'t, T> {
///         let x = inputs[0];
///         expr!([x[i]^3 for i]).into()
///     }
/// }
///
/// let report = Gradcheck::new().check_layer(&[vec![0.5, -1.0]], &Cubes);
/// report.assert_right();
/// assert!(report.second_order.compared > 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondOrder {
    /// How many products were compared, and decided.
    pub compared: usize,
    /// How many of these are 0 because the gradient does not change.
    pub zeros: usize,
    /// How many were left out because the gradient kinks or jumps.
    pub kinks: usize,
    /// How many could not be decided.
    pub undecided: usize,
    /// Why second derivatives were not looked at, if the check was told not to.
    pub left_out: Option<&'static str>,
}

impl Report {
    /// The derivative with the greatest error.
    #[must_use]
    pub fn worst(&self) -> Option<&Mismatch> {
        self.mismatches.iter().max_by(|one, other| one.error().total_cmp(&other.error()))
    }

    /// Whether the report says nothing of any derivative that is not 0 for want of a dependence.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        let undecided = self.undecided.len() + self.undecided_projections;
        (self.compared == 0 || self.compared == self.zeros && undecided > 0)
            && self.kinks.is_empty()
            && self.kinked_projections == 0
            && self.mismatches.is_empty()
    }

    /// The report as an error, unless some derivatives were decided and all of these are right.
    /// Derivatives that are not decidable there are no error as long as others were decided.
    ///
    /// # Errors
    ///
    /// If a derivative is wrong; if none was compared and no kink was met; or if the function
    /// panics in one way of computing it and not in another.
    pub fn right(self) -> Result<Self, GradientError> {
        if let Some(panics) = self.panics {
            return Err(GradientError::Panics(Box::new(panics)));
        }
        let undecided = self.undecided.len() + self.undecided_projections;
        match self.worst() {
            Some(worst) => Err(GradientError::Wrong {
                wrong: self.mismatches.len(),
                compared: self.compared + self.second_order.compared,
                worst: Box::new(worst.clone()),
            }),
            None if self.says_nothing() && undecided > 0 => {
                Err(GradientError::NothingDecided { undecided })
            }
            None if self.says_nothing() => Err(GradientError::NothingCompared),
            None => Ok(self),
        }
    }

    /// Panics, with the worst derivative, unless all were right and some were compared.
    ///
    /// # Panics
    ///
    /// As it says.
    #[track_caller]
    pub fn assert_right(&self) {
        if let Err(error) = self.clone().right() {
            panic!("{error}");
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.compared += other.compared;
        self.zeros += other.zeros;
        self.kinks.extend(other.kinks);
        self.kinked_projections += other.kinked_projections;
        self.undecided.extend(other.undecided);
        self.undecided_projections += other.undecided_projections;
        self.mismatches.extend(other.mismatches);
        self.second_order.join(&other.second_order);
        if self.panics.is_none() {
            self.panics = other.panics;
        }
    }
}

impl SecondOrder {
    fn join(&mut self, other: &Self) {
        self.compared += other.compared;
        self.zeros += other.zeros;
        self.kinks += other.kinks;
        self.undecided += other.undecided;
        self.left_out = self.left_out.or(other.left_out);
    }
}

/// Why a check failed.
///
/// ```
/// use microgpt::expr;
/// use microgpt::gradcheck::{GradientError, gradcheck};
///
/// let report = gradcheck(&[vec![3.0, 0.5]], |inputs| {
///     let x = inputs[0];
///     // `stop` takes half of the gradient away, as if that was forgotten.
///     expr!(sum(x[i] * stop(x[i]) for i)).into()
/// });
/// let error = report.right().unwrap_err();
/// assert!(matches!(error, GradientError::Wrong { wrong: 2, compared: 2, .. }));
/// ```
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GradientError {
    /// Some derivatives are wrong.
    #[error("{wrong} of {compared} derivatives are wrong; the worst: {worst}")]
    Wrong {
        /// How many.
        wrong: usize,
        /// Of how many.
        compared: usize,
        /// The one with the greatest error.
        worst: Box<Mismatch>,
    },
    /// The function panics in one way of computing it and not in another.
    #[error("the function panics in some ways of computing it only: {0}")]
    Panics(Box<Panics>),
    /// All that was looked at is beyond what differences can tell.
    #[error(
        "no derivative could be decided: beside the size of the results, or of other derivatives, \
         the rounding of a difference hides an error in each of {undecided}; check at other points, \
         or against dual numbers (`check_layer`, `gradcheck_layer!(<T> ...)`)"
    )]
    NothingDecided {
        /// How many elements and projections.
        undecided: usize,
    },
    /// The check says nothing.
    #[error("no derivative was compared: the inputs or the outputs are empty")]
    NothingCompared,
}
