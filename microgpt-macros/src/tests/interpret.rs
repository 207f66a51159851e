//! Equations and accumulations evaluated on numbers, without generated code.

use std::collections::{BTreeMap, HashMap};

use microgpt::ops::{Op, TABLE};

use crate::graph::differentiate::Gradient;
use crate::graph::{
    Array, EquationId, Fold, FunctionId, Graph, IndexId, IndexRange, Length, Node, NodeId,
    Subscript, Through,
};
use crate::ids::IdVec;
use crate::resolve::term::{Affine, Atom, Axis, Checked, Function, OperandId};
use crate::syntax::ast::{Comparison, Operator};

type Indices = BTreeMap<IndexId, i64>;

/// The numbers of an array by position; what is not there is 0.
type Numbers = HashMap<Vec<i64>, f64>;

pub struct Interpreter<'a> {
    gradient: &'a Gradient,
    checked: &'a Checked,
    /// The lengths of each operand's axes.
    lens: IdVec<OperandId, Vec<usize>>,
    ids: &'a [usize],
    arrays: HashMap<Array, Numbers>,
    /// Gradients of operands and equations.
    gradients: HashMap<Array, Numbers>,
}

impl<'a> Interpreter<'a> {
    /// Runs the forward pass on operands given row-major.
    pub fn new(
        checked: &'a Checked,
        gradient: &'a Gradient,
        operands: &[(Vec<usize>, Vec<f64>)],
        ids: &'a [usize],
    ) -> Self {
        let lens = operands.iter().map(|(lens, _)| lens.clone()).collect();
        let mut interpreter = Self {
            gradient,
            checked,
            lens,
            ids,
            arrays: HashMap::new(),
            gradients: HashMap::new(),
        };
        for (operand, (lens, data)) in checked.operands.ids().zip(operands) {
            let numbers = places(lens).into_iter().zip(data.iter().copied()).collect();
            interpreter.arrays.insert(Array::Operand(operand), numbers);
        }
        for id in gradient.equations.ids() {
            let numbers = interpreter.equation(id);
            interpreter.arrays.insert(Array::Equation(id), numbers);
        }
        interpreter
    }

