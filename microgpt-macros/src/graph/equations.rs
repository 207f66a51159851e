//! Nodes to equations.
//!
//! Every node that is worth an array of its own becomes an equation: a reduction, an op of the
//! table (its result is what its local gradient needs), what does not depend on some index of the
//! loops around it, and what several equations share. What is left inside one equation is plain
//! arithmetic on elements of operands and of earlier equations.

mod divide;

use std::collections::{BTreeSet, HashMap};
use std::ops::{Index, IndexMut};

use crate::graph::lower::{Bound, Lowered, Reach};
use crate::graph::{
    Array, EquationId, Fold, Graph, IndexId, IndexRange, Length, Node, NodeId, Requirement,
    Subscript, children,
};
use crate::graph::{recurrences, requirements};
use crate::ids::{Id, IdVec};
use crate::resolve::hir::{Axis, OperandId};

use divide::Split;

/// Arrays, each computed by an equation that uses only those before it, or is one of a recurrence.
#[derive(Debug)]
pub struct Equations {
    pub graph: Graph,
    all: IdVec<EquationId, Equation>,
    /// In order, as their equations are.
    pub recurrences: Vec<Recurrence>,
    pub results: Vec<Output>,
    /// The subscripts that must be checked on entry.
    pub bounds: Vec<Bound>,
    /// Implied indices over an axis that an earlier stated range made.
    pub reaches: Vec<Reach>,
}

/// A result: all that an equation computes.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub equation: EquationId,
    /// The rows of its array that lie before, which it begins with.
    pub starts: usize,
}

/// An array: `name[subscripts] = fold(body for over)`, for all values of `axes`.
#[derive(Clone, Debug)]
pub struct Equation {
    pub name: String,
    /// The indices of its loops.
    pub axes: Vec<IndexId>,
    /// The indices along the axes of its array: its own, unless that has starts.
    pub shape: Vec<IndexId>,
    /// Where its elements lie: at its indices, unless the array has starts.
    pub subscripts: Vec<Subscript>,
    pub starts: Vec<Start>,
    pub fold: Option<(Fold, Vec<IndexId>)>,
    pub body: NodeId,
    /// The operands that a gradient can reach through it.
    pub depends: BTreeSet<OperandId>,
    /// Whether a branch of an `if` uses it: where that is not taken, its derivative may not exist.
    pub guarded: bool,
    /// What must hold for its elements to have values.
    pub requirements: Vec<Requirement>,
}

/// `name[subscripts] = of[axes]`: what an array of a recurrence is before the first step.
#[derive(Clone, Debug)]
pub struct Start {
    pub axes: Vec<IndexId>,
    pub subscripts: Vec<Subscript>,
    pub of: EquationId,
    /// The element of that equation.
    pub body: NodeId,
}

/// Equations that need each other, one step after the other.
#[derive(Clone, Debug)]
pub struct Recurrence {
    pub steps: Steps,
    /// In order: at one step each uses only those before it.
    pub equations: Vec<EquationId>,
}

/// Equations that run together: one, or those of a recurrence, at each step one after the other.
#[derive(Debug)]
pub struct Group {
    pub equations: Vec<EquationId>,
    pub steps: Option<Steps>,
}

/// One step for each value of some indices, which are the first axes of each equation of a recurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The outermost first.
    pub indices: Vec<IndexId>,
    /// Whether they go from the last value to the first.
    pub descend: bool,
}

impl Equation {
    /// An equation whose array has its own axes.
    pub fn plain(&self) -> Self {
        Self {
            shape: self.axes.clone(),
            subscripts: subscripts(&self.axes),
            starts: Vec::new(),
            ..self.clone()
        }
    }

    /// What is computed for its elements, and what must hold for them to have values.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> {
        self.requirements.iter().map(|requirement| requirement.holds).chain([self.body])
    }

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

impl Equations {
    pub fn push(&mut self, equation: Equation) -> EquationId {
        let is_constant = equation.depends.is_empty();
        let id = self.all.push(equation);
        if is_constant {
            self.graph.set_constant(Array::Equation(id));
        }
        id
    }

    /// The length of an array's axis.
    pub fn axis_length(&self, array: Array, axis: usize) -> Length {
        match array {
            Array::Operand(operand) | Array::Gradient(operand) => {
                Length::Class(self.graph.classes[Axis::Operand { operand, axis }])
            }
            Array::Equation(id) | Array::Adjoint(id) => {
                self.graph.axis_length(self[id].shape[axis])
            }
            Array::Present(id) | Array::PresentAdjoint(id) => {
                let steps =
                    self.recurrence(id).map_or(0, |recurrence| recurrence.steps.indices.len());
                self.graph.axis_length(self[id].shape[steps + axis])
            }
        }
    }

