//! From logits to a token.

use std::array::from_fn;

use num_traits::clamp;

use super::rows::Rows;
use crate::expr::tuning::{FEWEST_ROWS, LANES, ROWS};
use crate::expr::{Sum, barrier, greatest};
use crate::random::{PythonRandom, RandomError, accumulate};
use crate::real::Real;

/// How the next token is drawn from the logits.
///
/// ```
/// use microgpt::Sampling;
///
/// let logits = [1.0, 3.0, 2.0];
/// let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
/// assert_eq!(greedy.probabilities(&logits), [0.0, 1.0, 0.0]);
/// let two = Sampling { temperature: 1.0, top_k: Some(2), top_p: None };
/// assert_eq!(two.probabilities(&logits)[0], 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it. 1 leaves the probabilities as they are; below 1, likely tokens become
    /// likelier; at 0 the likeliest is taken each time, the first of equals, and no random number is
    /// drawn.
    pub temperature: f64,
    /// Only so many of the most likely tokens are considered, one at least.
    pub top_k: Option<usize>,
    /// Only the most likely tokens are considered that together have at least this probability, from 0 to 1; one at
    /// least.
    pub top_p: Option<f64>,
}

impl Default for Sampling {
    /// That of the gist.
    fn default() -> Self {
        Self::GIST
    }
}

impl Sampling {
    /// microgpt.py's: all tokens, at temperature 0.5.
    pub const GIST: Self = Self { temperature: 0.5, top_k: None, top_p: None };

    /// The probability of each token, from the logits of all: softmax at this temperature, then top-k and
    /// top-p. A [`Sampler`](crate::Sampler) of a model in `f32` takes the softmax in `f32`.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let mut choice = Choosing::new(*self);
        choice.look_at(logits);
        choice.probabilities
    }

    /// Leaves the likeliest tokens alone, scaled up to a sum of 1.
    fn truncate(&self, probabilities: &mut [f64]) {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        // Stable: of equals the first stays.
        order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
        let mut kept = self.top_k.unwrap_or(order.len()).max(1).min(order.len());
        if let Some(top_p) = self.top_p {
            let mut together = 0.0;
            let enough = order.iter().position(|&token| {
                together += probabilities[token];
                together >= top_p
            });
            kept = kept.min(enough.map_or(order.len(), |last| last + 1));
        }
        for &token in &order[kept..] {
            probabilities[token] = 0.0;
        }
        let total: f64 = probabilities.iter().sum();
        for p in probabilities {
            *p /= total;
        }
    }
}

/// All of the probability to the greatest, the first of equals. A NaN among them leaves none.
fn likeliest<T: Real>(logits: &[T], probabilities: &mut [f64]) {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    let all = logits.iter().all(|logit| !logit.is_nan());
    for (token, probability) in probabilities.iter_mut().enumerate() {
        *probability = f64::from(u8::from(token == best && all));
    }
}

/// The choice of one token after the other, in one place for all of them.
#[derive(Debug)]
pub(super) struct Choosing<T> {
    pub(super) sampling: Sampling,
    /// The exponentials of the logits; of lanes beyond the last token they are 0.
    vectors: Vec<[T; LANES]>,
    probabilities: Vec<f64>,
    /// The sum of each probability and those before it; nothing before a token is drawn.
    cumulative: Vec<f64>,
    rows: Rows<T>,
}

impl<T: Real> Choosing<T> {
    pub(super) fn new(sampling: Sampling) -> Self {
        let (vectors, probabilities, cumulative) = (Vec::new(), Vec::new(), Vec::new());
        Self { sampling, vectors, probabilities, cumulative, rows: Rows::default() }
    }

    /// Finds the probability of each token from the logits of all.
    pub(super) fn look_at(&mut self, logits: &[T]) {
        let Sampling { temperature, top_k, top_p } = self.sampling;
        self.probabilities.resize(logits.len(), 0.0);
        self.cumulative.clear();
        if temperature == 0.0 {
            likeliest(logits, &mut self.probabilities);
            return;
        }
        let scale = self.exponentials(logits, temperature);
        for (probability, x) in self.probabilities.iter_mut().zip(self.vectors.as_flattened()) {
            *probability = (*x * scale).as_f64();
        }
        if top_k.is_some() || top_p.is_some() {
            self.sampling.truncate(&mut self.probabilities);
        }
    }

