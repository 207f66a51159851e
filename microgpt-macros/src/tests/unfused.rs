//! The syntax tree evaluated one `Value` at a time, as a reader would work it out.

use std::collections::HashMap;

use microgpt::{Array, Tape, Value, ops};

use crate::ast::{Binder, Comparison, Condition, Expr, ExprKind, Operator, Program, Reduction};
use crate::tests::generate::IDS;

/// A scalar or an array of values by position; what is not there is 0.
#[derive(Clone)]
struct Block<'t> {
    lens: Vec<usize>,
    values: HashMap<Vec<usize>, Value<'t>>,
}

pub struct Unfused<'t> {
    tape: &'t Tape,
    blocks: HashMap<String, Block<'t>>,
    indices: Vec<(String, usize)>,
    /// How many values an index name took when it was last bound.
    counts: HashMap<String, usize>,
}

/// A tracked operand: its name, the lengths of its axes, and its values row-major.
pub type Leaf<'t> = (String, Vec<usize>, Array<'t, (usize,)>);

/// The values of all results, row-major, one after the other.
pub fn evaluate<'t>(tape: &'t Tape, program: &Program, operands: &[Leaf<'t>]) -> Vec<Value<'t>> {
    let mut unfused =
        Unfused { tape, blocks: HashMap::new(), indices: Vec::new(), counts: HashMap::new() };
    for (name, lens, array) in operands {
        let places = all_places(lens);
        let values =
            places.into_iter().enumerate().map(|(at, place)| (place, array.at([at]))).collect();
        unfused.blocks.insert(name.clone(), Block { lens: lens.clone(), values });
    }
    for one in &program.lets {
        let block = unfused.definition(&one.value);
        unfused.blocks.insert(one.name.to_string(), block);
    }
    let mut results = Vec::new();
    for result in &program.results {
        let block = unfused.definition(result);
        for place in all_places(&block.lens) {
            results.push(block.values.get(&place).copied().unwrap_or_else(|| tape.value(0.0)));
        }
    }
    results
}

fn all_places(lens: &[usize]) -> Vec<Vec<usize>> {
    lens.iter().fold(vec![vec![]], |places, &len| {
        places
            .into_iter()
            .flat_map(|place| (0..len).map(move |at| [place.as_slice(), &[at]].concat()))
            .collect()
    })
}

impl<'t> Unfused<'t> {
    fn definition(&mut self, value: &Expr) -> Block<'t> {
        let ExprKind::Comprehension { body, indices } = &value.kind else {
            return Block { lens: vec![], values: HashMap::from([(vec![], self.value(value))]) };
        };
        // An axis reaches as far as its index ever does.
        let lens = indices.iter().map(|binder| self.reach(binder, body, indices)).collect();
        let mut values = HashMap::new();
        self.each(indices, body, &mut |unfused, place| {
            let value = unfused.value(body);
            values.insert(place.to_vec(), value);
        });
        Block { lens, values }
    }

    fn reach(&self, binder: &Binder, body: &Expr, all: &[Binder]) -> usize {
        match &binder.range {
            None => self.implied(&binder.name.to_string(), body),
            Some(range) => {
                let mut outer = all.iter().take_while(|one| one.name != binder.name);
                match &range.high.kind {
                    ExprKind::Number(n) => whole(*n) + usize::from(range.inclusive),
                    ExprKind::Path(path) => {
                        let name = path.last.clone();
                        match outer.find(|one| one.name == name) {
                            Some(one) => self.reach(one, body, all),
                            None => panic!("a range of a result names an index of its own"),
                        }
                    }
                    other => panic!("no such range is generated: {other:?}"),
                }
            }
        }
    }

    /// Calls `work` for all values of the indices, the first outermost.
    fn each(&mut self, indices: &[Binder], body: &Expr, work: &mut dyn FnMut(&mut Self, &[usize])) {
        self.each_after(indices, body, &mut Vec::new(), work);
    }

    fn each_after(
        &mut self,
        indices: &[Binder],
        body: &Expr,
        place: &mut Vec<usize>,
        work: &mut dyn FnMut(&mut Self, &[usize]),
    ) {
        let Some((first, rest)) = indices.split_first() else { return work(self, place) };
        let name = first.name.to_string();
        let count = match &first.range {
            None => self.implied(&name, body),
            Some(range) => self.integer(&range.high) + usize::from(range.inclusive),
        };
        for at in 0..count {
            self.counts.insert(name.clone(), count);
            self.indices.push((name.clone(), at));
            place.push(at);
            self.each_after(rest, body, place, work);
            place.pop();
            self.indices.pop();
        }
    }

    /// The length of the first axis that an index subscripts alone.
    fn implied(&self, name: &str, expr: &Expr) -> usize {
        let mut found = None;
        walk(expr, &mut |expr| {
            if let ExprKind::Subscript { base, subscripts } = &expr.kind
                && let ExprKind::Path(array) = &base.kind
            {
                let lens = match array.last.as_str() {
                    "ids" => vec![IDS.len()],
                    array => self.blocks[array].lens.clone(),
                };
                for (subscript, len) in subscripts.iter().zip(lens) {
                    if matches!(&subscript.kind, ExprKind::Path(path) if path.last == name) {
                        found.get_or_insert(len);
                    }
                }
            }
        });
        found.unwrap_or_else(|| panic!("every index is a subscript somewhere: {name}"))
    }

    fn integer(&self, expr: &Expr) -> usize {
        match &expr.kind {
            ExprKind::Number(n) => whole(*n),
            ExprKind::Path(path) => self.index(&path.last).expect("an index"),
            ExprKind::Binary { operator: Operator::Add, left, right } => {
                self.integer(left) + self.integer(right)
            }
            ExprKind::Binary { operator: Operator::Sub, left, right } => {
                self.integer(left) - self.integer(right)
            }
            ExprKind::Subscript { subscripts, .. } => IDS[self.integer(&subscripts[0])],
            other => panic!("no such subscript is generated: {other:?}"),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.indices.iter().rev().find(|(other, _)| other == name).map(|&(_, at)| at)
    }

    fn holds(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::And(one, other) => self.holds(one) && self.holds(other),
            Condition::Or(one, other) => self.holds(one) || self.holds(other),
            Condition::Not(operand) => !self.holds(operand),
            Condition::Compare { comparison, left, right } => {
                let (left, right) = (self.value(left).data(), self.value(right).data());
                match comparison {
                    Comparison::Less => left < right,
                    Comparison::LessOrEqual => left <= right,
                    Comparison::Greater => left > right,
                    Comparison::GreaterOrEqual => left >= right,
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                }
            }
        }
    }

    fn value(&mut self, expr: &Expr) -> Value<'t> {
        match &expr.kind {
            ExprKind::Number(x) => self.tape.value(*x),
            ExprKind::Path(path) => match self.index(&path.last) {
                Some(at) => self.tape.value(at as f64),
                None => self.blocks[&path.last].values[&vec![]],
            },
            ExprKind::Len(index) => self.tape.value(self.counts[&index.to_string()] as f64),
            ExprKind::Negate(operand) => -self.value(operand),
            ExprKind::Stop(operand) => self.tape.value(self.value(operand).data()),
            ExprKind::Binary { operator, left, right } => {
                let (left, right) = (self.value(left), self.value(right));
                match operator {
                    Operator::Add => left + right,
                    Operator::Sub => left - right,
                    Operator::Mul => left * right,
                    Operator::Div => left / right,
                    Operator::Pow => left.pow(right),
                }
            }
            ExprKind::Call { function, arguments } => {
                let op = ops::TABLE.iter().find(|op| op.name == function.last).expect("an op");
                let arguments: Vec<_> = arguments.iter().map(|one| self.value(one)).collect();
                (op.on_values)(&arguments)
            }
            ExprKind::Subscript { base, subscripts } => {
                let ExprKind::Path(path) = &base.kind else { panic!("an array has a name") };
                let place: Vec<_> = subscripts.iter().map(|one| self.integer(one)).collect();
                let found = self.blocks[&path.last].values.get(&place).copied();
                found.unwrap_or_else(|| self.tape.value(0.0))
            }
            ExprKind::If { condition, then, otherwise } => {
                if self.holds(condition) {
                    self.value(then)
                } else {
                    self.value(otherwise)
                }
            }
            ExprKind::Dot { left, right } => {
                let vector = |side: &Expr| match &side.kind {
                    ExprKind::Path(path) => self.blocks[&path.last].clone(),
                    other => panic!("no such vector is generated: {other:?}"),
                };
                let (left, right) = (vector(left), vector(right));
                (0..left.lens[0]).fold(self.tape.value(0.0), |sum, at| {
                    sum + left.values[&vec![at]] * right.values[&vec![at]]
                })
            }
            ExprKind::Reduce { reduction, body, indices } => {
                let mut terms = Vec::new();
                self.each(indices, body, &mut |unfused, _| terms.push(unfused.value(body)));
                self.reduce(*reduction, &terms)
            }
            other => panic!("no such expression is generated: {other:?}"),
        }
    }

    fn reduce(&self, reduction: Reduction, terms: &[Value<'t>]) -> Value<'t> {
        let sum =
            |terms: &[Value<'t>]| terms.iter().fold(self.tape.value(0.0), |sum, &term| sum + term);
        let best = |better: fn(f64, f64) -> bool| {
            let mut terms = terms.iter();
            let first = *terms.next().expect("a range with values");
            terms.fold(
                first,
                |best, &term| {
                    if better(term.data(), best.data()) { term } else { best }
                },
            )
        };
        match reduction {
            Reduction::Sum => sum(terms),
            Reduction::Mean => sum(terms) / terms.len() as f64,
            Reduction::Max => best(|one, other| one > other),
            Reduction::Min => best(|one, other| one < other),
            Reduction::Prod => {
                terms.iter().fold(self.tape.value(1.0), |product, &term| product * term)
            }
            Reduction::LogSumExp => {
                let max = best(|one, other| one > other).data();
                let terms: Vec<_> = terms.iter().map(|&term| (term - max).exp()).collect();
                sum(&terms).ln() + max
            }
        }
    }
}

fn walk(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Call { arguments, .. } => {
            for one in arguments {
                walk(one, visit);
            }
        }
        ExprKind::Reduce { body, .. } | ExprKind::Comprehension { body, .. } => walk(body, visit),
        ExprKind::Subscript { subscripts, .. } => {
            for one in subscripts {
                walk(one, visit);
            }
        }
        ExprKind::Negate(operand) | ExprKind::Stop(operand) => walk(operand, visit),
        ExprKind::Binary { left, right, .. } => {
            walk(left, visit);
            walk(right, visit);
        }
        ExprKind::If { condition, then, otherwise } => {
            walk_condition(condition, visit);
            walk(then, visit);
            walk(otherwise, visit);
        }
        _ => {}
    }
}

fn walk_condition(condition: &Condition, visit: &mut dyn FnMut(&Expr)) {
    match condition {
        Condition::Compare { left, right, .. } => {
            walk(left, visit);
            walk(right, visit);
        }
        Condition::And(one, other) | Condition::Or(one, other) => {
            walk_condition(one, visit);
            walk_condition(other, visit);
        }
        Condition::Not(operand) => walk_condition(operand, visit),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // generated small and whole
fn whole(n: f64) -> usize {
    n as usize
}
