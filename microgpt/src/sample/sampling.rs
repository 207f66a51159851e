//! From logits to a token.

use crate::expr::tuning::LANES;
use crate::expr::{Sum, accumulate, barrier, greatest};
use crate::random::{PythonRandom, RandomError};
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
    /// Only so many of the most likely tokens are considered.
    pub top_k: Option<usize>,
    /// Only the most likely tokens are considered that together have at least this probability.
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
    /// top-p.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let mut probabilities = Vec::new();
        self.probabilities_into(logits, &mut probabilities);
        probabilities
    }

    /// [`probabilities`](Sampling::probabilities) in the place of others.
    pub(super) fn probabilities_into<T: Real>(&self, logits: &[T], probabilities: &mut Vec<f64>) {
        // Whole vectors; what is beyond the tokens is computed with them, and dropped.
        probabilities.resize(logits.len().next_multiple_of(LANES), 0.0);
        for (probability, logit) in probabilities.iter_mut().zip(logits) {
            *probability = logit.as_f64();
        }
        if self.temperature != 0.0 {
            softmax(probabilities, logits.len(), self.temperature);
        }
        probabilities.truncate(logits.len());
        if self.temperature == 0.0 {
            likeliest(probabilities);
            return;
        }
        if self.top_k.is_some() || self.top_p.is_some() {
            self.truncate(probabilities);
        }
    }

    /// Draws a token.
    pub(super) fn choose(
        &self,
        probabilities: &[f64],
        random: &mut PythonRandom,
    ) -> Result<usize, RandomError> {
        if self.temperature > 0.0 {
            return random.choices(probabilities);
        }
        let certain = probabilities.iter().position(|&p| p == 1.0);
        certain.ok_or(RandomError::UnusableTotal(f64::NAN))
    }

    /// Leaves the likeliest tokens alone, scaled up to a sum of 1.
    fn truncate(&self, probabilities: &mut [f64]) {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        // Stable: of equals the first stays.
        order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
        let mut kept = self.top_k.unwrap_or(order.len()).clamp(1, order.len());
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
fn likeliest(logits: &mut [f64]) {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    let all = logits.iter().all(|logit| !logit.is_nan());
    for (token, logit) in logits.iter_mut().enumerate() {
        *logit = f64::from(u8::from(token == best && all));
    }
}

/// The probabilities of the first so many.
fn softmax(logits: &mut [f64], count: usize, temperature: f64) {
    let top = greatest(count, [logits], |_, [x]| x);
    // As any of them, for to compute with what is close to 0 may take a hundred times as long.
    logits[count..].fill(top);
    for vector in logits.as_chunks_mut::<LANES>().0 {
        // Vectors of one part each: else the compiler makes them of elements of several.
        barrier();
        for x in vector {
            *x = ((*x - top) / temperature).exponential();
        }
    }
    let mut total = Sum::new();
    total.row(count, [logits], |sum, _, [x]| sum + x);
    // It is 1 at least: the greatest adds so much.
    let scale = total.total().recip();
    accumulate(logits, [], |x, _, []| x * scale);
}