    /// The exponential of each logit, and what makes probabilities of them.
    fn exponentials(&mut self, logits: &[T], temperature: f64) -> T {
        let top = greatest(logits.len(), [logits], |_, [x]| x);
        let colder = inverse::<T>(temperature);
        let exponential = |logit: T| ((logit - top) * colder).exponential();
        let (whole, rest) = logits.as_chunks::<LANES>();
        self.vectors.resize(logits.len().div_ceil(LANES), [T::zero(); LANES]);
        let mut total = Sum::new();
        for (exponentials, logits) in self.vectors.iter_mut().zip(whole) {
            // Vectors of one part each: else the compiler makes them of elements of several.
            barrier();
            *exponentials = logits.map(exponential);
            total.row(LANES, [exponentials], |sum, _, [x]| sum + x);
        }
        if !rest.is_empty() {
            // Each lane by itself, also those of no token: so the vector stays in a register.
            let last = &mut self.vectors[whole.len()];
            let logits: [T; LANES] = from_fn(|lane| rest.get(lane).copied().unwrap_or(top));
            let exponentials = logits.map(exponential);
            *last = from_fn(|lane| if lane < rest.len() { exponentials[lane] } else { T::zero() });
            total.row(LANES, [last], |sum, _, [x]| sum + x);
        }
        // Of any logits it is 1 at least: the greatest adds so much.
        total.total().recip()
    }

    /// Draws a token for each row of `vocabulary` logits. The generator of the stream of each row draws its number.
    pub(super) fn choose_each(
        &mut self,
        logits: &[T],
        vocabulary: usize,
        mut streams: impl Iterator<Item = usize>,
        generators: &mut [PythonRandom],
        mut chosen: impl FnMut(usize),
    ) -> Result<(), RandomError> {
        if vocabulary == 0 {
            return Err(RandomError::UnusableTotal(0.0));
        }
        let Sampling { temperature, top_k, top_p } = self.sampling;
        let of_all = temperature > 0.0 && top_k.is_none() && top_p.is_none();
        for block in logits.chunks(ROWS * vocabulary) {
            let rows = block.len() / vocabulary;
            let streams = streams.by_ref().take(rows);
            if of_all && rows >= FEWEST_ROWS {
                let colder = inverse(temperature);
                self.rows.choose(block, vocabulary, colder, streams, generators, &mut chosen)?;
                continue;
            }
            for (row, stream) in block.chunks_exact(vocabulary).zip(streams) {
                self.look_at(row);
                chosen(self.choose(&mut generators[stream])?);
            }
        }
        Ok(())
    }

    /// The probability of each token, after temperature, top-k and top-p.
    pub(super) fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Draws a token; several may be drawn of the same logits.
    pub(super) fn choose(&mut self, random: &mut PythonRandom) -> Result<usize, RandomError> {
        if self.sampling.temperature > 0.0 {
            if self.cumulative.is_empty() {
                accumulate(&self.probabilities, &mut self.cumulative);
            }
            return random.choices_among(&self.cumulative);
        }
        let certain = self.probabilities.iter().position(|&p| p == 1.0);
        certain.ok_or(RandomError::UnusableTotal(f64::NAN))
    }
}

