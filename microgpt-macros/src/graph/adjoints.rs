//! Where the adjoint of an equation lies: in an array of its own, in that of another, or in none.
//!
//! Of `let a = [x[i] * y[i] for i]; [a[i] + z[i] for i]` the adjoint of `a` is that of the result, number for number:
//! `∂a[i] += ∂result[i]` is all that is added to it. Then no copy is made, and what `a` passes on reads `∂result`.
//!
//! Of `let a = [tanh(x[i]) for i]; [a[i] * y[i] for i]` it is `∂result[i] * y[i]`, which `∂x[i]` alone asks for, once.
//! Then it is computed there: one pass over memory and not two.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::differentiate::{Accumulation, Gradient};
use crate::graph::equations::Equations;
use crate::graph::requirements::substituted;
use crate::graph::{Array, EquationId, IndexId, IndexRange, Node, NodeId, Subscript};
use crate::tuning::LONGEST_ADJOINT;

/// The elements of an equation's adjoint, by the indices of that which asks for it.
#[derive(Clone, Debug)]
pub struct Adjoint {
    pub of: EquationId,
    pub subscripts: Vec<Subscript>,
}

/// Where the adjoint of an equation lies, to which no more will be added. A copy is taken out of the accumulations
/// so far.
pub fn adjoint(
    equations: &Equations,
    accumulations: [&mut Vec<Accumulation>; 2],
    id: EquationId,
) -> Adjoint {
    let mut own = accumulations
        .iter()
        .flat_map(|list| list.iter())
        .filter(|accumulation| accumulation.adds_to(id));
    let copy = match (own.next(), own.next()) {
        (Some(only), None) => copied(equations, only, id),
        _ => None,
    };
    if copy.is_some() {
        for list in accumulations {
            list.retain(|accumulation| !accumulation.adds_to(id));
        }
    }
    copy.unwrap_or_else(|| Adjoint { of: id, subscripts: equations[id].subscripts.clone() })
}

/// The adjoint of an equation as it is added to it, if that is done once and it is used once, element by element: then
/// it is computed where it is used. It is taken out of the accumulations so far.
pub fn computed_where_used(
    equations: &mut Equations,
    accumulations: &mut Vec<Accumulation>,
    id: EquationId,
    own: &[Accumulation],
) -> Option<NodeId> {
    let [used] = own else { return None };
    // An array that begins with starts has its elements behind them: `t + 1` is an axis, too.
    let is_axis_of_target =
        |index: &IndexId| used.subscripts.iter().any(|subscript| subscript.step(*index) == Some(1));
    if used.nest != equations[id].axes || !used.nest.iter().all(is_axis_of_target) {
        return None;
    }
    let position = accumulations.iter().position(|accumulation| accumulation.adds_to(id))?;
    let accumulation = &accumulations[position];
    let is_only = !accumulations[position + 1..].iter().any(|later| later.adds_to(id));
    let is_small = equations.graph.below([accumulation.adjoint]).len() <= LONGEST_ADJOINT;
    if !is_only || !is_small || accumulation.steps != used.steps {
        return None;
    }
    let names = names(equations, accumulation, id)?;
    let adjoint = substituted(&mut equations.graph, accumulation.adjoint, &names)?;
    accumulations.remove(position);
    Some(adjoint)
}

/// The elements that an accumulation copies, if it copies one to each element of the equation, in the same order.
fn copied(equations: &Equations, accumulation: &Accumulation, id: EquationId) -> Option<Adjoint> {
    let Node::Load { array, subscripts, guard: None } =
        &equations.graph.nodes[accumulation.adjoint]
    else {
        return None;
    };
    let (of, subscripts) = match *array {
        Array::Adjoint(of) => (of, subscripts.clone()),
        Array::PresentAdjoint(of) => {
            let steps = equations[of].subscripts.len() - subscripts.len();
            (of, [&equations[of].subscripts[..steps], subscripts].concat())
        }
        _ => return None,
    };
    let names = names(equations, accumulation, id)?;
    let in_order = subscripts
        .iter()
        .filter(|subscript| subscript.as_index().is_some())
        .eq(&accumulation.subscripts);
    let subscripts = subscripts.iter().map(|subscript| subscript.replaced(&names)).collect();
    in_order.then_some(Adjoint { of, subscripts })
}

/// How the adjoints of equations that are no results come to be.
#[derive(Debug, Default)]
pub struct Beginnings {
    /// The accumulations that are first to add to an element, each by its number: they write what they add.
    pub writes: BTreeSet<usize>,
    /// Each adjoint that is an array of its own and is read or added to.
    pub of: BTreeMap<EquationId, Beginning>,
}

/// What an adjoint is before the first accumulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Anything: all of its elements are written.
    Written,
    /// The same where this axis has this length, and 0 otherwise: `z[t, 0, i]` and `z[t, 1, i]` are all of an axis of two.
    WrittenIf {
        axis: usize,
        len: usize,
    },
    Zero,
}

