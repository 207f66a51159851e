//! The graph: hash-consed nodes, the indices they run over, and the equations they form.
//!
//! Equal expressions are one node, whatever the letters of their indices.

pub mod differentiate;
pub mod equations;
pub mod lower;
pub mod notation;
pub mod requirements;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proc_macro2::Span;

use crate::ids::{Id, IdVec, ids};
use crate::resolve::term::{
    Affine, Atom, Axis, Checked, DefinitionId, Function, IntegersId, OperandId, Range,
};
use crate::syntax::ast::{Comparison, Operator};

ids! {
    NodeId
    IndexId
    EquationId
    /// A class of axes that are equal.
    ClassId
    FunctionId
}

#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: IdVec<NodeId, Node>,
    ids: HashMap<Node, NodeId>,
    free: IdVec<NodeId, BTreeSet<IndexId>>,
    /// Whether a gradient can flow through the node.
    active: IdVec<NodeId, bool>,
    /// Whether an op is called in the node or below it.
    calls: IdVec<NodeId, bool>,
    pub indices: IdVec<IndexId, Index>,
    index_ids: HashMap<(usize, IndexRange), IndexId>,
    pub functions: IdVec<FunctionId, Function>,
    pub classes: Classes,
    /// In an order in which each uses only those before it.
    pub equations: IdVec<EquationId, Equation>,
    /// The equation of each result.
    pub results: Vec<EquationId>,
    /// The subscripts that must be checked on entry.
    pub bounds: Vec<Bound>,
    /// Implied indices over an axis that an earlier stated range made.
    pub reaches: Vec<Reach>,
    /// What must hold for a node to have a value.
    requirements: HashMap<NodeId, Vec<Requirement>>,
}

/// What must hold for a reduction to have a value: that its range is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// A condition.
    pub holds: NodeId,
    /// What the user calls the reduction, and the index that takes no value otherwise.
    pub reduction: &'static str,
    pub index: String,
    /// The loops in which it is asked for.
    pub within: Vec<IndexId>,
}

/// A subscript that must stay on its axis.
#[derive(Debug)]
pub struct Bound {
    /// The axis, for the message.
    pub name: String,
    pub length: Length,
    /// The index of the definition's axis, whose first value is at position 0.
    pub axis: Option<IndexId>,
    pub subscript: Subscript,
    pub span: Span,
}

