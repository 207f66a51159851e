//! Named parameters: declared once, in order, and laid out in one block.

use std::fmt;
use std::sync::Arc;

use super::Parameter;
use crate::array::{Array, Vector};
use crate::random::PythonRandom;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Tape;

/// What a model declares its parameters with: each call names one, and returns it.
///
/// ```
/// # use microgpt::model::{Bias, Model, Parameters, Weight};
/// # use microgpt::{Instance, PythonRandom, Real, Tape};
/// # #[derive(Clone)]
/// # struct Mlp { hidden: usize }
/// # struct Weights<'t, T: Real> { w: Weight<'t, T>, layers: Vec<Bias<'t, T>> }
/// # impl Model for Mlp {
/// #     type Weights<'t, T: Real> = Weights<'t, T>;
/// fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Weights<'t, T> {
///     let w = p.gauss("w", (self.hidden, 2), 0.1);
///     let mut layer = |n| p.within(&format!("layer{n}")).constant("bias", (self.hidden,), 0.0);
///     Weights { w, layers: (0..3).map(|n| layer(n)).collect() }
/// }
/// # }
/// # let tape = Tape::new();
/// # let mlp = Instance::new(&tape, Mlp { hidden: 4 }, &mut PythonRandom::new(1)).expect("a model");
/// # assert_eq!(mlp.weights().w.shape(), (4, 2));
/// let names: Vec<&str> = mlp.parameters().iter().map(|one| one.name.as_str()).collect();
/// assert_eq!(names, ["w", "layer0.bias", "layer1.bias", "layer2.bias"]);
/// ```
///
/// A model declares its parameters before there are any numbers, to know how many there are: what
/// a declaration returns is read by the loss, not here.
#[derive(Debug)]
pub struct Parameters<'p, 't, T: Real> {
    ledger: &'p mut Ledger<'t, T>,
    prefix: String,
}

/// How a parameter begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Beginning {
    Gauss { std: f64 },
    Uniform { low: f64, high: f64 },
    Constant(f64),
}

impl Beginning {
    pub(super) fn draw(self, random: &mut PythonRandom) -> f64 {
        match self {
            Self::Gauss { std } => random.gauss(0.0, std),
            Self::Uniform { low, high } => low + (high - low) * random.random(),
            Self::Constant(number) => number,
        }
    }
}

/// A parameter as its model declares it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declaration {
    pub(crate) parameter: Parameter,
    pub(super) beginning: Beginning,
}

/// Where declarations go.
#[derive(Debug)]
pub(super) enum Ledger<'t, T: Real> {
    /// They are listed: there are no numbers yet.
    List { tape: &'t Tape<T>, declared: Vec<Declaration> },
    /// They take the next part of a block, and are held to those that were listed.
    Block { block: Vector<'t, usize, T>, taken: usize, listed: Arc<[Parameter]>, next: usize },
}

impl<T: Real> Ledger<'_, T> {
    /// After all were declared: whether they are as many as were listed.
    #[track_caller]
    pub(super) fn finish(&self) {
        if let Self::Block { listed, next, .. } = self {
            assert!(
                *next == listed.len(),
                "{}",
                Otherwise { before: listed.get(*next), now: None }
            );
        }
    }
}

/// A declaration that is not the one of the first call.
struct Otherwise<'p> {
    before: Option<&'p Parameter>,
    now: Option<Parameter>,
}

impl fmt::Display for Otherwise<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |one: Option<&Parameter>| match one {
            Some(Parameter { name, shape }) => format!("`{name}` of shape {shape:?}"),
            None => "nothing more".to_owned(),
        };
        write!(
            f,
            "`Model::weights` declares {}, where it declared {} before: each call must declare the same parameters in \
             the same order",
            told(self.now.as_ref()),
            told(self.before)
        )
    }
}

impl<'p, 't, T: Real> Parameters<'p, 't, T> {
    pub(super) fn new(ledger: &'p mut Ledger<'t, T>) -> Self {
        Self { ledger, prefix: String::new() }
    }

    /// The parameters of a part: their names begin with this one and a point, as `layer0.wq`.
    pub fn within(&mut self, part: &str) -> Parameters<'_, 't, T> {
        Parameters { prefix: format!("{}{part}.", self.prefix), ledger: self.ledger }
    }

    /// A parameter that begins with normally distributed numbers of mean 0 and standard deviation `std`.
    #[track_caller]
    pub fn gauss<S: Shape>(&mut self, name: &str, shape: S, std: f64) -> Array<'t, S, T> {
        self.declare(name, shape, Beginning::Gauss { std })
    }

    /// A parameter that begins with numbers uniformly distributed from `low` to `high`.
    #[track_caller]
    pub fn uniform<S: Shape>(
        &mut self,
        name: &str,
        shape: S,
        low: f64,
        high: f64,
    ) -> Array<'t, S, T> {
        self.declare(name, shape, Beginning::Uniform { low, high })
    }

    /// A parameter whose elements all begin with this number: a bias with 0, a gain with 1.
    #[track_caller]
    pub fn constant<S: Shape>(&mut self, name: &str, shape: S, number: f64) -> Array<'t, S, T> {
        self.declare(name, shape, Beginning::Constant(number))
    }

    #[track_caller]
    fn declare<S: Shape>(&mut self, name: &str, shape: S, beginning: Beginning) -> Array<'t, S, T> {
        let (prefix, lens) = (&self.prefix, shape.lens());
        let parameter =
            || Parameter { name: format!("{prefix}{name}"), shape: lens.as_ref().to_vec() };
        match self.ledger {
            Ledger::List { tape, declared } => {
                declared.push(Declaration { parameter: parameter(), beginning });
                tape.nowhere(shape)
            }
            Ledger::Block { block, taken, listed, next } => {
                let before = listed.get(*next);
                let is_it = before.is_some_and(|one| {
                    one.name.strip_prefix(prefix) == Some(name) && one.shape == lens.as_ref()
                });
                assert!(is_it, "{}", Otherwise { before, now: Some(parameter()) });
                *next += 1;
                let start = *taken;
                *taken += shape.size();
                block.block(start, shape)
            }
        }
    }
}
