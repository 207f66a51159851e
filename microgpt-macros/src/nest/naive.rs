//! The loops of each equation and accumulation as written.

use std::collections::BTreeSet;

use crate::graph::differentiate::{Accumulation, Gradient};
use crate::graph::equations::Equation;
use crate::graph::{Array, EquationId, Fold, Graph, IndexId, IndexRange, Requirement, Subscript};
use crate::resolve::term::Affine;

use super::ir::{Combine, Element, Kernel, Stmt, around};
use super::order::nearest;

/// A kernel for each equation, in order.
pub fn forward(gradient: &Gradient) -> Vec<Kernel> {
    let equations = &gradient.equations;
    equations.enumerate().map(|(id, one)| equation(&equations.graph, id, one)).collect()
}

/// A kernel for each accumulation, in order.
pub fn backward(gradient: &Gradient) -> Vec<Kernel> {
    gradient.accumulations.iter().map(accumulation).collect()
}

fn equation(graph: &Graph, id: EquationId, equation: &Equation) -> Kernel {
    let axes = equation.axes.iter().map(|&axis| Subscript::Affine(Affine::index(axis)));
    let to = Element { array: Array::Equation(id), subscripts: axes.collect() };
    let fold = equation.fold.as_ref().map_or(Fold::Sum, |(fold, _)| *fold);
    let combine = Combine::new(fold, to, false, equation.body, None);
    let checks = equation.requirements.iter().map(|one| Stmt::Scope(vec![check(graph, one)]));
    let is_ragged = equation.axes.iter().any(|&axis| {
        matches!(&graph.indices[axis].range, IndexRange::Stated { low, high }
            if low.indices().chain(high.indices()).next().is_some())
    });
    let loops = around(&equation.nest(), Stmt::Combine(combine));
    Kernel { target: Array::Equation(id), clears: is_ragged, body: checks.chain([loops]).collect() }
}

fn accumulation(one: &Accumulation) -> Kernel {
    let target = match one.target {
        Array::Equation(id) => Array::Adjoint(id),
        Array::Operand(operand) => Array::Gradient(operand),
        other => other,
    };
    let to = Element { array: target, subscripts: one.subscripts.clone() };
    let combine = Combine::new(Fold::Sum, to, true, one.adjoint, one.condition);
    Kernel { target, clears: false, body: vec![around(&one.nest, Stmt::Combine(combine))] }
}

/// A check for each of the elements that there are: loops over the indices that the condition names; the
/// others need only have a value.
fn check(graph: &Graph, Requirement { holds, reduction, index, within }: &Requirement) -> Stmt {
    let nest = nearest(graph, within);
    let named: BTreeSet<IndexId> = nest
        .iter()
        .flat_map(|&index| graph.range_indices(index))
        .chain(graph.loops_of(*holds))
        .collect();
    let (loops, within): (Vec<IndexId>, Vec<IndexId>) =
        nest.into_iter().partition(|index| named.contains(index));
    let require = Stmt::Require { holds: *holds, reduction, index: index.clone(), within };
    around(&loops, require)
}