/// An index that runs over two axes of which at least one is the reach of a stated range.
#[derive(Debug)]
pub struct Reach {
    pub index: String,
    pub lengths: [Length; 2],
    /// What the user calls the two axes.
    pub names: [String; 2],
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Number(u64),
    Integer(Affine<IndexId>),
    /// How many values an index takes.
    Count(IndexId),
    /// An element. With a guard only where that holds, and else 0: elsewhere its subscripts may be off
    /// their axes.
    Load {
        array: Array,
        subscripts: Vec<Subscript>,
        guard: Option<NodeId>,
    },
    Call {
        function: FunctionId,
        arguments: Vec<NodeId>,
    },
    Negate(NodeId),
    Binary {
        operator: Operator,
        left: NodeId,
        right: NodeId,
    },
    Reduce {
        fold: Fold,
        indices: Vec<IndexId>,
        body: NodeId,
    },
    Stop(NodeId),
    Select {
        condition: NodeId,
        then: NodeId,
        otherwise: NodeId,
    },
    Compare {
        comparison: Comparison,
        left: NodeId,
        right: NodeId,
    },
    And(NodeId, NodeId),
    Or(NodeId, NodeId),
    Not(NodeId),
    /// The derivative of a call by one argument, from its arguments and its result.
    Local {
        function: FunctionId,
        arguments: Vec<NodeId>,
        result: NodeId,
        argument: usize,
    },
    /// An adjoint times a local gradient, or over a divisor; 0 where the adjoint is 0, whatever the
    /// other is.
    Pullback {
        adjoint: NodeId,
        through: Through,
        factor: NodeId,
    },
    /// `value` where the index is at `position`, else 0.
    WhereAt {
        index: IndexId,
        position: NodeId,
        value: NodeId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Array {
    Operand(OperandId),
    /// A definition, before equations are made.
    Definition(DefinitionId),
    Equation(EquationId),
    /// The gradient of an equation.
    Adjoint(EquationId),
    /// The gradient of an operand.
    Gradient(OperandId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscript {
    Affine(Affine<IndexId>),
    Gather { integers: IntegersId, at: Vec<Affine<IndexId>> },
}

/// How an adjoint passes an operation whose local gradient may be no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Through {
    Times,
    Over,
}

/// How the values of a reduction are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    Sum,
    Max,
    Min,
    Prod,
    /// At each index of the range, the product over all others.
    Others,
    /// The index of the maximum, as a number.
    ArgMax,
    ArgMin,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    /// How many `for`s lie within its own.
    pub height: usize,
    pub range: IndexRange,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IndexRange {
    Whole(Length),
    Stated { low: Affine<IndexId>, high: Affine<IndexId> },
}

/// The length of an axis: that of a class of equal axes, or the reach of a stated range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Length {
    Class(ClassId),
    Extent(IndexId),
}

/// An array: `name[axes] = fold(body for over)`.
#[derive(Clone, Debug)]
pub struct Equation {
    pub name: String,
    pub axes: Vec<IndexId>,
    pub fold: Option<(Fold, Vec<IndexId>)>,
    pub body: NodeId,
    /// The operands that a gradient can reach through it.
    pub depends: BTreeSet<OperandId>,
    /// Whether a branch of an `if` uses it: where that is not taken, its derivative may not exist.
    pub guarded: bool,
    /// What must hold for its elements to have values.
    pub requirements: Vec<Requirement>,
}

impl Equation {
    /// All indices of the loops, the axes first.
    pub fn nest(&self) -> Vec<IndexId> {
        let over = match &self.fold {
            // The product over the others is an array along the range itself.
            None | Some((Fold::Others, _)) => &[][..],
            Some((_, over)) => over,
        };
        self.axes.iter().chain(over).copied().collect()
    }
}

/// Axes that some index makes equal.
#[derive(Debug, Default)]
pub struct Classes {
    of: BTreeMap<Axis, ClassId>,
    count: usize,
}

impl Classes {
    pub fn new(checked: &Checked) -> Self {
        let mut classes = Self::default();
        for (operand, with) in checked.operands.enumerate() {
            for axis in 0..with.rank {
                classes.add(Axis::Operand { operand, axis });
            }
        }
        for (operand, with) in checked.integers.enumerate() {
            for axis in 0..with.rank {
                classes.add(Axis::Integers { operand, axis });
            }
        }
        for one in &checked.axis_uses {
            let Range::Implied(Some(first)) = checked.binders[one.binder].range else { continue };
            if let (Some(kept), Some(merged)) = (classes.class(first), classes.class(one.axis)) {
                for class in classes.of.values_mut().filter(|class| **class == merged) {
                    *class = kept;
                }
            }
        }
        classes
    }

    fn add(&mut self, axis: Axis) {
        self.of.insert(axis, ClassId::at(self.count));
        self.count += 1;
    }

    pub fn class(&self, axis: Axis) -> Option<ClassId> {
        self.of.get(&axis).copied()
    }

    /// All classes, of which some may have no axis left.
    pub fn ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.count).map(ClassId::at)
    }

    /// The axes of a class, in the order of the operands.
    pub fn axes(&self, class: ClassId) -> impl Iterator<Item = Axis> + '_ {
        self.of.iter().filter(move |(_, of)| **of == class).map(|(axis, _)| *axis)
    }
}

/// The class of an axis of an operand.
impl std::ops::Index<Axis> for Classes {
    type Output = ClassId;

    fn index(&self, axis: Axis) -> &ClassId {
        &self.of[&axis]
    }
}

impl Graph {
    pub fn new(checked: &Checked) -> Self {
        Self { classes: Classes::new(checked), ..Self::default() }
    }

