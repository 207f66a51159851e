//! Copies of a model, one a thread, that learn the groups of a batch side by side.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Pull, ThreadsError, TrainingError};
use crate::array::Array;
use crate::gpt::{Config, Gpt};
use crate::real::Real;
use crate::tape::{Mark, Position, Tape};

/// Threads with a tape each, and a gradient for each group.
#[derive(Debug)]
pub(super) struct Replicas<T: Real> {
    pool: ThreadPool,
    models: Vec<Mutex<Replica<T>>>,
    gradients: Vec<Vec<T>>,
    batches: u64,
}

/// A tape that holds a copy of the weights and nothing else.
#[derive(Debug)]
struct Replica<T: Real> {
    tape: Tape<T>,
    empty: Mark,
    /// Where the weights are, and the batch, counted from 1, that they are of.
    weights: Option<(u64, Position)>,
}

impl<T: Real> Default for Replica<T> {
    fn default() -> Self {
        let tape = Tape::default();
        let empty = tape.mark();
        Self { tape, empty, weights: None }
    }
}

impl<T: Real> Replicas<T> {
    pub(super) fn new(threads: usize) -> Result<Self, ThreadsError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| ThreadsError { threads, reason: error.to_string() })?;
        let models = (0..threads).map(|_| Mutex::default()).collect();
        Ok(Self { pool, models, gradients: Vec::new(), batches: 0 })
    }

    /// The sum of the losses of all groups; their gradients are added, in order, to that of the
    /// weights.
    pub(super) fn pull_back(
        &mut self,
        pull: Pull<T>,
        gpt: &Gpt<'_, T>,
        groups: &[&[&[usize]]],
    ) -> Result<T, TrainingError> {
        self.batches += 1;
        self.gradients.resize_with(groups.len(), Vec::new);
        let Self { pool, models, gradients, batches } = self;
        let config = *gpt.config();
        let losses: Vec<Result<T, TrainingError>> = gpt.weights().with_data(|weights| {
            let learn = |(documents, gradient): (&&[&[usize]], &mut Vec<T>)| {
                let thread = rayon::current_thread_index().unwrap_or(0);
                // A thread that panicked left its tape as any other step does: it is written anew.
                let mut replica = models[thread].lock().unwrap_or_else(PoisonError::into_inner);
                let gpt = replica.model(*batches, weights, config);
                let loss = pull.back(&gpt, documents);
                gpt.weights().update_gradients(|own| {
                    gradient.clear();
                    gradient.extend_from_slice(own);
                    own.fill(T::zero());
                });
                loss
            };
            pool.install(|| groups.par_iter().zip(gradients.par_iter_mut()).map(learn).collect())
        });
        let mut total = T::zero();
        for loss in losses {
            total += loss?;
        }
        gpt.weights().update_gradients(|sum| {
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
    /// The model with the weights of a batch.
    fn model(&mut self, batch: u64, weights: &[T], config: Config) -> Gpt<'_, T> {
        let position = match self.weights {
            Some((of, position)) if of == batch => position,
            _ => {
                self.tape.rewind(self.empty);
                let position = self.tape.vector(weights).position();
                self.weights = Some((batch, position));
                position
            }
        };
        let copy = Array::new(&self.tape, position, (weights.len(),));
        Gpt::with_weights(copy, config).expect("the sizes of the model itself")
    }
}
