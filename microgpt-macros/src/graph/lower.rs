//! Values to hash-consed nodes.
//!
//! An index is named by the height of its `for` over what it binds, so that
//! `sum(x[t, i]^2 for i)` written twice, or with another letter, is one node.

mod band;
mod reduce;

use std::collections::{BTreeSet, HashMap};

use proc_macro2::Span;

use crate::graph::{
    Classes, Graph, IndexId, IndexRange, Length, Node, NodeId, Requirement, Subscript,
};
use crate::ids::IdVec;
use crate::resolve::hir::{
    self, Atom, Axis, BinderId, Checked, Condition, DefinitionId, Function, Integer, Leaf, Range,
    Value,
};
use crate::syntax::ast::Operator;

use band::Band;

/// The nodes of a program, whose leaves are elements of operands and definitions.
pub struct Lowered {
    pub graph: Graph<hir::Array>,
    pub definitions: IdVec<DefinitionId, Definition>,
    pub blocks: Vec<Block>,
    pub results: Vec<DefinitionId>,
    /// What must hold for a node to have a value.
    pub requirements: HashMap<NodeId, Vec<Requirement>>,
    /// The subscripts that must be checked on entry.
    pub bounds: Vec<Bound>,
    /// Implied indices over an axis that an earlier stated range made.
    pub reaches: Vec<Reach>,
}

#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    /// The indices that it is computed for.
    pub axes: Vec<IndexId>,
    /// The indices along the axes of its array.
    pub shape: Vec<IndexId>,
    /// What is added to the first index to find the element on its axis.
    pub shift: Integer<IndexId>,
    pub root: NodeId,
    /// The block that it is an equation of.
    pub block: Option<usize>,
    pub starts: Vec<Start>,
}

/// What an array of a block is before the first value of its index.
#[derive(Clone, Debug)]
pub struct Start {
    /// Where it lies along the first axis.
    pub row: Integer<IndexId>,
    pub definition: DefinitionId,
}

/// Equations that are computed for one value of some indices after the other.
#[derive(Clone, Debug)]
pub struct Block {
    pub indices: Vec<IndexId>,
    /// Whether the indices go from the last value to the first.
    pub descends: bool,
    /// What stands in the place of the first index in the subscripts of each array that has starts.
    rows: HashMap<DefinitionId, Rows>,
}

/// Where the elements of an array with starts lie along its first axis: ascending the starts come first.
#[derive(Clone, Debug)]
struct Rows {
    /// The index along the axis.
    axis: IndexId,
    /// How far the element of an index is from it.
    shift: Integer<IndexId>,
    starts: Vec<Start>,
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

/// Builds the graph of a checked program.
pub fn lower(checked: &Checked) -> Lowered {
    let mut builder = Builder {
        graph: Graph::new(Classes::new(checked)),
        checked,
        index_of: HashMap::new(),
        in_bands: HashMap::new(),
        definitions: IdVec::default(),
        blocks: Vec::new(),
        taken: None,
        requirements: HashMap::new(),
        bounds: Vec::new(),
        reaches: Vec::new(),
    };
    for id in checked.definitions.ids() {
        let lowered = builder.definition(id);
        builder.definitions.push(lowered);
    }
    builder.checks();
    let Builder { graph, definitions, blocks, requirements, bounds, reaches, .. } = builder;
    let results = checked.results.clone();
    Lowered { graph, definitions, blocks, results, requirements, bounds, reaches }
}

struct Builder<'a> {
    graph: Graph<hir::Array>,
    checked: &'a Checked,
    index_of: HashMap<BinderId, IndexId>,
    /// What stands for the indices of bands, inside of them.
    in_bands: HashMap<BinderId, Band>,
    definitions: IdVec<DefinitionId, Definition>,
    /// Those of which an equation was met.
    blocks: Vec<Block>,
    /// When the branch that is being lowered is taken.
    taken: Option<NodeId>,
    requirements: HashMap<NodeId, Vec<Requirement>>,
    bounds: Vec<Bound>,
    reaches: Vec<Reach>,
}