    pub fn add(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.ids.get(&node) {
            return id;
        }
        let free = self.free_of(&node);
        let active = match &node {
            Node::Load { array, .. } => match *array {
                Array::Operand(_)
                | Array::Definition(_)
                | Array::Adjoint(_)
                | Array::Gradient(_) => true,
                Array::Equation(id) => !self.equations[id].depends.is_empty(),
            },
            Node::Select { then, otherwise, .. } => self.active[*then] || self.active[*otherwise],
            Node::Stop(_) => false,
            other if other.is_condition() => false,
            other => children(other).into_iter().any(|child| self.active[child]),
        };
        let calls = matches!(node, Node::Call { .. })
            || children(&node).into_iter().any(|child| self.calls[child]);
        self.calls.push(calls);
        self.free.push(free);
        self.active.push(active);
        let id = self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    fn free_of(&self, node: &Node) -> BTreeSet<IndexId> {
        let mut free: BTreeSet<IndexId> =
            children(node).into_iter().flat_map(|child| self.free[child].clone()).collect();
        match node {
            Node::Integer(affine) => free.extend(affine.indices()),
            Node::Count(index) => free.extend(self.range_indices(*index)),
            Node::Load { subscripts, .. } => {
                free.extend(subscripts.iter().flat_map(indices_of));
            }
            Node::WhereAt { index, .. } => {
                free.insert(*index);
            }
            Node::Reduce { indices, .. } => {
                for index in indices {
                    free.extend(self.range_indices(*index));
                }
                for index in indices {
                    free.remove(index);
                }
            }
            _ => {}
        }
        free
    }

    /// The indices that the bounds of this one name.
    pub fn range_indices(&self, index: IndexId) -> BTreeSet<IndexId> {
        match &self.indices[index].range {
            IndexRange::Whole(_) => BTreeSet::new(),
            IndexRange::Stated { low, high } => low.indices().chain(high.indices()).collect(),
        }
    }

    pub fn free(&self, node: NodeId) -> &BTreeSet<IndexId> {
        &self.free[node]
    }

    /// The indices that must have values to compute a node: its own, and those in their bounds.
    pub fn loops_of(&self, node: NodeId) -> BTreeSet<IndexId> {
        self.with_bounds(self.free[node].iter().copied())
    }

    /// These indices and all that their bounds name.
    pub fn with_bounds(&self, indices: impl IntoIterator<Item = IndexId>) -> BTreeSet<IndexId> {
        let mut loops = BTreeSet::new();
        let mut stack: Vec<IndexId> = indices.into_iter().collect();
        while let Some(index) = stack.pop() {
            if loops.insert(index) {
                stack.extend(self.range_indices(index));
            }
        }
        loops
    }

    /// These nodes and all below them.
    pub fn below(&self, roots: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
        let mut seen = BTreeSet::new();
        let mut stack: Vec<NodeId> = roots.into_iter().collect();
        while let Some(node) = stack.pop() {
            if seen.insert(node) {
                stack.extend(children(&self.nodes[node]));
            }
        }
        seen
    }

    pub fn is_active(&self, node: NodeId) -> bool {
        self.active[node]
    }

    pub fn number(&mut self, x: f64) -> NodeId {
        self.add(Node::Number(x.to_bits()))
    }

    pub fn binary(&mut self, operator: Operator, left: NodeId, right: NodeId) -> NodeId {
        self.add(Node::Binary { operator, left, right })
    }

    pub fn call(&mut self, name: &str, arguments: Vec<NodeId>) -> NodeId {
        let function = self.function(&Function::Builtin(name.to_owned()));
        self.add(Node::Call { function, arguments })
    }

    pub fn function(&mut self, function: &Function) -> FunctionId {
        let same = |one: &Function| match (one, function) {
            (Function::Builtin(one), Function::Builtin(other)) => one == other,
            (Function::User(one), Function::User(other)) => one.to_string() == other.to_string(),
            _ => false,
        };
        let known = self.functions.ids().find(|&id| same(&self.functions[id]));
        known.unwrap_or_else(|| self.functions.push(function.clone()))
    }

    pub fn index(&mut self, height: usize, range: IndexRange, name: &str) -> IndexId {
        let key = (height, range.clone());
        if let Some(&id) = self.index_ids.get(&key) {
            return id;
        }
        let id = self.indices.push(Index { name: name.to_owned(), height, range });
        self.index_ids.insert(key, id);
        id
    }

    /// The length of the axis that an index makes: `0..=t` reaches as far as `t`.
    pub fn axis_length(&self, index: IndexId) -> Length {
        match &self.indices[index].range {
            IndexRange::Whole(length) => self.canonical(*length),
            IndexRange::Stated { low, high } => {
                let before = high.clone().plus(-1, &Affine::constant(1));
                let outer = before.as_index().filter(|_| low.as_constant() == Some(0));
                match outer.map(|outer| &self.indices[outer].range) {
                    Some(IndexRange::Whole(length)) => self.canonical(*length),
                    _ => self.canonical(Length::Extent(index)),
                }
            }
        }
    }

    /// How many values an index takes, as a sum of integers; none where a range may be cut off at 0
    /// or end before it begins.
    pub fn count(&self, index: IndexId) -> Option<Affine<IndexId>> {
        match &self.indices[index].range {
            IndexRange::Whole(_) => Some(Affine::atom(Atom::Len(index))),
            IndexRange::Stated { low, high } => {
                let count = high.clone().plus(-1, low);
                (low.is_never_negative() && count.is_never_negative()).then_some(count)
            }
        }
    }

    /// Whether two indices take the same values, each within indices of its own that do.
    pub fn are_alike(&self, one: IndexId, other: IndexId) -> bool {
        let same = |one: &Affine<IndexId>, other: &Affine<IndexId>| {
            let atoms = one.terms.iter().zip(&other.terms);
            one.constant == other.constant
                && one.terms.len() == other.terms.len()
                && atoms.into_iter().all(|((one, by), (other, other_by))| {
                    by == other_by
                        && match (one, other) {
                            (Atom::Index(one), Atom::Index(other)) => self.are_alike(*one, *other),
                            _ => one == other,
                        }
                })
        };
        one == other
            || match (&self.indices[one].range, &self.indices[other].range) {
                (
                    IndexRange::Stated { low, high },
                    IndexRange::Stated { low: other_low, high: other_high },
                ) => same(low, other_low) && same(high, other_high),
                (one, other) => one == other,
            }
    }

    /// The first index whose values make an axis of this length.
    pub fn canonical(&self, length: Length) -> Length {
        match length {
            Length::Class(_) => length,
            Length::Extent(index) => {
                let alike = self.indices.ids().find(|&other| self.are_alike(other, index));
                Length::Extent(alike.unwrap_or(index))
            }
        }
    }

    /// Whether an index takes a value in every range that it has.
    pub fn is_never_empty(&self, index: IndexId) -> bool {
        let count = self.count(index);
        count.is_some_and(|count| count.constant > 0)
    }

    /// The number of elements of a mean, as a number.
    pub fn count_of(&mut self, indices: &[IndexId]) -> NodeId {
        if self.are_dependent(indices) {
            let one = self.number(1.0);
            return self.add(Node::Reduce {
                fold: Fold::Sum,
                indices: indices.to_vec(),
                body: one,
            });
        }
        let mut product = None;
        for &index in indices {
            let count = self.add(Node::Count(index));
            product = Some(match product {
                None => count,
                Some(product) => self.binary(Operator::Mul, product, count),
            });
        }
        match product {
            Some(product) => product,
            None => self.number(1.0),
        }
    }

    /// A reduction whose first winner counts, one index at a time.
    pub fn nested(&mut self, fold: Fold, indices: &[IndexId], body: NodeId) -> NodeId {
        indices
            .iter()
            .rev()
            .fold(body, |body, &index| self.add(Node::Reduce { fold, indices: vec![index], body }))
    }

    /// Notes that a node, what the user calls `reduction`, has no value where these take none.
    pub fn require_values(&mut self, node: NodeId, reduction: &'static str, indices: &[IndexId]) {
        // Of indices whose ranges name each other all must be looked at together.
        let groups: Vec<&[IndexId]> =
            if self.are_dependent(indices) { vec![indices] } else { indices.chunks(1).collect() };
        for group in groups {
            if group.iter().all(|&index| self.is_never_empty(index)) {
                continue;
            }
            let (zero, count) = (self.number(0.0), self.count_of(group));
            let holds = Node::Compare { comparison: Comparison::Less, left: zero, right: count };
            let holds = self.add(holds);
            let index = self.indices[group[0]].name.clone();
            let requirement = Requirement { holds, reduction, index, within: vec![] };
            let requirements = self.requirements.entry(node).or_default();
            if !requirements.contains(&requirement) {
                requirements.push(requirement);
            }
        }
    }

    /// Whether the range of one of these names another.
    fn are_dependent(&self, indices: &[IndexId]) -> bool {
        let within: BTreeSet<IndexId> =
            indices.iter().flat_map(|&index| self.range_indices(index)).collect();
        indices.iter().any(|index| within.contains(index))
    }

    pub fn requirements(&self, node: NodeId) -> &[Requirement] {
        self.requirements.get(&node).map_or(&[], Vec::as_slice)
    }

    pub fn is_leaf(&self, node: NodeId) -> bool {
        match &self.nodes[node] {
            Node::Number(_)
            | Node::Integer(_)
            | Node::Count(_)
            | Node::Load { guard: None, .. } => true,
            Node::Stop(operand) | Node::Negate(operand) => self.is_leaf(*operand),
            _ => false,
        }
    }

    /// The node that loads an element, and its subscripts, if the node is no more than that.
    pub fn element(&self, node: NodeId) -> Option<(NodeId, &[Subscript])> {
        match &self.nodes[node] {
            Node::Load { subscripts, guard: None, .. } => Some((node, subscripts)),
            Node::Stop(operand) => self.element(*operand),
            _ => None,
        }
    }

    /// The factors of a product, one of them perhaps an adjoint.
    pub fn factors(&self, node: NodeId) -> Option<[NodeId; 2]> {
        match self.nodes[node] {
            Node::Binary { operator: Operator::Mul, left, right } => Some([left, right]),
            Node::Pullback { adjoint, through: Through::Times, factor } => Some([adjoint, factor]),
            _ => None,
        }
    }

    pub fn has_call(&self, node: NodeId) -> bool {
        self.calls[node]
    }

    /// Whether a function is an op of the table, and not one of the user's.
    pub fn is_of_table(&self, function: FunctionId) -> bool {
        matches!(self.functions[function], Function::Builtin(_))
    }
}

impl Node {
    /// Whether the node is true or false, not a number.
    pub fn is_condition(&self) -> bool {
        matches!(self, Self::Compare { .. } | Self::And(..) | Self::Or(..) | Self::Not(_))
    }

