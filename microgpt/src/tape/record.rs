//! Records: how the gradient of each goes back to what it was computed from.

use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;

use super::{Pass, Place};
use crate::expr::Equations;
use crate::real::Real;
use crate::shape::Word;

/// What a record saves of its `expr!`: the backward half, and what its values are, both from the
/// words that it saved.
pub(super) trait Expression<T>: Send {
    fn pull_back(&self, words: &[usize], pass: Pass<'_, T>);
    fn equations(&self, words: &[usize]) -> Equations;
}

pub(super) struct Compiled<P, B, D> {
    pub(super) backward: B,
    pub(super) describe: D,
    pub(super) words: PhantomData<fn(P)>,
}

impl<T, P: Word, B, D> Expression<T> for Compiled<P, B, D>
where
    B: Fn(P, Pass<'_, T>) + Send,
    D: Fn(P) -> Equations + Send,
{
    #[inline]
    fn pull_back(&self, mut words: &[usize], pass: Pass<'_, T>) {
        (self.backward)(P::read(&mut words), pass);
    }

    fn equations(&self, mut words: &[usize]) -> Equations {
        (self.describe)(P::read(&mut words))
    }
}

/// How to carry a record's gradient to its inputs.
pub(super) enum Backward<T> {
    /// An operator on `Value`s: the local gradients were stored behind the result.
    Scalar { inputs: [u32; 3], count: u32, caller: &'static Location<'static> },
    /// Copies of other blocks, `count` of them: where each begins and how long it is.
    Concatenation { words: usize, count: usize, caller: &'static Location<'static> },
    /// An `expr!`.
    Expression { words: usize, integers: usize, expression: Box<dyn Expression<T>> },
}

pub(super) struct Record<T> {
    pub(super) start: usize,
    /// Where its results are. What lies before is intermediate, and has gradients only inside of the record's own
    /// backward pass, which writes them first.
    pub(super) results: usize,
    pub(super) end: usize,
    pub(super) backward: Backward<T>,
}

impl<T> Record<T> {
    /// Where the intermediate values lie.
    pub(super) fn intermediates(&self) -> Range<usize> {
        self.start..self.results
    }

    /// Where the results and all that follows lie.
    pub(super) fn results_onwards(&self) -> Range<usize> {
        self.results..self.end
    }
}

impl<T: Real> Record<T> {
    /// Carries the gradient of the record's values to its inputs.
    #[inline]
    pub(super) fn pull_back(&self, words: &[usize], pass: Pass<'_, T>) {
        match &self.backward {
            Backward::Scalar { inputs, count, .. } => {
                let gradient = pass.gradients[self.start];
                let locals = &pass.values[self.start + 1..self.end];
                for (&input, &local) in inputs[..*count as usize].iter().zip(locals) {
                    let input = &mut pass.gradients[input as usize];
                    *input = gradient.pull_onto(local, *input);
                }
            }
            Backward::Concatenation { words: first, count, .. } => {
                let (below, own) = pass.gradients.split_at_mut(self.start);
                let mut own = &own[..];
                for part in words[*first..].chunks_exact(2).take(*count) {
                    let (gradients, rest) = own.split_at(part[1]);
                    for (input, gradient) in below[part[0]..].iter_mut().zip(gradients) {
                        *input += *gradient;
                    }
                    own = rest;
                }
            }
            Backward::Expression { words: first, integers, expression } => expression.pull_back(
                &words[*first..],
                Pass { integers: &pass.integers[*integers..], ..pass },
            ),
        }
    }

    /// Where the `expr!` or the operator stands.
    pub(super) fn place(&self, words: &[usize]) -> Place {
        match &self.backward {
            Backward::Scalar { caller, .. } | Backward::Concatenation { caller, .. } => {
                (*caller).into()
            }
            Backward::Expression { words: first, expression, .. } => {
                expression.equations(&words[*first..]).place
            }
        }
    }

    /// What the backward pass reads: the name of each block, and where its values lie. Operators on
    /// `Value`s save their local gradients instead.
    pub(super) fn reads(&self, words: &[usize]) -> Vec<(&'static str, Range<usize>)> {
        let equations = self.equations(words);
        equations.map_or_else(Vec::new, |equations| equations.all_reads(self.start..self.end))
    }

    /// What an expression computed.
    pub(super) fn equations(&self, words: &[usize]) -> Option<Equations> {
        match &self.backward {
            Backward::Scalar { .. } | Backward::Concatenation { .. } => None,
            Backward::Expression { words: first, expression, .. } => {
                Some(expression.equations(&words[*first..]))
            }
        }
    }

    /// What stands at an offset among the record's values, and its index.
    pub(super) fn describe(&self, words: &[usize], offset: usize) -> (String, Vec<usize>) {
        match &self.backward {
            Backward::Scalar { .. } => ("the result".into(), vec![]),
            Backward::Concatenation { .. } => ("the concatenation".into(), vec![offset]),
            Backward::Expression { words: first, expression, .. } => {
                expression.equations(&words[*first..]).find(offset)
            }
        }
    }
}
