//! A machine that runs kernels statement by statement, as the generated code does, without Rust in between.
//!
//! It knows what each statement means and no pass. Loops and temporaries end where their blocks do: what a pass
//! moved too far has no value there.

mod addresses;
mod calls;
mod reductions;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use microgpt::expr::Others;

use crate::graph::adjoints::Beginning;
use crate::graph::differentiate::Gradient;
use crate::graph::equations::{Equations, Group, Output, Steps};
use crate::graph::{Array, EquationId, Fold, Graph, IndexId, NodeId};
use crate::ids::Id;
use crate::nest::Kernels;
use crate::nest::ir::{Combine, Element, Guard, Kernel, Let, Loop, Row, Stmt, Update, perfect};
use crate::resolve::hir::Checked;
use crate::tests::generate::Integers;
use crate::tests::number::Number;

use addresses::Axes;
use reductions::Running;

/// Which of two versions run where there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    pub interleaved: bool,
    pub long: bool,
}

/// A term that was added to an element.
#[derive(Clone, Debug)]
pub struct Added {
    /// The number of the kernel among all.
    pub kernel: usize,
    pub array: Array,
    pub address: usize,
    pub lane: usize,
    /// The index along which lanes or micro-kernels run, which is innermost.
    pub along: Option<IndexId>,
    /// Whether it is a product that is rounded once, with its addition.
    pub fused: bool,
    /// The values of the loops. Of a loop over a part of an index it is that of the index.
    pub at: Vec<(IndexId, i64)>,
}

/// What a node with a name is.
#[derive(Clone, Copy, Debug)]
enum Named<T> {
    Number(T),
    Condition(bool),
    /// The elements of an array from an address on, the first of them at this value of an index.
    Row {
        array: Array,
        first: usize,
        index: IndexId,
        low: i64,
    },
}

/// Where an array stands among all.
fn place(array: Array) -> usize {
    match array {
        Array::Operand(id) => 4 * id.position(),
        Array::Gradient(id) => 4 * id.position() + 1,
        Array::Equation(id) | Array::Present(id) => 4 * id.position() + 2,
        Array::Adjoint(id) | Array::PresentAdjoint(id) => 4 * id.position() + 3,
    }
}

pub struct Machine<'a, T> {
    checked: &'a Checked,
    gradient: &'a Gradient,
    equations: &'a Equations,
    graph: &'a Graph,
    kernels: &'a Kernels,
    guards: Guards,
    /// The lengths of each operand's axes.
    lens: &'a [Vec<usize>],
    integers: &'a Integers,
    reaches: RefCell<HashMap<IndexId, (i64, i64)>>,
    /// By the place of the array, as written and interleaved.
    axes: RefCell<Vec<[Option<Axes>; 2]>>,
    /// By the place of the array.
    arrays: Vec<Vec<T>>,
    /// The number of the kernel that runs.
    kernel: usize,
    /// Whether the statement that runs is in a version for interleaved arrays.
    is_interleaved: bool,
    at: Vec<(IndexId, i64)>,
    named: Vec<(NodeId, Named<T>)>,
    row_len: Option<usize>,
    others: Option<Others<T>>,
    /// The reduction around the statement.
    running: Option<Running<T>>,
    /// The terms that were added, if they are asked for.
    pub added: Option<Vec<Added>>,
    /// What was missing for a reduction to have a value.
    pub empty: Option<String>,
}

