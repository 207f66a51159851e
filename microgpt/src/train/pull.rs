//! The backward pass of one micro-batch, and a look at its numbers.

use super::TrainingError;
use crate::array::{Vector, indices};
use crate::model::{Loss, Parameter};
use crate::real::Real;
use crate::tape::Quantity;

/// What the micro-batches of one step have in common.
#[derive(Clone, Copy)]
pub(super) struct Pull<'p, T> {
    /// The share of each example in the step's gradient.
    pub(super) share: T,
    /// The parameters to look at, if every number is to be finite.
    pub(super) check_finite: Option<&'p [Parameter]>,
    /// The step, of which the first is 1.
    pub(super) step: usize,
}

impl<T: Real> Pull<'_, T> {
    /// The sum of the losses of some examples, after the share of its gradient was added to that of
    /// the parameters, which are in this block.
    #[track_caller]
    pub(super) fn back<'t, M: Loss>(
        self,
        model: &M,
        weights: &M::Weights<'t, T>,
        block: Vector<'t, usize, T>,
        examples: &[&M::Example],
    ) -> Result<T, TrainingError> {
        let tape = block.tape();
        let mark = tape.mark();
        let loss = {
            let loss = model.loss(tape, weights, examples);
            loss.as_array().backward_with(&[self.share]);
            loss.data()
        };
        let watched = self.watch(block, loss);
        tape.rewind(mark);
        watched
    }

    /// Before the forward pass: what is computed of a parameter that is not finite is not either, and no equation is to
    /// blame.
    pub(super) fn watch_parameters(self, block: Vector<'_, usize, T>) -> Result<(), TrainingError> {
        let Some(parameters) = self.check_finite else { return Ok(()) };
        block.with_data(|values| self.watch_each(parameters, Quantity::Value, values))
    }

    fn watch(self, block: Vector<'_, usize, T>, loss: T) -> Result<T, TrainingError> {
        let step = self.step;
        if let Some(parameters) = self.check_finite {
            if let Some(found) = block.tape().not_finite() {
                return Err(TrainingError::NotFinite { step, found: Box::new(found) });
            }
            self.watch_each(parameters, Quantity::Gradient, &block.grad())?;
        }
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(TrainingError::Loss { step, loss: loss.as_f64() })
        }
    }

    /// Whether the values or the gradients of all parameters are finite.
    fn watch_each(
        self,
        parameters: &[Parameter],
        quantity: Quantity,
        numbers: &[T],
    ) -> Result<(), TrainingError> {
        let mut rest = numbers;
        for parameter in parameters {
            let Parameter { name, shape } = parameter;
            let (own, after) = rest.split_at(parameter.size());
            if let Some(at) = own.iter().position(|number| !number.is_finite()) {
                return Err(TrainingError::Parameter {
                    step: self.step,
                    quantity,
                    name: name.clone(),
                    index: indices(shape, at),
                    number: own[at].as_f64(),
                });
            }
            rest = after;
        }
        Ok(())
    }
}