impl Builder<'_> {
    fn definition(&mut self, id: DefinitionId) -> Definition {
        let definition = &self.checked.definitions[id];
        let block = self.checked.blocks.iter().position(|block| block.definitions.contains(&id));
        if block == Some(self.blocks.len()) {
            self.block();
        }
        let of_block = block.map_or(&[][..], |block| &self.blocks[block].indices).to_vec();
        let own = &definition.axes[of_block.len()..];
        let mut axes = of_block;
        axes.extend(self.bind(own, height(&definition.body)));
        let root = self.node(&definition.body);
        let mut shape = axes.clone();
        let rows = block.and_then(|block| self.blocks[block].rows.get(&id));
        if let Some(rows) = rows {
            shape[0] = rows.axis;
        }
        let shift = rows.map_or(Integer::constant(0), |rows| rows.shift.clone());
        let starts = rows.map_or(Vec::new(), |rows| rows.starts.clone());
        Definition { name: definition.name.clone(), axes, shape, shift, root, block, starts }
    }

    /// Names the indices of the next block. They stay apart from all others.
    fn block(&mut self) {
        let number = self.blocks.len();
        let block = &self.checked.blocks[number];
        let indices = self.bind(&block.indices, (number + 1) << 20);
        let mut rows = HashMap::new();
        for &definition in &block.definitions {
            let starts = &self.checked.definitions[definition].starts;
            if let ([index], false) = (&indices[..], starts.is_empty()) {
                rows.insert(definition, self.rows(*index, block.descends, starts));
            }
        }
        self.blocks.push(Block { indices, descends: block.descends, rows });
    }

    fn rows(&mut self, index: IndexId, descends: bool, starts: &[DefinitionId]) -> Rows {
        let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
        let (low, high) = match &self.graph.indices[index].range {
            IndexRange::Whole(_) => (Integer::constant(0), Integer::atom(Atom::Len(index))),
            // The starts lie beside the values that there are.
            IndexRange::Stated { low, high } => (low.clone().cut_off(), high.clone().cut_off()),
        };
        let steps = Integer::constant(1);
        let start = |(back, definition): (i64, &DefinitionId)| Start {
            row: if descends {
                high.clone().plus(back - 1, &steps)
            } else {
                Integer::constant(count - back)
            },
            definition: *definition,
        };
        let starts = (1..).zip(starts).map(start).collect();
        let shift =
            if descends { Integer::constant(0) } else { Integer::constant(count).plus(-1, &low) };
        let name = self.graph.indices[index].name.clone();
        let range =
            IndexRange::Stated { low: Integer::constant(0), high: high.plus(count, &steps) };
        Rows { axis: self.graph.index(0, range, &name), shift, starts }
    }

    fn rows_of(&self, id: DefinitionId) -> Option<&Rows> {
        self.blocks.iter().find_map(|block| block.rows.get(&id))
    }

    /// Names the indices of one `for`, whose body has this height.
    fn bind(&mut self, binders: &[BinderId], body: usize) -> Vec<IndexId> {
        with_heights(binders, body).map(|(binder, height)| self.index(binder, height)).collect()
    }

    fn index(&mut self, binder: BinderId, height: usize) -> IndexId {
        let name = &self.checked.binders[binder].name;
        let range = self.range(binder);
        if let IndexRange::Stated { low, high } = &range {
            for end in [low, high] {
                self.ids_bounds(end, name.span());
            }
        }
        let id = self.graph.index(height, range, &name.to_string());
        self.index_of.insert(binder, id);
        id
    }

    fn range(&mut self, binder: BinderId) -> IndexRange {
        match &self.checked.binders[binder].range {
            Range::Implied(_) => IndexRange::Whole(self.length(axis_of(self.checked, binder))),
            Range::Stated { low, high } => {
                IndexRange::Stated { low: self.lowered(low), high: self.lowered(high) }
            }
        }
    }

    /// What must be checked on entry: subscripts that their index does not imply, and lengths of
    /// stated ranges that meet another axis.
    fn checks(&mut self) {
        let needed = needed(self.checked);
        for bound in self.checked.bounds.iter().filter(|bound| needed.contains(&bound.definition)) {
            let (name, length, axis) = match bound.array {
                hir::Array::Operand(operand) => {
                    let name = &self.checked.operands[operand].name;
                    (name, self.length(Axis::Operand { operand, axis: bound.axis }), None)
                }
                hir::Array::Definition(id) => {
                    let Definition { axes, shape, name, .. } = &self.definitions[id];
                    let axis = if bound.reaches_starts { shape } else { axes }[bound.axis];
                    (name, self.graph.axis_length(axis), Some(axis))
                }
            };
            let name = format!("axis {} of `{name}`", bound.axis);
            let mut subscript = self.lowered(&bound.subscript);
            if let hir::Array::Definition(id) = bound.array
                && bound.reaches_starts
                && bound.axis == 0
            {
                self.shift(id, &mut subscript);
            }
            self.ids_bounds(&subscript, bound.span);
            self.bound(Bound { name, length, axis, subscript, span: bound.span });
        }
        for axis_use in &self.checked.axis_uses {
            // No `for` binds what stands for a letter of a signature; its axes are one class.
            let Some(&index) = self.index_of.get(&axis_use.binder) else { continue };
            let lengths = [self.graph.axis_length(index), self.length(axis_use.axis)];
            let known = |reach: &Reach| reach.lengths == lengths;
            if lengths[0] != lengths[1] && !self.reaches.iter().any(known) {
                let names = [axis_of(self.checked, axis_use.binder), axis_use.axis];
                let names = names.map(|axis| self.checked.axis_name(axis));
                let index = self.graph.indices[index].name.clone();
                self.reaches.push(Reach { index, lengths, names, span: axis_use.span });
            }
        }
    }

    /// Keeps what holds where an id is asked for: that there is one.
    fn ids_bounds(&mut self, integer: &Integer<IndexId>, span: Span) {
        for atom in integer.terms.keys() {
            for part in atom.parts() {
                self.ids_bounds(part, span);
            }
            let Atom::Id { integers, at } = atom else { continue };
            let ids = &self.checked.integers[*integers].name;
            for (axis, at) in at.iter().enumerate() {
                self.bound(Bound {
                    name: format!("axis {axis} of `{ids}`"),
                    length: self.length(Axis::Integers { operand: *integers, axis }),
                    axis: None,
                    subscript: at.clone(),
                    span,
                });
            }
        }
    }

    /// Keeps a bound unless the index runs over just this axis, or it was kept before.
    fn bound(&mut self, bound: Bound) {
        let implied = bound.subscript.as_index().is_some_and(|index| {
            bound.axis.is_some_and(|axis| self.graph.are_alike(index, axis))
                || matches!(self.graph.indices[index].range, IndexRange::Whole(_))
        });
        let same = |known: &Bound| {
            (&known.name, known.length, known.axis) == (&bound.name, bound.length, bound.axis)
                && known.subscript == bound.subscript
        };
        if !implied && !self.bounds.iter().any(same) {
            self.bounds.push(bound);
        }
    }

    /// Moves the first subscript of an array by its starts.
    fn shift(&self, id: DefinitionId, first: &mut Subscript) {
        if let Some(rows) = self.rows_of(id) {
            *first = first.clone().plus(1, &rows.shift);
        }
    }

    fn length(&self, axis: Axis) -> Length {
        match axis {
            Axis::Extent { binder } => self.graph.canonical(Length::Extent(self.index_of[&binder])),
            _ => Length::Class(self.graph.classes[axis]),
        }
    }

    fn lowered(&mut self, integer: &Integer) -> Integer<IndexId> {
        integer.map(&mut |leaf| match leaf {
            Leaf::Index(binder) => match self.in_bands.get(&binder) {
                Some(band) => band.index.clone(),
                None => Integer::index(self.index_of[&binder]),
            },
            Leaf::Len(binder) => self.count(binder),
        })
    }

    /// An integer as a number.
    fn integer(&mut self, integer: &Integer, span: Span) -> NodeId {
        // The number of values of a range that may be cut off is no sum of integers.
        if let Some(&Atom::Len(binder)) = integer.as_atom() {
            let index = self.counted(binder);
            if self.graph.count(index).is_none() {
                return self.graph.add(Node::Count(index));
            }
        }
        let integer = self.lowered(integer);
        self.ids_bounds(&integer, span);
        self.graph.add(Node::Integer(integer))
    }

    fn count(&mut self, binder: BinderId) -> Integer<IndexId> {
        let index = self.counted(binder);
        self.graph.count(index).unwrap_or(Integer::atom(Atom::Len(index)))
    }

    /// An index whose range alone is asked for: no loop binds it.
    fn counted(&mut self, binder: BinderId) -> IndexId {
        let range = self.range(binder);
        self.graph.index(0, range, &self.checked.binders[binder].name.to_string())
    }

    fn node(&mut self, value: &Value) -> NodeId {
        match value {
            Value::Number(x) => self.graph.number(*x),
            Value::Integer(integer, span) => self.integer(integer, *span),
            Value::Load { array, subscripts, lazy } => {
                let lazy = *lazy || self.may_leave(subscripts);
                let mut subscripts: Vec<Subscript> =
                    subscripts.iter().map(|subscript| self.lowered(subscript)).collect();
                if let hir::Array::Definition(id) = *array {
                    let Some(first) = subscripts.first_mut() else {
                        return self.definitions[id].root;
                    };
                    self.shift(id, first);
                }
                let guard = self.taken.filter(|_| lazy);
                self.graph.add(Node::Load { array: *array, subscripts, guard })
            }
            // A square is a product: the same bits, and no array of its own.
            Value::Call { function: Function::Builtin(name), arguments }
                if name == "pow" && matches!(arguments[1], Value::Number(2.0)) =>
            {
                let base = self.node(&arguments[0]);
                self.graph.binary(Operator::Mul, base, base)
            }
            Value::Call { function, arguments } => {
                let arguments = arguments.iter().map(|argument| self.node(argument)).collect();
                let function = self.graph.function(function);
                self.graph.add(Node::Call { function, arguments })
            }
            Value::Negate(operand) => {
                let operand = self.node(operand);
                self.graph.add(Node::Negate(operand))
            }
            Value::Binary { operator, left, right } => {
                let (left, right) = (self.node(left), self.node(right));
                self.graph.binary(*operator, left, right)
            }
            Value::Stop(operand) => {
                let operand = self.node(operand);
                self.graph.add(Node::Stop(operand))
            }
            Value::Reduce { .. } => self.reduction(value),
            Value::If { condition, then, otherwise } => {
                let condition = self.condition(condition);
                let not = self.graph.add(Node::Not(condition));
                let then = self.branch(condition, then);
                let otherwise = self.branch(not, otherwise);
                self.graph.add(Node::Select { condition, then, otherwise })
            }
            Value::Error => self.graph.number(f64::NAN),
        }
    }

    fn branch(&mut self, condition: NodeId, value: &Value) -> NodeId {
        self.where_taken(condition, |builder| builder.node(value))
    }

    /// Lowers what is asked for only where a condition holds.
    fn where_taken(
        &mut self,
        condition: NodeId,
        lower: impl FnOnce(&mut Self) -> NodeId,
    ) -> NodeId {
        let outer = self.taken;
        self.taken = Some(self.graph.both(outer, condition));
        let node = lower(self);
        self.taken = outer;
        node
    }

    fn condition(&mut self, condition: &Condition) -> NodeId {
        let node = match condition {
            Condition::Compare { comparison, left, right } => Node::Compare {
                comparison: *comparison,
                left: self.node(left),
                right: self.node(right),
            },
            Condition::And(left, right) => {
                let left = self.condition(left);
                Node::And(left, self.where_taken(left, |builder| builder.condition(right)))
            }
            Condition::Or(left, right) => {
                let left = self.condition(left);
                let not = self.graph.add(Node::Not(left));
                Node::Or(left, self.where_taken(not, |builder| builder.condition(right)))
            }
            Condition::Not(operand) => Node::Not(self.condition(operand)),
        };
        self.graph.add(node)
    }
}

