//! The verdict on one derivative: at which steps differences are looked at, and when they say enough.

use super::difference::{Bend, Estimate, Probe, Sample};
use crate::real::Real;

/// So many steps are tried for a derivative that agrees as far as they can tell.
const TRIES: usize = 4;
/// So many for one that does not, or at a kink.
const SUSPICIOUS_TRIES: usize = 9;
/// So many probes at most are looked at, whatever they show.
const LOOKS: usize = 24;
/// From one step to the next towards a kink.
const DESCENT: f64 = 16.0;

/// What a precision and a line allow for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) relative: f64,
    pub(super) epsilon: f64,
    /// The least number: values below it round to 0.
    pub(super) underflow: f64,
    /// The first step, and how far it may shrink and grow.
    pub(super) first: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
}

impl Limits {
    /// For a line along which this distance is that to 0, about.
    pub(super) fn new<T: Real>(relative: f64, scale: f64) -> Self {
        let epsilon = T::epsilon().as_f64();
        let underflow = (T::min_positive_value() * T::epsilon()).as_f64();
        // Where rounding, ε / h, is as great as what one extrapolation leaves, h⁴: the fifth root.
        let first = (epsilon.log2() / 5.0).round().exp2() * scale;
        let least = 16.0 * epsilon * scale;
        Self { relative, epsilon, underflow, first, least, greatest: 16384.0 * scale }
    }

    /// For a line along which all elements move: far away is another function.
    pub(super) fn bounded(self) -> Self {
        Self { greatest: 0.25, ..self }
    }

    /// Steps for an edge of the domain: one-sided differences need more levels, from further off.
    fn one_sided(&self) -> Wish {
        let levels = if self.epsilon < 1e-10 { 6 } else { 4 };
        Wish { step: 16.0 * self.first, levels }
    }
}

/// A step to be tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) step: f64,
    pub(super) levels: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Open,
    Right,
    /// Rounding hides an error that must be seen.
    Undecided,
    /// Within what both sides give.
    Kink,
    /// The differences give another one.
    Wrong {
        expected: f64,
        step: f64,
        at_a_kink: bool,
    },
}

/// One derivative under search.
#[derive(Clone, Debug)]
pub(super) struct Search {
    analytic: f64,
    /// What errors are relative to, if not to the derivative itself.
    size: f64,
    /// Errors of the values, and of the analytic derivative, as they were measured.
    pub(super) noise: (f64, f64),
    pub(super) verdict: Verdict,
    pub(super) wish: Wish,
    tries: usize,
    looks: usize,
    best: Option<Estimate>,
    /// The greatest step at which rounding was too much, and the least at which truncation was.
    low: f64,
    high: f64,
    /// The greatest step that does not reach the kink that was found beside this point.
    ceiling: f64,
    /// At the least step at which the function bent like a kink.
    pub(super) bent: Option<Bend>,
    pub(super) bent_at: f64,
    /// The bend of this kink that rounding blurs least.
    clearest: Option<Bend>,
    /// At how many steps it bent as much as at the one before.
    bends: usize,
    suspect: Option<Estimate>,
    /// What kink was left at the step of the suspect.
    suspect_kink: f64,
    edge: bool,
    /// Whether the function jumps within the last step.
    pub(super) jumped: bool,
}

impl Search {
    pub(super) fn new(analytic: f64, size: f64, limits: &Limits) -> Self {
        Self {
            analytic,
            size,
            noise: (0.0, 0.0),
            verdict: Verdict::Open,
            wish: Wish { step: limits.first, levels: 2 },
            tries: 0,
            looks: 0,
            best: None,
            low: 0.0,
            high: f64::INFINITY,
            ceiling: f64::INFINITY,
            bent: None,
            bent_at: 0.0,
            clearest: None,
            bends: 0,
            suspect: None,
            suspect_kink: 0.0,
            edge: false,
            jumped: false,
        }
    }

