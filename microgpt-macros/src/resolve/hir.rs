//! The program with every name resolved: what `check` makes of the syntax tree, and `graph` lowers.

mod integer;

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};

use crate::ids::{IdVec, ids};
use crate::syntax::ast::{Comparison, Operator};
use crate::syntax::reductions::Reduction;

pub use integer::{Atom, Integer, Leaf, Operation};

ids! {
    /// An operand of values.
    OperandId
    /// An operand of integers.
    IntegersId
    /// An index as it is bound by a `for`.
    BinderId
    DefinitionId
}

/// A checked program: every name is an index, a definition or an operand.
#[derive(Debug, Default)]
pub struct Checked {
    pub operands: IdVec<OperandId, Operand>,
    pub integers: IdVec<IntegersId, Operand>,
    /// The operands of integers that are conditions: 1 where they hold, else 0.
    pub conditions: BTreeSet<IntegersId>,
    pub binders: IdVec<BinderId, Binder>,
    pub definitions: IdVec<DefinitionId, Definition>,
    pub blocks: Vec<Block>,
    /// The definitions that are results, in order.
    pub results: Vec<DefinitionId>,
    pub tuple: bool,
    /// The axes that each implied index runs over, in the order of the text.
    pub axis_uses: Vec<AxisUse>,
    /// Every subscript, to be checked against its axis unless the index implies it.
    pub bounds: Vec<Bound>,
    /// Of each result that a signature declares, what its axes are.
    pub result_axes: Vec<Vec<ResultAxis>>,
    /// The layer whose equations they are.
    pub layer: Option<String>,
    /// The file and the line of its declaration, if the compiler tells.
    pub place: Option<(String, usize)>,
}

/// What an axis is called in a signature: by a letter, or by its length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    Letter(String),
    Number(usize),
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Letter(letter) => f.write_str(letter),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// What an axis of a declared result is by the equations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultAxis {
    /// An axis of the arguments.
    Of(Label),
    /// The values of a range, of which the run time tells how many.
    Length,
    /// The values of a range of so many as its ends are written.
    Fixed(usize),
}

impl Checked {
    /// What the user calls an axis.
    /// An index in a message of the run time, which says of which layer it is.
    pub fn index_at_run_time(&self, name: &str) -> String {
        match &self.layer {
            Some(layer) => format!("`{name}` of `{layer}`"),
            None => format!("`{name}`"),
        }
    }

    /// What an array or an axis is called in a message of the run time.
    pub fn at_run_time(&self, name: &str) -> String {
        match &self.layer {
            Some(layer) => format!("{name} in `{layer}`"),
            None => name.to_owned(),
        }
    }

    pub fn axis_name(&self, axis: Axis) -> String {
        match axis {
            Axis::Operand { operand, axis } => {
                format!("axis {axis} of `{}`", self.operands[operand].name)
            }
            Axis::Integers { operand, axis } => {
                format!("axis {axis} of `{}`", self.integers[operand].name)
            }
            Axis::Extent { binder } => {
                let name = &self.binders[binder].name;
                let with = |definition: &&Definition| definition.axes.contains(&binder);
                match self.definitions.iter().find(with) {
                    Some(definition) => format!("the range of `{name}` in `{}`", definition.name),
                    None => format!("the range of `{name}`"),
                }
            }
        }
    }
}

/// What comes from Rust: values, or integers.
#[derive(Debug)]
pub struct Operand {
    pub tokens: TokenStream,
    pub name: String,
    pub rank: usize,
    pub span: Span,
}

/// An index and what it runs over.
#[derive(Debug)]
pub struct Binder {
    pub name: Ident,
    pub range: Range,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// All of an axis; which one is found where the index is used as a subscript.
    Implied(Option<Axis>),
    /// From `low` to before `high`.
    Stated { low: Integer, high: Integer },
}

/// An axis of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    Operand {
        operand: OperandId,
        axis: usize,
    },
    Integers {
        operand: IntegersId,
        axis: usize,
    },
    /// The values of a stated range, as an axis of a definition.
    Extent {
        binder: BinderId,
    },
}

/// An index that runs over the whole of an axis.
#[derive(Debug)]
pub struct AxisUse {
    pub binder: BinderId,
    pub axis: Axis,
    pub span: Span,
}