/// The axis that an implied index runs over, with chains of definitions resolved.
fn axis_of(checked: &Checked, binder: BinderId) -> Axis {
    crate::resolve::axis_of(&checked.binders, binder)
}

/// The definitions that the results use, directly or through others.
fn needed(checked: &Checked) -> BTreeSet<DefinitionId> {
    let mut needed = BTreeSet::new();
    let mut stack = checked.results.clone();
    while let Some(id) = stack.pop() {
        if needed.insert(id) {
            let definition = &checked.definitions[id];
            stack.extend(&definition.starts);
            definition.body.walk(&mut |term| {
                if let Value::Load { array: hir::Array::Definition(id), .. } = term {
                    stack.push(*id);
                }
            });
        }
    }
    needed
}

/// How many `for`s, one an index, are nested in a value.
fn height(value: &Value) -> usize {
    match value {
        Value::Number(_) | Value::Integer(..) | Value::Load { .. } | Value::Error => 0,
        Value::Negate(operand) | Value::Stop(operand) => height(operand),
        Value::Binary { left, right, .. } => height(left).max(height(right)),
        Value::Call { arguments, .. } => arguments.iter().map(height).max().unwrap_or(0),
        Value::Reduce { binders, filter, body, .. } => {
            binders.len() + filtered_height(filter.as_deref(), body)
        }
        Value::If { condition, then, otherwise } => {
            condition_height(condition).max(height(then)).max(height(otherwise))
        }
    }
}

/// The indices of one `for`, whose body has this height, each with its own: the outermost is the highest.
fn with_heights(binders: &[BinderId], body: usize) -> impl Iterator<Item = (BinderId, usize)> {
    binders.iter().copied().zip((body + 1..=body + binders.len()).rev())
}

fn filtered_height(filter: Option<&Condition>, body: &Value) -> usize {
    filter.map_or(0, condition_height).max(height(body))
}

fn condition_height(condition: &Condition) -> usize {
    match condition {
        Condition::Compare { left, right, .. } => height(left).max(height(right)),
        Condition::And(left, right) | Condition::Or(left, right) => {
            condition_height(left).max(condition_height(right))
        }
        Condition::Not(operand) => condition_height(operand),
    }
}