    /// The same derivative from the beginning, with errors that were measured.
    pub(super) fn again(&mut self, noise: (f64, f64), limits: &Limits) {
        *self = Self { noise, ..Self::new(self.analytic, self.size, limits) };
    }

    pub(super) fn open(&self) -> bool {
        self.verdict == Verdict::Open
    }

    pub(super) fn claims_zero(&self) -> bool {
        self.analytic == 0.0
    }

    fn asked(&self, slope: f64, limits: &Limits) -> f64 {
        let finite = |x: f64| if x.is_finite() { x.abs() } else { 0.0 };
        limits.relative * self.size.max(finite(self.analytic)).max(finite(slope))
    }

    fn consistent(&self, estimate: &Estimate, limits: &Limits) -> bool {
        let allowed = self.asked(estimate.slope, limits) + estimate.error() + self.noise.1;
        // Written so that a NaN is an error.
        (self.analytic - estimate.slope).abs() <= allowed
    }

    /// The error of a value beside its own rounding.
    fn noise_of(&self, probe: &Probe, output: usize, here: Sample, limits: &Limits) -> f64 {
        // A function that is 0 all around, as left of a rectifier, is 0, and not what underflowed.
        let zero = self.claims_zero() && probe.flat(output, here);
        self.noise.0 + if zero { 0.0 } else { limits.underflow }
    }

    fn decided(&self, estimate: &Estimate, limits: &Limits) -> bool {
        estimate.error() + self.noise.1 <= self.asked(estimate.slope, limits)
    }

    /// Looks at differences; `targeted` if they are at the step that this derivative wished for.
    pub(super) fn look(
        &mut self,
        probe: &Probe,
        output: usize,
        here: Sample,
        limits: &Limits,
        targeted: bool,
    ) {
        self.tries += usize::from(targeted);
        self.looks += 1;
        if self.looks > LOOKS {
            self.settle(limits);
            return;
        }
        if !here.value.is_finite() {
            self.verdict = Verdict::Undecided;
            return;
        }
        if probe.step > self.ceiling {
            return;
        }
        let found = if self.edge {
            None
        } else {
            probe.central(output, here, limits.epsilon, self.noise_of(probe, output, here, limits))
        };
        let Some((estimate, bend)) = found else {
            if self.edge || targeted {
                self.look_from_one_side(probe, output, here, limits);
            }
            return;
        };
        // From afar a steep rise looks like a jump too.
        if bend.jumps() && probe.step <= 1.5 * limits.first {
            self.descend_to_a_jump(probe.step, limits);
            return;
        }
        if std::mem::take(&mut self.jumped) {
            // The jump is beside this point: no step up to this one reaches it.
            (self.ceiling, self.tries) = (probe.step, 0);
        }
        if probe.step > 1.5 * limits.first {
            let trusted = self.best.is_some_and(|best| best.agrees(&estimate, 0.0));
            if !(trusted && bend.parabolic()) {
                self.high = self.high.min(probe.step);
                self.next(&estimate, probe, output, here, limits);
                return;
            }
        } else if bend.stays() && bend.narrow.abs() > 4.0 * self.asked(bend.narrow, limits) {
            self.descend_to_a_kink(bend, probe.step, limits);
            return;
        } else if let Some(bent) = self.bent {
            if bend.hidden(bent.narrow) {
                self.judge_kink(limits);
                return;
            }
            if !bend.parabolic() {
                // The kink is within the widest of these steps, and maybe not within the least.
                self.descend_to(probe.step / 4.0, limits);
                return;
            }
            // Between the kink and this point a step is small enough, and a greater one is not.
            self.ceiling = probe.step;
            (self.bent, self.clearest, self.tries) = (None, None, 0);
        }
        // What a lesser step contradicts was the slope of a function seen from too far.
        let better = |best: Estimate| {
            estimate.error() < best.error()
                || estimate.step < best.step && !best.agrees(&estimate, 0.0)
        };
        if self.best.is_none_or(better) {
            self.best = Some(estimate);
        }
        let (consistent, decided) =
            (self.consistent(&estimate, limits), self.decided(&estimate, limits));
        let decided = decided && (consistent || !self.consistent(&estimate.rough(), limits));
        let before = self.suspect;
        match (consistent, decided, before) {
            (true, true, _) => self.verdict = Verdict::Right,
            // Here the step is wider than what the function does, and its limit is none.
            (false, _, _) if !estimate.smooth && self.tries < SUSPICIOUS_TRIES => {
                self.high = self.high.min(probe.step);
                let step = (probe.step / (DESCENT * DESCENT)).max(limits.least);
                if step < probe.step {
                    self.wish = Wish { step, levels: 2 };
                } else {
                    self.settle(limits);
                }
            }
            (_, _, Some(_)) if bend.hides(self.suspect_kink) => {
                self.descend_to_a_kink(bend, probe.step, limits);
            }
            (_, _, Some(suspect))
                if suspect.agrees(&estimate, self.asked(suspect.slope, limits)) =>
            {
                self.wrong(&suspect);
            }
            (false, true, _) => {
                // At another step, too: what is narrower than this one would not show.
                (self.suspect, self.suspect_kink) = (Some(estimate), bend.kink());
                let step = probe.step / DESCENT;
                if step < limits.least || self.tries >= SUSPICIOUS_TRIES {
                    self.wrong(&estimate);
                } else {
                    self.wish = Wish { step, levels: 2 };
                }
            }
            _ => self.next(&estimate, probe, output, here, limits),
        }
    }