/// Finds the accumulations that write, so that few adjoints need be 0 before.
pub fn beginnings(gradient: &Gradient, read_gaps: &BTreeSet<EquationId>) -> Beginnings {
    let Gradient { equations, accumulations } = gradient;
    let mut beginnings = Beginnings::default();
    let read = gradient.adjoints_read();
    for id in equations.ids().filter(|id| !equations.is_result(*id)) {
        let all =
            accumulations.iter().enumerate().filter(|(_, accumulation)| accumulation.adds_to(id));
        let (numbers, all): (Vec<usize>, Vec<&Accumulation>) = all.unzip();
        if all.is_empty() {
            // An equation of a recurrence to which no gradient comes passes on 0 all the same.
            if read.contains(&id) {
                beginnings.of.insert(id, Beginning::Zero);
            }
            continue;
        }
        let (count, beginning) = first_writes(equations, &all, id);
        beginnings.writes.extend(&numbers[..count]);
        // The loops do not reach what lies between ragged rows.
        let beginning = if read_gaps.contains(&id) { Beginning::Zero } else { beginning };
        beginnings.of.insert(id, beginning);
    }
    beginnings
}

/// How many of the first of an adjoint's accumulations each write elements that no other has written, and what the
/// adjoint is before.
fn first_writes(
    equations: &Equations,
    all: &[&Accumulation],
    id: EquationId,
) -> (usize, Beginning) {
    // A step of the past, which comes later in a backward pass, must not have been added to before.
    let first = all[0];
    let steps = first.steps.as_ref().map_or(0, |steps| steps.indices.len());
    let is_of_present = |accumulation: &&Accumulation| {
        accumulation.steps.is_none()
            || accumulation.subscripts[..steps] == first.subscripts[..steps]
    };
    if steps > 0 && !all.iter().all(is_of_present) {
        return (0, Beginning::Zero);
    }
    let writes = |accumulation: &Accumulation, part: Option<usize>| {
        // The parts of a sum over several indices are added to what is there.
        let sums = |names: &BTreeMap<IndexId, Subscript>| {
            accumulation.nest.iter().filter(|index| !names.contains_key(index)).count()
        };
        accumulation.steps == first.steps
            && elements(equations, accumulation, id, part).is_some_and(|names| sums(&names) <= 1)
    };
    if writes(first, None) {
        return (1, Beginning::Written);
    }
    let number = |accumulation: &Accumulation, axis: usize| {
        accumulation.subscripts[axis].as_constant().and_then(|number| usize::try_from(number).ok())
    };
    let mut axes = 0..first.subscripts.len();
    let Some(axis) = axes.find(|&axis| number(first, axis).is_some()) else {
        return (0, Beginning::Zero);
    };
    let mut parts = BTreeSet::new();
    for accumulation in all {
        match number(accumulation, axis) {
            Some(number) if writes(accumulation, Some(axis)) && parts.insert(number) => {}
            _ => break,
        }
    }
    let len = parts.len();
    let are_all = len > 0 && parts.iter().copied().eq(0..len);
    (len, if are_all { Beginning::WrittenIf { axis, len } } else { Beginning::Zero })
}

/// The indices of the equation by those of the accumulation, if that adds one number to each of its elements and nothing
/// else is there.
fn names(
    equations: &Equations,
    accumulation: &Accumulation,
    id: EquationId,
) -> Option<BTreeMap<IndexId, Subscript>> {
    let names = elements(equations, accumulation, id, None)?;
    let steps: &[IndexId] = accumulation.steps.as_ref().map_or(&[], |steps| &steps.indices);
    let loops: BTreeSet<IndexId> = accumulation.nest.iter().chain(steps).copied().collect();
    loops.iter().eq(names.keys()).then_some(names)
}

/// The indices of the equation by those of the accumulation, if that adds to each of its elements, or to each of the
/// `part` where an axis has one subscript, and nothing else is there.
fn elements(
    equations: &Equations,
    accumulation: &Accumulation,
    id: EquationId,
    part: Option<usize>,
) -> Option<BTreeMap<IndexId, Subscript>> {
    let (graph, equation) = (&equations.graph, &equations[id]);
    if equations.is_result(id) || !equation.starts.is_empty() || accumulation.condition.is_some() {
        return None;
    }
    let pairs = accumulation.subscripts.iter().zip(&equation.subscripts).enumerate();
    let pairs = pairs.filter(|&(axis, _)| Some(axis) != part);
    let pairs = pairs.map(|(_, (loop_, own))| Some((loop_.as_index()?, own.as_index()?)));
    let pairs: Vec<(IndexId, IndexId)> = pairs.collect::<Option<_>>()?;
    let names: BTreeMap<_, _> =
        pairs.iter().map(|&(loop_, own)| (loop_, Subscript::index(own))).collect();
    let same_values = |&(loop_, own): &(IndexId, IndexId)| match (
        &graph.indices[loop_].range,
        &graph.indices[own].range,
    ) {
        (IndexRange::Stated { low, high }, IndexRange::Stated { low: own_low, high: own_high }) => {
            low.replaced(&names) == *own_low && high.replaced(&names) == *own_high
        }
        (range, own_range) => range == own_range,
    };
    let steps: &[IndexId] = accumulation.steps.as_ref().map_or(&[], |steps| &steps.indices);
    let is_one_to_one = names.len() == pairs.len()
        && steps.iter().all(|&index| names.get(&index) == Some(&Subscript::index(index)))
        && pairs.iter().all(same_values);
    is_one_to_one.then_some(names)
}
