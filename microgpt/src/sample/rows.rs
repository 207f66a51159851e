//! The choice of a token for each of many rows of logits: the arithmetic of [`Choosing`](super::sampling::Choosing),
//! with a row in each lane of a vector.
//!
//! ```text
//! logits          a block of 16 rows
//! row 0  a b c    token 0  a d g ...
//! row 1  d e f    token 1  b e h ...
//! row 2  g h i    token 2  c f i ...
//! ```

// Plain loops over lanes are always made into vectors.
#![allow(clippy::needless_range_loop)]

use crate::expr::tuning::{LANES, ROWS};
use crate::expr::{Sum, accumulate, barrier, map};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;

/// A number of each row.
type Each<T> = [T; ROWS];

/// The numbers of one block, in one place for all of them.
#[derive(Debug, Default)]
pub(super) struct Rows<T> {
    /// For each token its logits, then their exponentials.
    exponentials: Vec<Each<T>>,
    /// For each token the probability of it and those before it.
    cumulative: Vec<Each<f64>>,
}

impl<T: Real> Rows<T> {
    /// Draws a token for each row of `vocabulary` logits of a block, at the temperature `1 / colder`. The generator of
    /// the stream of each row draws its number.
    pub(super) fn choose(
        &mut self,
        block: &[T],
        vocabulary: usize,
        colder: T,
        streams: impl Iterator<Item = usize>,
        generators: &mut [PythonRandom],
        chosen: impl FnMut(usize),
    ) -> Result<(), RandomError> {
        self.turn(block, vocabulary);
        let mut targets = [0.0; ROWS];
        let totals = self.accumulate(colder);
        let mut rows = 0;
        for ((target, total), stream) in targets.iter_mut().zip(totals).zip(streams) {
            *target = generators[stream].below(total)?;
            rows += 1;
        }
        self.first_beyond(&targets).into_iter().take(rows).for_each(chosen);
        Ok(())
    }

    /// Puts the rows of a block into lanes. Lanes of no row have the last one.
    fn turn(&mut self, block: &[T], vocabulary: usize) {
        self.exponentials.resize(vocabulary, [T::zero(); ROWS]);
        let last = block.len() - vocabulary;
        for lane in 0..ROWS {
            let row = &block[(lane * vocabulary).min(last)..][..vocabulary];
            for (each, &logit) in self.exponentials.iter_mut().zip(row) {
                each[lane] = logit;
            }
        }
    }

    /// Makes cumulative probabilities of the logits, and returns the sum of all of each row.
    fn accumulate(&mut self, colder: T) -> Each<f64> {
        let mut top = [T::neg_infinity(); ROWS];
        for each in &self.exponentials {
            accumulate(&mut top, [each], |top, _, [x]| if x > top { x } else { top });
        }
        for each in &mut self.exponentials {
            barrier();
            for lane in 0..ROWS {
                each[lane] = ((each[lane] - top[lane]) * colder).exponential();
            }
        }
        // In the lanes of a sum that goes along the row, so that both have the same bits.
        let mut sums = [[T::zero(); ROWS]; LANES];
        for tokens in self.exponentials.chunks(LANES) {
            for (sum, each) in sums.iter_mut().zip(tokens) {
                accumulate(sum, [each], |sum, _, [x]| sum + x);
            }
        }
        let mut scale = [T::zero(); ROWS];
        let sums = sums.each_ref().map(|sum| &sum[..]);
        map(&mut scale, sums, |_, lanes| Sum::of(lanes).total().recip());
        self.cumulative.resize(self.exponentials.len(), [0.0; ROWS]);
        let mut total = [0.0; ROWS];
        for (cumulative, each) in self.cumulative.iter_mut().zip(&self.exponentials) {
            barrier();
            for lane in 0..ROWS {
                total[lane] += (each[lane] * scale[lane]).as_f64();
            }
            *cumulative = total;
        }
        total
    }

    /// The number of bounds between tokens that are not beyond the target of each row.
    fn first_beyond(&self, targets: &Each<f64>) -> Each<usize> {
        let mut tokens = [0; ROWS];
        let (_, bounds) = self.cumulative.split_last().unwrap_or((&[0.0; ROWS], &[]));
        for bound in bounds {
            barrier();
            for lane in 0..ROWS {
                tokens[lane] += usize::from(bound[lane] <= targets[lane]);
            }
        }
        tokens
    }

    /// For each token the probability of it and those before it, of the rows of the last block.
    #[cfg(test)]
    pub(super) fn cumulative(&self) -> impl Iterator<Item = Each<f64>> {
        self.cumulative.iter().copied()
    }
}
