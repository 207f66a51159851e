//! What a layer under check is called with: sizes, inputs, and whatever else it takes.

use std::num::NonZeroU64;
use std::ops::Range;

use super::Point;
use crate::random::PythonRandom;
use crate::real::Real;

/// The length of each axis of a layer under check, by the name that the check gives it.
///
/// ```
/// use microgpt::gradcheck::Sizes;
///
/// let sizes = Sizes::new(&["t", "i"], &[2, 3]);
/// assert_eq!(sizes.of("i"), 3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes(Vec<(&'static str, usize)>);

impl Sizes {
    /// Lengths that go wrong in different ways: one, two, odd, a whole number of lanes, and more.
    pub const SWEPT: [usize; 8] = [1, 2, 3, 4, 5, 7, 8, 11];

    /// The first length for the first name, and so on; a name that comes again keeps its length.
    #[must_use]
    pub fn new(names: &[&'static str], lengths: &[usize]) -> Self {
        Self(names.iter().copied().zip(lengths.iter().copied()).collect())
    }

    /// The length of the axis with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn of(&self, name: &str) -> usize {
        let found = self.0.iter().find(|(one, _)| *one == name);
        found.unwrap_or_else(|| panic!("no axis is called `{name}`")).1
    }
}

/// The axes among these that are no numbers.
#[doc(hidden)]
#[must_use]
pub fn letters(axes: &[&'static str]) -> Vec<&'static str> {
    axes.iter().copied().filter(|axis| fixed(axis).is_none()).collect()
}

/// The length of an axis that is a number, as it was written in Rust.
fn fixed(axis: &str) -> Option<usize> {
    axis.replace('_', "").trim_end_matches("usize").parse().ok()
}

/// An argument that is no input.
#[derive(Clone, Debug)]
enum Passed {
    Integer(i64),
    Number(f64),
    Numbers(Vec<f64>),
    Ids(Vec<usize>),
    Conditions(Vec<bool>),
    Choice(usize, &'static str),
}

/// All that a layer is called with at some sizes.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Drawing {
    sizes: Sizes,
    random: PythonRandom,
    inputs: Vec<Point>,
    passed: Vec<(&'static str, Passed)>,
}

// Generated code asks for what it has drawn, and nothing else; it passes ranges as they were written.
#[allow(clippy::missing_panics_doc, clippy::needless_pass_by_value)]
impl Drawing {
    pub(super) fn new(sizes: Sizes, seed: u64) -> Self {
        let random = PythonRandom::new(seed);
        Self { sizes, random, inputs: Vec::new(), passed: Vec::new() }
    }

    /// The sizes and the arguments that are no inputs, for a report.
    pub(super) fn described(&self) -> String {
        let sizes = self.sizes.0.iter().map(|(name, length)| format!("{name} = {length}"));
        let passed = self.passed.iter().map(|(name, value)| match value {
            Passed::Integer(value) => format!("{name} = {value}"),
            Passed::Number(value) => format!("{name} = {value:?}"),
            Passed::Numbers(values) => format!("{name} = {values:?}"),
            Passed::Ids(ids) => format!("{name} = {ids:?}"),
            Passed::Conditions(all) => format!("{name} = {all:?}"),
            Passed::Choice(_, text) => format!("{name} = {text}"),
        });
        let all: Vec<String> = sizes.chain(passed).collect();
        if all.is_empty() { "its sizes".into() } else { all.join(", ") }
    }

    /// How many numbers the inputs have.
    pub(super) fn total(&self) -> usize {
        self.inputs.iter().map(|point| point.values.len()).sum()
    }

    /// The tracked arguments.
    #[must_use]
    pub fn inputs(&self) -> &[Point] {
        &self.inputs
    }

    /// The lengths.
    #[must_use]
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// The length of an axis.
    #[must_use]
    #[track_caller]
    pub fn length(&self, name: &str) -> usize {
        self.sizes.of(name)
    }

    /// The length of an axis, among integers.
    #[must_use]
    #[track_caller]
    pub fn length_of(&self, name: &str) -> i64 {
        i64::try_from(self.sizes.of(name)).expect("a small length")
    }

    /// The lengths of axes, which are letters and numbers.
    #[must_use]
    #[track_caller]
    pub fn shape(&self, axes: &[&str]) -> Vec<usize> {
        axes.iter().map(|axis| fixed(axis).unwrap_or_else(|| self.sizes.of(axis))).collect()
    }

    /// Says how long an axis is that a range reaches along.
    pub fn reach(&mut self, name: &'static str, length: i64) {
        self.sizes.0.push((name, usize::try_from(length).unwrap_or(0)));
    }

    // ------------------------------------------------------------ to draw

    fn values(&mut self, count: usize, range: Option<&Range<f64>>) -> Vec<f64> {
        let mut number = || match range {
            Some(range) => range.start + (range.end - range.start) * self.random.random(),
            None => self.random.gauss(0.0, 1.0),
        };
        (0..count).map(|_| number()).collect()
    }

    #[track_caller]
    fn between(&mut self, name: &str, low: i64, high: i64) -> i64 {
        let count = u64::try_from(high - low).ok().and_then(NonZeroU64::new);
        let count = count.unwrap_or_else(|| panic!("nothing to draw `{name}` from: {low}..{high}"));
        low + i64::try_from(self.random.randbelow(count)).expect("below the end of a range")
    }

    /// Draws a tracked argument: from a range, uniformly, else from a standard normal distribution.
    pub fn input(&mut self, name: &'static str, shape: &[usize], range: Option<Range<f64>>) {
        let values = self.values(shape.iter().product(), range.as_ref());
        self.inputs.push(Point::new(name, shape, values));
    }

    /// Draws numbers without gradient, rounded so that every precision has them.
    pub fn numbers(&mut self, name: &'static str, shape: &[usize], range: Option<Range<f64>>) {
        let values = self.values(shape.iter().product(), range.as_ref());
        let values = values.into_iter().map(rounded).collect();
        self.passed.push((name, Passed::Numbers(values)));
    }

    /// Draws a number, rounded so that every precision has it.
    pub fn number(&mut self, name: &'static str, range: Range<f64>) {
        let value = rounded(self.values(1, Some(&range))[0]);
        self.passed.push((name, Passed::Number(value)));
    }

    /// Draws an integer.
    #[track_caller]
    pub fn integer(&mut self, name: &'static str, low: i64, high: i64) -> i64 {
        let value = self.between(name, low, high);
        self.passed.push((name, Passed::Integer(value)));
        value
    }

    /// Draws one of some values, of which this is the text.
    pub fn choice(&mut self, name: &'static str, texts: &[&'static str]) {
        let count = i64::try_from(texts.len()).expect("a short list");
        let at = usize::try_from(self.between(name, 0, count)).expect("a position");
        self.passed.push((name, Passed::Choice(at, texts[at])));
    }

    /// Draws ids.
    #[track_caller]
    pub fn ids(&mut self, name: &'static str, shape: &[usize], low: i64, high: i64) {
        let id = |_| usize::try_from(self.between(name, low, high)).expect("an id is not below 0");
        let ids = (0..shape.iter().product()).map(id).collect();
        self.passed.push((name, Passed::Ids(ids)));
    }

    /// Draws conditions.
    #[track_caller]
    pub fn conditions(&mut self, name: &'static str, shape: &[usize]) {
        let holds = |_| self.between(name, 0, 2) == 1;
        let all = (0..shape.iter().product()).map(holds).collect();
        self.passed.push((name, Passed::Conditions(all)));
    }

    // ------------------------------------------------------------ what was drawn

    fn of(&self, name: &str) -> &Passed {
        let found = self.passed.iter().find(|(one, _)| *one == name);
        &found.unwrap_or_else(|| panic!("`{name}` was not drawn")).1
    }

    /// An integer that was drawn.
    #[must_use]
    pub fn integer_of(&self, name: &str) -> i64 {
        match self.of(name) {
            Passed::Integer(value) => *value,
            other => panic!("`{name}` is no integer: {other:?}"),
        }
    }

    /// A number that was drawn.
    #[must_use]
    pub fn number_of(&self, name: &str) -> f64 {
        match self.of(name) {
            Passed::Number(value) => *value,
            other => panic!("`{name}` is no number: {other:?}"),
        }
    }

    /// Numbers that were drawn, in a precision.
    #[must_use]
    pub fn numbers_of<T: Real>(&self, name: &str) -> Vec<T> {
        match self.of(name) {
            Passed::Numbers(values) => values.iter().map(|&value| T::of(value)).collect(),
            other => panic!("`{name}` holds no numbers: {other:?}"),
        }
    }

    /// Ids that were drawn.
    #[must_use]
    pub fn ids_of(&self, name: &str) -> &[usize] {
        match self.of(name) {
            Passed::Ids(ids) => ids,
            other => panic!("`{name}` holds no ids: {other:?}"),
        }
    }

    /// Conditions that were drawn.
    #[must_use]
    pub fn conditions_of(&self, name: &str) -> &[bool] {
        match self.of(name) {
            Passed::Conditions(all) => all,
            other => panic!("`{name}` holds no conditions: {other:?}"),
        }
    }

    /// Which of a list of values was drawn.
    #[must_use]
    pub fn choice_of(&self, name: &str) -> usize {
        match self.of(name) {
            Passed::Choice(at, _) => *at,
            other => panic!("`{name}` is none of a list: {other:?}"),
        }
    }
}

/// The nearest number that `f32` has.
#[allow(clippy::cast_possible_truncation)] // that is what it is for
fn rounded(value: f64) -> f64 {
    f64::from(value as f32)
}
