//! What a check allows, and what it found.

use crate::real::Real;
use crate::tape::Place;
use std::fmt;

/// How strict a check is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The greatest error, relative to the size of the gradients involved.
    pub relative: f64,
    /// The greatest error where the gradient is about zero, relative to the size of the results.
    pub absolute: f64,
    /// The step of the central difference, relative to the argument (or to 1, if that is more).
    pub step: f64,
}

impl Tolerance {
    /// The tolerance for this precision, with its best step: the difference quotient has an error
    /// of about `step² + ε / step`, which is least where the step is the cube root of `ε`.
    #[must_use]
    pub fn of<T: Real>() -> Self {
        let rounding = T::epsilon().as_f64();
        let step = rounding.cbrt();
        // 1e-6 and 1e-8 for f64; 0.005 and 2e-4 for f32.
        let absolute = (200.0 * step * step).max(1e-8);
        Self { relative: if rounding < 1e-10 { 1e-6 } else { step }, absolute, step }
    }
}

impl Default for Tolerance {
    /// That of `f64`.
    fn default() -> Self {
        Self::of::<f64>()
    }
}

/// What a gradient is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oracle {
    /// The central difference of the function itself.
    CentralDifference,
    /// Forward mode, with dual numbers.
    DualNumbers,
    /// The same gradient in double precision.
    DoublePrecision,
    /// The sum of the gradients of two inputs, where one array stands for both.
    Aliasing,
    /// The same computation once more.
    SecondRun,
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CentralDifference => "the central difference is",
            Self::DualNumbers => "dual numbers give",
            Self::DoublePrecision => "in double precision it is",
            Self::Aliasing => "with two arrays for the one that is both inputs it is",
            Self::SecondRun => "a second run gave",
        })
    }
}

/// A derivative that is wrong.
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
        let Self { name, index, output, analytic, expected, step, oracle, place, .. } = self;
        write!(f, "the gradient of `{name}` at {index:?}")?;
        if let Some(output) = output {
            write!(f, " from output {output}")?;
        }
        write!(f, " is {analytic:e}, but {oracle} {expected:e} (error {:e}", self.error())?;
        if *step > 0.0 {
            write!(f, ", step {step:e}")?;
        }
        f.write_str(")")?;
        match place {
            Some(place) => write!(f, "; the error arises in the `expr!` at {place}"),
            None => Ok(()),
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many derivatives were compared.
    pub compared: usize,
    /// Elements near a kink, as (input, element): two step sizes gave different quotients there.
    pub kinks: Vec<(usize, usize)>,
    /// How many random projections were left out because a kink lay in the way.
    pub kinked_projections: usize,
    /// The derivatives that are wrong.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// The derivative with the greatest error.
    #[must_use]
    pub fn worst(&self) -> Option<&Mismatch> {
        self.mismatches.iter().max_by(|one, other| one.error().total_cmp(&other.error()))
    }

    /// The report as an error, unless all derivatives were right and some were compared.
    ///
    /// # Errors
    ///
    /// If a derivative is wrong, or none was compared and no kink was met.
    pub fn right(self) -> Result<Self, GradientError> {
        let nothing = self.compared == 0 && self.kinks.is_empty() && self.kinked_projections == 0;
        match self.worst() {
            Some(worst) => Err(GradientError::Wrong {
                wrong: self.mismatches.len(),
                compared: self.compared,
                worst: Box::new(worst.clone()),
            }),
            None if nothing => Err(GradientError::NothingCompared),
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
        self.kinks.extend(other.kinks);
        self.kinked_projections += other.kinked_projections;
        self.mismatches.extend(other.mismatches);
    }
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// The check says nothing.
    #[error("no derivative was compared: the inputs or the outputs are empty")]
    NothingCompared,
}
