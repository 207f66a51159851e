//! What the compiler made of an `expr!`, as text.

mod loops;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::graph::differentiate::Gradient;
use crate::graph::notation::Notation;
use crate::graph::{Array, EquationId, IndexId, IndexRange, Length, Node};
use crate::nest::ir::Kernel;
use crate::nest::{Kernels, text};
use crate::resolve::hir::{Axis, Checked};
use loops::Loops;

/// The equations, what is shared, the gradients, the loops, and what a call costs.
pub fn explain(checked: &Checked, gradient: &Gradient, kernels: &Kernels) -> String {
    let notation = Notation::new(checked, gradient);
    let explainer = Explainer { checked, gradient, notation };
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(text, "{title}");
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
        }
    };
    section("operands", explainer.operands());
    section("equations, in the order in which they run", explainer.notation.equations());
    section("results that are copies, and so the arrays themselves", explainer.copied());
    section("one step after the other", explainer.notation.steps());
    section("shared: computed once for all that use it", explainer.shared());
    section(
        "gradients, in the order in which they run (`f'` is the derivative of the op `f`, `f'k` that by argument `k`, from 0)",
        explainer.notation.gradients(),
    );
    section("loops of each", explainer.kernels(kernels));
    section(
        "operations of each (an index as a factor: its mean over the loop)",
        explainer.operations(kernels),
    );
    section(
        "numbers saved by the record, of 4 bytes in f32 and 8 in f64, and as many for their gradients",
        explainer.memory(),
    );
    text.truncate(text.trim_end().len());
    text
}

struct Explainer<'a> {
    checked: &'a Checked,
    gradient: &'a Gradient,
    notation: Notation<'a>,
}

