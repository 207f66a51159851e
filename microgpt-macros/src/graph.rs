//! Terms to hash-consed nodes, and nodes to equations.
//!
//! Equal expressions are one node. An index is named by the height of its `for` over what it
//! binds, so that `sum(x[t, i]^2 for i)` written twice, or with another letter, is one node too.
//! Then every node that is worth an array of its own becomes an equation: a reduction, an op of
//! the table (its result is what its local gradient needs), what does not depend on some index of
//! the loops around it, and what several equations share. What is left inside one equation is
//! plain arithmetic on elements of operands and of earlier equations.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proc_macro2::{Span, TokenStream};

use crate::ast::{self, Operator};
use crate::term::{self, Affine, Atom, Axis, Binder, Checked, Function, Range, Term};

pub type NodeId = usize;
pub type IndexId = usize;

/// An equation with more arithmetic than this is divided: each of its operands' gradients repeats
/// a part of it.
const MAX_OPERATIONS: usize = 24;

#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
    ids: HashMap<Node, NodeId>,
    free: Vec<BTreeSet<IndexId>>,
    /// Whether a gradient can flow through the node.
    active: Vec<bool>,
    pub indices: Vec<Index>,
    index_ids: HashMap<(usize, IndexRange), IndexId>,
    pub functions: Vec<Function>,
    pub classes: Classes,
    /// In an order in which each uses only those before it.
    pub equations: Vec<Equation>,
    /// The equation of each result.
    pub results: Vec<usize>,
    /// The subscripts that must be checked on entry.
    pub bounds: Vec<Bound>,
    /// Implied indices over an axis that an earlier stated range made.
    pub reaches: Vec<Reach>,
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

