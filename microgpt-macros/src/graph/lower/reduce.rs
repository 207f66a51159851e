//! Reductions: their formulas with the terms in the place of `E`.

use super::Builder;
use crate::graph::{Fold, IndexId, Node, NodeId, Requirement};
use crate::syntax::ast::{Comparison, Operator};
use crate::syntax::reductions::{Formula, Reduction};

impl Builder<'_> {
    pub(super) fn reduce(
        &mut self,
        reduction: &Reduction,
        indices: &[IndexId],
        term: NodeId,
    ) -> NodeId {
        let result = self.formula(&reduction.is, indices, term);
        if reduction.of_nothing.is_none() {
            self.require_values(result, reduction.name, indices);
        }
        result
    }

    fn formula(&mut self, formula: &Formula, indices: &[IndexId], term: NodeId) -> NodeId {
        let mut node = |formula: &Formula| self.formula(formula, indices, term);
        let compare = |comparison, left, right| Node::Compare { comparison, left, right };
        let node = match *formula {
            Formula::Term => return term,
            Formula::Count => return self.count_of(indices),
            Formula::Number(x) => return self.graph.number(x),
            Formula::Fold(fold, each) => {
                let each = node(each);
                return self.fold(fold, indices, each);
            }
            Formula::Call(name, argument) => {
                let argument = node(argument);
                return self.graph.call(name, vec![argument]);
            }
            Formula::Binary(operator, left, right) => {
                Node::Binary { operator, left: node(left), right: node(right) }
            }
            Formula::Negate(operand) => Node::Negate(node(operand)),
            Formula::Stop(operand) => Node::Stop(node(operand)),
            Formula::If(condition, then, otherwise) => Node::Select {
                condition: node(condition),
                then: node(then),
                otherwise: node(otherwise),
            },
            Formula::Less(left, right) => compare(Comparison::Less, node(left), node(right)),
            Formula::Equal(left, right) => compare(Comparison::Equal, node(left), node(right)),
            Formula::And(one, other) => Node::And(node(one), node(other)),
            Formula::Or(one, other) => Node::Or(node(one), node(other)),
        };
        self.graph.add(node)
    }

    /// How many terms there are, as a number.
    fn count_of(&mut self, indices: &[IndexId]) -> NodeId {
        if self.graph.are_dependent(indices) {
            let one = self.graph.number(1.0);
            return self.fold(Fold::Sum, indices, one);
        }
        let mut product = None;
        for &index in indices {
            let count = self.graph.add(Node::Count(index));
            product = Some(match product {
                None => count,
                Some(product) => self.graph.binary(Operator::Mul, product, count),
            });
        }
        match product {
            Some(product) => product,
            None => self.graph.number(1.0),
        }
    }

    /// A sum goes over all indices at once; of others each goes over one, the first of which is outermost.
    fn fold(&mut self, fold: Fold, indices: &[IndexId], body: NodeId) -> NodeId {
        if fold == Fold::Sum {
            return self.graph.add(Node::Reduce { fold, indices: indices.to_vec(), body });
        }
        indices.iter().rev().fold(body, |body, &index| {
            self.graph.add(Node::Reduce { fold, indices: vec![index], body })
        })
    }

    /// Notes that a node, what the user calls `reduction`, has no value where these take none.
    fn require_values(&mut self, node: NodeId, reduction: &'static str, indices: &[IndexId]) {
        // Of indices whose ranges name each other all must be looked at together.
        let groups: Vec<&[IndexId]> = if self.graph.are_dependent(indices) {
            vec![indices]
        } else {
            indices.chunks(1).collect()
        };
        for group in groups {
            if group.iter().all(|&index| self.graph.is_never_empty(index)) {
                continue;
            }
            let (zero, count) = (self.graph.number(0.0), self.count_of(group));
            let holds = Node::Compare { comparison: Comparison::Less, left: zero, right: count };
            let holds = self.graph.add(holds);
            let index = self.graph.indices[group[0]].name.clone();
            let requirement = Requirement { holds, reduction, index, within: vec![] };
            let requirements = self.requirements.entry(node).or_default();
            if !requirements.contains(&requirement) {
                requirements.push(requirement);
            }
        }
    }
}
