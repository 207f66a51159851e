//! Which parameters a training leaves as they are.

use std::collections::BTreeSet;
use std::ops::Range;

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

/// Where each part of a block lies there, and where in what is remembered of the parts alone.
pub(super) fn places(parts: &[Range<usize>]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    parts.iter().scan(0, |end, part| {
        let start = *end;
        *end += part.len();
        Some((part.clone(), start..*end))
    })
}
