//! Terms to hash-consed nodes.
//!
//! An index is named by the height of its `for` over what it binds, so that
//! `sum(x[t, i]^2 for i)` written twice, or with another letter, is one node.

use std::collections::HashMap;

use crate::ast::{self, Operator};
use crate::equations::divide;
use crate::graph::{
    Array, Bound, Fold, Graph, IndexId, IndexRange, Length, Node, NodeId, Reach, Subscript,
};
use crate::term::{self, Affine, Atom, Axis, Binder, Checked, Condition, Function, Range, Term};

/// Builds the graph of a checked program.
pub fn lower(checked: &Checked) -> Graph {
    let mut graph = Graph::new(checked);
    let mut builder = Builder {
        graph: &mut graph,
        checked,
        index_of: HashMap::new(),
        definitions: Vec::new(),
        taken: None,
    };
    for definition in &checked.definitions {
        let lowered = builder.definition(definition);
        builder.definitions.push(lowered);
    }
    builder.checks();
    let definitions = builder.definitions;
    divide(&mut graph, definitions, &checked.results);
    graph
}

#[derive(Clone, Debug)]
pub struct Lowered {
    pub name: String,
    pub axes: Vec<IndexId>,
    pub root: NodeId,
}

struct Builder<'a> {
    graph: &'a mut Graph,
    checked: &'a Checked,
    index_of: HashMap<usize, IndexId>,
    definitions: Vec<Lowered>,
    /// When the branch that is being lowered is taken.
    taken: Option<NodeId>,
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

    /// Keeps a bound unless the index runs over just this axis, or it was kept before.
    fn bound(&mut self, bound: Bound) {
        let implied = match &bound.subscript {
            Subscript::Affine(affine) => affine.as_index().is_some_and(|index| {
                Some(index) == bound.axis
                    || matches!(self.graph.indices[index].range, IndexRange::Whole(_))
            }),
            Subscript::Gather { .. } => false,
        };
        let same = |kept: &Bound| {
            (&kept.name, kept.length, kept.axis) == (&bound.name, bound.length, bound.axis)
                && kept.subscript == bound.subscript
        };
        if !implied && !self.graph.bounds.iter().any(same) {
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
            Term::Load { array, subscripts, lazy } => {
                let array = match *array {
                    term::Array::Operand(operand) => Array::Operand(operand),
                    term::Array::Definition(id) if self.definitions[id].axes.is_empty() => {
                        return self.definitions[id].root;
                    }
                    term::Array::Definition(id) => Array::Definition(id),
                };
                let subscripts =
                    subscripts.iter().map(|subscript| self.subscript(subscript)).collect();
                self.graph.add(match self.taken.filter(|_| *lazy) {
                    Some(condition) => Node::LoadIf { condition, array, subscripts },
                    None => Node::Load { array, subscripts },
                })
            }
            // A square is a product: the same bits, and no array of its own.
            Term::Call { function: Function::Builtin(name), arguments }
                if name == "pow" && matches!(arguments[1], Term::Number(2.0)) =>
            {
                let base = self.node(&arguments[0]);
                self.graph.binary(Operator::Mul, base, base)
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
            Term::If { condition, then, otherwise } => {
                let condition = self.condition(condition);
                let not = self.graph.add(Node::Not(condition));
                let then = self.branch(condition, then);
                let otherwise = self.branch(not, otherwise);
                self.graph.add(Node::Select { condition, then, otherwise })
            }
            Term::Error => self.graph.number(f64::NAN),
        }
    }

    fn branch(&mut self, condition: NodeId, term: &Term) -> NodeId {
        let outer = self.taken;
        self.taken = Some(match outer {
            Some(outer) => self.graph.add(Node::And(outer, condition)),
            None => condition,
        });
        let node = self.node(term);
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
            Condition::And(one, other) => Node::And(self.condition(one), self.condition(other)),
            Condition::Or(one, other) => Node::Or(self.condition(one), self.condition(other)),
            Condition::Not(operand) => Node::Not(self.condition(operand)),
        };
        self.graph.add(node)
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
            ast::Reduction::Prod => graph.nested(Fold::Prod, &indices, body),
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
        Term::If { condition, then, otherwise } => {
            condition_height(condition).max(height(then)).max(height(otherwise))
        }
    }
}

fn condition_height(condition: &Condition) -> usize {
    match condition {
        Condition::Compare { left, right, .. } => height(left).max(height(right)),
        Condition::And(one, other) | Condition::Or(one, other) => {
            condition_height(one).max(condition_height(other))
        }
        Condition::Not(operand) => condition_height(operand),
    }
}
