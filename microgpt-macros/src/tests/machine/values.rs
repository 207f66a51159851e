//! The values of nodes, by their names where they have one.

use microgpt::ops::{Op, TABLE};

use super::{Machine, Named, place};
use crate::graph::{Array, FunctionId, Node, NodeId, Through};
use crate::nest::ir::{Element, Update};
use crate::resolve::hir::Function;
use crate::syntax::ast::{Comparison, Operator};
use crate::tests::number::Number;

impl<T: Number> Machine<'_, T> {
    pub(super) fn read(&self, array: Array, address: usize) -> T {
        self.arrays[place(array)][address]
    }

    pub(super) fn write(&mut self, array: Array, address: usize, value: T) {
        self.arrays[place(array)][address] = value;
    }

    /// What becomes of a number that is there.
    pub(super) fn update(&self, value: Update, before: T) -> T {
        match value {
            Update::Set(node) => self.number(node),
            Update::Add(node) => before + self.number(node),
            Update::AddFused(node) => {
                let [left, right] = self.graph.factors(node).expect("what is fused is a product");
                let (left, right) = (self.number(left), self.number(right));
                match self.graph.nodes[node] {
                    Node::Pullback { .. } if left.as_f64() == 0.0 => before,
                    _ => left.fma(right, before),
                }
            }
        }
    }

    /// The element that a node loads.
    pub(super) fn loaded(&self, node: NodeId) -> Element {
        match &self.graph.nodes[node] {
            Node::Load { array, subscripts, .. } => {
                Element { array: *array, subscripts: subscripts.clone() }
            }
            unexpected => panic!("no element: {unexpected:?}"),
        }
    }

    fn named(&self, node: NodeId) -> Option<Named<T>> {
        self.named.iter().rev().find(|(known, _)| *known == node).map(|(_, named)| *named)
    }

    pub(super) fn holds(&self, node: NodeId) -> bool {
        if let Some(Named::Condition(holds)) = self.named(node) {
            return holds;
        }
        match &self.graph.nodes[node] {
            Node::And(left, right) => self.holds(*left) && self.holds(*right),
            Node::Or(left, right) => self.holds(*left) || self.holds(*right),
            Node::Not(operand) => !self.holds(*operand),
            Node::Compare { comparison, left, right } => {
                let (left, right) = (self.number(*left), self.number(*right));
                match comparison {
                    Comparison::Less => left < right,
                    Comparison::LessOrEqual => left <= right,
                    Comparison::Greater => left > right,
                    Comparison::GreaterOrEqual => left >= right,
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                }
            }
            unexpected => panic!("not a condition: {unexpected:?}"),
        }
    }

    pub(super) fn number(&self, node: NodeId) -> T {
        match self.named(node) {
            Some(Named::Number(number)) => return number,
            Some(Named::Row { array, first, index, low }) => {
                let position = usize::try_from(self.value_of(index) - low).expect("a position");
                return self.read(array, first + position);
            }
            Some(Named::Condition(_)) => panic!("a condition is no number"),
            None => {}
        }
        let number = |node: &NodeId| self.number(*node);
        let integer = |n: i64| T::of(n as f64);
        match &self.graph.nodes[node] {
            Node::Number(bits) => T::of(f64::from_bits(*bits)),
            Node::Integer(of) => integer(self.integer(of)),
            Node::Count(index) => integer(self.count(*index)),
            Node::Load { array, subscripts, guard } => {
                if guard.is_some_and(|guard| !self.holds(guard)) {
                    return T::zero();
                }
                self.read(*array, self.address_of(*array, subscripts))
            }
            Node::Select { condition, then, otherwise } => {
                number(if self.holds(*condition) { then } else { otherwise })
            }
            Node::Call { function, arguments } => {
                let arguments: Vec<T> = arguments.iter().map(number).collect();
                T::forward(self.op(*function), &arguments)
            }
            Node::Local { function, arguments, result, argument } => {
                let arguments: Vec<T> = arguments.iter().map(number).collect();
                T::gradient(self.op(*function), &arguments, number(result))[*argument]
            }
            Node::Negate(operand) => -number(operand),
            Node::Stop(operand) => number(operand),
            Node::Binary { operator, left, right } => {
                let (left, right) = (number(left), number(right));
                match operator {
                    Operator::Add => left + right,
                    Operator::Sub => left - right,
                    Operator::Mul => left * right,
                    Operator::Div => left / right,
                    Operator::Pow => panic!("a power is a call"),
                }
            }
            Node::Pullback { adjoint, through, factor } => {
                let adjoint = number(adjoint);
                if adjoint.as_f64() == 0.0 {
                    return T::zero();
                }
                match through {
                    Through::Times => adjoint * number(factor),
                    Through::Over => adjoint / number(factor),
                }
            }
            Node::WhereAt { index, position, value } => {
                if integer(self.value_of(*index)) == number(position) {
                    number(value)
                } else {
                    T::zero()
                }
            }
            unexpected => panic!("not a number inside an equation: {unexpected:?}"),
        }
    }

    fn op(&self, function: FunctionId) -> &'static Op {
        match &self.graph.functions[function] {
            Function::Builtin(name) => TABLE.iter().find(|op| op.name == name).expect("an op"),
            Function::User(path) => panic!("{path} is not generated"),
        }
    }
}
