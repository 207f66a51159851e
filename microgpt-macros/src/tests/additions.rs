//! In which order kernels add up: as the language promises, and as often rounded in either layout.
//!
//! The machine notes each term that it adds. Of one element, the terms of each lane must come in the order of the
//! text, with the index of the lanes or of a contraction innermost. Where a sum of indices names the element, as in the
//! gradient of a window, so must those for each value of these indices.

use std::collections::BTreeMap;

use microgpt::PythonRandom;

use crate::graph::differentiate::Accumulation;
use crate::graph::equations::Steps;
use crate::graph::{Array, IndexId, Subscript};
use crate::nest;
use crate::tests::generate::{Integers, OPERANDS, Shapes, program, recurrence};
use crate::tests::machine::{Added, Guards, Machine};
use crate::tests::passes::{DIVIDED, OF_FOUR, OF_THREE, OF_TWO, all_guards};
use crate::tests::{stages, times};

/// The indices of a kernel in the order of the text, and those of them that go from the last value to the first, as
/// the steps of a recurrence may.
struct Loops {
    nest: Vec<IndexId>,
    descending: Vec<IndexId>,
    /// Indices whose sum names the elements.
    of_window: Vec<IndexId>,
}

fn value_of(index: IndexId, added: &Added) -> i64 {
    let at = added.at.iter().rev().find(|(known, _)| *known == index);
    at.expect("each term is at a value of each index").1
}

/// The values of a term's indices, those of the text in its order.
fn key(loops: &Loops, along: Option<IndexId>, added: &Added) -> Vec<i64> {
    let value = |index: IndexId| {
        let value = value_of(index, added);
        if loops.descending.contains(&index) { -value } else { value }
    };
    let (last, rest): (Vec<IndexId>, Vec<IndexId>) =
        loops.nest.iter().partition(|index| Some(**index) == along);
    rest.into_iter().chain(last).map(value).collect()
}

/// Whether the terms of each lane of an element are in order.
fn in_order(loops: &Loops, added: &[Added]) -> Result<(), String> {
    let mut last: BTreeMap<(Array, usize, usize, Vec<i64>), Vec<i64>> = BTreeMap::new();
    for term in added {
        let key = key(loops, term.along, term);
        let of_window = loops.of_window.iter().map(|&index| value_of(index, term)).collect();
        let lane = (term.array, term.address, term.lane, of_window);
        if let Some(before) = last.insert(lane.clone(), key.clone())
            && before >= key
        {
            return Err(format!("{lane:?} adds the term at {key:?} after that at {before:?}"));
        }
    }
    Ok(())
}

/// Of each term of a sum its lane, and whether it is fused.
fn roundings(loops: &Loops, added: &[Added]) -> BTreeMap<Vec<i64>, (usize, bool)> {
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    for term in added {
        *count.entry(term.address).or_default() += 1;
    }
    // Of one term alone nothing is added.
    let sums = added.iter().filter(|term| count[&term.address] > 1);
    sums.map(|term| (key(loops, None, term), (term.lane, term.fused))).collect()
}

fn check(text: &str, shapes: &Shapes) -> Result<usize, String> {
    let (_, checked, mut gradient) = stages(&text.parse().map_err(|error| format!("{error}"))?)?;
    let kernels = nest::kernels(&mut gradient);
    let operands = checked.operands.iter().map(|operand| {
        let kinds = OPERANDS.iter().find(|(name, _)| *name == operand.name).expect("known").1;
        kinds.iter().map(|&kind| shapes.lengths[kind]).collect()
    });
    let lens: Vec<Vec<usize>> = operands.collect();
    let data: Vec<Vec<f64>> = lens.iter().map(|lens| vec![0.5; lens.iter().product()]).collect();
    let equations = &gradient.equations;
    let forward = equations.ids().map(|id| equations[id].nest());
    let starts =
        equations.ids().flat_map(|id| &equations[id].starts).map(|start| start.axes.clone());
    let accumulations = gradient.accumulations.iter().map(|accumulation| accumulation.nest.clone());
    let nests = forward.chain(starts).chain(accumulations);
    let of_window = |accumulation: &Accumulation| -> Vec<IndexId> {
        let named = accumulation.subscripts.iter().map(Subscript::indices);
        named.filter(|indices| indices.len() > 1).flatten().collect()
    };
    let windows: Vec<Vec<IndexId>> = gradient.accumulations.iter().map(of_window).collect();
    let first_backward = kernels.forward.len() + kernels.starts.len();
    let all_loops: Vec<Loops> = nests
        .zip(kernels.all())
        .enumerate()
        .map(|(number, (nest, kernel))| {
            let descends = |steps: &&Steps| steps.descend != (number >= first_backward);
            let descending = kernel.steps.as_ref().filter(descends);
            let descending = descending.map_or(Vec::new(), |steps| steps.indices.clone());
            let accumulation = number.checked_sub(first_backward);
            let of_window = accumulation.map_or(Vec::new(), |at| windows[at].clone());
            Loops { nest, descending, of_window }
        })
        .collect();

    let mut terms = 0;
    let mut all = BTreeMap::new();
    for guards in all_guards(&kernels) {
        let mut machine =
            Machine::new((&checked, &gradient, &kernels), &lens, &shapes.integers, &data, guards);
        machine.added = Some(Vec::new());
        let count = machine.forward().len();
        if machine.empty.is_some() {
            continue;
        }
        machine.backward(&vec![1.0; count]);
        let added = machine.added.take().unwrap_or_default();
        terms += added.len();
        for (number, loops) in all_loops.iter().enumerate() {
            let own: Vec<Added> =
                added.iter().filter(|term| term.kernel == number).cloned().collect();
            in_order(loops, &own)
                .map_err(|error| format!("kernel {number}, {guards:?}: {error}"))?;
            let Guards { interleaved, long } = guards;
            if !long {
                all.insert((number, interleaved), roundings(loops, &own));
            }
        }
    }
    for ((number, interleaved), own) in &all {
        let counterpart = all.get(&(*number, !interleaved)).unwrap_or(own);
        if own != counterpart {
            return Err(format!(
                "kernel {number} rounds in another way where arrays lie interleaved"
            ));
        }
    }
    Ok(terms)
}

#[test]
fn sums_keep_the_order_of_the_text() {
    let mut terms = 0;
    let mut run = |text: &str, shapes: &Shapes| {
        terms += check(text, shapes).unwrap_or_else(|error| panic!("{text}\n{error}"));
    };
    for lengths in [[3, 4], [10, 9]] {
        let integers = Integers::drawn(lengths, |at, below| at % below);
        let shapes = Shapes { lengths, integers };
        for text in OF_TWO.iter().chain(&DIVIDED).chain(&OF_THREE).chain(&OF_FOUR) {
            run(text, &shapes);
        }
    }
    for seed in 0..times(200) {
        let shapes = Shapes::drawn(&mut PythonRandom::new(seed), 3);
        let text = if seed % 3 == 2 { recurrence(seed, &shapes) } else { program(seed, &shapes) };
        run(&text, &shapes);
    }
    assert!(terms > 50_000, "only {terms} terms");
}
