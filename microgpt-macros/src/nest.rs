//! Loop nests: the passes from equations and accumulations to kernels.
//!
//! [`naive`] writes the loops as they stand in the equations. The passes of [`PASSES`] then change them, in
//! that order. [`free`] says what a kernel names: its parameters. [`text`] writes kernels to be read.

pub mod accumulate;
mod assume;
mod comparisons;
pub mod contract;
pub mod free;
pub mod hoist;
pub mod ir;
pub mod layout;
pub mod naive;
pub mod order;
mod pack;
mod products;
mod split;
pub mod temporaries;
pub mod text;
mod unswitch;
mod vectorize;
mod verify;

use crate::graph::EquationId;
use crate::graph::adjoints::{Beginnings, beginnings};
use crate::graph::differentiate::Gradient;
use crate::graph::equations::Equations;
use crate::graph::gaps::read_gaps;
use crate::ids::IdVec;

use ir::{Kernel, Stmt};
use layout::Interleaving;

/// The kernels of a program.
#[derive(Debug)]
pub struct Kernels {
    /// One an equation.
    pub forward: IdVec<EquationId, Kernel>,
    /// One a start of a recurrence, with its equation, in order.
    pub starts: Vec<(EquationId, Kernel)>,
    /// One an accumulation, in order.
    pub backward: Vec<Kernel>,
    /// How what the backward kernels add to begins.
    pub beginnings: Beginnings,
    /// The arrays that may lie interleaved, if any may.
    pub interleaving: Option<Interleaving>,
}

/// A step of the compiler from kernels to kernels.
pub struct Pass {
    pub name: &'static str,
    run: fn(&mut Equations, &mut Kernels),
}

/// All passes, in the order in which they run.
pub const PASSES: &[Pass] = &[
    // Loops over the values of an index where a condition on it holds, and over the others.
    Pass { name: "split", run: |of, all| all.each_body(|_, body| split::split(of, body)) },
    // A version where a condition holds that each step decides, and one where not.
    Pass { name: "unswitch", run: unswitch::unswitch },
    // A second version for arrays that lie interleaved.
    Pass { name: "layout", run: |of, kernels| layout::specialize(of, kernels) },
    // Calls of micro-kernels for sums of products.
    Pass {
        name: "contract",
        run: |of, all| {
            all.each_body(|interleaving, body| contract::contract(&of.graph, interleaving, body));
        },
    },
    // What every step of a recurrence multiplies by is packed once.
    Pass { name: "pack", run: |of, kernels| pack::pack(of, kernels) },
    // The index along which most arrays lie in one piece is innermost.
    Pass {
        name: "order",
        run: |of, all| {
            all.each_body(|interleaving, body| order::order(&of.graph, interleaving, body));
        },
    },
    // Both versions add up in the same order, or there is only one.
    Pass { name: "verify", run: |of, kernels| verify::keep_order(of, kernels) },
    // Sums stay in registers.
    Pass {
        name: "accumulate",
        run: |of, all| {
            all.each_body(|interleaving, body| {
                accumulate::accumulate(&of.graph, interleaving, body);
            });
        },
    },
    // Rows in SIMD vectors.
    Pass { name: "vectorize", run: |_, all| all.each_body(|_, body| vectorize::vectorize(body)) },
    // A value is computed no deeper than it changes.
    Pass {
        name: "hoist",
        run: |of, all| {
            all.each_body(|interleaving, body| hoist::hoist(&of.graph, interleaving, body));
        },
    },
];

/// Makes the kernels of every equation and accumulation.
pub fn kernels(gradient: &mut Gradient) -> Kernels {
    run(gradient, PASSES, &mut |_, _, _| ())
}

/// Makes kernels by some of the passes, and shows them as they are before the first, which is called `naive`, and
/// after each.
pub fn run<'a>(
    gradient: &mut Gradient,
    passes: impl IntoIterator<Item = &'a Pass>,
    show: &mut dyn FnMut(&Gradient, &'static str, &Kernels),
) -> Kernels {
    let read_gaps = read_gaps(gradient);
    let forward = naive::forward(gradient, &read_gaps).into_iter().collect();
    let beginnings = beginnings(gradient, &read_gaps);
    let (starts, backward) = (naive::starts(gradient), naive::backward(gradient, &beginnings));
    let mut kernels = Kernels { forward, starts, backward, beginnings, interleaving: None };
    show(gradient, "naive", &kernels);
    for pass in passes {
        (pass.run)(&mut gradient.equations, &mut kernels);
        show(gradient, pass.name, &kernels);
    }
    kernels
}

impl Kernels {
    /// All of them, in the order in which they run.
    pub fn all(&self) -> impl Iterator<Item = &Kernel> {
        let starts = self.starts.iter().map(|(_, kernel)| kernel);
        self.forward.iter().chain(starts).chain(&self.backward)
    }

    /// Changes the statements of each kernel.
    fn each_body(&mut self, mut change: impl FnMut(Option<&Interleaving>, &mut Vec<Stmt>)) {
        let starts = self.starts.iter_mut().map(|(_, kernel)| kernel);
        for kernel in self.forward.iter_mut().chain(starts).chain(&mut self.backward) {
            change(self.interleaving.as_ref(), &mut kernel.body);
        }
    }
}
