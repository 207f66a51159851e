//! Reductions: their formulas with the terms in the place of `E`.

use super::Builder;
use crate::graph::{Fold, IndexId, Node, NodeId, Requirement};
use crate::syntax::ast::{Comparison, Operator};
use crate::syntax::reductions::{Formula, Reduction};

/// What a reduction takes.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub indices: &'a [IndexId],
    /// Indices that take as many values, if no term is left out by a condition of the user.
    pub counted: &'a [IndexId],
    pub is_filtered: bool,
    /// A condition: where it does not hold there is no term.
    pub filter: Option<NodeId>,
    pub term: NodeId,
}

impl Builder<'_> {
    pub(super) fn reduce(&mut self, reduction: &Reduction, terms: &Terms<'_>) -> NodeId {
        let result = self.formula(&reduction.is, terms);
        if reduction.of_nothing.is_none() {
            self.require_values(result, reduction.name, terms);
        }
        result
    }

    fn formula(&mut self, formula: &Formula, terms: &Terms<'_>) -> NodeId {
        let mut node = |formula: &Formula| self.formula(formula, terms);
        let compare = |comparison, left, right| Node::Compare { comparison, left, right };
        let node = match *formula {
            Formula::Term => return terms.term,
            Formula::Count => return self.count_of(terms),
            Formula::Number(x) => return self.graph.number(x),
            Formula::Fold(fold, folded) => {
                let folded = node(folded);
                return self.fold(fold, terms, folded);
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
            Formula::And(left, right) => Node::And(node(left), node(right)),
            Formula::Or(left, right) => Node::Or(node(left), node(right)),
        };
        self.graph.add(node)
    }

    /// How many terms there are, as a number.
    fn count_of(&mut self, terms: &Terms<'_>) -> NodeId {
        if self.is_counted_one_by_one(terms) {
            let one = self.graph.number(1.0);
            return self.fold(Fold::Sum, terms, one);
        }
        let mut product = None;
        for &index in terms.counted {
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

    /// Whether the number of terms is no product of how many values each index takes.
    fn is_counted_one_by_one(&self, terms: &Terms<'_>) -> bool {
        terms.is_filtered || self.graph.are_dependent(&[terms.indices, terms.counted].concat())
    }

    /// A sum goes over all indices at once; of others each goes over one, the first of which is outermost.
    fn fold(&mut self, fold: Fold, terms: &Terms<'_>, folded: NodeId) -> NodeId {
        let indices = terms.indices;
        let body = match terms.filter {
            Some(condition) => {
                let otherwise = self.graph.number(fold.rule().identity);
                self.graph.add(Node::Select { condition, then: folded, otherwise })
            }
            None => folded,
        };
        if fold == Fold::Sum {
            return self.graph.add(Node::Reduce { fold, indices: indices.to_vec(), body });
        }
        indices.iter().rev().fold(body, |body, &index| {
            self.graph.add(Node::Reduce { fold, indices: vec![index], body })
        })
    }

    /// Notes that a node, what the user calls `reduction`, has no value where these take none.
    fn require_values(&mut self, node: NodeId, reduction: &'static str, terms: &Terms<'_>) {
        let Terms { counted, is_filtered, .. } = *terms;
        // Of indices whose ranges name each other all must be looked at together; so must all that a filter
        // may name.
        let groups: Vec<&[IndexId]> = if self.is_counted_one_by_one(terms) {
            vec![counted]
        } else {
            counted.chunks(1).collect()
        };
        for group in groups {
            if !is_filtered && group.iter().all(|&index| self.graph.is_never_empty(index)) {
                continue;
            }
            let count = self.count_of(&Terms { counted: group, ..*terms });
            let zero = self.graph.number(0.0);
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
