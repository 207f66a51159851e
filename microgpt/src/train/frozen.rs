//! Which parameters a training leaves as they are.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::array::Vector;
use crate::model::Parameter;
use crate::real::Real;

/// The frozen parameters, and where the others lie.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub(super) names: BTreeSet<String>,
    /// The parts of the block that move: all of it, if nothing is frozen.
    pub(super) moved: Vec<Range<usize>>,
}

impl Frozen {
    pub(super) fn new(parameters: &[Parameter], names: BTreeSet<String>) -> Self {
        let (mut moved, mut start) = (Vec::<Range<usize>>::new(), 0);
        for parameter in parameters {
            let end = start + parameter.size();
            if !names.contains(&parameter.name) {
                match moved.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => moved.push(start..end),
                }
            }
            start = end;
        }
        Self { names, moved }
    }

    /// Sets the gradient of all that is frozen to 0: nothing reads it, and a norm is without it.
    pub(super) fn silence<T: Real>(&self, gradients: &mut [T]) {
        let mut start = 0;
        for part in &self.moved {
            gradients[start..part.start].fill(T::zero());
            start = part.end;
        }
        gradients[start..].fill(T::zero());
    }
}

/// How many numbers some parts of a block have.
pub(super) fn size(parts: &[Range<usize>]) -> usize {
    parts.iter().map(Range::len).sum()
}

/// Makes room for a number of each parameter that an optimiser moves, at its first step.
#[track_caller]
pub(super) fn remember<T: Real>(numbers: &mut Vec<T>, count: usize) {
    if numbers.is_empty() {
        *numbers = vec![T::zero(); count];
    }
    assert!(
        numbers.len() == count,
        "this optimiser has moved {} parameters before, not {count}",
        numbers.len(),
    );
}

/// Gives `update` the weights and the gradients of each part of a block, and where the part lies in what is remembered
/// of the parts alone.
pub(super) fn update_parts<T: Real>(
    block: Vector<'_, usize, T>,
    parts: &[Range<usize>],
    mut update: impl FnMut(&mut [T], &mut [T], Range<usize>),
) {
    block.update(|weights, gradients| {
        let mut end = 0;
        for part in parts {
            let remembered = end..end + part.len();
            end = remembered.end;
            update(&mut weights[part.clone()], &mut gradients[part.clone()], remembered);
        }
    });
}