/// An index that runs over two axes of which one is the reach of a stated range.
#[derive(Debug)]
pub struct Reach {
    pub index: String,
    pub lengths: [Length; 2],
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Number(u64),
    Integer(Affine<IndexId>),
    /// How many values an index takes, which must be one at least.
    Count {
        count: Affine<IndexId>,
        index: IndexId,
    },
    Load {
        array: Array,
        subscripts: Vec<Subscript>,
    },
    Call {
        function: usize,
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
    /// The derivative of a call by one argument, from its arguments and its result.
    Local {
        function: usize,
        arguments: Vec<NodeId>,
        result: NodeId,
        argument: usize,
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
    Operand(usize),
    /// A definition, before equations are made.
    Definition(usize),
    Equation(usize),
    /// The gradient of an equation.
    Adjoint(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscript {
    Affine(Affine<IndexId>),
    Gather { integers: usize, at: Vec<Affine<IndexId>> },
}

/// How the values of a reduction are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    Sum,
    Max,
    Min,
    /// The index of the maximum, as a number.
    ArgMax,
    ArgMin,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    pub span: Span,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    Class(usize),
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
    pub depends: BTreeSet<usize>,
}

impl Equation {
    /// All indices of the loops, the axes first.
    pub fn nest(&self) -> Vec<IndexId> {
        let over = self.fold.iter().flat_map(|(_, over)| over);
        self.axes.iter().chain(over).copied().collect()
    }
}

/// Axes that some index makes equal.
#[derive(Debug, Default)]
pub struct Classes {
    of: BTreeMap<Axis, usize>,
    pub count: usize,
}

impl Classes {
    fn new(checked: &Checked) -> Self {
        let mut classes = Self::default();
        for (operand, with) in checked.operands.iter().enumerate() {
            for axis in 0..with.rank {
                classes.add(Axis::Operand { operand, axis });
            }
        }
        for (operand, with) in checked.integers.iter().enumerate() {
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
        self.of.insert(axis, self.count);
        self.count += 1;
    }

    pub fn class(&self, axis: Axis) -> Option<usize> {
        self.of.get(&axis).copied()
    }

    /// The axes of a class, in the order of the operands.
    pub fn axes(&self, class: usize) -> impl Iterator<Item = Axis> + '_ {
        self.of.iter().filter(move |(_, of)| **of == class).map(|(axis, _)| *axis)
    }
}

/// Builds the graph of a checked program.
pub fn lower(checked: &Checked) -> Graph {
    let mut graph = Graph { classes: Classes::new(checked), ..Graph::default() };
    let mut builder =
        Builder { graph: &mut graph, checked, index_of: HashMap::new(), definitions: Vec::new() };
    for definition in &checked.definitions {
        let lowered = builder.definition(definition);
        builder.definitions.push(lowered);
    }
    builder.checks();
    let definitions = builder.definitions;
    Split::new(&mut graph, definitions).equations(&checked.results);
    graph
}

// ---------------------------------------------------------------- terms to nodes

#[derive(Clone, Debug)]
struct Lowered {
    name: String,
    axes: Vec<IndexId>,
    root: NodeId,
}

struct Builder<'a> {
    graph: &'a mut Graph,
    checked: &'a Checked,
    index_of: HashMap<usize, IndexId>,
    definitions: Vec<Lowered>,
}

impl Builder<'_> {
    fn definition(&mut self, definition: &term::Definition) -> Lowered {
        let height = height(&definition.body);
        let axes = self.bind(&definition.axes, height);
        let root = self.node(&definition.body);
        Lowered { name: definition.name.clone(), axes, root }
    }

    /// Names the indices of one `for`, whose body has this height; the outermost is the highest.
    fn bind(&mut self, binders: &[usize], body: usize) -> Vec<IndexId> {
        let mut ids = Vec::new();
        for (position, &binder) in binders.iter().enumerate() {
            let height = body + binders.len() - position;
            let bound = &self.checked.binders[binder];
            let range = match &bound.range {
                Range::Implied(_) => {
                    IndexRange::Whole(self.length(term_axis(self.checked, binder)))
                }
                Range::Stated { low, high } => {
                    IndexRange::Stated { low: self.affine(low), high: self.affine(high) }
                }
            };
            let id = self.graph.index(height, range, &bound.name);
            self.index_of.insert(binder, id);
            ids.push(id);
        }
        ids
    }

    /// What must be checked on entry: subscripts that their index does not imply, and lengths of
    /// stated ranges that meet another axis.
    fn checks(&mut self) {
        for bound in &self.checked.bounds {
            let (name, length, axis) = match bound.array {
                term::Array::Operand(operand) => {
                    let name = &self.checked.operands[operand].name;
                    (name, self.length(Axis::Operand { operand, axis: bound.axis }), None)
                }
                term::Array::Definition(id) => {
                    let axis = self.definitions[id].axes[bound.axis];
                    (&self.definitions[id].name, self.graph.axis_length(axis), Some(axis))
                }
            };
            let name = format!("axis {} of `{name}`", bound.axis);
            let subscript = self.subscript(&bound.subscript);
            if let Subscript::Gather { integers, at } = &subscript {
                let ids = &self.checked.integers[*integers].name;
                for (axis, at) in at.iter().enumerate() {
                    self.bound(Bound {
                        name: format!("axis {axis} of `{ids}`"),
                        length: self.length(Axis::Integers { operand: *integers, axis }),
                        axis: None,
                        subscript: Subscript::Affine(at.clone()),
                        span: bound.span,
                    });
                }
            }
            self.bound(Bound { name, length, axis, subscript, span: bound.span });
        }
        for one in &self.checked.axis_uses {
            let index = self.index_of[&one.binder];
            let lengths = [self.graph.axis_length(index), self.length(one.axis)];
            if lengths[0] != lengths[1] {
                let index = self.graph.indices[index].name.clone();
                self.graph.reaches.push(Reach { index, lengths, span: one.span });
            }
        }
    }

    /// Keeps a bound unless the index runs over just this axis.
    fn bound(&mut self, bound: Bound) {
        let implied = match &bound.subscript {
            Subscript::Affine(affine) => affine.as_index().is_some_and(|index| {
                Some(index) == bound.axis
                    || matches!(self.graph.indices[index].range, IndexRange::Whole(_))
            }),
            Subscript::Gather { .. } => false,
        };
        if !implied {
            self.graph.bounds.push(bound);
        }
    }

    fn subscript(&mut self, subscript: &term::Subscript) -> Subscript {
        match subscript {
            term::Subscript::Affine(affine) => Subscript::Affine(self.affine(affine)),
            term::Subscript::Gather { integers, at } => Subscript::Gather {
                integers: *integers,
                at: at.iter().map(|affine| self.affine(affine)).collect(),
            },
        }
    }

    fn length(&self, axis: Axis) -> Length {
        match axis {
            Axis::Extent { binder } => Length::Extent(self.index_of[&binder]),
            _ => Length::Class(self.graph.classes.class(axis).unwrap_or(0)),
        }
    }

    fn affine(&mut self, affine: &Affine) -> Affine<IndexId> {
        let mut sum = Affine::constant(affine.constant);
        for (atom, &factor) in &affine.terms {
            let atom = match *atom {
                Atom::Index(binder) => Affine::index(self.index_of[&binder]),
                Atom::Len(binder) => self.count(binder),
                Atom::Integer(operand) => Affine::atom(Atom::Integer(operand)),
            };
            sum = sum.plus(factor, &atom);
        }
        sum
    }

    fn count(&mut self, binder: usize) -> Affine<IndexId> {
        let Binder { name, range } = &self.checked.binders[binder];
        match range {
            Range::Implied(_) => {
                let length = self.length(term_axis(self.checked, binder));
                // Only its range is asked for: no loop binds it.
                let index = self.graph.index(0, IndexRange::Whole(length), name);
                Affine::atom(Atom::Len(index))
            }
            Range::Stated { low, high } => self.affine(high).plus(-1, &self.affine(low)),
        }
    }

    fn node(&mut self, term: &Term) -> NodeId {
        match term {
            Term::Number(x) => self.graph.number(*x),
            Term::Integer(affine) => {
                let affine = self.affine(affine);
                self.graph.add(Node::Integer(affine))
            }
            Term::Load { array, subscripts } => {
                let array = match *array {
                    term::Array::Operand(operand) => Array::Operand(operand),
                    term::Array::Definition(id) if self.definitions[id].axes.is_empty() => {
                        return self.definitions[id].root;
                    }
                    term::Array::Definition(id) => Array::Definition(id),
                };
                let subscripts =
                    subscripts.iter().map(|subscript| self.subscript(subscript)).collect();
                self.graph.add(Node::Load { array, subscripts })
            }
            Term::Call { function, arguments } => {
                let arguments = arguments.iter().map(|argument| self.node(argument)).collect();
                let function = self.graph.function(function);
                self.graph.add(Node::Call { function, arguments })
            }
            Term::Negate(operand) => {
                let operand = self.node(operand);
                self.graph.add(Node::Negate(operand))
            }
            Term::Binary { operator, left, right } => {
                let (left, right) = (self.node(left), self.node(right));
                self.graph.binary(*operator, left, right)
            }
            Term::Stop(operand) => {
                let operand = self.node(operand);
                self.graph.add(Node::Stop(operand))
            }
            Term::Reduce { reduction, binders, body } => {
                let indices = self.bind(binders, height(body));
                let body = self.node(body);
                self.reduce(*reduction, indices, body)
            }
            Term::Error => self.graph.number(f64::NAN),
        }
    }

    fn reduce(&mut self, reduction: ast::Reduction, indices: Vec<IndexId>, body: NodeId) -> NodeId {
        let graph = &mut *self.graph;
        match reduction {
            ast::Reduction::Sum => graph.add(Node::Reduce { fold: Fold::Sum, indices, body }),
            ast::Reduction::Mean => {
                let count = graph.count_of(&indices);
                let sum = graph.add(Node::Reduce { fold: Fold::Sum, indices, body });
                graph.binary(Operator::Div, sum, count)
            }
            ast::Reduction::Max => graph.nested(Fold::Max, &indices, body),
            ast::Reduction::Min => graph.nested(Fold::Min, &indices, body),
            ast::Reduction::LogSumExp => {
                let max = graph.nested(Fold::Max, &indices, body);
                let max = graph.add(Node::Stop(max));
                let shifted = graph.binary(Operator::Sub, body, max);
                let exp = graph.call("exp", vec![shifted]);
                let sum = graph.add(Node::Reduce { fold: Fold::Sum, indices, body: exp });
                let ln = graph.call("ln", vec![sum]);
                graph.binary(Operator::Add, max, ln)
            }
        }
    }
}

/// The axis that an implied index runs over, with chains of definitions resolved.
fn term_axis(checked: &Checked, binder: usize) -> Axis {
    crate::check::axis_of(&checked.binders, binder)
}

/// How many `for`s, one an index, are nested in a term.
fn height(term: &Term) -> usize {
    match term {
        Term::Number(_) | Term::Integer(_) | Term::Load { .. } | Term::Error => 0,
        Term::Negate(operand) | Term::Stop(operand) => height(operand),
        Term::Binary { left, right, .. } => height(left).max(height(right)),
        Term::Call { arguments, .. } => arguments.iter().map(height).max().unwrap_or(0),
        Term::Reduce { binders, body, .. } => binders.len() + height(body),
    }
}

// ---------------------------------------------------------------- nodes

impl Graph {
    pub fn add(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.ids.get(&node) {
            return id;
        }
        let id = self.nodes.len();
        let free = self.free_of(&node);
        let active = match &node {
            Node::Load { array, .. } => match *array {
                Array::Operand(_) | Array::Definition(_) | Array::Adjoint(_) => true,
                Array::Equation(id) => !self.equations[id].depends.is_empty(),
            },
            Node::Stop(_) => false,
            other => children(other).into_iter().any(|child| self.active[child]),
        };
        self.free.push(free);
        self.active.push(active);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    fn free_of(&self, node: &Node) -> BTreeSet<IndexId> {
        let mut free: BTreeSet<IndexId> =
            children(node).into_iter().flat_map(|child| self.free[child].clone()).collect();
        match node {
            Node::Integer(affine) => free.extend(affine.indices()),
            Node::Count { count, .. } => free.extend(count.indices()),
            Node::Load { subscripts, .. } => free.extend(subscripts.iter().flat_map(indices_of)),
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

    pub fn is_active(&self, node: NodeId) -> bool {
        self.active[node]
    }

    pub fn number(&mut self, x: f64) -> NodeId {
        self.add(Node::Number(x.to_bits()))
    }

    pub fn binary(&mut self, operator: Operator, left: NodeId, right: NodeId) -> NodeId {
        self.add(Node::Binary { operator, left, right })
    }

    fn call(&mut self, name: &str, arguments: Vec<NodeId>) -> NodeId {
        let function = self.function(&Function::Builtin(name.to_owned()));
        self.add(Node::Call { function, arguments })
    }

    fn function(&mut self, function: &Function) -> usize {
        let same = |one: &Function| match (one, function) {
            (Function::Builtin(one), Function::Builtin(other)) => one == other,
            (Function::User(one), Function::User(other)) => one.to_string() == other.to_string(),
            _ => false,
        };
        self.functions.iter().position(same).unwrap_or_else(|| {
            self.functions.push(function.clone());
            self.functions.len() - 1
        })
    }

    fn index(&mut self, height: usize, range: IndexRange, name: &proc_macro2::Ident) -> IndexId {
        let key = (height, range.clone());
        if let Some(&id) = self.index_ids.get(&key) {
            return id;
        }
        let id = self.indices.len();
        self.indices.push(Index { name: name.to_string(), span: name.span(), height, range });
        self.index_ids.insert(key, id);
        id
    }

    /// The length of the axis that an index makes: `0..=t` reaches as far as `t`.
    pub fn axis_length(&self, index: IndexId) -> Length {
        match &self.indices[index].range {
            IndexRange::Whole(length) => *length,
            IndexRange::Stated { low, high } => {
                let before = high.clone().plus(-1, &Affine::constant(1));
                let outer = before.as_index().filter(|_| low.as_constant() == Some(0));
                match outer.map(|outer| &self.indices[outer].range) {
                    Some(IndexRange::Whole(length)) => *length,
                    _ => Length::Extent(index),
                }
            }
        }
    }

    /// How many values an index takes.
    fn count(&self, index: IndexId) -> Affine<IndexId> {
        match &self.indices[index].range {
            IndexRange::Whole(_) => Affine::atom(Atom::Len(index)),
            IndexRange::Stated { low, high } => high.clone().plus(-1, low),
        }
    }

    /// The number of elements of a mean, as a number.
    fn count_of(&mut self, indices: &[IndexId]) -> NodeId {
        let within: BTreeSet<IndexId> =
            indices.iter().flat_map(|&index| self.range_indices(index)).collect();
        if indices.iter().any(|index| within.contains(index)) {
            let one = self.number(1.0);
            return self.add(Node::Reduce {
                fold: Fold::Sum,
                indices: indices.to_vec(),
                body: one,
            });
        }
        let mut product = None;
        for &index in indices {
            let count = self.count(index);
            let count = self.add(Node::Count { count, index });
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
    fn nested(&mut self, fold: Fold, indices: &[IndexId], body: NodeId) -> NodeId {
        indices
            .iter()
            .rev()
            .fold(body, |body, &index| self.add(Node::Reduce { fold, indices: vec![index], body }))
    }

    fn is_leaf(&self, node: NodeId) -> bool {
        match &self.nodes[node] {
            Node::Number(_) | Node::Integer(_) | Node::Count { .. } | Node::Load { .. } => true,
            Node::Stop(operand) | Node::Negate(operand) => self.is_leaf(*operand),
            _ => false,
        }
    }

    fn has_call(&self, node: NodeId) -> bool {
        matches!(self.nodes[node], Node::Call { .. })
            || children(&self.nodes[node]).into_iter().any(|child| self.has_call(child))
    }
}

/// The nodes that a node is computed from.
pub fn children(node: &Node) -> Vec<NodeId> {
    match node {
        Node::Number(_) | Node::Integer(_) | Node::Count { .. } | Node::Load { .. } => vec![],
        Node::Call { arguments, .. } => arguments.clone(),
        Node::Negate(operand) | Node::Stop(operand) => vec![*operand],
        Node::Binary { left, right, .. } => vec![*left, *right],
        Node::Reduce { body, .. } => vec![*body],
        Node::Local { arguments, result, .. } => {
            arguments.iter().copied().chain([*result]).collect()
        }
        Node::WhereAt { position, value, .. } => vec![*position, *value],
    }
}

/// The indices in a subscript.
pub fn indices_of(subscript: &Subscript) -> Vec<IndexId> {
    match subscript {
        Subscript::Affine(affine) => affine.indices().collect(),
        Subscript::Gather { at, .. } => at.iter().flat_map(Affine::indices).collect(),
    }
}

// ---------------------------------------------------------------- nodes to equations

/// An equation to be: the node, and the axes it is computed over.
type Root = (NodeId, Vec<IndexId>);

struct Split<'a> {
    graph: &'a mut Graph,
    definitions: Vec<Lowered>,
    /// The nodes that are equations of their own.
    own: HashSet<NodeId>,
    made: HashMap<Root, usize>,
    rewritten: HashMap<NodeId, NodeId>,
}

impl<'a> Split<'a> {
    fn new(graph: &'a mut Graph, definitions: Vec<Lowered>) -> Self {
        Self {
            graph,
            definitions,
            own: HashSet::new(),
            made: HashMap::new(),
            rewritten: HashMap::new(),
        }
    }

    fn equations(mut self, results: &[usize]) {
        let roots = self.reachable(results);
        for (root, axes) in &roots {
            self.choose(*root, axes);
        }
        self.share(&roots);
        for &result in results {
            let definition = self.definitions[result].clone();
            let id = self.equation(&definition.name, definition.root, definition.axes);
            self.graph.results.push(id);
        }
    }

    /// The definitions that the results need, as roots.
    fn reachable(&self, results: &[usize]) -> Vec<Root> {
        let mut seen = HashSet::new();
        let mut roots = Vec::new();
        let mut stack: Vec<usize> = results.to_vec();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let definition = &self.definitions[id];
            roots.push((definition.root, definition.axes.clone()));
            let mut nodes = vec![definition.root];
            let mut visited = HashSet::new();
            while let Some(node) = nodes.pop() {
                if visited.insert(node) {
                    if let Node::Load { array: Array::Definition(id), .. } = self.graph.nodes[node]
                    {
                        stack.push(id);
                    }
                    nodes.extend(children(&self.graph.nodes[node]));
                }
            }
        }
        roots
    }

    /// The loops of an equation, and the nodes directly under its root.
    fn under(&self, root: NodeId, axes: &[IndexId]) -> (BTreeSet<IndexId>, Vec<NodeId>) {
        let mut nest: BTreeSet<IndexId> = axes.iter().copied().collect();
        let node = &self.graph.nodes[root];
        if let Node::Reduce { indices, .. } = node {
            nest.extend(indices);
        }
        (nest, children(node))
    }

    /// Decides which nodes below a root are equations of their own.
    fn choose(&mut self, root: NodeId, axes: &[IndexId]) {
        let (nest, mut stack) = self.under(root, axes);
        let mut visited = HashSet::new();
        while let Some(node) = stack.pop() {
            if !visited.insert(node) || self.graph.is_leaf(node) {
                continue;
            }
            let hoisted = self.graph.free(node).len() < nest.len()
                && (self.graph.is_active(node) || self.graph.has_call(node));
            let own = match &self.graph.nodes[node] {
                Node::Reduce { .. } => true,
                Node::Call { .. } => hoisted || self.graph.is_active(node),
                Node::Stop(_) => false,
                _ => hoisted,
            };
            if !own {
                stack.extend(children(&self.graph.nodes[node]));
            } else if self.own.insert(node) {
                let axes = self.axes(node);
                self.choose(node, &axes);
            }
        }
        let inline = self.inline(root);
        let operations = |node: &&NodeId| !self.graph.is_leaf(**node);
        if inline.iter().filter(operations).count() > MAX_OPERATIONS {
            self.divide(root, axes);
        }
    }

    /// Makes the part of a large equation that is nearest to half of it an equation of its own.
    fn divide(&mut self, root: NodeId, axes: &[IndexId]) {
        let (nest, _) = self.under(root, axes);
        let weight = |node: NodeId| {
            self.inline(node).iter().filter(|&&below| !self.graph.is_leaf(below)).count() + 1
        };
        let half = MAX_OPERATIONS / 2;
        let part = self
            .inline(root)
            .into_iter()
            .filter(|&node| !self.graph.is_leaf(node) && self.graph.free(node).len() == nest.len())
            .filter(|&node| !matches!(self.graph.nodes[node], Node::Stop(_)))
            .min_by_key(|&node| weight(node).abs_diff(half));
        if let Some(part) = part
            && self.own.insert(part)
        {
            self.choose(root, axes);
        }
    }

    /// The nodes that are computed inside the equation of a root.
    fn inline(&self, root: NodeId) -> BTreeSet<NodeId> {
        let mut inline = BTreeSet::new();
        let mut stack = children(&self.graph.nodes[root]);
        while let Some(node) = stack.pop() {
            if !self.own.contains(&node) && inline.insert(node) {
                stack.extend(children(&self.graph.nodes[node]));
            }
        }
        inline
    }

    /// Makes equations of what several equations would compute again.
    fn share(&mut self, definitions: &[Root]) {
        loop {
            let roots: BTreeSet<NodeId> =
                definitions.iter().map(|(root, _)| *root).chain(self.own.iter().copied()).collect();
            let mut uses: BTreeMap<NodeId, usize> = BTreeMap::new();
            for &root in &roots {
                for node in self.inline(root) {
                    *uses.entry(node).or_default() += 1;
                }
            }
            let shared = uses.into_iter().rev().find(|&(node, uses)| {
                uses > 1
                    && !self.graph.is_leaf(node)
                    && !matches!(self.graph.nodes[node], Node::Stop(_))
                    && (self.graph.is_active(node) || self.graph.has_call(node))
            });
            match shared {
                Some((node, _)) => self.own.insert(node),
                None => return,
            };
        }
    }

    /// The axes of a node that is an equation of its own, the outermost loop first.
    fn axes(&self, node: NodeId) -> Vec<IndexId> {
        let mut axes: Vec<IndexId> = self.graph.free(node).iter().copied().collect();
        axes.sort_by_key(|&index| std::cmp::Reverse(self.graph.indices[index].height));
        axes
    }

    fn equation(&mut self, name: &str, root: NodeId, axes: Vec<IndexId>) -> usize {
        if let Some(&id) = self.made.get(&(root, axes.clone())) {
            return id;
        }
        let node = self.graph.nodes[root].clone();
        let (fold, body) = match node {
            Node::Reduce { fold, indices, body } => (Some((fold, indices)), self.rewrite(body)),
            node => {
                let node = self.rewrite_children(node);
                (None, self.graph.add(node))
            }
        };
        let depends = self.depends(body);
        let id = self.graph.equations.len();
        self.graph.equations.push(Equation {
            name: name.to_owned(),
            axes: axes.clone(),
            fold,
            body,
            depends,
        });
        self.made.insert((root, axes), id);
        id
    }

    fn depends(&self, body: NodeId) -> BTreeSet<usize> {
        let mut depends = BTreeSet::new();
        let mut stack = vec![body];
        while let Some(node) = stack.pop() {
            match &self.graph.nodes[node] {
                Node::Load { array: Array::Operand(operand), .. } => {
                    depends.insert(*operand);
                }
                Node::Load { array: Array::Equation(id), .. } => {
                    depends.extend(&self.graph.equations[*id].depends);
                }
                Node::Stop(_) => {}
                other => stack.extend(children(other)),
            }
        }
        depends
    }

    /// The node with loads of equations in the place of what became one.
    fn rewrite(&mut self, node: NodeId) -> NodeId {
        if let Some(&done) = self.rewritten.get(&node) {
            return done;
        }
        let done = if self.own.contains(&node) {
            let axes = self.axes(node);
            let name = self.name_of(node);
            let id = self.equation(&name, node, axes.clone());
            self.graph.load(Array::Equation(id), &axes)
        } else {
            let rewritten = self.rewrite_children(self.graph.nodes[node].clone());
            self.graph.add(rewritten)
        };
        self.rewritten.insert(node, done);
        done
    }

    fn rewrite_children(&mut self, node: Node) -> Node {
        match node {
            Node::Load { array: Array::Definition(id), subscripts } => {
                let Lowered { name, axes, root } = self.definitions[id].clone();
                let array = Array::Equation(self.equation(&name, root, axes));
                Node::Load { array, subscripts }
            }
            Node::Call { function, arguments } => Node::Call {
                function,
                arguments: arguments.into_iter().map(|argument| self.rewrite(argument)).collect(),
            },
            Node::Negate(operand) => Node::Negate(self.rewrite(operand)),
            Node::Stop(operand) => Node::Stop(self.rewrite(operand)),
            Node::Binary { operator, left, right } => {
                Node::Binary { operator, left: self.rewrite(left), right: self.rewrite(right) }
            }
            leaf => leaf,
        }
    }

    /// A word for what an equation computes, for the generated code.
    fn name_of(&self, node: NodeId) -> String {
        match &self.graph.nodes[node] {
            Node::Reduce { fold: Fold::Sum, .. } => "sum".into(),
            Node::Reduce { fold: Fold::Max, .. } => "max".into(),
            Node::Reduce { fold: Fold::Min, .. } => "min".into(),
            Node::Call { function, .. } => match &self.graph.functions[*function] {
                Function::Builtin(name) => name.clone(),
                Function::User(tokens) => last_name(tokens),
            },
            Node::Binary { operator: Operator::Div, .. } => "ratio".into(),
            Node::Binary { operator: Operator::Mul, .. } => "product".into(),
            _ => "term".into(),
        }
    }
}

fn last_name(path: &TokenStream) -> String {
    path.clone().into_iter().last().map_or_else(|| "op".into(), |token| token.to_string())
}

impl Graph {
    /// The element of an array at these indices.
    pub fn load(&mut self, array: Array, indices: &[IndexId]) -> NodeId {
        let subscripts =
            indices.iter().map(|&index| Subscript::Affine(Affine::index(index))).collect();
        self.add(Node::Load { array, subscripts })
    }
}
