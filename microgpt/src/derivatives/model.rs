//! Second derivatives of a model's loss by its parameters.

use super::HessianProduct;
use super::inputs::dual;
use crate::model::{Instance, Loss, weights_in};
use crate::real::Real;
use crate::tape::Tape;
use crate::train::micro_batches;

impl<M: Loss, T: Real> Instance<'_, M, T> {
    /// The [`loss`](Instance::loss) of some examples, its gradient, and its Hessian times `v`, by all
    /// parameters in the order of the [`block`](Instance::block): [`hvp`](crate::derivatives::hvp) of a
    /// model.
    ///
    /// Examples go through in [micro-batches](crate::Model::micro_batch), so there may be any number of
    /// them. The loss is their sum: divide by their number for the mean that a train step sees. The
    /// parameters and the tape of this model stay as they are.
    ///
    /// ```
    /// use microgpt::{Gpt, Instance, PythonRandom, Tape};
    ///
    /// let tape = Tape::new();
    /// let gpt = Instance::new(&tape, Gpt::new(27), &mut PythonRandom::new(42))?;
    /// let mut along = vec![0.0; gpt.block().size()];
    /// along[7] = 1.0;
    /// let loss = gpt.hvp(&[&[26, 0, 1, 26]], &along);
    /// assert!((loss.value - 27f64.ln()).abs() < 0.5);
    /// assert_eq!(loss.product.len(), 4192);
    /// # Ok::<(), microgpt::model::ModelError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not one number in `v` for each parameter, if there is no example, or as
    /// [`loss`](Instance::loss).
    #[track_caller]
    pub fn hvp(&self, examples: &[&M::Example], v: &[T]) -> HessianProduct<Vec<T>, T> {
        let parameters = self.block().data();
        assert!(
            v.len() == parameters.len(),
            "a direction has {} numbers, one for each parameter, not {}",
            parameters.len(),
            v.len()
        );
        assert!(!examples.is_empty(), "a loss is of one example at least");
        let tape = Tape::default();
        let block = dual(&tape, &parameters[..], v);
        let weights = weights_in(self.model(), block, self.listed());
        let mark = tape.mark();
        let mut value = T::zero();
        for examples in micro_batches(self.model(), examples) {
            let loss = self.model().loss(&tape, &weights, examples);
            value += loss.data().value;
            // The block is a leaf: its gradients add up over the passes.
            loss.backward();
            tape.rewind(mark);
        }
        let (gradient, product) =
            block.grad().iter().map(|gradient| (gradient.value, gradient.tangent)).unzip();
        HessianProduct { value, gradient, product }
    }
}