    fn wrong(&mut self, estimate: &Estimate) {
        self.verdict =
            Verdict::Wrong { expected: estimate.slope, step: estimate.step, at_a_kink: false };
    }

    /// Another step for what could not be decided at this one.
    fn next(
        &mut self,
        estimate: &Estimate,
        probe: &Probe,
        output: usize,
        here: Sample,
        limits: &Limits,
    ) {
        let step = probe.step;
        let consistent = self.best.is_none_or(|best| self.consistent(&best, limits));
        let hopeless = self.claims_zero() && probe.flat(output, here) && step > 1.5 * limits.first;
        let tries = if consistent { TRIES } else { SUSPICIOUS_TRIES };
        if hopeless || self.tries >= tries {
            self.settle(limits);
            return;
        }
        let asked = self.asked(estimate.slope, limits);
        // That a lesser step says less is rounding, too: within the function, where it does not show.
        let noisy =
            self.best.is_some_and(|best| best.step > step && best.error() < estimate.error());
        let too_wide = step >= self.high || estimate.truncation > estimate.rounding && !noisy;
        let next = if too_wide {
            self.high = self.high.min(step);
            step * (asked / (2.0 * estimate.truncation)).sqrt().clamp(1.0 / 4096.0, 0.25)
        } else {
            self.low = self.low.max(step);
            step * (2.0 * estimate.rounding / asked).clamp(4.0, 16_777_216.0)
        };
        let next = next.clamp(limits.least, limits.greatest.min(self.ceiling));
        self.wish = if self.low == 0.0 || self.high.is_infinite() {
            Wish { step: next.log2().round().exp2(), levels: 2 }
        } else {
            // Between the two a third level gains most.
            let between = (2.0 * (self.low * self.high).sqrt()).min(self.ceiling);
            Wish { step: between.log2().round().exp2(), levels: 3 }
        };
        if self.wish.step == step && self.wish.levels == probe.levels() {
            self.settle(limits);
        }
    }

    /// What the best estimate says, when there will be no better one.
    fn settle(&mut self, limits: &Limits) {
        self.verdict = Verdict::Undecided;
        if self.bent.is_some() {
            self.judge_kink(limits);
        } else if let Some(best) = self.best {
            let doubtful = Estimate { truncation: 2.0 * best.truncation, ..best }.rough();
            if best.smooth && !self.consistent(&doubtful, limits) {
                self.wrong(&best);
            }
        }
    }

