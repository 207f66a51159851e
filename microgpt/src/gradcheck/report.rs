//! What a check allows, and what it found.

use crate::real::Real;
use crate::tape::Place;
use std::fmt;

/// How strict a check is.
///
/// A derivative `g` passes beside the difference `d` if
///
/// ```text
/// |g - d| ≤ relative · max(|g|, |d|) + absolute    and    bound ≤ 8 · relative · |d|
/// ```
///
/// where `bound` is what the difference may itself err by: the rounding of the function over the step,
/// and how far two extrapolations differ. So no error above `9 · relative · |d| + absolute` passes: in
/// `f64` less than a part in a million, however large or small the argument, the function and the
/// derivative are. Where the bound is larger and the two are as near as it allows, the derivative is
/// reported as not decidable by differences; where they are further apart, as wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The greatest error, relative to the derivative.
    pub relative: f64,
    /// An error that is none, whatever the derivative is.
    pub absolute: f64,
    /// The first step of the differences, relative to the argument; to 1, if that is 0.
    pub step: f64,
}

impl Tolerance {
    /// The tolerance for this precision.
    ///
    /// The first step is about the fifth root of the precision: with three steps, rounding and what
    /// is left of the function's curvature are then about equal.
    #[must_use]
    pub fn of<T: Real>() -> Self {
        let rounding = T::epsilon().as_f64();
        let relative = if rounding < 1e-10 { 1e-7 } else { 5e-4 };
        Self { relative, absolute: 0.0, step: rounding.powf(0.2) * 2.0 }
    }

    /// A part of the derivative that a difference must be able to show.
    pub(super) fn wanted(&self) -> f64 {
        8.0 * self.relative
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
        let [analytic, expected] = readable([*analytic, *expected]);
        write!(f, " is {analytic}, but {oracle} {expected} (error {}", short(self.error()))?;
        if *step > 0.0 {
            write!(f, ", step {}", short(*step))?;
        }
        f.write_str(")")?;
        match place {
            Some(place) => write!(f, "; the error arises in the `expr!` at {place}"),
            None => Ok(()),
        }
    }
}

/// A number with so many digits.
fn digits(x: f64, count: usize) -> String {
    let exponent = if x == 0.0 || !x.is_finite() { 0.0 } else { x.abs().log10().floor() };
    if (-4.0..6.0).contains(&exponent) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a few digits
        let after = (count as f64 - 1.0 - exponent).max(0.0) as usize;
        let text = format!("{x:.after$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        return text.to_owned();
    }
    let after = count - 1;
    let text = format!("{x:.after$e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

fn short(x: f64) -> String {
    digits(x, 2)
}

/// Two numbers with as many digits as show where they differ.
fn readable(both: [f64; 2]) -> [String; 2] {
    let texts = (5..17).map(|count| both.map(|x| digits(x, count)));
    let differ = |[one, other]: &[String; 2]| one != other;
    let found = texts.into_iter().find(differ);
    found.unwrap_or_else(|| both.map(|x| format!("{x:e}")))
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many derivatives were compared.
    pub compared: usize,
    /// Elements at a kink, as (input, element): the derivatives to both sides differ there, and the
    /// gradient is one of them or lies between.
    pub kinks: Vec<(usize, usize)>,
    /// How many derivatives differences could not decide: rounding, or the function itself, hides an
    /// error as large as those that are looked for. Dual numbers may have decided them.
    pub undecided: usize,
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
        let nothing = self.compared == 0 && self.kinks.is_empty();
        match self.worst() {
            Some(worst) => Err(GradientError::Wrong {
                wrong: self.mismatches.len(),
                compared: self.compared,
                worst: Box::new(worst.clone()),
            }),
            None if nothing && self.undecided > 0 => {
                Err(GradientError::NothingDecided { undecided: self.undecided })
            }
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

    /// How many kinks and errors there are so far.
    pub(super) fn found(&self) -> usize {
        self.kinks.len() + self.mismatches.len()
    }

    pub(super) fn join(&mut self, other: Self) {
        self.compared += other.compared;
        self.kinks.extend(other.kinks);
        self.undecided += other.undecided;
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
    /// No derivative is decidable at this point by differences.
    #[error(
        "none of {undecided} derivatives is decidable here: rounding hides an error as large as those \
         that are looked for"
    )]
    NothingDecided {
        /// How many were looked at.
        undecided: usize,
    },
    /// The check says nothing.
    #[error("no derivative was compared: the inputs or the outputs are empty")]
    NothingCompared,
}