    /// Whether the node can be an array of its own.
    pub fn is_number(&self) -> bool {
        !self.is_condition() && !matches!(self, Self::Stop(_) | Self::Load { guard: Some(_), .. })
    }
}

/// The nodes that a node is computed from.
pub fn children(node: &Node) -> Vec<NodeId> {
    match node {
        Node::Number(_) | Node::Integer(_) | Node::Count(_) => vec![],
        Node::Load { guard, .. } => guard.iter().copied().collect(),
        Node::Call { arguments, .. } => arguments.clone(),
        Node::Negate(operand) | Node::Stop(operand) | Node::Not(operand) => vec![*operand],
        Node::Select { condition, then, otherwise } => vec![*condition, *then, *otherwise],
        Node::And(left, right)
        | Node::Or(left, right)
        | Node::Compare { left, right, .. }
        | Node::Binary { left, right, .. } => vec![*left, *right],
        Node::Reduce { body, .. } => vec![*body],
        Node::Local { arguments, result, .. } => {
            arguments.iter().copied().chain([*result]).collect()
        }
        Node::Pullback { adjoint, factor, .. } => vec![*adjoint, *factor],
        Node::WhereAt { position, value, .. } => vec![*position, *value],
    }
}

impl Node {
    /// The node computed from others in the place of its children; none where `by` has none for one.
    pub fn map_children(mut self, by: &mut dyn FnMut(NodeId) -> Option<NodeId>) -> Option<Self> {
        let mut all = |children: &mut [&mut NodeId]| {
            for child in children {
                **child = by(**child)?;
            }
            Some(())
        };
        match &mut self {
            Self::Number(_) | Self::Integer(_) | Self::Count(_) => {}
            Self::Load { guard, .. } => {
                if let Some(guard) = guard {
                    all(&mut [guard])?;
                }
            }
            Self::Call { arguments, .. } => all(&mut arguments.iter_mut().collect::<Vec<_>>())?,
            Self::Negate(operand) | Self::Stop(operand) | Self::Not(operand) => {
                all(&mut [operand])?;
            }
            Self::Select { condition, then, otherwise } => all(&mut [condition, then, otherwise])?,
            Self::And(left, right)
            | Self::Or(left, right)
            | Self::Compare { left, right, .. }
            | Self::Binary { left, right, .. } => all(&mut [left, right])?,
            Self::Reduce { body, .. } => all(&mut [body])?,
            Self::Local { arguments, result, .. } => {
                let mut children: Vec<_> = arguments.iter_mut().collect();
                children.push(result);
                all(&mut children)?;
            }
            Self::Pullback { adjoint, factor, .. } => all(&mut [adjoint, factor])?,
            Self::WhereAt { position, value, .. } => all(&mut [position, value])?,
        }
        Some(self)
    }
}

/// The indices in a subscript.
pub fn indices_of(subscript: &Subscript) -> Vec<IndexId> {
    match subscript {
        Subscript::Affine(affine) => affine.indices().collect(),
        Subscript::Gather { at, .. } => at.iter().flat_map(Affine::indices).collect(),
    }
}

impl Graph {
    /// The element of an array at these indices.
    pub fn load(&mut self, array: Array, indices: &[IndexId]) -> NodeId {
        let subscripts =
            indices.iter().map(|&index| Subscript::Affine(Affine::index(index))).collect();
        self.add(Node::Load { array, subscripts, guard: None })
    }
}