    fn descend_to_a_kink(&mut self, bend: Bend, step: f64, limits: &Limits) {
        if self.bent.is_none() || step < self.bent_at {
            let alike = |before: Bend| (0.5..=2.0).contains(&(bend.narrow / before.narrow));
            match self.bent {
                Some(before) if alike(before) => self.bends += 1,
                // As a kink that was seen, and is hidden by rounding now.
                Some(_) if self.bends > 0 => {
                    self.judge_kink(limits);
                    return;
                }
                _ => {}
            }
            (self.bent, self.bent_at) = (Some(bend), step);
            // A lesser step may be blurred; if it differs, a greater one saw something else.
            if !self.clearest.is_some_and(|clearest| clearest.agrees(&bend)) {
                self.clearest = Some(bend);
            }
        }
        self.descend_to(self.bent_at / DESCENT, limits);
    }

    /// Where a function jumps it has no derivative.
    fn descend_to_a_jump(&mut self, step: f64, limits: &Limits) {
        (self.jumped, self.bent_at) = (true, step);
        let next = step / DESCENT;
        if next < limits.least {
            self.verdict = Verdict::Undecided;
        } else {
            self.wish = Wish { step: next, levels: 2 };
        }
    }

    fn descend_to(&mut self, next: f64, limits: &Limits) {
        if next < limits.least || self.tries >= SUSPICIOUS_TRIES {
            self.judge_kink(limits);
        } else {
            self.wish = Wish { step: next, levels: 2 };
        }
    }

    /// At a kink the derivative is one of both sides', or between these.
    fn judge_kink(&mut self, limits: &Limits) {
        let Some(bend) = self.clearest.filter(|_| self.bends > 0) else {
            // No kink bends another way at each step: this is faster than the least step.
            self.verdict = Verdict::Undecided;
            return;
        };
        let (left, right) = (bend.left, bend.right);
        let (low, high) = if left.slope <= right.slope { (left, right) } else { (right, left) };
        // Rounding may cross the kink: what is measured then is no error.
        let most = 0.1 * bend.narrow.abs();
        let noise = if self.noise.1 < most { self.noise.1 } else { 0.0 };
        let room = |one: &Estimate| self.asked(one.slope, limits) + one.error().min(most) + noise;
        let within =
            self.analytic >= low.slope - room(&low) && self.analytic <= high.slope + room(&high);
        self.verdict = if within {
            Verdict::Kink
        } else {
            let nearest = if self.analytic < low.slope { low } else { high };
            Verdict::Wrong { expected: nearest.slope, step: self.bent_at, at_a_kink: true }
        };
    }

    /// Where one side leaves the domain at every step that rounding allows.
    fn look_from_one_side(&mut self, probe: &Probe, output: usize, here: Sample, limits: &Limits) {
        if !self.edge {
            let step = probe.step / 4096.0;
            if step >= limits.least {
                self.wish = Wish { step, levels: 2 };
            } else {
                (self.edge, self.tries, self.best) = (true, 0, None);
                self.wish = limits.one_sided();
            }
            return;
        }
        let again = |step: f64| Wish { step, ..limits.one_sided() };
        let noise = self.noise_of(probe, output, here, limits);
        let Some((estimate, growth)) = probe.one_sided(output, here, limits.epsilon, noise) else {
            self.wish = again(probe.step / 256.0);
            if self.wish.step < limits.least {
                self.settle(limits);
            }
            return;
        };
        if self.analytic.is_infinite()
            && growth > 1.5
            && self.analytic.signum() == estimate.slope.signum()
        {
            self.verdict = Verdict::Undecided;
            return;
        }
        if self.best.is_none_or(|best| estimate.error() < best.error()) {
            self.best = Some(estimate);
        }
        if self.consistent(&estimate, limits) && self.decided(&estimate, limits) {
            self.verdict = Verdict::Right;
        } else if self.tries >= 2 * TRIES || probe.step / DESCENT < limits.least {
            self.settle(limits);
        } else {
            self.wish = again(probe.step / DESCENT);
        }
    }
}
