//! The graph: hash-consed nodes, and the indices that they run over.
//!
//! Equal expressions are one node, whatever the letters of their indices.

pub mod adjoints;
pub mod differentiate;
pub mod equations;
pub mod gaps;
mod index;
pub mod lower;
pub mod notation;
pub mod recurrences;
pub mod requirements;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use crate::ids::{IdVec, ids};
use crate::resolve::hir::{Function, Integer, OperandId};
use crate::syntax::ast::{Comparison, Operator};

pub use crate::syntax::reductions::Fold;
pub use index::{Classes, Index, IndexRange, Length, indices_of};

ids! {
    NodeId
    IndexId
    EquationId
    /// A class of axes that are equal.
    ClassId
    FunctionId
}

/// Nodes, of which those that are equal are one; their leaves are elements of arrays of this kind.
#[derive(Debug)]
pub struct Graph<A = Array> {
    pub nodes: IdVec<NodeId, Node<A>>,
    ids: HashMap<Node<A>, NodeId>,
    free: IdVec<NodeId, BTreeSet<IndexId>>,
    /// Whether a gradient can flow through the node.
    active: IdVec<NodeId, bool>,
    /// Whether an op is called in the node or below it.
    calls: IdVec<NodeId, bool>,
    pub indices: IdVec<IndexId, Index>,
    index_ids: HashMap<(usize, IndexRange), IndexId>,
    pub functions: IdVec<FunctionId, Function>,
    pub classes: Classes,
    /// The arrays that no gradient flows through.
    constants: HashSet<A>,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node<A = Array> {
    Number(u64),
    Integer(Integer<IndexId>),
    /// How many values an index takes.
    Count(IndexId),
    /// An element. With a guard only where that holds, and else 0: elsewhere its subscripts may be off
    /// their axes.
    Load {
        array: A,
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

/// An array of equations and their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Array {
    Operand(OperandId),
    Equation(EquationId),
    /// Of an equation of a recurrence the elements that are being computed.
    Present(EquationId),
    /// The gradient of an equation.
    Adjoint(EquationId),
    /// The gradient of the elements that are being computed.
    PresentAdjoint(EquationId),
    /// The gradient of an operand.
    Gradient(OperandId),
}

pub type Subscript = Integer<IndexId>;

/// How an adjoint passes an operation whose local gradient may be no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Through {
    Times,
    Over,
}

impl<A> Graph<A> {
    pub fn new(classes: Classes) -> Self {
        Self {
            nodes: IdVec::default(),
            ids: HashMap::new(),
            free: IdVec::default(),
            active: IdVec::default(),
            calls: IdVec::default(),
            indices: IdVec::default(),
            index_ids: HashMap::new(),
            functions: IdVec::default(),
            classes,
            constants: HashSet::new(),
        }
    }

