//! Copies of a model, one per thread, that learn the micro-batches of a batch side by side.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::trainer::{Pull, ThreadsError, TrainingError};
use crate::array::{Array, Vector};
use crate::model::{Instance, Loss, weights_in};
use crate::real::Real;
use crate::tape::{Mark, Position, Tape};

/// Threads with a tape each, and a gradient for each micro-batch.
#[derive(Debug)]
pub(super) struct Replicas<T: Real> {
    pool: ThreadPool,
    models: Vec<Mutex<Replica<T>>>,
    gradients: Vec<Vec<T>>,
    batches: u64,
}

/// A tape that holds a copy of the parameters and nothing else.
#[derive(Debug)]
struct Replica<T: Real> {
    tape: Tape<T>,
    empty: Mark,
    /// Where the parameters are, and the batch, counted from 1, that they are of.
    parameters: Option<(u64, Position)>,
}

impl<T: Real> Default for Replica<T> {
    fn default() -> Self {
        let tape = Tape::default();
        let empty = tape.mark();
        Self { tape, empty, parameters: None }
    }
}

impl<T: Real> Replicas<T> {
    pub(super) fn new(threads: usize) -> Result<Self, ThreadsError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| ThreadsError::System { threads, error })?;
        let models = (0..threads).map(|_| Mutex::default()).collect();
        Ok(Self { pool, models, gradients: Vec::new(), batches: 0 })
    }

    /// The sum of the losses of all micro-batches; their gradients are added, in order, to that of
    /// the parameters.
    pub(super) fn pull_back<M: Loss>(
        &mut self,
        pull: Pull<'_, T>,
        model: &Instance<'_, M, T>,
        micro_batches: &[&[&M::Example]],
    ) -> Result<T, TrainingError> {
        self.batches += 1;
        self.gradients.resize_with(micro_batches.len(), Vec::new);
        let Self { pool, models, gradients, batches } = self;
        let sizes = model.model();
        let losses: Vec<Result<T, TrainingError>> = model.block().with_data(|parameters| {
            let learn = |(examples, gradient): (&&[&M::Example], &mut Vec<T>)| {
                let thread = rayon::current_thread_index().unwrap_or(0);
                // A thread that panicked left its tape as any other step does: it is written anew.
                let mut replica = models[thread].lock().unwrap_or_else(PoisonError::into_inner);
                let block = replica.parameters(*batches, parameters);
                let loss = pull.back(sizes, &weights_in(sizes, block), block, examples);
                block.update_gradients(|own| {
                    gradient.clear();
                    gradient.extend_from_slice(own);
                    own.fill(T::zero());
                });
                loss
            };
            let all = micro_batches.par_iter().zip(gradients.par_iter_mut());
            pool.install(|| all.map(learn).collect())
        });
        let mut total = T::zero();
        for loss in losses {
            total += loss?;
        }
        model.block().update_gradients(|sum| {
            for gradient in gradients {
                for (sum, own) in sum.iter_mut().zip(gradient) {
                    *sum += *own;
                }
            }
        });
        Ok(total)
    }
}

impl<T: Real> Replica<T> {
    /// The parameters of a batch, on this tape.
    fn parameters(&mut self, batch: u64, parameters: &[T]) -> Vector<'_, usize, T> {
        let position = match self.parameters {
            Some((of, position)) if of == batch => position,
            _ => {
                self.tape.rewind(self.empty);
                let position = self.tape.vector(parameters).position();
                self.parameters = Some((batch, position));
                position
            }
        };
        Array::new(&self.tape, position, (parameters.len(),))
    }
}