/// `1 / temperature`. Of one that is too low for the precision only the greatest are left, of one that is too high all
/// are alike but for those that are impossible: as of the lowest and the highest.
fn inverse<T: Real>(temperature: f64) -> T {
    let size = clamp(T::of(temperature.abs()), T::min_positive_value(), T::max_value());
    if temperature < 0.0 { -size.recip() } else { size.recip() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities<T: Real>(logits: &[T], temperature: f64) -> Vec<f64> {
        let mut choosing = Choosing::new(Sampling { temperature, ..Sampling::GIST });
        // What an earlier token has left, of more and of fewer logits, is of no account.
        for before in [&[T::of(9.0); 40][..], &[], &[T::nan(); 3]] {
            choosing.look_at(before);
        }
        choosing.look_at(logits);
        choosing.probabilities().to_vec()
    }

    fn without_a_pattern<T: Real>(count: usize) -> Vec<T> {
        (0..count).map(|at| T::of(((at * 7919 + 3) % 101) as f64 / 9.0 - 5.0)).collect()
    }

    fn is_plain_softmax<T: Real>(tolerance: f64) {
        for count in (0..=2 * LANES + 3).chain([63, 64, 65, 1000]) {
            for temperature in [0.5, 1.0, 0.7, 3.0] {
                let logits: Vec<T> = without_a_pattern(count);
                let weights: Vec<f64> =
                    logits.iter().map(|logit| (logit.as_f64() / temperature).exp()).collect();
                let total: f64 = weights.iter().sum();
                let found = probabilities(&logits, temperature);
                assert_eq!(found.len(), count);
                for (found, weight) in found.iter().zip(weights) {
                    assert!((found - weight / total).abs() < tolerance, "{count} {temperature}");
                }
            }
        }
    }

    #[test]
    fn any_number_of_logits_has_its_softmax() {
        is_plain_softmax::<f64>(1e-15);
        is_plain_softmax::<f32>(1e-6);
    }

    fn special_logits<T: Real>() {
        let number = |x: f64| T::of(x);
        // In a whole vector and behind the last.
        for at in [2, LANES + 1] {
            let mut logits = [number(1.0); LANES + 3];
            logits[at] = T::neg_infinity();
            let found = probabilities(&logits, 0.5);
            assert_eq!(found[at], 0.0);
            assert!((found[0] - 1.0 / (LANES + 2) as f64).abs() < 1e-7);
            for bad in [T::nan(), T::infinity()] {
                logits[at] = bad;
                let found = probabilities(&logits, 0.5);
                assert!(found.iter().any(|p| p.is_nan()), "{bad} at {at}");
            }
            // So cold that the inverse of the temperature is infinite, in `f32` or in both.
            for temperature in [1e-30, 1e-42, 1e-60, 5e-324] {
                logits[at] = number(1.5);
                let found = probabilities(&logits, temperature);
                assert!(found.iter().enumerate().all(|(place, p)| *p == f64::from(place == at)));
                logits[at] = number(1.0);
                let found = probabilities(&logits, temperature);
                assert!(found.iter().all(|p| (p - 1.0 / (LANES + 3) as f64).abs() < 1e-7));
            }
        }
    }

    fn special_temperatures<T: Real>() {
        let logits = [0.0, f64::NEG_INFINITY, 1.0].map(T::of);
        for temperature in [3.5e38, 1e60, 1e308, f64::INFINITY] {
            let found = probabilities(&logits, temperature);
            assert_eq!((found[0], found[1], found[2]), (0.5, 0.0, 0.5), "{temperature}");
        }
        for temperature in [f64::NAN, -1e-60, -5e-324] {
            let found = probabilities(&logits[1..], temperature);
            assert!(found.iter().any(|p| p.is_nan()), "{temperature}");
        }
    }

    #[test]
    fn temperatures_beyond_the_precision() {
        special_temperatures::<f64>();
        special_temperatures::<f32>();
    }

    #[test]
    fn of_no_logits_there_are_no_probabilities() {
        for (top_k, top_p) in [(None, None), (Some(0), None), (Some(3), Some(0.5))] {
            assert!(Sampling { top_k, top_p, ..Sampling::GIST }.probabilities(&[]).is_empty());
        }
    }

    #[test]
    fn infinities_and_very_low_temperatures() {
        special_logits::<f64>();
        special_logits::<f32>();
    }

    /// The choice for many rows, beside that for each.
    fn rows_are_each<T: Real>() {
        let sampling = Sampling { temperature: 0.7, ..Sampling::GIST };
        for (rows, vocabulary) in [(1, 1), (3, 2), (16, 27), (17, 8), (40, 33), (9, 1), (12, 100)] {
            let logits: Vec<T> = without_a_pattern(rows * vocabulary);
            let generators = || (0..rows as u64).map(PythonRandom::new).collect::<Vec<_>>();
            let [mut together, mut alone] = [generators(), generators()];
            let (mut choosing, mut chosen) = (Choosing::new(sampling), Vec::new());
            // The generator of each row is its own, in an order that is not that of the rows.
            let streams = |row: usize| rows - 1 - row;
            choosing
                .choose_each(&logits, vocabulary, (0..rows).map(streams), &mut together, |token| {
                    chosen.push(token);
                })
                .expect("numbers");
            for (row, logits) in logits.chunks_exact(vocabulary).enumerate() {
                choosing.look_at(logits);
                let token = choosing.choose(&mut alone[streams(row)]).expect("numbers");
                assert_eq!(chosen[row], token, "row {row} of {rows}, {vocabulary} tokens");
                // The cumulative probabilities are the same bits, of the last block that has enough rows.
                let place = row % ROWS;
                let block = if rows % ROWS < FEWEST_ROWS { rows / ROWS } else { rows / ROWS + 1 };
                if row / ROWS + 1 == block {
                    let along = choosing.rows.cumulative().map(|each| each[place]);
                    assert!(along.eq(choosing.cumulative.iter().copied()));
                }
            }
            assert!(together.iter().zip(&alone).all(|(a, b)| a.state() == b.state()));
        }
    }

    #[test]
    fn many_rows_at_once_are_each_by_itself() {
        rows_are_each::<f64>();
        rows_are_each::<f32>();
    }

    #[test]
    fn a_row_that_has_no_probabilities_is_an_error() {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut logits = [0.5; 20 * 3];
            logits[17 * 3 + 1] = bad;
            let mut generators: Vec<_> = (0..20).map(PythonRandom::new).collect();
            let mut choosing = Choosing::new(Sampling::GIST);
            let chosen = choosing.choose_each(&logits, 3, 0..20, &mut generators, |_| ());
            assert!(matches!(chosen, Err(RandomError::UnusableTotal(total)) if total.is_nan()));
        }
        let mut choosing = Choosing::<f64>::new(Sampling::GIST);
        assert!(choosing.choose_each(&[], 0, 0..2, &mut [], |_| ()).is_err());
    }
}
