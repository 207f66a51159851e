//! Differences along a line through a point: central and one-sided, extrapolated to a step of 0
//! (Richardson 1911; Ridders 1982, *Accurate computation of F'(x) and F'(x)F''(x)*).

/// A level's step is that of the level before over this.
const RATIO: f64 = 4.0;

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

    /// Makes NaN of whatever changes.
    pub(super) fn spoil(&self, inputs: &mut [Vec<f64>]) {
        match self {
            Self::Element { input, element } => inputs[*input][*element] = f64::NAN,
            Self::All(along) => {
                for (x, along) in inputs.iter_mut().flatten().zip(along.iter().flatten()) {
                    if *along != 0.0 {
                        *x = f64::NAN;
                    }
                }
            }
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

/// An output at a point of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) value: f64,
    /// The sum of the absolute values of the terms that it is the sum of: `ε` times this is rounding.
    pub(super) size: f64,
}

/// The outputs at a distance to either side.
struct Level {
    left: Vec<Sample>,
    right: Vec<Sample>,
    /// The distances, as far as the precision has them.
    back: f64,
    forth: f64,
}

/// The outputs around a point at several steps, each a quarter of the one before.
pub(super) struct Probe {
    pub(super) step: f64,
    levels: Vec<Level>,
}

/// A derivative from differences, and how far it may be from the true one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) slope: f64,
    pub(super) truncation: f64,
    /// How much further, if the function has no second derivative here, as that of `relu(x)^2` at 0.
    pub(super) roughness: f64,
    pub(super) rounding: f64,
    pub(super) step: f64,
    /// Whether the function looks smooth at these steps: else the limit says nothing.
    pub(super) smooth: bool,
}

impl Estimate {
    pub(super) fn error(&self) -> f64 {
        self.truncation + self.rounding
    }

    /// The same of a function that may have no second derivative.
    pub(super) fn rough(self) -> Self {
        Self { truncation: self.truncation + self.roughness, ..self }
    }

    /// Whether both can be estimates of one number.
    pub(super) fn agrees(&self, other: &Self, beyond: f64) -> bool {
        (self.slope - other.slope).abs() <= self.error() + other.error() + beyond
    }
}

/// By how much the slope to the right exceeds that to the left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bend {
    wide: f64,
    pub(super) narrow: f64,
    /// The difference quotients of both sides together, at these steps.
    across: [f64; 2],
    /// What rounding makes of a bend of 0.
    pub(super) rounding: f64,
    pub(super) left: Estimate,
    pub(super) right: Estimate,
}

impl Bend {
    /// Whether a step of a quarter bends as much, as at a kink. Where a function is smooth it bends a
    /// quarter as much.
    pub(super) fn stays(&self) -> bool {
        self.narrow.abs() > 0.6 * self.wide.abs() && !self.hidden(self.narrow)
    }

    /// Whether a quotient grows as the step shrinks, as at a jump: the size of that stays.
    pub(super) fn jumps(&self) -> bool {
        let grows = |[wide, narrow]: [f64; 2]| {
            (0.8 * RATIO..1.2 * RATIO).contains(&(narrow / wide)) && !self.hidden(narrow)
        };
        grows([self.wide, self.narrow]) || grows(self.across)
    }

    /// Whether both steps see a smooth function, as far as rounding lets them see.
    pub(super) fn smooth(&self) -> bool {
        RATIO * self.narrow.abs() <= 1.5 * self.wide.abs() + 2.0 * RATIO * self.rounding
    }

    /// Whether both see the same curvature and little more.
    pub(super) fn parabolic(&self) -> bool {
        let excess = (self.wide - RATIO * self.narrow).abs();
        excess <= 0.5 * self.wide.abs() + 2.0 * RATIO * self.rounding
    }

