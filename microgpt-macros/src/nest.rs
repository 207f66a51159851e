//! Loop nests: the passes from equations and accumulations to kernels, in the order in which they run.
//!
//! | pass | what it does |
//! |---|---|
//! | `naive` | loops as written |
//! | `layout` | a second version for arrays that lie interleaved |
//! | `contract` | calls of micro-kernels for sums of products |
//! | `order` | the index along which most arrays lie in one piece is innermost |
//! | `verify` | both versions add up in the same order, or there is only one |
//! | `accumulate` | sums stay in registers |
//! | `vectorize` | rows in SIMD vectors |
//! | `hoist` | a value is computed no deeper than it changes |
//!
//! `free` says what a kernel names: its parameters.

pub mod accumulate;
pub mod contract;
pub mod free;
pub mod hoist;
pub mod ir;
pub mod layout;
pub mod naive;
pub mod order;
mod products;
mod tuning;
mod vectorize;
mod verify;

use crate::graph::EquationId;
use crate::graph::differentiate::Gradient;
use crate::ids::IdVec;

use ir::Kernel;
use layout::Interleaving;

/// The kernels of both passes.
#[derive(Debug)]
pub struct Kernels {
    /// One an equation.
    pub forward: IdVec<EquationId, Kernel>,
    /// One an accumulation, in order.
    pub backward: Vec<Kernel>,
    /// The arrays that may lie interleaved, if any may.
    pub interleaving: Option<Interleaving>,
}

/// Makes the kernels of every equation and accumulation.
pub fn kernels(gradient: &Gradient) -> Kernels {
    let equations = &gradient.equations;
    let graph = &equations.graph;
    let mut kernels = naive::forward(gradient);
    let forward = kernels.len();
    kernels.extend(naive::backward(gradient));
    let mut interleaving = Interleaving::of(equations);
    if let Some(interleaving) = &interleaving {
        each(&mut kernels, |body| layout::specialize(graph, interleaving, body));
    }
    each(&mut kernels, |body| contract::contract(graph, interleaving.as_ref(), body));
    each(&mut kernels, |body| order::order(graph, interleaving.as_ref(), body));
    if interleaving.is_some() && !verify::keep_order(graph, &mut kernels) {
        each(&mut kernels, layout::unspecialize);
        interleaving = None;
    }
    each(&mut kernels, |body| accumulate::accumulate(graph, interleaving.as_ref(), body));
    each(&mut kernels, |body| vectorize::vectorize(graph, body));
    each(&mut kernels, |body| hoist::hoist(graph, interleaving.as_ref(), body));
    let backward = kernels.split_off(forward);
    Kernels { forward: kernels.into_iter().collect(), backward, interleaving }
}

fn each(kernels: &mut [Kernel], pass: impl Fn(&mut Vec<ir::Stmt>)) {
    for kernel in kernels {
        pass(&mut kernel.body);
    }
}