    /// The recurrence that an equation is one of.
    pub fn recurrence(&self, id: EquationId) -> Option<&Recurrence> {
        self.recurrences.iter().find(|recurrence| recurrence.equations.contains(&id))
    }

    pub fn is_result(&self, id: EquationId) -> bool {
        self.results.iter().any(|result| result.equation == id)
    }

    /// Whether the loops of an equation do not reach all elements of its array.
    pub fn is_ragged(&self, id: EquationId) -> bool {
        self[id].axes.iter().any(|&axis| {
            matches!(&self.graph.indices[axis].range, IndexRange::Stated { low, high }
                if !low.indices().is_empty() || !high.indices().is_empty())
        })
    }

    /// All equations in the order in which they run.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for id in self.ids() {
            match self.recurrence(id) {
                None => groups.push(Group { equations: vec![id], steps: None }),
                // The ids of a recurrence follow each other.
                Some(Recurrence { steps, equations }) if equations.iter().min() == Some(&id) => {
                    groups.push(Group { equations: equations.clone(), steps: Some(steps.clone()) });
                }
                Some(_) => {}
            }
        }
        groups
    }

    /// Puts the equations in this order.
    pub fn reorder(&mut self, order: &[EquationId]) {
        let new: HashMap<EquationId, EquationId> = order
            .iter()
            .enumerate()
            .map(|(position, &id)| (id, EquationId::at(position)))
            .collect();
        let mut all: Vec<Equation> = order.iter().map(|&id| self.all[id].clone()).collect();
        for start in all.iter_mut().flat_map(|equation| &mut equation.starts) {
            start.of = new[&start.of];
        }
        self.all = all.into_iter().collect();
        for result in &mut self.results {
            result.equation = new[&result.equation];
        }
        self.graph.rename(|array| match array {
            Array::Equation(id) => Array::Equation(new[&id]),
            _ => array,
        });
    }

    /// The equations that one needs, also for its starts.
    pub fn needs(&self, id: EquationId) -> BTreeSet<EquationId> {
        let read = self.graph.arrays_below(self[id].roots()).filter_map(|array| match array {
            Array::Equation(id) => Some(id),
            _ => None,
        });
        read.chain(self[id].starts.iter().map(|start| start.of)).collect()
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = EquationId> + ExactSizeIterator + use<> {
        self.all.ids()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Equation> {
        self.all.iter()
    }

    pub fn enumerate(&self) -> impl Iterator<Item = (EquationId, &Equation)> {
        self.all.enumerate()
    }
}

impl Index<EquationId> for Equations {
    type Output = Equation;

    fn index(&self, id: EquationId) -> &Equation {
        &self.all[id]
    }
}

impl IndexMut<EquationId> for Equations {
    fn index_mut(&mut self, id: EquationId) -> &mut Equation {
        &mut self.all[id]
    }
}

/// Divides the definitions that the results need into equations.
pub fn equations(lowered: Lowered) -> Equations {
    let mut equations = Split::new(lowered).equations();
    recurrences::settle(&mut equations);
    guard(&mut equations);
    requirements::lift(&mut equations);
    equations
}

/// Notes which equations a branch of an `if` uses, directly or through others.
fn guard(equations: &mut Equations) {
    // Those of which it is not yet noted what they use: the last first, for most use what comes before them.
    let mut open: BTreeSet<EquationId> = equations.ids().collect();
    while let Some(id) = open.pop_last() {
        let Equation { body, guarded, .. } = equations[id];
        let mut used: Vec<EquationId> = Vec::new();
        if guarded {
            used.extend(equations[id].starts.iter().map(|start| start.of));
        }
        let mut stack = vec![(body, guarded)];
        while let Some((node, guarded)) = stack.pop() {
            match equations.graph.nodes[node] {
                Node::Load { array: Array::Equation(id), .. } if guarded => used.push(id),
                Node::Select { then, otherwise, .. } => {
                    stack.extend([(then, true), (otherwise, true)]);
                }
                ref parent => {
                    stack.extend(children(parent).into_iter().map(|node| (node, guarded)));
                }
            }
        }
        for id in used {
            if !std::mem::replace(&mut equations[id].guarded, true) {
                open.insert(id);
            }
        }
    }
}

/// Elements at these indices.
fn subscripts(indices: &[IndexId]) -> Vec<Subscript> {
    indices.iter().map(|&index| Subscript::index(index)).collect()
}
