//! Products within each value of an index, such as those within each head: small, and next to each
//! other where the arrays lie interleaved.

use crate::graph::{Graph, IndexId, IndexRange, Length, Node, NodeId, Subscript, indices_of};
use crate::nest::layout::{Interleaving, stored};
use crate::syntax::ast::Operator;

use super::ir::Element;

/// A small product for each value of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Products {
    pub product: Product,
    /// The index.
    pub each: IndexId,
    /// The index along the vectors that are multiplied.
    pub along: IndexId,
    /// The factors, each an element of an array.
    pub left: NodeId,
    pub right: NodeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// `target[.., each] = Σ left[.., each, along] · right[.., each, along]`, or `+=`
    Dot,
    /// `target[.., each, along] = Σ left[.., each] · right[.., each, along]`, or `+=`
    Multiple,
}

/// The products that a sum is, if it is such.
pub fn products(
    graph: &Graph,
    interleaving: &Interleaving,
    target: &Element,
    adds: bool,
    indices: &[IndexId],
    body: NodeId,
) -> Option<Products> {
    let Node::Binary { operator: Operator::Mul, left, right } = graph.nodes[body] else {
        return None;
    };
    let lies = |array, subscripts: &[Subscript]| stored(Some(interleaving), array, subscripts);
    let element = |node| {
        let (node, subscripts) = graph.element(node)?;
        let Node::Load { array, .. } = graph.nodes[node] else { return None };
        Some((node, lies(array, subscripts)))
    };
    let (left_element, right_element) = (element(left)?, element(right)?);
    let result = lies(target.array, &target.subscripts);
    let all: Vec<(IndexId, IndexId)> = indices
        .iter()
        .flat_map(|&each| indices.iter().map(move |&along| (each, along)))
        .filter(|&(each, along)| {
            each != along
                && graph.indices[each].range == IndexRange::Whole(interleaving.axis)
                && matches!(graph.indices[along].range, IndexRange::Whole(Length::Class(_)))
        })
        .collect();
    all.into_iter().find_map(|(each, along)| {
        let ends =
            |subscripts: &[Subscript], with: &[IndexId]| ends(subscripts, with, [each, along]);
        let products = |product, left, right| Products { product, each, along, left, right };
        let mut remaining = indices.iter().filter(|index| ![each, along].contains(index));
        let reduces = remaining
            .any(|index| !result.iter().any(|subscript| indices_of(subscript).contains(index)));
        let (vector, number) = (&[each, along][..], &[each][..]);
        if ends(&result, number) && !reduces {
            let both = ends(&left_element.1, vector) && ends(&right_element.1, vector);
            return both.then(|| products(Product::Dot, left_element.0, right_element.0));
        }
        // A product that is not added to anything is a row like others.
        if !ends(&result, vector) || !(reduces || adds) {
            return None;
        }
        if ends(&left_element.1, number) && ends(&right_element.1, vector) {
            return Some(products(Product::Multiple, left_element.0, right_element.0));
        }
        (ends(&right_element.1, number) && ends(&left_element.1, vector))
            .then(|| products(Product::Multiple, right_element.0, left_element.0))
    })
}

/// Whether the last subscripts are these indices, and none before names one of two.
fn ends(subscripts: &[Subscript], with: &[IndexId], none: [IndexId; 2]) -> bool {
    let Some(at) = subscripts.len().checked_sub(with.len()) else { return false };
    let (before, last) = subscripts.split_at(at);
    let plain = |(subscript, &index): (&Subscript, &IndexId)| *subscript == Subscript::index(index);
    last.iter().zip(with).all(plain)
        && !before.iter().flat_map(indices_of).any(|index| none.contains(&index))
}