    /// Whether both can be of one kink.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.left.agrees(&other.left, 0.0) && self.right.agrees(&other.right, 0.0)
    }

    /// Whether rounding could hide a bend as great as this one.
    pub(super) fn hidden(&self, bend: f64) -> bool {
        8.0 * self.rounding >= bend.abs()
    }

    /// What is left of the bend at a step of 0: that of a kink, which a curvature may hide.
    pub(super) fn kink(&self) -> f64 {
        (RATIO * self.narrow - self.wide) / (RATIO - 1.0)
    }

    /// Whether a kink is left that was there at a greater step too. Of a smooth function next to
    /// nothing would be left of it.
    pub(super) fn hides(&self, kink_before: f64) -> bool {
        let kink = self.kink();
        (0.5..=2.0).contains(&(kink / kink_before)) && !self.hidden(kink)
    }
}

impl Probe {
    /// `at(s)` gives the outputs at `s` along the line, and the distance to there.
    pub(super) fn new(
        at: &mut impl FnMut(f64) -> (f64, Vec<Sample>),
        step: f64,
        levels: usize,
    ) -> Self {
        let mut distance = step;
        let mut level = || {
            let ((back, left), (forth, right)) = (at(-distance), at(distance));
            distance /= RATIO;
            Level { left, right, back: -back, forth }
        };
        Self { step, levels: (0..levels).map(|_| level()).collect() }
    }

    /// Whether an output is the same number at all points.
    pub(super) fn flat(&self, output: usize, here: Sample) -> bool {
        self.levels.iter().all(|level| {
            let same = |sample: Sample| sample.value.to_bits() == here.value.to_bits();
            same(level.left[output]) && same(level.right[output])
        })
    }

    pub(super) fn levels(&self) -> usize {
        self.levels.len()
    }

    fn least(&self) -> f64 {
        self.levels.last().map_or(self.step, |level| level.forth.min(level.back))
    }

    /// The greatest error of a value by rounding.
    fn rounding(&self, output: usize, here: Sample, epsilon: f64, noise: f64) -> f64 {
        let sizes = self.levels.iter().flat_map(|level| [level.left[output], level.right[output]]);
        let size = sizes.map(|sample| sample.size).fold(here.size, f64::max);
        epsilon * size + noise
    }

    /// The derivative from differences of both sides; none if a value is not finite.
    pub(super) fn central(
        &self,
        output: usize,
        here: Sample,
        epsilon: f64,
        noise: f64,
    ) -> Option<(Estimate, Bend)> {
        let rounding = self.rounding(output, here, epsilon, noise) / self.least();
        let estimate = |quotients: &[f64], factor: f64, rounding: f64| {
            let (slope, truncation) = extrapolate(quotients, factor);
            let roughness = (slope - extrapolate(quotients, RATIO).0).abs();
            Estimate { slope, truncation, roughness, rounding, step: self.step, smooth: true }
        };
        let each = |quotient: fn(f64, f64, f64, &Level) -> f64| -> Vec<f64> {
            let of = |level: &Level| {
                quotient(level.left[output].value, here.value, level.right[output].value, level)
            };
            self.levels.iter().map(of).collect()
        };
        let central = each(|left, _, right, level| (right - left) / (level.forth + level.back));
        let left = each(|left, here, _, level| (here - left) / level.back);
        let right = each(|_, here, right, level| (right - here) / level.forth);
        if !central.iter().chain(&left).chain(&right).all(|quotient| quotient.is_finite()) {
            return None;
        }
        let last = left.len() - 1;
        let bend = Bend {
            wide: right[last - 1] - left[last - 1],
            narrow: right[last] - left[last],
            across: [central[last - 1], central[last]],
            rounding: 4.0 * rounding,
            left: estimate(&left, RATIO, 2.0 * rounding),
            right: estimate(&right, RATIO, 2.0 * rounding),
        };
        let central = estimate(&central, RATIO * RATIO, 1.2 * rounding);
        Some((Estimate { smooth: bend.smooth(), ..central }, bend))
    }

