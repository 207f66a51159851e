//! Equations and accumulations evaluated on numbers, without generated code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use microgpt::ops::{Op, TABLE};

use crate::graph::differentiate::{Accumulation, Gradient};
use crate::graph::equations::{Group, Output, Steps};
use crate::graph::{
    Array, EquationId, Fold, FunctionId, Graph, IndexId, IndexRange, Length, Node, NodeId,
    Subscript, Through,
};
use crate::ids::{Id, IdVec};
use crate::resolve::hir::{Atom, Axis, Checked, Function, Integer, IntegersId, OperandId};
use crate::syntax::ast::{Comparison, Operator};
use crate::tests::generate::Integers;
use crate::tests::number::Number;

/// The values of indices, by their position among all.
#[derive(Clone, Default)]
struct Indices(Vec<Option<i64>>);

impl Indices {
    fn get(&self, index: IndexId) -> Option<i64> {
        self.0.get(index.position()).copied().flatten()
    }

    fn value(&self, index: IndexId) -> i64 {
        self.get(index).unwrap_or_else(|| panic!("the index {index:?} has no value here"))
    }

    fn set(&mut self, index: IndexId, value: Option<i64>) {
        if self.0.len() <= index.position() {
            self.0.resize(index.position() + 1, None);
        }
        self.0[index.position()] = value;
    }
}

/// The numbers of an array by place, row-major; outside of it they are 0.
#[derive(Clone)]
struct Numbers<T> {
    lens: Vec<usize>,
    numbers: Vec<T>,
}

impl<T: Number> Numbers<T> {
    fn zeros(lens: Vec<usize>) -> Self {
        let numbers = vec![T::zero(); lens.iter().product()];
        Self { lens, numbers }
    }

    fn position(&self, place: &[i64]) -> Option<usize> {
        assert_eq!(place.len(), self.lens.len(), "a subscript for each axis");
        place.iter().zip(&self.lens).try_fold(0, |position, (&at, &len)| {
            let at = usize::try_from(at).ok().filter(|&at| at < len)?;
            Some(position * len + at)
        })
    }

    fn get(&self, place: &[i64]) -> T {
        self.position(place).map_or(T::zero(), |position| self.numbers[position])
    }

    fn of(&mut self, place: &[i64]) -> Option<&mut T> {
        self.position(place).map(|position| &mut self.numbers[position])
    }
}

pub struct Interpreter<'a, T = f64> {
    gradient: &'a Gradient,
    checked: &'a Checked,
    /// The lengths of each operand's axes.
    lens: IdVec<OperandId, Vec<usize>>,
    integers: &'a Integers,
    arrays: HashMap<Array, Numbers<T>>,
    /// How far ranges reach, and the places of elements begin, of those that were asked for.
    reaches: RefCell<HashMap<IndexId, (i64, i64)>>,
    begins: RefCell<HashMap<Array, Rc<[i64]>>>,
    /// Gradients of operands and equations.
    gradients: HashMap<Array, Numbers<T>>,
}

impl<'a, T: Number> Interpreter<'a, T> {
    /// Runs the forward pass on operands given row-major.
    pub fn new(
        checked: &'a Checked,
        gradient: &'a Gradient,
        operands: &[(Vec<usize>, Vec<T>)],
        integers: &'a Integers,
    ) -> Self {
        let lens = operands.iter().map(|(lens, _)| lens.clone()).collect();
        let mut interpreter = Self {
            gradient,
            checked,
            lens,
            integers,
            arrays: HashMap::new(),
            reaches: RefCell::default(),
            begins: RefCell::default(),
            gradients: HashMap::new(),
        };
        for (operand, (lens, data)) in checked.operands.ids().zip(operands) {
            let numbers = Numbers { lens: lens.clone(), numbers: data.clone() };
            interpreter.arrays.insert(Array::Operand(operand), numbers);
            interpreter.gradients.insert(Array::Operand(operand), Numbers::zeros(lens.clone()));
        }
        for id in gradient.equations.ids() {
            let axes = gradient.equations[id].shape.iter();
            let lens = axes.map(|&axis| interpreter.length(interpreter.graph().axis_length(axis)));
            let zeros = Numbers::zeros(lens.collect());
            interpreter.gradients.insert(Array::Equation(id), zeros.clone());
            interpreter.arrays.insert(Array::Equation(id), zeros);
        }
        for group in gradient.equations.groups() {
            interpreter.run(&group);
        }
        interpreter
    }

