//! What must hold for the elements of an equation to have values, checked before they are computed.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;

use super::Writer;
use crate::emit::{Emitter, code};
use crate::graph::{Array, Equation, Fold, IndexId, Node, Requirement};
use crate::nest::storage::Storage;
use crate::nest::{Inner, Nest, Target, ordered};

/// Checks all requirements of an equation, each for the elements that there are.
pub fn write(emitter: &Emitter<'_>, equation: &Equation) -> TokenStream {
    let each = equation.requirements.iter().map(|one| requirement(emitter, one));
    each.collect()
}

fn requirement(emitter: &Emitter<'_>, requirement: &Requirement) -> TokenStream {
    let as_written = check(emitter, requirement, Storage::AsWritten);
    let reads = emitter.graph.below([requirement.holds]).into_iter();
    let mut arrays = reads.filter_map(|node| match emitter.graph.nodes[node] {
        Node::Load { array, .. } => Some(array),
        _ => None,
    });
    let lies_interleaved = |array: Array| {
        let interleaving = emitter.interleaving(Storage::Interleaved);
        interleaving.is_some_and(|interleaving| interleaving.order(array).is_some())
    };
    match emitter.is_interleaved() {
        Some(is_interleaved) if arrays.any(lies_interleaved) => {
            let interleaved = check(emitter, requirement, Storage::Interleaved);
            code!(if #is_interleaved { #interleaved } else { #as_written })
        }
        _ => as_written,
    }
}

/// Loops over the indices that the condition names; the others need only have a value.
fn check(
    emitter: &Emitter<'_>,
    Requirement { holds, reduction, index, within }: &Requirement,
    storage: Storage,
) -> TokenStream {
    let graph = emitter.graph;
    let nest = ordered(graph, within);
    let named: BTreeSet<IndexId> = nest
        .iter()
        .flat_map(|&index| graph.range_indices(index))
        .chain(graph.loops_of(*holds))
        .collect();
    let (loops, others): (Vec<IndexId>, Vec<IndexId>) =
        nest.into_iter().partition(|index| named.contains(index));
    let conditions = others.into_iter().map(|index| {
        let (low, high) = emitter.bounds(index);
        code!(#low < #high)
    });
    let outer = loops.len();
    let target = Target { array: Array::Equation(0), subscripts: vec![], add: false };
    let nest = Nest {
        target,
        fold: Fold::Sum,
        loops,
        outer,
        inner: Inner::Element,
        body: *holds,
        condition: None,
        storage,
        long: None,
        interleaved: None,
    };
    let mut writer = Writer::new(emitter, &nest);
    let runtime = writer.runtime;
    let holds = writer.node(*holds);
    let conditions: Vec<_> = conditions.collect();
    let check = code!(#runtime::expr::require(#holds, #reduction, #index););
    let check = if conditions.is_empty() { check } else { code!(if #(#conditions)&&* { #check }) };
    let body = writer.around_to(0, outer, check);
    let statements = std::mem::take(&mut writer.statements[0]);
    code!({ #(#statements)* #body })
}
