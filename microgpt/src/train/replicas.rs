//! Copies of a model, one per thread, that learn the micro-batches of a batch side by side.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::gradients::{Gradients, add, move_out};
use super::pull::Pull;
use super::trainer::{ThreadsError, TrainingError};
use super::tree::halves;
use crate::array::{Array, Vector};
use crate::model::{Instance, Loss, weights_in};
use crate::real::Real;
use crate::tape::{Mark, Position, Tape};

/// Threads with a tape each.
#[derive(Debug)]
pub(super) struct Replicas<T: Real> {
    pool: ThreadPool,
    models: Vec<Mutex<Replica<T>>>,
    gradients: Mutex<Gradients<T>>,
    /// How often the parameters were copied to the replicas.
    copies: u64,
}

/// A tape that holds a copy of the parameters and nothing else.
#[derive(Debug)]
struct Replica<T: Real> {
    tape: Tape<T>,
    empty: Mark,
    /// Where the parameters are, and which copy they are.
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
        Ok(Self { pool, models, gradients: Mutex::default(), copies: 0 })
    }

    /// The sum of the losses of a subtree's micro-batches; the sum of their gradients goes to that of the
    /// parameters.
    pub(super) fn pull_back<M: Loss>(
        &mut self,
        pull: Pull<'_, T>,
        model: &Instance<'_, M, T>,
        micro_batches: &[&[&M::Example]],
        node: Range<usize>,
    ) -> Result<T, TrainingError> {
        self.copies += 1;
        let Self { pool, models, gradients, copies } = self;
        let (sizes, listed, block) = (model.model(), model.listed(), model.block());
        let (loss, gradient) = block.with_data(|parameters| {
            let learn = |at: usize| {
                let mut replica = locked(&models[rayon::current_thread_index().unwrap_or(0)]);
                let block = replica.parameters(*copies, parameters);
                let weights = weights_in(sizes, block, listed);
                let loss = pull.back(sizes, &weights, block, micro_batches[at]);
                let mut gradient = locked(gradients).take();
                block.update_gradients(|own| move_out(own, &mut gradient));
                loss.map(|loss| (loss, gradient))
            };
            pool.install(|| add_up(node, &learn, gradients))
        })?;
        block.update_gradients(|own| own.copy_from_slice(&gradient));
        locked(gradients).put(gradient);
        Ok(loss)
    }
}

/// The sums of the losses and the gradients of a node's leaves. Of two errors the first counts.
fn add_up<T: Real>(
    node: Range<usize>,
    leaf: &(impl Fn(usize) -> Result<(T, Vec<T>), TrainingError> + Sync),
    gradients: &Mutex<Gradients<T>>,
) -> Result<(T, Vec<T>), TrainingError> {
    if node.len() == 1 {
        return leaf(node.start);
    }
    let [left, right] = halves(&node);
    let below = |half| move || add_up(half, leaf, gradients);
    let (left, right) = rayon::join(below(left), below(right));
    let ((left, mut sum), (right, other)) = (left?, right?);
    add(&mut sum, &other);
    locked(gradients).put(other);
    Ok((left + right, sum))
}

/// What a thread that panicked has left is written anew, a tape as well as a gradient.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Real> Replica<T> {
    /// The parameters, on this tape.
    fn parameters(&mut self, copy: u64, parameters: &[T]) -> Vector<'_, usize, T> {
        let position = match self.parameters {
            Some((of, position)) if of == copy => position,
            _ => {
                self.tape.rewind(self.empty);
                let position = self.tape.vector(parameters).position();
                self.parameters = Some((copy, position));
                position
            }
        };
        Array::new(&self.tape, position, (parameters.len(),))
    }
}