    /// The derivative from one side, for the edge of a domain; none if neither side has finite
    /// values. The second is the growth of the quotient from the widest step to the narrowest.
    pub(super) fn one_sided(
        &self,
        output: usize,
        here: Sample,
        epsilon: f64,
        noise: f64,
    ) -> Option<(Estimate, f64)> {
        let rounding = self.rounding(output, here, epsilon, noise) / self.least();
        let side = |quotient: &dyn Fn(&Level) -> f64| {
            let quotients: Vec<f64> = self.levels.iter().map(quotient).collect();
            let (slope, truncation) = extrapolate(&quotients, RATIO);
            let growth = quotients[quotients.len() - 1] / quotients[0];
            let rounding = 3.0 * rounding;
            let (step, roughness) = (self.step, 0.0);
            let estimate = Estimate { slope, truncation, roughness, rounding, step, smooth: true };
            quotients.iter().all(|quotient| quotient.is_finite()).then_some((estimate, growth))
        };
        side(&|level| (level.right[output].value - here.value) / level.forth)
            .or_else(|| side(&|level| (here.value - level.left[output].value) / level.back))
    }
}

/// The limit of quotients at steps of which each is a quarter of the one before, by Neville's table,
/// and its last correction. `factor` is by how much the first term of their error shrinks.
fn extrapolate(quotients: &[f64], factor: f64) -> (f64, f64) {
    let mut table = quotients.to_vec();
    let last = table.len() - 1;
    let (mut power, mut correction) = (1.0, f64::INFINITY);
    for order in 1..=last {
        power *= factor;
        let before = table[last];
        for k in (order..=last).rev() {
            table[k] = (power * table[k] - table[k - 1]) / (power - 1.0);
        }
        correction = (table[last] - before).abs();
    }
    (table[last], correction)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Function = fn(f64) -> f64;

    fn probe(function: Function, step: f64, levels: usize) -> (Probe, Sample) {
        let sample = |x: f64| Sample { value: function(x), size: function(x).abs() };
        (Probe::new(&mut |s| (s, vec![sample(1.0 + s)]), step, levels), sample(1.0))
    }

    #[test]
    fn the_error_of_an_estimate_is_within_what_it_says() {
        let functions: [(Function, f64); 4] = [
            (f64::exp, 1f64.exp()),
            (f64::ln, 1.0),
            (|x| (10.0 * x).sin(), 10.0 * 10f64.cos()),
            (|x| 1e10 + 3.0 * x, 3.0),
        ];
        for (function, slope) in functions {
            for levels in [2, 3] {
                for power in 4..30 {
                    let (probe, here) = probe(function, f64::from(-power).exp2(), levels);
                    let found = probe.central(0, here, f64::EPSILON, 0.0);
                    let (estimate, bend) = found.expect("finite values");
                    assert!((estimate.slope - slope).abs() <= estimate.error(), "{estimate:?}");
                    assert!(bend.smooth() && !bend.stays(), "{bend:?}");
                }
            }
        }
    }

    #[test]
    fn at_an_edge_one_side_is_enough() {
        let (probe, here) = probe(|x| (1.0 - x).powf(1.5) - x, 0.25, 5);
        assert!(probe.central(0, here, f64::EPSILON, 0.0).is_none());
        let (estimate, _) = probe.one_sided(0, here, f64::EPSILON, 0.0).expect("the left side");
        assert!((estimate.slope + 1.0).abs() < 0.05, "{estimate:?}");
    }

    #[test]
    fn a_jump_bends_the_more_the_lesser_the_step() {
        let to_the_right: Function = |x| (x - 1.0).signum() + x.sin();
        let to_both_sides: Function = |x| if x == 1.0 { 0.0 } else { (x - 1.0).signum() };
        for function in [to_the_right, to_both_sides] {
            let (probe, here) = probe(function, 1e-3, 2);
            let (_, bend) = probe.central(0, here, f64::EPSILON, 0.0).expect("finite values");
            assert!(bend.jumps());
        }
    }

    #[test]
    fn a_kink_bends_as_much_at_each_step() {
        let (probe, here) = probe(|x| (x - 1.0).abs() + x.sin(), 1e-3, 2);
        let (_, bend) = probe.central(0, here, f64::EPSILON, 0.0).expect("finite values");
        assert!(bend.stays() && !bend.smooth() && !bend.jumps());
        assert!((bend.left.slope - (1f64.cos() - 1.0)).abs() < 1e-6);
    }
}