    /// Computes all elements of an equation, or those of one step.
    fn compute(&mut self, id: EquationId, step: &Indices) {
        let elements = self.equation(id, step);
        self.set(id, elements);
    }

    /// Sets the elements of an array that it has before its equation is computed.
    fn begin(&mut self, id: EquationId) {
        let mut elements = Vec::new();
        for start in &self.gradient.equations[id].starts {
            let begin = self.begins(Array::Equation(id));
            self.for_each(&start.axes, Indices::default(), &mut |this, at| {
                elements
                    .push((this.place(&start.subscripts, &begin, at), this.node(start.body, at)));
            });
        }
        self.set(id, elements);
    }

    fn set(&mut self, id: EquationId, elements: Vec<(Vec<i64>, T)>) {
        let numbers = self.arrays.get_mut(&Array::Equation(id)).expect("it is there");
        for (place, number) in elements {
            *numbers.of(&place).expect("an element") = number;
        }
    }

    fn run(&mut self, group: &Group) {
        for &id in &group.equations {
            self.begin(id);
        }
        for step in self.steps(group.steps.as_ref(), false) {
            for &id in &group.equations {
                self.compute(id, &step);
            }
        }
    }

    /// The values of the indices at each step, in order; of what goes without steps there are none.
    fn steps(&self, steps: Option<&Steps>, backwards: bool) -> Vec<Indices> {
        let mut all = Vec::new();
        let Some(steps) = steps else { return vec![Indices::default()] };
        self.for_each(&steps.indices, Indices::default(), &mut |_, at| all.push(at.clone()));
        if steps.descend != backwards {
            all.reverse();
        }
        all
    }

