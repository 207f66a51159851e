//! Gradients that wait for those they are added to.

use std::ops::Range;

use super::tree::halves;
use crate::array::Vector;
use crate::real::Real;

/// Room for the gradients of subtrees that wait for their other half, kept from step to step.
#[derive(Debug, Default)]
pub(super) struct Gradients<T> {
    free: Vec<Vec<T>>,
}

impl<T: Real> Gradients<T> {
    /// The sum of the losses of a node's leaves. `leaf` returns the loss of one and leaves its gradient in
    /// the block, whose gradient is 0 before; so is the sum's after.
    pub(super) fn add_up<E>(
        &mut self,
        node: Range<usize>,
        block: Vector<'_, usize, T>,
        leaf: &mut impl FnMut(usize) -> Result<T, E>,
    ) -> Result<T, E> {
        if node.len() == 1 {
            return leaf(node.start);
        }
        let [left, right] = halves(&node);
        let left = self.add_up(left, block, leaf)?;
        let mut waiting = self.take();
        block.update_gradients(|own| move_out(own, &mut waiting));
        let right = self.add_up(right, block, leaf)?;
        block.update_gradients(|own| add(own, &waiting));
        self.put(waiting);
        Ok(left + right)
    }

    pub(super) fn take(&mut self) -> Vec<T> {
        self.free.pop().unwrap_or_default()
    }

    pub(super) fn put(&mut self, gradient: Vec<T>) {
        self.free.push(gradient);
    }
}

/// Moves a gradient to another place, and leaves 0.
pub(super) fn move_out<T: Real>(own: &mut [T], place: &mut Vec<T>) {
    place.clear();
    place.extend_from_slice(own);
    own.fill(T::zero());
}

/// Adds a gradient to another: which of them is the left one makes no difference to the bits.
pub(super) fn add<T: Real>(sum: &mut [T], other: &[T]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += *other;
    }
}
