//! Random projections of large Jacobians, and kinks that lie in their way.

use super::Mismatch;
use super::difference::{Direction, Probe};
use super::run::{Run, power_below, slope};
use super::search::{Limits, Search, Verdict};
use crate::real::Real;

/// So many differences at most are spent on finding the elements that kink.
const KINK_PROBES: usize = 4096;

/// An element by its input and its place there.
type Element = (usize, usize);

impl<T: Real> Run<'_, T> {
    /// Random combinations of the outputs along random directions.
    ///
    /// Elements that kink or jump are found, looked at by themselves, and left out of all directions.
    pub(super) fn projections(&mut self, count: usize) {
        let mut kinked: Vec<Element> = Vec::new();
        for _ in 0..count {
            let cotangents = self.draw(self.outputs.len());
            let gradients = self.gradients(&cotangents);
            let along = self.directions();
            match self.project(along, &gradients, &cotangents, &mut kinked) {
                Verdict::Kink => self.report.kinked_projections += 1,
                Verdict::Open | Verdict::Undecided => self.report.undecided_projections += 1,
                Verdict::Right | Verdict::Wrong { .. } => self.report.compared += 1,
            }
            if !self.report.mismatches.is_empty() {
                return;
            }
        }
    }

    /// One random combination along one direction, without the elements that kink.
    fn project(
        &mut self,
        mut along: Vec<Vec<f64>>,
        gradients: &[Vec<f64>],
        cotangents: &[f64],
        kinked: &mut Vec<Element>,
    ) -> Verdict {
        let limits = Limits::new::<T>(self.check.tolerance.relative, 1.0).bounded();
        loop {
            for &(input, element) in kinked.iter() {
                along[input][element] = 0.0;
            }
            let direction = Direction::All(along.clone());
            let claim = slope(gradients, &direction);
            let mut search = [Search::new(claim, norm(gradients, &along), &limits)];
            self.search(&direction, Some(cotangents), &mut search, &limits);
            let [search] = search;
            if search.verdict == Verdict::Right {
                return Verdict::Right;
            }
            if search.bent.is_some() || search.jumped {
                let found = self.kinked(&along, cotangents, search.bent_at, search.noise.0);
                for &(input, element) in &found {
                    self.judge_element(input, element, gradients, cotangents);
                }
                if !found.is_empty() {
                    kinked.extend(found);
                    continue;
                }
            }
            let Verdict::Wrong { expected, step, .. } = search.verdict else {
                return search.verdict;
            };
            // Kinks may hide each other from a search by halves, and not from one of each element.
            let before = self.report.kinks.len();
            let named = self.which(gradients, cotangents);
            let mut found = self.report.kinks.split_off(before);
            found.retain(|element| !kinked.contains(element));
            self.report.kinks.extend(&found);
            if named || found.is_empty() {
                if !named {
                    let mismatch = self.mismatch(0, 0, None, claim, expected);
                    self.report.mismatches.push(Mismatch { step, ..mismatch });
                }
                return search.verdict;
            }
            kinked.extend(found);
        }
    }

    /// A random direction: each element by the geometric mean of its own size and of its input's, so
    /// that small ones have their weight, and are not carried far beyond 0.
    pub(super) fn directions(&mut self) -> Vec<Vec<f64>> {
        let mut directions = Vec::new();
        for point in self.points {
            let finite = || point.values.iter().filter(|x| x.is_finite() && **x != 0.0);
            let mean = finite().map(|x| x.abs()).sum::<f64>() / (finite().count() as f64).max(1.0);
            let typical = if mean > 0.0 { mean } else { 1.0 };
            let mut along = self.draw(point.values.len());
            for (along, x) in along.iter_mut().zip(&point.values) {
                let own = if *x == 0.0 || !x.is_finite() { typical } else { x.abs() };
                *along *= power_below((own * typical).sqrt());
            }
            directions.push(along);
        }
        directions
    }

    /// The elements that kink or jump, each by itself, found by halving.
    pub(super) fn kinked(
        &mut self,
        along: &[Vec<f64>],
        cotangents: &[f64],
        step: f64,
        noise: f64,
    ) -> Vec<Element> {
        let all = along.iter().enumerate().flat_map(|(input, along)| {
            let moving = along.iter().enumerate().filter(|(_, by)| **by != 0.0);
            moving.map(move |(element, _)| (input, element))
        });
        let mut halves: Vec<Vec<Element>> = vec![all.collect()];
        let (mut found, mut probes) = (Vec::new(), 0);
        while let Some(elements) = halves.pop() {
            if probes >= KINK_PROBES {
                return found;
            }
            probes += 1;
            let mut part: Vec<Vec<f64>> = along.iter().map(|one| vec![0.0; one.len()]).collect();
            for &(input, element) in &elements {
                part[input][element] = along[input][element];
            }
            let direction = Direction::All(part);
            let here = self.joined(cotangents);
            let probe = Probe::new(&mut |by| self.at(&direction, Some(cotangents), by), step, 2);
            let bend = probe.central(0, here, T::epsilon().as_f64(), noise);
            if !bend.is_some_and(|(_, bend)| bend.stays() || bend.jumps()) {
                continue;
            }
            match elements.split_at(elements.len() / 2) {
                ([], [one]) => found.push(*one),
                (some, others) => halves.extend([some.to_vec(), others.to_vec()]),
            }
        }
        found
    }

    /// Whether an element kinks under these cotangents, and its derivative is within what is right.
    pub(super) fn judge_element(
        &mut self,
        input: usize,
        element: usize,
        gradients: &[Vec<f64>],
        cotangents: &[f64],
    ) -> Verdict {
        let limits = self.limits_along(input, element);
        let analytic = gradients[input][element];
        let mut search = [Search::new(analytic, 0.0, &limits)];
        let direction = Direction::Element { input, element };
        self.search(&direction, Some(cotangents), &mut search, &limits);
        let verdict = search[0].verdict;
        match verdict {
            Verdict::Kink => self.report.kinks.push((input, element)),
            Verdict::Right => self.report.compared += 1,
            Verdict::Open | Verdict::Undecided => self.report.undecided.push((input, element)),
            Verdict::Wrong { .. } => {
                self.report.compared += 1;
                self.element_is_wrong((input, element), None, analytic, verdict, cotangents);
            }
        }
        verdict
    }
}

/// The root of the sum of squares of the terms of a derivative along a direction.
pub(super) fn norm(gradients: &[Vec<f64>], along: &[Vec<f64>]) -> f64 {
    let terms = gradients.iter().flatten().zip(along.iter().flatten());
    let square = |(gradient, by): (&f64, &f64)| (gradient * by) * (gradient * by);
    terms.map(square).filter(|term| term.is_finite()).sum::<f64>().sqrt()
}