/// A subscript of an array, with the place to point at.
#[derive(Debug)]
pub struct Bound {
    /// The definition that it stands in.
    pub definition: DefinitionId,
    pub array: Array,
    pub axis: usize,
    pub subscript: Integer,
    /// Whether it may reach what an array of a block is before the first value of its index.
    pub reaches_starts: bool,
    pub span: Span,
}

/// `let name = [body for axes]`; without axes, a scalar.
#[derive(Debug)]
pub struct Definition {
    pub name: String,
    /// Of an equation in a block the indices of the block come first.
    pub axes: Vec<BinderId>,
    pub body: Value,
    /// What the array is before the first value of the index of its block: one step before it, two steps
    /// before it, and so on.
    pub starts: Vec<DefinitionId>,
}

/// Equations that may use what they were for earlier values of an index.
#[derive(Debug)]
pub struct Block {
    pub indices: Vec<BinderId>,
    /// Whether the indices go from the last value to the first.
    pub descends: bool,
    pub definitions: Vec<DefinitionId>,
}

#[derive(Clone, Debug)]
pub enum Value {
    Number(f64),
    /// An integer as a number, and where ids in it are named.
    Integer(Integer, Span),
    Load {
        array: Array,
        subscripts: Vec<Integer>,
        /// In a branch of an `if`, a subscript may leave its axis where the branch is not taken.
        lazy: bool,
    },
    Call {
        function: Function,
        arguments: Vec<Value>,
    },
    Negate(Box<Value>),
    Binary {
        operator: Operator,
        left: Box<Value>,
        right: Box<Value>,
    },
    Reduce {
        reduction: &'static Reduction,
        binders: Vec<BinderId>,
        /// Which terms it takes.
        filter: Option<Box<Condition>>,
        body: Box<Value>,
    },
    Stop(Box<Value>),
    If {
        condition: Box<Condition>,
        then: Box<Value>,
        otherwise: Box<Value>,
    },
    Error,
}

impl Value {
    /// Shows a value and all below it.
    pub fn walk<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Number(_) | Self::Integer(..) | Self::Load { .. } | Self::Error => {}
            Self::Negate(operand) | Self::Stop(operand) => operand.walk(see),
            Self::Reduce { filter, body, .. } => {
                if let Some(filter) = filter {
                    filter.walk(see);
                }
                body.walk(see);
            }
            Self::Binary { left, right, .. } => {
                left.walk(see);
                right.walk(see);
            }
            Self::Call { arguments, .. } => {
                for argument in arguments {
                    argument.walk(see);
                }
            }
            Self::If { condition, then, otherwise } => {
                condition.walk(see);
                then.walk(see);
                otherwise.walk(see);
            }
        }
    }

    /// Whether it changes with an index.
    pub fn names(&self, index: BinderId) -> bool {
        let mut found = false;
        self.walk(&mut |value| match value {
            Self::Integer(integer, _) => found |= integer.names(index),
            Self::Load { subscripts, .. } => {
                found |= subscripts.iter().any(|subscript| subscript.names(index));
            }
            _ => {}
        });
        found
    }
}

impl Condition {
    fn walk<'a>(&'a self, see: &mut dyn FnMut(&'a Value)) {
        match self {
            Self::Compare { left, right, .. } => {
                left.walk(see);
                right.walk(see);
            }
            Self::And(left, right) | Self::Or(left, right) => {
                left.walk(see);
                right.walk(see);
            }
            Self::Not(operand) => operand.walk(see),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Condition {
    Compare { comparison: Comparison, left: Value, right: Value },
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Array {
    Operand(OperandId),
    Definition(DefinitionId),
}

/// An op of the table by its name, or one of the user by its path.
#[derive(Clone, Debug)]
pub enum Function {
    Builtin(String),
    User(TokenStream),
}

/// The index as far as which a range reaches: `0..=t` takes all values up to that of `t`. Where `t` takes
/// all positions of an axis, the range makes an axis of the same length.
pub fn reaches_as_far_as<I: Ord + Copy>(low: &Integer<I>, high: &Integer<I>) -> Option<I> {
    let last = high.clone().plus(-1, &Integer::constant(1));
    last.as_index().filter(|_| low.as_constant() == Some(0))
}

impl Range {
    pub fn stated(low: Integer, high: Integer) -> Self {
        Self::Stated { low, high }
    }
}
