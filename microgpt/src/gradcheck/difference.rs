//! Directions in the space of the inputs, and central differences along them at two step sizes, by
//! which kinks are recognised.

/// Where to go from a point.
pub(super) enum Direction {
    /// Along one element of one input.
    Element { input: usize, element: usize },
    /// Along all of them at once.
    All(Vec<Vec<f64>>),
}

impl Direction {
    /// By how much an element changes.
    pub(super) fn along(&self, in_input: usize, at: usize) -> f64 {
        match self {
            Self::Element { input, element } => {
                f64::from(u8::from(*input == in_input && *element == at))
            }
            Self::All(along) => along[in_input][at],
        }
    }

    pub(super) fn advance(&self, inputs: &mut [Vec<f64>], by: f64) {
        match self {
            Self::Element { input, element } => inputs[*input][*element] += by,
            Self::All(along) => {
                for (x, along) in inputs.iter_mut().flatten().zip(along.iter().flatten()) {
                    *x += by * along;
                }
            }
        }
    }
}

/// Difference quotients of every output at one step size.
pub(super) struct Difference {
    pub(super) central: Vec<f64>,
    /// By how much the slope to the right exceeds that to the left.
    bend: Vec<f64>,
}

impl Difference {
    /// `at(s)` gives the outputs at `s` along the direction, `here` those at 0.
    pub(super) fn new(at: &mut impl FnMut(f64) -> Vec<f64>, step: f64, here: &[f64]) -> Self {
        let (left, right) = (at(-step), at(step));
        let slopes = left.iter().zip(&right).zip(here);
        Self {
            central: left.iter().zip(&right).map(|(l, r)| (r - l) / (2.0 * step)).collect(),
            bend: slopes.map(|((l, r), here)| (r - here - (here - l)) / step).collect(),
        }
    }

    /// Whether the slope of an output jumps near the point: half the step gives another slope, or
    /// as great a bend. Where the function is smooth, half the step halves the bend.
    pub(super) fn kink(&self, half: &Self, output: usize, allowed: f64) -> bool {
        let (bend, half_bend) = (self.bend[output].abs(), half.bend[output].abs());
        (self.central[output] - half.central[output]).abs() > 10.0 * allowed
            || half_bend > 0.75 * bend && half_bend > 100.0 * allowed
    }
}
