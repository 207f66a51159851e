//! Which tensors a file has.

use std::collections::BTreeSet;

use super::{CheckpointError, WORDS};
use crate::model::{Model, ModelError, Parameter, declared};
use crate::random;
use crate::real::Real;
use crate::tape::Tape;
use crate::train::{Optimiser, Rule, SQUARE};

/// What of a training says which tensors there are.
pub(super) struct Trained<'a> {
    pub(super) rule: Rule,
    pub(super) steps: usize,
    pub(super) frozen: &'a BTreeSet<String>,
}

/// The tensors of a file: the parameters, and what the optimiser remembers of those that move.
pub(super) struct Layout {
    parameters: Vec<Parameter>,
    /// What stands before the names of the parameters: nothing, and the name of each thing that is remembered.
    prefixes: Vec<String>,
    frozen: BTreeSet<String>,
    has_training: bool,
}

impl Layout {
    pub(super) fn new<M: Model, T: Real>(
        model: &M,
        trained: Option<Trained<'_>>,
    ) -> Result<Self, CheckpointError> {
        let (declared, _) = declared(model, &Tape::<T>::default())?;
        let parameters: Vec<_> = declared.into_iter().map(|one| one.parameter).collect();
        let has_training = trained.is_some();
        let mut prefixes = vec![String::new()];
        if let Some(Trained { rule, steps: 1.., .. }) = trained {
            let optimiser = Optimiser::<T>::new(rule);
            prefixes.extend(optimiser.remembered().iter().map(|(name, _)| format!("{name}.")));
        }
        let frozen = trained.map(|trained| trained.frozen.clone()).unwrap_or_default();
        let layout = Self { parameters, prefixes, frozen, has_training };
        layout.check_frozen()?;
        Ok(layout)
    }

    /// What stands before the names of what the optimiser remembers: nothing before its first step.
    pub(super) fn remembered(&self) -> &[String] {
        &self.prefixes[1..]
    }

    /// Whether what is frozen are parameters, and not all of them.
    fn check_frozen(&self) -> Result<(), CheckpointError> {
        let mut left: BTreeSet<&str> = self.parameters.iter().map(|one| &one.name[..]).collect();
        for name in &self.frozen {
            if !left.remove(&name[..]) {
                return Err(CheckpointError::Frozen(name.clone()));
            }
        }
        if left.is_empty() && !self.frozen.is_empty() {
            return Err(CheckpointError::AllFrozen);
        }
        Ok(())
    }

    /// The parameters that have a tensor behind a prefix.
    fn behind<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a Parameter> + use<'a> {
        let all = prefix.is_empty();
        self.parameters.iter().filter(move |one| all || !self.frozen.contains(&one.name))
    }

    /// The parameters that have a tensor behind a prefix, with the name of each.
    pub(super) fn named<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (String, &'a Parameter)> {
        self.behind(prefix).map(move |one| (format!("{prefix}{}", one.name), one))
    }

    /// The name and the shape of every tensor.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let words = self.has_training.then(|| (WORDS.to_owned(), vec![random::WORDS]));
        let shaped = |(name, one): (String, &Parameter)| (name, one.shape.clone());
        self.prefixes.iter().flat_map(|prefix| self.named(prefix)).map(shaped).chain(words)
    }

    /// These numbers, which are as many as the parameters have that a tensor is of, by the name of each tensor.
    pub(super) fn parts<'a, T>(
        &'a self,
        prefix: &'a str,
        numbers: &'a [T],
    ) -> impl Iterator<Item = (String, &'a Parameter, &'a [T])> {
        self.named(prefix).scan(numbers, |rest, (name, parameter)| {
            let (own, after) = rest.split_at(parameter.size());
            *rest = after;
            Some((name, parameter, own))
        })
    }

    /// Whether these are one finite number for each that the parameters behind a prefix have.
    pub(super) fn check_numbers<T: Real>(
        &self,
        prefix: &str,
        numbers: &[T],
    ) -> Result<(), CheckpointError> {
        let expected = self.behind(prefix).map(Parameter::size).sum();
        let found = numbers.len();
        if found != expected {
            return Err(match prefix {
                "" => ModelError::Parameters { expected, found }.into(),
                _ => CheckpointError::Remembered { expected, found },
            });
        }
        self.parts(prefix, numbers).try_for_each(|(name, _, own)| check_block(prefix, &name, own))
    }

    /// Whether each tensor has a name of its own.
    pub(super) fn check_names(&self) -> Result<(), CheckpointError> {
        // The layout of the file has a key of its own beside the tensors.
        let mut names = BTreeSet::from(["__metadata__".to_owned()]);
        for (name, _) in self.tensors() {
            if !names.insert(name.clone()) {
                return Err(CheckpointError::Name(name));
            }
        }
        Ok(())
    }
}

/// Whether a tensor has finite numbers, and no negative squares.
pub(super) fn check_block<T: Real>(
    prefix: &str,
    name: &str,
    numbers: &[T],
) -> Result<(), CheckpointError> {
    let name = name.to_owned();
    if let Some(position) = numbers.iter().position(|number| !number.is_finite()) {
        let number = numbers[position].as_f64();
        return Err(CheckpointError::NotFinite { name, position, number });
    }
    let is_square = prefix.strip_suffix('.') == Some(SQUARE);
    if is_square && numbers.iter().any(|&number| number < T::zero()) {
        return Err(CheckpointError::NegativeSquare(name));
    }
    Ok(())
}
