//! Factors of contractions that are packed once, in the steps of a recurrence.
//!
//! Of `z[t, i] = sum(u[k, i] * h[t - 1, k] for k)` every step multiplies by the same `u`. Its panels, which a
//! contraction reads one after the other, are made of it once and not in each step.

use std::collections::BTreeSet;

use crate::graph::equations::Equations;
use crate::graph::{Array, EquationId, Graph, Node, indices_of};

use super::Kernels;
use super::ir::{Kernel, MicroKernel, Stmt};

/// Marks the contractions of steps by what no step changes.
pub fn pack(equations: &Equations, kernels: &mut Kernels) {
    let graph = &equations.graph;
    for id in equations.ids() {
        let changed = equations
            .recurrence(id)
            .map(|recurrence| recurrence.equations.iter().copied().collect());
        mark(graph, &changed.unwrap_or_default(), &mut kernels.forward[id]);
    }
    for kernel in &mut kernels.backward {
        // The backward pass changes no values.
        mark(graph, &BTreeSet::new(), kernel);
    }
}

fn mark(graph: &Graph, changed: &BTreeSet<EquationId>, kernel: &mut Kernel) {
    let Some(steps) = &kernel.steps else { return };
    each_call(&mut kernel.body, &mut |call| {
        let MicroKernel::Contract { right, ragged: None, packed, .. } = call else { return };
        let Node::Load { array, subscripts, .. } = &graph.nodes[*right] else { return };
        let is_still = match array {
            Array::Operand(_) => true,
            Array::Equation(id) => !changed.contains(id),
            _ => false,
        };
        // An index of which each step takes other values makes another factor of the same array.
        let named = graph.with_bounds(subscripts.iter().flat_map(indices_of));
        *packed = is_still && !steps.indices.iter().any(|step| named.contains(step));
    });
}

fn each_call(body: &mut [Stmt], change: &mut impl FnMut(&mut MicroKernel)) {
    for stmt in body {
        match stmt {
            Stmt::Call(call) => change(call),
            Stmt::For { body, .. } | Stmt::Scope(body) => each_call(body, change),
            Stmt::Specialize { then, otherwise, .. } => {
                each_call(then, change);
                each_call(otherwise, change);
            }
            _ => {}
        }
    }
}