    /// A graph without nodes, with the indices, functions and classes of another.
    pub fn beside<B>(graph: &Graph<B>) -> Self {
        Self {
            indices: graph.indices.clone(),
            index_ids: graph.index_ids.clone(),
            functions: graph.functions.clone(),
            ..Self::new(graph.classes.clone())
        }
    }
}

impl<A: Copy + Eq + Hash> Graph<A> {
    pub fn add(&mut self, node: Node<A>) -> NodeId {
        if let Some(&id) = self.ids.get(&node) {
            return id;
        }
        let free = self.free_of(&node);
        let active = match &node {
            Node::Load { array, .. } => !self.constants.contains(array),
            Node::Select { then, otherwise, .. } => self.active[*then] || self.active[*otherwise],
            Node::Stop(_) => false,
            _ if node.is_condition() => false,
            _ => children(&node).into_iter().any(|child| self.active[child]),
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

    fn free_of(&self, node: &Node<A>) -> BTreeSet<IndexId> {
        let mut free: BTreeSet<IndexId> =
            children(node).into_iter().flat_map(|child| self.free[child].clone()).collect();
        match node {
            Node::Integer(integer) => free.extend(integer.indices()),
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

    pub fn free(&self, node: NodeId) -> &BTreeSet<IndexId> {
        &self.free[node]
    }

    /// The indices that must have values to compute a node: its own, and those in their bounds.
    pub fn loops_of(&self, node: NodeId) -> BTreeSet<IndexId> {
        self.with_bounds(self.free[node].iter().copied())
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

    /// The arrays of whose elements these nodes are made, as often as there are elements.
    pub fn arrays_below(&self, roots: impl IntoIterator<Item = NodeId>) -> impl Iterator<Item = A> {
        self.below(roots).into_iter().filter_map(|node| match self.nodes[node] {
            Node::Load { array, .. } => Some(array),
            _ => None,
        })
    }

    /// A condition where another holds, too, if there is another.
    pub fn both(&mut self, outer: Option<NodeId>, condition: NodeId) -> NodeId {
        match outer {
            Some(outer) => self.add(Node::And(outer, condition)),
            None => condition,
        }
    }

    /// What a node is made of, each part with what holds where it is asked for, within what holds around it: the
    /// branches of an `if`, and what stands behind `&&` and `||`, only where they are reached.
    pub fn parts(&mut self, node: NodeId, outer: Option<NodeId>) -> Vec<(NodeId, Option<NodeId>)> {
        match self.nodes[node] {
            Node::Select { condition, then, otherwise } => {
                let not = self.add(Node::Not(condition));
                let (holds, not) = (self.both(outer, condition), self.both(outer, not));
                vec![(condition, outer), (then, Some(holds)), (otherwise, Some(not))]
            }
            Node::And(left, right) => {
                vec![(left, outer), (right, Some(self.both(outer, left)))]
            }
            Node::Or(left, right) => {
                let not = self.add(Node::Not(left));
                vec![(left, outer), (right, Some(self.both(outer, not)))]
            }
            ref parent => children(parent).into_iter().map(|child| (child, outer)).collect(),
        }
    }

    /// Gives arrays other names.
    pub fn rename(&mut self, name: impl Fn(A) -> A) {
        for node in self.nodes.iter_mut() {
            if let Node::Load { array, .. } = node {
                *array = name(*array);
            }
        }
        self.ids = self.nodes.enumerate().map(|(id, node)| (node.clone(), id)).collect();
        self.constants = self.constants.iter().map(|&array| name(array)).collect();
    }

    /// Says that no gradient flows through an array, before it is loaded.
    pub fn set_constant(&mut self, array: A) {
        self.constants.insert(array);
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
        let same = |known: &Function| match (known, function) {
            (Function::Builtin(a), Function::Builtin(b)) => a == b,
            (Function::User(a), Function::User(b)) => a.to_string() == b.to_string(),
            _ => false,
        };
        let known = self.functions.ids().find(|&id| same(&self.functions[id]));
        known.unwrap_or_else(|| self.functions.push(function.clone()))
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

    pub fn is_zero(&self, node: NodeId) -> bool {
        self.nodes[node] == Node::Number(0.0_f64.to_bits())
    }

    pub fn has_call(&self, node: NodeId) -> bool {
        self.calls[node]
    }
}

impl<A> Node<A> {
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
pub fn children<A>(node: &Node<A>) -> Vec<NodeId> {
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

/// Makes the nodes of a graph from those of another, or of itself.
pub trait Rewrite<A, B> {
    /// What stands in the place of a node; none if nothing can.
    fn node(&mut self, node: NodeId) -> Option<NodeId>;
    fn array(&mut self, array: A) -> Option<B>;
}

impl<A: Copy> Node<A> {
    /// The node with others in the place of its array and its children.
    pub fn rewritten<B>(&self, by: &mut impl Rewrite<A, B>) -> Option<Node<B>> {
        Some(match self {
            Self::Number(bits) => Node::Number(*bits),
            Self::Integer(integer) => Node::Integer(integer.clone()),
            Self::Count(index) => Node::Count(*index),
            Self::Load { array, subscripts, guard } => Node::Load {
                array: by.array(*array)?,
                subscripts: subscripts.clone(),
                guard: match guard {
                    Some(guard) => Some(by.node(*guard)?),
                    None => None,
                },
            },
            Self::Call { function, arguments } => {
                let arguments = arguments.iter().map(|&argument| by.node(argument));
                Node::Call { function: *function, arguments: arguments.collect::<Option<_>>()? }
            }
            Self::Negate(operand) => Node::Negate(by.node(*operand)?),
            Self::Binary { operator, left, right } => {
                Node::Binary { operator: *operator, left: by.node(*left)?, right: by.node(*right)? }
            }
            Self::Reduce { fold, indices, body } => {
                Node::Reduce { fold: *fold, indices: indices.clone(), body: by.node(*body)? }
            }
            Self::Stop(operand) => Node::Stop(by.node(*operand)?),
            Self::Select { condition, then, otherwise } => Node::Select {
                condition: by.node(*condition)?,
                then: by.node(*then)?,
                otherwise: by.node(*otherwise)?,
            },
            Self::Compare { comparison, left, right } => Node::Compare {
                comparison: *comparison,
                left: by.node(*left)?,
                right: by.node(*right)?,
            },
            Self::And(left, right) => Node::And(by.node(*left)?, by.node(*right)?),
            Self::Or(left, right) => Node::Or(by.node(*left)?, by.node(*right)?),
            Self::Not(operand) => Node::Not(by.node(*operand)?),
            Self::Local { function, arguments, result, argument } => {
                let arguments = arguments.iter().map(|&argument| by.node(argument));
                Node::Local {
                    function: *function,
                    arguments: arguments.collect::<Option<_>>()?,
                    result: by.node(*result)?,
                    argument: *argument,
                }
            }
            Self::Pullback { adjoint, through, factor } => Node::Pullback {
                adjoint: by.node(*adjoint)?,
                through: *through,
                factor: by.node(*factor)?,
            },
            Self::WhereAt { index, position, value } => Node::WhereAt {
                index: *index,
                position: by.node(*position)?,
                value: by.node(*value)?,
            },
        })
    }
}

impl<A: Copy + Eq + Hash> Graph<A> {
    /// The element of an array at these indices.
    pub fn load(&mut self, array: A, indices: &[IndexId]) -> NodeId {
        let subscripts = indices.iter().map(|&index| Subscript::index(index)).collect();
        self.add(Node::Load { array, subscripts, guard: None })
    }
}
