//! Directions in the space of the inputs, and differences along them: extrapolated (Ridders 1982,
//! doi:10.1016/S0141-1195(82)80057-0), with a step that fits the function, and with a bound of their
//! error.
//!
//! A central difference errs by the third derivative times the square of the step, and by the rounding
//! of the function over the step. Three steps, each half of the one before, cancel the first two terms of
//! the former. What is left of it shows in how far the last two extrapolations differ; the latter is
//! known. Where their sum is too large the step is changed, in the direction in which the greater of the
//! two falls.

/// Where to go from a point.
#[derive(Clone)]
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

    /// The size of the numbers that change: a step is a part of it.
    pub(super) fn size(&self, inputs: &[Vec<f64>]) -> f64 {
        match self {
            Self::Element { input, element } => inputs[*input][*element].abs(),
            Self::All(along) => {
                let moved = inputs.iter().flatten().zip(along.iter().flatten());
                let moved = moved.filter(|(_, along)| **along != 0.0);
                let (sum, count) =
                    moved.fold((0.0, 0.0), |(sum, count), (x, _)| (sum + x.abs(), count + 1.0));
                if count > 0.0 { sum / count } else { 0.0 }
            }
        }
    }
}

/// What is known of a derivative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) derivative: f64,
    /// The error is not greater, by all that the differences show.
    pub(super) bound: f64,
    /// The derivatives to both sides, where they differ.
    pub(super) kink: Option<(f64, f64)>,
    /// The largest step that was used.
    pub(super) step: f64,
    /// Whether the function did not change at all.
    constant: bool,
}

impl Estimate {
    const NOTHING: Self =
        Self { derivative: f64::NAN, bound: f64::INFINITY, kink: None, step: 0.0, constant: false };

    /// Whether an error of so large a part of the derivative would show.
    pub(super) fn is_good(&self, part: f64) -> bool {
        self.bound <= part * self.derivative.abs() || self.constant
    }
}

/// A function of one number with many outputs, around 0.
pub(super) struct Line<'a> {
    /// The outputs at a distance.
    pub(super) at: &'a dyn Fn(f64) -> Vec<f64>,
    /// The outputs at 0.
    pub(super) here: &'a [f64],
    /// The rounding of a number of the precision, relative to it.
    pub(super) rounding: f64,
    /// A part of the derivative that would be an error.
    pub(super) wanted: f64,
}

/// By so much the step grows or shrinks at a time, and at most so often.
const FACTOR: f64 = 16.0;
const TIMES: usize = 6;

impl Line<'_> {
    /// The derivative of each output, from a first step on.
    pub(super) fn derivatives(&self, first_step: f64) -> Vec<Estimate> {
        let mut best = vec![Estimate::NOTHING; self.here.len()];
        let mut look = |step: f64| {
            let (mut shrink, mut grow) = (false, false);
            for (best, (estimate, rounds)) in best.iter_mut().zip(self.look(step)) {
                if estimate.bound < best.bound || best.derivative.is_nan() {
                    *best = estimate;
                }
                if !best.is_good(self.wanted) && best.kink.is_none() {
                    *if rounds { &mut grow } else { &mut shrink } = true;
                }
            }
            (shrink, grow)
        };
        let (mut shrink, mut grow) = look(first_step);
        let (mut small, mut large) = (first_step, first_step);
        for _ in 0..TIMES {
            if shrink {
                small /= FACTOR;
                shrink = look(small).0;
            }
            if grow {
                large *= FACTOR;
                grow = look(large).1;
            }
        }
        best
    }

    /// The estimates from one step, half of it and a quarter, and whether rounding is most of the error.
    fn look(&self, step: f64) -> Vec<(Estimate, bool)> {
        let steps = [step, step / 2.0, step / 4.0];
        let sides = steps.map(|step| [(self.at)(-step), (self.at)(step)]);
        let output = |output: usize| {
            let here = self.here[output];
            let sides = sides.each_ref().map(|[left, right]| [left[output], right[output]]);
            self.estimate(here, steps, sides)
        };
        (0..self.here.len()).map(output).collect()
    }

    fn estimate(&self, here: f64, steps: [f64; 3], sides: [[f64; 2]; 3]) -> (Estimate, bool) {
        let step = steps[0];
        let size = sides.iter().flatten().fold(here.abs(), |size, x| size.max(x.abs()));
        let rounding = 8.0 * self.rounding * size / steps[2];
        let slopes = |side: usize| {
            let sign = if side == 0 { -1.0 } else { 1.0 };
            [0, 1, 2].map(|at| sign * (sides[at][side] - here) / steps[at])
        };
        let [left, right] = [slopes(0), slopes(1)];
        let finite = |slopes: [f64; 3]| slopes.iter().all(|slope| slope.is_finite());
        let constant = sides.iter().flatten().all(|&x| x == here);
        let estimate = |derivative: f64, error: f64| {
            let bound = 2.0 * error + rounding;
            (Estimate { derivative, bound, kink: None, step, constant }, rounding > 2.0 * error)
        };
        match (finite(left), finite(right)) {
            (true, true) => {}
            // At an end of the domain there is one side alone.
            (true, false) => {
                let (derivative, error) = one_sided(left);
                return estimate(derivative, error.max(rounding));
            }
            (false, true) => {
                let (derivative, error) = one_sided(right);
                return estimate(derivative, error.max(rounding));
            }
            (false, false) => return (Estimate { step, ..Estimate::NOTHING }, false),
        }
        let central = [0, 1, 2].map(|at| (sides[at][1] - sides[at][0]) / (2.0 * steps[at]));
        let [wide, half, quarter] = central;
        let (first, second) = ((4.0 * half - wide) / 3.0, (4.0 * quarter - half) / 3.0);
        let derivative = (16.0 * second - first) / 15.0;
        let error = (derivative - second).abs().max((derivative - first).abs() / 16.0);
        let (mut estimate, rounds) = estimate(derivative, error);
        // Where the slope jumps the bend stays; where it changes smoothly half the step halves it.
        let bend = [1, 2].map(|at| (right[at] - left[at]).abs());
        let ((to_left, left_error), (to_right, right_error)) = (one_sided(left), one_sided(right));
        let jump = (to_right - to_left).abs();
        let unsure = 4.0 * (left_error + right_error + 2.0 * rounding);
        let part = 1e-3 * (to_left.abs() + to_right.abs());
        if bend[1] > 0.75 * bend[0] && jump > unsure && jump > part {
            estimate.kink = Some((to_left.min(to_right), to_left.max(to_right)));
            estimate.bound = estimate.bound.max(left_error + right_error + 2.0 * rounding);
        }
        (estimate, rounds)
    }
}

/// The derivative to one side from the slopes at a step, half of it and a quarter, and its error.
fn one_sided([wide, half, quarter]: [f64; 3]) -> (f64, f64) {
    let (first, second) = (2.0 * half - wide, 2.0 * quarter - half);
    let derivative = (4.0 * second - first) / 3.0;
    (derivative, (derivative - second).abs())
}