impl<'a, T: Number> Machine<'a, T> {
    /// Runs the forward pass.
    pub fn new(
        (checked, gradient, kernels): (&'a Checked, &'a Gradient, &'a Kernels),
        lens: &'a [Vec<usize>],
        integers: &'a Integers,
        operands: &[Vec<T>],
        guards: Guards,
    ) -> Self {
        let places = 4 * (gradient.equations.ids().len() + lens.len());
        let mut machine = Self {
            checked,
            gradient,
            equations: &gradient.equations,
            graph: &gradient.equations.graph,
            kernels,
            guards,
            lens,
            integers,
            reaches: RefCell::default(),
            axes: RefCell::new(vec![[None, None]; places]),
            arrays: vec![Vec::new(); places],
            kernel: 0,
            is_interleaved: false,
            at: Vec::new(),
            named: Vec::new(),
            row_len: None,
            others: None,
            running: None,
            added: None,
            empty: None,
        };
        for (operand, data) in checked.operands.ids().zip(operands) {
            machine.arrays[place(Array::Operand(operand))].clone_from(data);
        }
        machine
    }

    /// Runs the forward pass, and gives each result row-major, one after the other.
    pub fn forward(&mut self) -> Vec<T> {
        for group in self.equations.groups() {
            self.compute(&group);
        }
        let results = self.equations.results.iter();
        results
            .flat_map(|result| {
                self.array(Array::Equation(result.equation))[self.elements_of(result)].to_vec()
            })
            .collect()
    }

    /// Runs the backward pass from these cotangents, and gives the gradient of each operand.
    pub fn backward(&mut self, cotangents: &[T]) -> Vec<Vec<T>> {
        for id in self.equations.ids() {
            let size = self.size(Array::Equation(id));
            // What is written before it is read may be anything, and no number shows that it was read.
            let is_zero = match self.kernels.beginnings.of.get(&id) {
                Some(Beginning::Zero) => true,
                Some(&Beginning::WrittenIf { axis, len }) => {
                    self.length_of(Array::Equation(id), axis) != len
                }
                Some(Beginning::Written) => false,
                None => self.equations.is_result(id),
            };
            let start = if is_zero { T::zero() } else { T::nan() };
            self.arrays[place(Array::Adjoint(id))] = vec![start; size];
        }
        for (operand, lens) in self.checked.operands.ids().zip(self.lens) {
            let size = lens.iter().product();
            self.arrays[place(Array::Gradient(operand))] = vec![T::zero(); size];
        }
        let mut rest = cotangents;
        for result in &self.equations.results {
            let own = self.elements_of(result);
            let adjoint = &mut self.arrays[place(Array::Adjoint(result.equation))][own];
            let (own, after) = rest.split_at(adjoint.len());
            for (adjoint, &cotangent) in adjoint.iter_mut().zip(own) {
                *adjoint += cotangent;
            }
            rest = after;
        }
        let all: Vec<(usize, &Kernel)> = self.kernels.all().enumerate().collect();
        let backward = &all[all.len() - self.gradient.accumulations.len()..];
        for group in self.gradient.groups() {
            let kernels = &backward[group];
            self.step_by_step(kernels[0].1.steps.as_ref(), true, |this| {
                for (number, kernel) in kernels {
                    this.run(*number, kernel);
                }
            });
        }
        let operands = self.checked.operands.ids();
        operands.map(|id| self.array(Array::Gradient(id)).to_vec()).collect()
    }

    /// Where the elements of a result lie in the array of its equation.
    fn elements_of(&self, result: &Output) -> Range<usize> {
        let axes = &self.equations[result.equation].axes;
        let lens = axes.iter().map(|&axis| self.length(self.graph.axis_length(axis)));
        let lens: Vec<usize> = lens.map(|len| usize::try_from(len).expect("a length")).collect();
        let start = result.starts * lens.iter().skip(1).product::<usize>();
        start..start + lens.iter().product::<usize>()
    }

    /// The array of an equation before its kernel runs: what that leaves as it was is no number.
    fn begin(&mut self, id: EquationId) {
        let size = self.size(Array::Equation(id));
        let start = if self.kernels.forward[id].clears { T::zero() } else { T::nan() };
        self.arrays[place(Array::Equation(id))] = vec![start; size];
    }

    /// An equation, or those of a recurrence, one step after the other.
    fn compute(&mut self, group: &Group) {
        let kernels = self.kernels;
        for &id in &group.equations {
            self.begin(id);
            for (number, (of, kernel)) in kernels.starts.iter().enumerate() {
                if *of == id {
                    self.run(kernels.forward.len() + number, kernel);
                }
            }
        }
        self.step_by_step(group.steps.as_ref(), false, |this| {
            for &id in &group.equations {
                this.run(id.position(), &kernels.forward[id]);
            }
        });
    }

    /// Runs for each step in order, or once where there are none.
    fn step_by_step(
        &mut self,
        steps: Option<&Steps>,
        backwards: bool,
        mut work: impl FnMut(&mut Self),
    ) {
        let Some(steps) = steps else { return work(self) };
        let mut all = Vec::new();
        self.loops(&steps.indices, &mut |this| all.push(this.at.clone()));
        if steps.descend != backwards {
            all.reverse();
        }
        for at in all {
            self.at = at;
            work(self);
            self.at.clear();
        }
    }

    /// The numbers of an array as they lie.
    pub fn array(&self, array: Array) -> &[T] {
        &self.arrays[place(array)]
    }

    fn run(&mut self, number: usize, kernel: &Kernel) {
        self.kernel = number;
        let steps = self.at.len();
        self.block(&kernel.body);
        assert!(self.at.len() == steps && self.named.is_empty() && self.running.is_none());
    }

    /// Statements whose temporaries end with them.
    fn block(&mut self, stmts: &[Stmt]) {
        let (named, row_len) = (self.named.len(), self.row_len);
        for stmt in stmts {
            self.stmt(stmt);
        }
        self.named.truncate(named);
        self.row_len = row_len;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        if let Some((loops, combine)) = perfect(stmt) {
            return self.nest(&loops, combine);
        }
        match stmt {
            Stmt::Specialize { when, then, otherwise } => {
                let before = self.is_interleaved;
                let holds = match when {
                    Guard::Interleaved => self.guards.interleaved,
                    Guard::Long(_) => self.guards.long,
                    Guard::Holds(condition) => self.holds(*condition),
                };
                self.is_interleaved = before || (*when == Guard::Interleaved && holds);
                self.block(if holds { then } else { otherwise });
                self.is_interleaved = before;
            }
            Stmt::Scope(body) => self.block(body),
            Stmt::For { index, body, .. } => self.for_each(*index, |this| this.block(body)),
            Stmt::Combine(_) => unreachable!("it is a nest without loops"),
            Stmt::Let(of) => self.temporary(of),
            Stmt::Store { to, value } => {
                let address = self.address(to);
                self.store(to.array, address, *value);
            }
            Stmt::StoreIf { condition, to, value } => {
                if self.holds(*condition) {
                    let address = self.address(to);
                    self.store(to.array, address, Update::Add(*value));
                }
            }
            Stmt::StoreRow { to, row, .. } => {
                let first = self.first(to, row.index);
                self.row(row, |this, position| {
                    assert_eq!(first + position, this.address(to), "a row is contiguous");
                    this.store(to.array, first + position, row.value);
                });
            }
            Stmt::Reduce(reduce) => self.reduce(reduce),
            Stmt::Term(term) => self.term(term),
            Stmt::Scan { along, to, value, body } => {
                assert!(self.others.is_some(), "the products are declared");
                let step = |this: &mut Self, last: bool| {
                    for stmt in body {
                        this.stmt(stmt);
                    }
                    let value = this.number(*value);
                    let mut others = this.others.take().expect("they are declared");
                    if last {
                        let address = this.address(to);
                        this.write(to.array, address, others.after(value));
                    } else {
                        others.before(value);
                    }
                    this.others = Some(others);
                };
                self.for_each(*along, |this| this.scoped(|this| step(this, false)));
                self.others.iter_mut().for_each(Others::turn);
                let (low, high) = self.range(*along);
                for value in (low..high).rev() {
                    self.with(*along, value, |this| this.scoped(|this| step(this, true)));
                }
            }
            Stmt::Call(call) => self.call(call),
            Stmt::Require { holds, reduction, index, within } => {
                let all = within.iter().all(|&index| {
                    let (low, high) = self.range(index);
                    low < high
                });
                if all && !self.holds(*holds) {
                    self.empty = Some(format!("{reduction} over {index}"));
                }
            }
        }
    }

    fn scoped(&mut self, work: impl FnOnce(&mut Self)) {
        let named = self.named.len();
        work(self);
        self.named.truncate(named);
    }

    /// Runs for each value of an index.
    fn for_each(&mut self, index: IndexId, mut work: impl FnMut(&mut Self)) {
        let (low, high) = self.range(index);
        for value in low..high {
            self.with(index, value, &mut work);
        }
    }

    fn with(&mut self, index: IndexId, value: i64, work: impl FnOnce(&mut Self)) {
        self.at.push((index, value));
        work(self);
        self.at.pop();
    }

    /// Runs for each element of a row, with its position.
    fn row(&mut self, row: &Row, mut work: impl FnMut(&mut Self, usize)) {
        let (low, high) = self.range(row.index);
        let len = usize::try_from((high - low).max(0)).expect("a length");
        assert_eq!(self.row_len.unwrap_or(len), len, "the length of the row");
        for position in 0..len {
            let value = low + i64::try_from(position).expect("small");
            self.with(row.index, value, |this| {
                this.scoped(|this| {
                    for &node in &row.temporaries {
                        this.temporary(&Let::Node(node));
                    }
                    work(this, position);
                });
            });
        }
    }

    /// The address of the first element of a row, which without elements has none.
    fn first(&mut self, to: &Element, index: IndexId) -> usize {
        let (low, high) = self.range(index);
        if low >= high {
            return 0;
        }
        self.at.push((index, low));
        let first = self.address(to);
        self.at.pop();
        first
    }

    fn temporary(&mut self, of: &Let) {
        match of {
            Let::Node(node) => {
                let value = if self.graph.nodes[*node].is_condition() {
                    Named::Condition(self.holds(*node))
                } else {
                    Named::Number(self.number(*node))
                };
                self.named.push((*node, value));
            }
            Let::Row { node, index, .. } => {
                let (index, element) = (*index, self.loaded(*node));
                let (first, low) = (self.first(&element, index), self.range(index).0);
                self.named.push((*node, Named::Row { array: element.array, first, index, low }));
            }
            Let::Length(index) => {
                let (low, high) = self.range(*index);
                self.row_len = Some(usize::try_from((high - low).max(0)).expect("a length"));
            }
            Let::Products => self.others = Some(Others::new()),
        }
    }

    fn store(&mut self, array: Array, address: usize, value: Update) {
        let before = self.read(array, address);
        let new = self.update(value, before);
        self.note((array, address), 0, None, matches!(value, Update::AddFused(_)));
        self.write(array, address, new);
    }

    /// Notes a term that is added.
    fn note(
        &mut self,
        (array, address): (Array, usize),
        lane: usize,
        along: Option<IndexId>,
        fused: bool,
    ) {
        if let Some(added) = &mut self.added {
            let whole = |index: IndexId| self.graph.indices[index].part_of.unwrap_or(index);
            let at = self.at.iter().map(|&(index, value)| (whole(index), value)).collect();
            let (kernel, along) = (self.kernel, along.map(whole));
            added.push(Added { kernel, array, address, lane, along, fused, at });
        }
    }

    /// A nest of which no pass has said how it is computed: element by element, one term after the other.
    fn nest(&mut self, loops: &[Loop], combine: &Combine) {
        let Combine { fold, to, adds, value, condition, .. } = combine;
        let indices: Vec<IndexId> = loops.iter().map(|&(index, _)| index).collect();
        if let (Fold::Others, Some((&along, outside))) = (fold, indices.split_last()) {
            self.others = Some(Others::new());
            let body = Vec::new();
            let scan = Stmt::Scan { along, to: to.clone(), value: *value, body };
            return self.loops(outside, &mut |this| this.stmt(&scan));
        }
        if let Some(condition) = *condition {
            return self.loops(&indices, &mut |this| {
                this.stmt(&Stmt::StoreIf { condition, to: to.clone(), value: *value });
            });
        }
        let of_element = self.graph.with_bounds(to.indices());
        let (outside, inside): (Vec<IndexId>, Vec<IndexId>) =
            indices.iter().partition(|index| of_element.contains(index));
        self.loops(&outside, &mut |this| {
            let address = this.address(to);
            let mut running = Running::element(*fold);
            this.loops(&inside, &mut |this| {
                let term = this.number(*value);
                running.take(term, inside.last().map(|&over| this.value_of(over)));
            });
            let mut result = running.result(*fold);
            if *adds {
                result = this.read(to.array, address) + result;
            }
            this.write(to.array, address, result);
        });
    }

    fn loops(&mut self, indices: &[IndexId], work: &mut dyn FnMut(&mut Self)) {
        match indices.split_first() {
            None => work(self),
            Some((&first, rest)) => self.for_each(first, |this| this.loops(rest, work)),
        }
    }
}
