//! The loops of each equation and accumulation as written.

use std::collections::BTreeSet;

use crate::graph::adjoints::Beginnings;
use crate::graph::differentiate::{Accumulation, Gradient};
use crate::graph::equations::Equations;
use crate::graph::{Array, EquationId, Fold, Graph, IndexId, Requirement};

use super::ir::{Combine, Element, Kernel, Stmt, around};
use super::order::nearest;

/// A kernel for each equation, in order.
pub fn forward(gradient: &Gradient, read_gaps: &BTreeSet<EquationId>) -> Vec<Kernel> {
    let equations = &gradient.equations;
    equations.ids().map(|id| equation(equations, id, read_gaps.contains(&id))).collect()
}

/// A kernel for each start of a recurrence, in the order of the equations.
pub fn starts(gradient: &Gradient) -> Vec<(EquationId, Kernel)> {
    let kernels = gradient.equations.enumerate().flat_map(|(id, equation)| {
        equation.starts.iter().map(move |start| {
            let target = Array::Equation(id);
            let to = Element { array: target, subscripts: start.subscripts.clone() };
            let combine = Combine::new(Fold::Sum, to, false, start.body, None);
            let body = vec![around(&start.axes, Stmt::Combine(combine))];
            (id, Kernel { target, clears: false, steps: None, body })
        })
    });
    kernels.collect()
}

/// A kernel for each accumulation, in order.
pub fn backward(gradient: &Gradient, beginnings: &Beginnings) -> Vec<Kernel> {
    let accumulations = gradient.accumulations.iter().enumerate();
    accumulations.map(|(at, added)| accumulation(added, beginnings.writes.contains(&at))).collect()
}

fn equation(equations: &Equations, id: EquationId, clears: bool) -> Kernel {
    let (graph, equation) = (&equations.graph, &equations[id]);
    let steps = equations.recurrence(id).map(|recurrence| recurrence.steps.clone());
    let (target, own) = match &steps {
        None => (Array::Equation(id), 0),
        Some(steps) => (Array::Present(id), steps.indices.len()),
    };
    let to = Element { array: target, subscripts: equation.subscripts[own..].to_vec() };
    let fold = equation.fold.as_ref().map_or(Fold::Sum, |(fold, _)| *fold);
    let combine = Combine::new(fold, to, false, equation.body, None);
    let fixed = steps.as_ref().map_or(Vec::new(), |steps| steps.indices.clone());
    let checks = equation
        .requirements
        .iter()
        .map(|requirement| Stmt::Scope(vec![check(graph, &fixed, requirement)]));
    let loops = around(&equation.nest()[own..], Stmt::Combine(combine));
    Kernel { target, clears, steps, body: checks.chain([loops]).collect() }
}

/// An accumulation, which adds to what is there or `writes`.
fn accumulation(accumulation: &Accumulation, writes: bool) -> Kernel {
    let target = match accumulation.target {
        Array::Equation(id) => Array::Adjoint(id),
        Array::Operand(operand) => Array::Gradient(operand),
        array => array,
    };
    let to = Element { array: target, subscripts: accumulation.subscripts.clone() };
    let fixed = accumulation.steps.as_ref().map_or(0, |steps| steps.indices.len());
    let mut nest = accumulation.nest[fixed..].to_vec();
    if writes {
        // What is summed is summed for each element.
        nest.sort_by_key(|index| !to.indices().any(|axis| axis == *index));
    }
    let combine =
        Combine::new(Fold::Sum, to, !writes, accumulation.adjoint, accumulation.condition);
    let body = vec![around(&nest, Stmt::Combine(combine))];
    Kernel { target, clears: false, steps: accumulation.steps.clone(), body }
}

/// A check for each of the elements that there are: loops over the indices that the condition names; the
/// others need only have a value.
fn check(
    graph: &Graph,
    fixed: &[IndexId],
    Requirement { holds, reduction, index, within }: &Requirement,
) -> Stmt {
    let mut nest = nearest(graph, within);
    nest.retain(|index| !fixed.contains(index));
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