    fn graph(&self) -> &'a Graph {
        &self.gradient.equations.graph
    }

    /// The numbers of all results, row-major, one after the other.
    pub fn results(&self) -> Vec<T> {
        let results = self.gradient.equations.results.iter();
        results
            .flat_map(|result| {
                let numbers = &self.arrays[&Array::Equation(result.equation)];
                let places = self.places_of(result).into_iter();
                places.map(|place| numbers.get(&place)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The numbers of all arrays and gradients.
    pub fn arrays(&self) -> impl Iterator<Item = &[T]> {
        let all = self.arrays.values().chain(self.gradients.values());
        all.map(|numbers| &numbers.numbers[..])
    }

    /// The places of the elements of a result in the array of its equation.
    fn places_of(&self, result: &Output) -> Vec<Vec<i64>> {
        let axes = self.gradient.equations[result.equation].axes.iter();
        let lens: Vec<usize> =
            axes.map(|&axis| self.length(self.graph().axis_length(axis))).collect();
        let mut places = places(&lens);
        for first in places.iter_mut().filter_map(|place| place.first_mut()) {
            *first += signed(result.starts);
        }
        places
    }

    /// The gradient of each operand, row-major, for these cotangents of the results.
    pub fn pull_back(&mut self, cotangents: &[T]) -> Vec<Vec<T>> {
        let mut rest = cotangents;
        for result in &self.gradient.equations.results {
            let places = self.places_of(result);
            let (own, after) = rest.split_at(places.len());
            let terms = places.into_iter().zip(own.iter().copied()).collect();
            self.add(Array::Equation(result.equation), terms);
            rest = after;
        }
        for group in self.gradient.groups() {
            let group = &self.gradient.accumulations[group];
            for step in self.steps(group[0].steps.as_ref(), true) {
                for accumulation in group {
                    self.accumulate(accumulation, &step);
                }
            }
        }
        let operands = self.lens.ids();
        operands.map(|operand| self.gradients[&Array::Operand(operand)].numbers.clone()).collect()
    }

    fn add(&mut self, target: Array, terms: Vec<(Vec<i64>, T)>) {
        let gradient = self.gradients.get_mut(&target).expect("it is there");
        for (place, term) in terms {
            // A wrong rule may add outside of the array, where nobody reads.
            if let Some(sum) = gradient.of(&place) {
                *sum += term;
            }
        }
    }

    fn accumulate(&mut self, accumulation: &Accumulation, step: &Indices) {
        let mut terms = Vec::new();
        let begin = self.begins(accumulation.target);
        self.for_each(&accumulation.nest, step.clone(), &mut |this, at| {
            if accumulation.condition.is_none_or(|condition| this.holds(condition, at)) {
                terms.push((
                    this.place(&accumulation.subscripts, &begin, at),
                    this.node(accumulation.adjoint, at),
                ));
            }
        });
        self.add(accumulation.target, terms);
    }

    fn equation(&self, id: EquationId, step: &Indices) -> Vec<(Vec<i64>, T)> {
        let equation = &self.gradient.equations[id];
        let mut elements = Vec::new();
        let begin = self.begins(Array::Equation(id));
        self.for_each(&equation.axes, step.clone(), &mut |this, at| {
            let place = this.place(&equation.subscripts, &begin, at);
            let Some((fold, over)) = &equation.fold else {
                elements.push((place, this.node(equation.body, at)));
                return;
            };
            let own = at.get(over[0]);
            let mut terms = Vec::new();
            let mut at = at.clone();
            for &index in over {
                at.set(index, None);
            }
            this.for_each(over, at, &mut |this, at| {
                let value = at.value(over[0]);
                if *fold != Fold::Others || own != Some(value) {
                    terms.push((value, this.node(equation.body, at)));
                }
            });
            elements.push((place, folded(*fold, &terms)));
        });
        elements
    }

    /// Works with all values of those indices that have none yet.
    fn for_each(
        &self,
        indices: &[IndexId],
        mut at: Indices,
        work: &mut dyn FnMut(&Self, &Indices),
    ) {
        let mut rest: Vec<IndexId> = Vec::new();
        for &index in indices {
            if at.get(index).is_none() && !rest.contains(&index) {
                rest.push(index);
            }
        }
        // An index comes after those that its range names.
        let mut order = Vec::new();
        while !rest.is_empty() {
            let is_known = |outer: &IndexId| order.contains(outer) || at.get(*outer).is_some();
            let ready = |index: &IndexId| self.graph().range_indices(*index).iter().all(is_known);
            let Some(next) = rest.iter().position(ready) else { break };
            let next = rest.remove(next);
            order.push(next);
        }
        self.loops(&order, &mut at, work);
    }

    fn loops(&self, order: &[IndexId], at: &mut Indices, work: &mut dyn FnMut(&Self, &Indices)) {
        let Some((&index, inner)) = order.split_first() else { return work(self, at) };
        let (low, high) = self.range(index, at);
        for value in low..high {
            at.set(index, Some(value));
            self.loops(inner, at, work);
        }
        at.set(index, None);
    }

    fn range(&self, index: IndexId, at: &Indices) -> (i64, i64) {
        match &self.graph().indices[index].range {
            IndexRange::Whole(Length::Extent(stated)) => self.reach(*stated),
            IndexRange::Whole(length) => (0, signed(self.length(*length))),
            IndexRange::Stated { low, high } => {
                (self.integer(low, at).max(0), self.integer(high, at))
            }
        }
    }

    fn count(&self, index: IndexId, at: &Indices) -> i64 {
        let (low, high) = self.range(index, at);
        (high - low).max(0)
    }

    fn length(&self, length: Length) -> usize {
        match length {
            Length::Class(class) => {
                let axis = self.graph().classes.axes(class).next().expect("a class has an axis");
                match axis {
                    Axis::Operand { operand, axis } => self.lens[operand][axis],
                    Axis::Integers { operand, .. } => {
                        self.integers.of(&self.checked.integers[operand].name).len()
                    }
                    Axis::Extent { .. } => panic!("an extent is no class"),
                }
            }
            Length::Extent(index) => {
                let (least, most) = self.reach(index);
                usize::try_from(most - least).unwrap_or(0)
            }
        }
    }

    /// The least first value of an index and the greatest end, over all of its ranges that have values.
    fn reach(&self, index: IndexId) -> (i64, i64) {
        if let Some(reach) = self.reaches.borrow().get(&index) {
            return *reach;
        }
        let bounds = self.graph().range_indices(index);
        let outer: Vec<IndexId> = self.graph().with_bounds(bounds).into_iter().collect();
        let mut reach = (i64::MAX, 0);
        self.for_each(&outer, Indices::default(), &mut |this, at| {
            let (low, high) = this.range(index, at);
            if low < high {
                reach = (reach.0.min(low), reach.1.max(high));
            }
        });
        let reach = (if reach.0 == i64::MAX { 0 } else { reach.0 }, reach.1);
        self.reaches.borrow_mut().insert(index, reach);
        reach
    }

    /// The value of the index at position 0 of each axis.
    fn begins(&self, array: Array) -> Rc<[i64]> {
        if let Some(begins) = self.begins.borrow().get(&array) {
            return Rc::clone(begins);
        }
        let begins: Rc<[i64]> = match array {
            Array::Equation(id) | Array::Adjoint(id) => {
                let axes = self.gradient.equations[id].shape.iter();
                axes.map(|&axis| match self.graph().axis_length(axis) {
                    Length::Extent(stated) => self.reach(stated).0,
                    Length::Class(_) => 0,
                })
                .collect()
            }
            _ => Rc::new([0; 6]),
        };
        self.begins.borrow_mut().insert(array, Rc::clone(&begins));
        begins
    }

    fn integer(&self, integer: &Integer<IndexId>, at: &Indices) -> i64 {
        let name = |operand: IntegersId| &self.checked.integers[operand].name;
        let terms = integer.terms.iter().map(|(atom, factor)| {
            factor
                * match atom {
                    Atom::Index(index) => at.value(*index),
                    Atom::Len(index) => self.count(*index, at),
                    Atom::Integer(operand) => panic!("{} is not generated", name(*operand)),
                    Atom::Id { integers, at: places } => {
                        let place = usize::try_from(self.integer(&places[0], at)).expect("a place");
                        signed(self.integers.of(name(*integers))[place])
                    }
                    Atom::Of(operation, both) => {
                        let [left, right] = both.each_ref().map(|part| self.integer(part, at));
                        operation.of(left, right).expect("an integer")
                    }
                }
        });
        integer.constant + terms.sum::<i64>()
    }

    fn place(&self, subscripts: &[Subscript], begin: &[i64], at: &Indices) -> Vec<i64> {
        let positions = subscripts.iter().map(|subscript| self.integer(subscript, at));
        positions.zip(begin).map(|(position, begin)| position - begin).collect()
    }

    fn element(&self, array: Array, subscripts: &[Subscript], at: &Indices) -> T {
        if let Array::PresentAdjoint(id) = array {
            let own = &self.gradient.equations[id].subscripts;
            let steps = own.len() - subscripts.len();
            let all = [&own[..steps], subscripts].concat();
            return self.element(Array::Adjoint(id), &all, at);
        }
        let place = self.place(subscripts, &self.begins(array), at);
        let numbers = match array {
            Array::Adjoint(id) => &self.gradients[&Array::Equation(id)],
            _ => &self.arrays[&array],
        };
        numbers.get(&place)
    }

    fn holds(&self, node: NodeId, at: &Indices) -> bool {
        match &self.graph().nodes[node] {
            Node::And(left, right) => self.holds(*left, at) && self.holds(*right, at),
            Node::Or(left, right) => self.holds(*left, at) || self.holds(*right, at),
            Node::Not(operand) => !self.holds(*operand, at),
            Node::Compare { comparison, left, right } => {
                let (left, right) = (self.node(*left, at), self.node(*right, at));
                match comparison {
                    Comparison::Less => left < right,
                    Comparison::LessOrEqual => left <= right,
                    Comparison::Greater => left > right,
                    Comparison::GreaterOrEqual => left >= right,
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                }
            }
            unexpected => panic!("not a condition: {unexpected:?}"),
        }
    }

    fn node(&self, node: NodeId, at: &Indices) -> T {
        let number = |node: &NodeId| self.node(*node, at);
        match &self.graph().nodes[node] {
            Node::Number(bits) => T::of(f64::from_bits(*bits)),
            Node::Integer(integer) => T::of(self.integer(integer, at) as f64),
            Node::Count(index) => T::of(self.count(*index, at) as f64),
            Node::Load { array, subscripts, guard: None } => self.element(*array, subscripts, at),
            Node::Load { array, subscripts, guard: Some(guard) } => {
                if self.holds(*guard, at) {
                    self.element(*array, subscripts, at)
                } else {
                    T::zero()
                }
            }
            Node::Select { condition, then, otherwise } => {
                if self.holds(*condition, at) {
                    number(then)
                } else {
                    number(otherwise)
                }
            }
            Node::Call { function, arguments } => {
                let arguments: Vec<T> = arguments.iter().map(number).collect();
                T::forward(self.op(*function), &arguments)
            }
            Node::Local { function, arguments, result, argument } => {
                let arguments: Vec<T> = arguments.iter().map(number).collect();
                T::gradient(self.op(*function), &arguments, number(result))[*argument]
            }
            Node::Negate(operand) => -number(operand),
            Node::Stop(operand) => number(operand),
            Node::Binary { operator, left, right } => {
                let (left, right) = (number(left), number(right));
                match operator {
                    Operator::Add => left + right,
                    Operator::Sub => left - right,
                    Operator::Mul => left * right,
                    Operator::Div => left / right,
                    Operator::Pow => panic!("a power is a call"),
                }
            }
            Node::Pullback { adjoint, through, factor } => match (number(adjoint), through) {
                (zero, _) if zero == T::zero() => T::zero(),
                (adjoint, Through::Times) => adjoint * number(factor),
                (adjoint, Through::Over) => adjoint / number(factor),
            },
            Node::WhereAt { index, position, value } => {
                if T::of(at.value(*index) as f64) == number(position) {
                    number(value)
                } else {
                    T::zero()
                }
            }
            unexpected => panic!("not a number inside an equation: {unexpected:?}"),
        }
    }

    fn op(&self, function: FunctionId) -> &'static Op {
        match &self.graph().functions[function] {
            Function::Builtin(name) => TABLE.iter().find(|op| op.name == name).expect("an op"),
            Function::User(path) => panic!("{path} is not generated"),
        }
    }
}

fn folded<T: Number>(fold: Fold, terms: &[(i64, T)]) -> T {
    // Of no terms it is what leaves others as they are.
    let best = |is_greatest: bool| {
        let worst = if is_greatest { T::neg_infinity() } else { T::infinity() };
        let first = terms.first().copied().unwrap_or((0, worst));
        let better = |a: T, b: T| if is_greatest { a > b } else { a < b };
        terms.iter().fold(first, |best, term| if better(term.1, best.1) { *term } else { best })
    };
    match fold {
        // `Iterator::sum` begins with -0, whose sign an `atan2` would see.
        Fold::Sum => terms.iter().fold(T::zero(), |sum, term| sum + term.1),
        Fold::Prod | Fold::Others => terms.iter().fold(T::one(), |product, term| product * term.1),
        Fold::Max => best(true).1,
        Fold::Min => best(false).1,
        Fold::ArgMax => T::of(best(true).0 as f64),
        Fold::ArgMin => T::of(best(false).0 as f64),
    }
}

fn places(lens: &[usize]) -> Vec<Vec<i64>> {
    lens.iter().fold(vec![vec![]], |places, &len| {
        places
            .into_iter()
            .flat_map(|place: Vec<i64>| {
                (0..signed(len)).map(move |at| [place.as_slice(), &[at]].concat())
            })
            .collect()
    })
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).expect("a small length")
}