    fn graph(&self) -> &'a Graph {
        &self.gradient.equations.graph
    }

    /// The numbers of all results, row-major, one after the other.
    pub fn results(&self) -> Vec<f64> {
        let results = self.gradient.equations.results.iter();
        results
            .flat_map(|&id| {
                let numbers = &self.arrays[&Array::Equation(id)];
                places(&self.result_lens(id))
                    .into_iter()
                    .map(|place| numbers.get(&place).copied().unwrap_or(0.0))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn result_lens(&self, id: EquationId) -> Vec<usize> {
        let axes = self.gradient.equations[id].axes.iter();
        axes.map(|&axis| self.length(self.graph().axis_length(axis))).collect()
    }

    /// The gradient of each operand, row-major, for these cotangents of the results.
    pub fn pull_back(&mut self, cotangents: &[f64]) -> Vec<Vec<f64>> {
        let mut rest = cotangents;
        for &id in &self.gradient.equations.results {
            let places = places(&self.result_lens(id));
            let (own, after) = rest.split_at(places.len());
            let adjoint = self.gradients.entry(Array::Equation(id)).or_default();
            for (place, cotangent) in places.into_iter().zip(own) {
                *adjoint.entry(place).or_default() += cotangent;
            }
            rest = after;
        }
        for one in &self.gradient.accumulations {
            let mut terms = Vec::new();
            self.each(&one.nest, &mut Indices::new(), &mut |this, at| {
                if one.condition.is_none_or(|condition| this.holds(condition, at)) {
                    let start = this.starts(one.target);
                    terms.push((
                        this.place(&one.subscripts, &start, at),
                        this.node(one.adjoint, at),
                    ));
                }
            });
            let gradient = self.gradients.entry(one.target).or_default();
            for (place, term) in terms {
                *gradient.entry(place).or_default() += term;
            }
        }
        self.lens
            .ids()
            .map(|operand| {
                let gradient = self.gradients.get(&Array::Operand(operand));
                places(&self.lens[operand])
                    .into_iter()
                    .map(|place| gradient.and_then(|all| all.get(&place)).copied().unwrap_or(0.0))
                    .collect()
            })
            .collect()
    }

    fn equation(&self, id: EquationId) -> Numbers {
        let equation = &self.gradient.equations[id];
        let mut numbers = Numbers::new();
        let axes: Vec<Subscript> =
            equation.axes.iter().map(|&axis| Subscript::Affine(Affine::index(axis))).collect();
        let start = self.starts(Array::Equation(id));
        self.each(&equation.axes, &mut Indices::new(), &mut |this, at| {
            let place = this.place(&axes, &start, at);
            let Some((fold, over)) = &equation.fold else {
                numbers.insert(place, this.node(equation.body, at));
                return;
            };
            let own = at.clone();
            let mut terms = Vec::new();
            let mut at = at.clone();
            for index in over {
                at.remove(index);
            }
            this.each(over, &mut at, &mut |this, at| {
                if *fold != Fold::Others || own[&over[0]] != at[&over[0]] {
                    terms.push((at[&over[0]], this.node(equation.body, at)));
                }
            });
            numbers.insert(place, folded(*fold, &terms));
        });
        numbers
    }

    fn each(&self, indices: &[IndexId], at: &mut Indices, work: &mut dyn FnMut(&Self, &Indices)) {
        // An index comes after those that its range names.
        let ready = |index: &&IndexId| {
            !at.contains_key(index)
                && self.graph().range_indices(**index).iter().all(|outer| at.contains_key(outer))
        };
        let Some(&index) = indices.iter().find(ready) else { return work(self, at) };
        let (low, high) = self.range(index, at);
        for value in low..high {
            at.insert(index, value);
            self.each(indices, at, work);
        }
        at.remove(&index);
    }

    fn range(&self, index: IndexId, at: &Indices) -> (i64, i64) {
        match &self.graph().indices[index].range {
            IndexRange::Whole(Length::Extent(stated)) => self.reach(*stated),
            IndexRange::Whole(length) => (0, signed(self.length(*length))),
            IndexRange::Stated { low, high } => {
                (self.affine(low, at).max(0), self.affine(high, at))
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
                    Axis::Integers { .. } => self.ids.len(),
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
        let bounds = self.graph().range_indices(index);
        let outer: Vec<IndexId> = self.graph().with_bounds(bounds).into_iter().collect();
        let mut reach = (i64::MAX, 0);
        self.each(&outer, &mut Indices::new(), &mut |this, at| {
            let (low, high) = this.range(index, at);
            if low < high {
                reach = (reach.0.min(low), reach.1.max(high));
            }
        });
        (if reach.0 == i64::MAX { 0 } else { reach.0 }, reach.1)
    }

    /// The value of the index at position 0 of each axis.
    fn starts(&self, array: Array) -> Vec<i64> {
        match array {
            Array::Equation(id) | Array::Adjoint(id) => {
                let axes = self.gradient.equations[id].axes.iter();
                axes.map(|&axis| match self.graph().axis_length(axis) {
                    Length::Extent(stated) => self.reach(stated).0,
                    Length::Class(_) => 0,
                })
                .collect()
            }
            _ => vec![0; 6],
        }
    }

    fn affine(&self, affine: &Affine<IndexId>, at: &Indices) -> i64 {
        let terms = affine.terms.iter().map(|(atom, factor)| {
            factor
                * match *atom {
                    Atom::Index(index) => at[&index],
                    Atom::Len(index) => self.count(index, at),
                    Atom::Integer(operand) => {
                        panic!("{} is not generated", self.checked.integers[operand].name)
                    }
                }
        });
        affine.constant + terms.sum::<i64>()
    }

    fn place(&self, subscripts: &[Subscript], start: &[i64], at: &Indices) -> Vec<i64> {
        let positions = subscripts.iter().map(|subscript| match subscript {
            Subscript::Affine(affine) => self.affine(affine, at),
            Subscript::Gather { at: ids, .. } => {
                let id = usize::try_from(self.affine(&ids[0], at)).expect("an id");
                signed(self.ids[id])
            }
        });
        positions.zip(start).map(|(position, start)| position - start).collect()
    }

    fn element(&self, array: Array, subscripts: &[Subscript], at: &Indices) -> f64 {
        let place = self.place(subscripts, &self.starts(array), at);
        let numbers = match array {
            Array::Adjoint(id) => self.gradients.get(&Array::Equation(id)),
            other => self.arrays.get(&other),
        };
        numbers.and_then(|numbers| numbers.get(&place)).copied().unwrap_or(0.0)
    }

    fn holds(&self, node: NodeId, at: &Indices) -> bool {
        match &self.graph().nodes[node] {
            Node::And(one, other) => self.holds(*one, at) && self.holds(*other, at),
            Node::Or(one, other) => self.holds(*one, at) || self.holds(*other, at),
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
            other => panic!("not a condition: {other:?}"),
        }
    }

    fn node(&self, node: NodeId, at: &Indices) -> f64 {
        let number = |node: &NodeId| self.node(*node, at);
        match &self.graph().nodes[node] {
            Node::Number(bits) => f64::from_bits(*bits),
            Node::Integer(affine) => self.affine(affine, at) as f64,
            Node::Id { at: place, .. } => {
                self.ids[usize::try_from(self.affine(&place[0], at)).expect("a place")] as f64
            }
            Node::Count(index) => self.count(*index, at) as f64,
            Node::Load { array, subscripts, guard: None } => self.element(*array, subscripts, at),
            Node::Load { array, subscripts, guard: Some(guard) } => {
                if self.holds(*guard, at) {
                    self.element(*array, subscripts, at)
                } else {
                    0.0
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
                let arguments: Vec<f64> = arguments.iter().map(number).collect();
                (self.op(*function).forward)(&arguments)
            }
            Node::Local { function, arguments, result, argument } => {
                let arguments: Vec<f64> = arguments.iter().map(number).collect();
                (self.op(*function).gradient)(&arguments, number(result))[*argument]
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
                (0.0, _) => 0.0,
                (adjoint, Through::Times) => adjoint * number(factor),
                (adjoint, Through::Over) => adjoint / number(factor),
            },
            Node::WhereAt { index, position, value } => {
                if at[index] as f64 == number(position) {
                    number(value)
                } else {
                    0.0
                }
            }
            other => panic!("not a number inside an equation: {other:?}"),
        }
    }

    fn op(&self, function: FunctionId) -> &'static Op {
        match &self.graph().functions[function] {
            Function::Builtin(name) => TABLE.iter().find(|op| op.name == name).expect("an op"),
            Function::User(path) => panic!("{path} is not generated"),
        }
    }
}

fn folded(fold: Fold, terms: &[(i64, f64)]) -> f64 {
    // Of no terms it is what leaves others as they are.
    let best = |better: fn(f64, f64) -> bool| {
        let worst = if better(1.0, 0.0) { f64::NEG_INFINITY } else { f64::INFINITY };
        let first = terms.first().copied().unwrap_or((0, worst));
        terms.iter().fold(first, |best, term| if better(term.1, best.1) { *term } else { best })
    };
    match fold {
        // `Iterator::sum` begins with -0, whose sign an `atan2` would see.
        Fold::Sum => terms.iter().fold(0.0, |sum, term| sum + term.1),
        Fold::Prod | Fold::Others => terms.iter().map(|term| term.1).product(),
        Fold::Max => best(|one, other| one > other).1,
        Fold::Min => best(|one, other| one < other).1,
        Fold::ArgMax => best(|one, other| one > other).0 as f64,
        Fold::ArgMin => best(|one, other| one < other).0 as f64,
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