impl Explainer<'_> {
    fn operands(&self) -> Vec<String> {
        let axis = |axis| match self.gradient.equations.graph.classes.class(axis) {
            Some(class) => self.length(Length::Class(class)),
            None => "?".into(),
        };
        let values = self.checked.operands.enumerate().map(|(operand, with)| {
            let axes = (0..with.rank).map(|at| axis(Axis::Operand { operand, axis: at }));
            shaped(&with.name, axes, "")
        });
        let integers = self.checked.integers.enumerate().map(|(operand, with)| {
            let axes = (0..with.rank).map(|at| axis(Axis::Integers { operand, axis: at }));
            shaped(&with.name, axes, " of integers")
        });
        values.chain(integers).collect()
    }

    /// The length of an axis in the words of the language: by the first index that runs over it.
    fn length(&self, length: Length) -> String {
        let graph = &self.gradient.equations.graph;
        let runs = |index: &&crate::graph::Index| index.range == IndexRange::Whole(length);
        match length {
            Length::Class(class) => match graph.indices.iter().find(runs) {
                Some(index) => format!("len({})", index.name),
                None => graph
                    .classes
                    .axes(class)
                    .next()
                    .map_or_else(|| "?".into(), |axis| self.axis(axis)),
            },
            Length::Extent(index) => format!("reach of {}", graph.indices[index].name),
        }
    }

    fn axis(&self, axis: Axis) -> String {
        match axis {
            Axis::Operand { operand, axis } => {
                format!("axis {axis} of {}", self.checked.operands[operand].name)
            }
            Axis::Integers { operand, axis } => {
                format!("axis {axis} of {}", self.checked.integers[operand].name)
            }
            Axis::Extent { binder } => format!("reach of {}", self.checked.binders[binder].name),
        }
    }

    /// The results that no equation of their own computes.
    fn copied(&self) -> Vec<String> {
        let results = self.gradient.equations.results.iter();
        let names = results.map(|result| self.notation.array(Array::Equation(result.equation)));
        names.filter(|name| !name.starts_with("result")).collect()
    }

    fn shared(&self) -> Vec<String> {
        let graph = &self.gradient.equations.graph;
        let mut users: BTreeMap<EquationId, Vec<EquationId>> = BTreeMap::new();
        for (user, equation) in self.gradient.equations.enumerate() {
            let used = graph.arrays_below([equation.body]).filter_map(|array| match array {
                Array::Equation(id) => Some(id),
                _ => None,
            });
            for id in used.collect::<BTreeSet<_>>() {
                users.entry(id).or_default().push(user);
            }
        }
        let name = |id: EquationId| self.notation.array(Array::Equation(id));
        users
            .iter()
            .filter(|(_, users)| users.len() > 1)
            .map(|(&id, users)| {
                let users: Vec<_> = users.iter().map(|&user| name(user)).collect();
                format!("{} by {}", name(id), users.join(", "))
            })
            .collect()
    }

    /// The statements of each kernel under what it computes.
    fn kernels(&self, kernels: &Kernels) -> Vec<String> {
        let computed = self.notation.kernels();
        computed
            .into_iter()
            .zip(kernels.all())
            .flat_map(|(computed, kernel)| {
                let lines = text::lines(&self.notation, kernel).into_iter();
                [computed].into_iter().chain(lines.map(|line| format!("  {line}")))
            })
            .collect()
    }

    fn target(&self, kernel: &Kernel) -> String {
        let to = loops::as_written(kernel).map(|loops| loops.to);
        to.map_or_else(String::new, |to| self.notation.element(to.array, &to.subscripts))
    }

    fn operations(&self, kernels: &Kernels) -> Vec<String> {
        kernels
            .all()
            .filter_map(|kernel| {
                let cost = self.cost(kernel);
                (!cost.is_empty()).then(|| format!("{}: {cost}", self.target(kernel)))
            })
            .collect()
    }

    /// What each operation of a kernel costs: one for each pass of the loops around it.
    fn cost(&self, kernel: &Kernel) -> String {
        let graph = &self.gradient.equations.graph;
        let Some(Loops { to, adds, all, values, products }) = loops::as_written(kernel) else {
            return String::new();
        };
        let mut at_level: BTreeMap<usize, usize> = BTreeMap::new();
        for node in graph.below(values) {
            let counts = match &graph.nodes[node] {
                Node::Binary { .. }
                | Node::Pullback { .. }
                | Node::Negate(_)
                | Node::Call { .. }
                | Node::Local { .. }
                | Node::Compare { .. }
                | Node::Select { .. }
                | Node::WhereAt { .. } => 1,
                _ => 0,
            };
            let free = graph.free(node);
            let level = all.iter().rposition(|index| free.contains(index));
            *at_level.entry(level.map_or(0, |level| level + 1)).or_default() += counts;
        }
        let of_target: BTreeSet<_> = to.indices().collect();
        let folds = adds || all.iter().any(|index| !of_target.contains(index));
        if folds {
            *at_level.entry(all.len()).or_default() += 1;
        }
        *at_level.entry(all.len()).or_default() += products;
        let terms = at_level.into_iter().rev().filter(|(_, count)| *count > 0);
        let terms = terms.map(|(level, count)| {
            let factor = (count > 1 || level == 0).then(|| count.to_string());
            let passes = all[..level].iter().map(|&index| self.passes(index));
            factor.into_iter().chain(passes).collect::<Vec<_>>().join(" * ")
        });
        terms.collect::<Vec<_>>().join(" + ")
    }

    /// How many values an index takes.
    fn passes(&self, index: IndexId) -> String {
        match &self.gradient.equations.graph.indices[index].range {
            IndexRange::Whole(length) => self.length(*length),
            IndexRange::Stated { .. } => {
                let count = self.notation.integer(&self.notation.count(index));
                if count.contains(['+', '-']) { format!("({count})") } else { count }
            }
        }
    }

    fn memory(&self) -> Vec<String> {
        let graph = &self.gradient.equations.graph;
        let mut lines: Vec<String> = self
            .gradient
            .equations
            .enumerate()
            .map(|(id, equation)| {
                let axes = equation.shape.iter().map(|&axis| self.length(graph.axis_length(axis)));
                let size = axes.collect::<Vec<_>>().join(" * ");
                let size = if size.is_empty() { "1".into() } else { size };
                format!("{}: {size}", self.notation.array(Array::Equation(id)))
            })
            .collect();
        let read: Vec<_> = self
            .gradient
            .operands_read()
            .into_iter()
            .map(|operand| self.checked.operands[operand].name.clone())
            .collect();
        if !read.is_empty() {
            lines.push(format!("a copy of each that is plain numbers: {}", read.join(", ")));
        }
        lines
    }
}

fn shaped(name: &str, axes: impl Iterator<Item = String>, what: &str) -> String {
    let axes: Vec<_> = axes.collect();
    let axes = if axes.is_empty() { "a number".into() } else { format!("[{}]", axes.join(", ")) };
    format!("{name}: {axes}{what}")
}
