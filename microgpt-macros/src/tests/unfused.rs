//! The syntax tree evaluated one `Value` at a time, as a reader would work it out.

use std::collections::HashMap;
use std::ops::Range;

use microgpt::{Array, Tape, Value, ops};

use crate::syntax::ast::{
    self, Binder, Comparison, Condition, Expr, ExprKind, Operator, Program, Statement,
};
use crate::tests::generate::Integers;

/// A scalar or an array of values by position; what is not there is 0.
#[derive(Clone)]
struct Block<'t> {
    /// The value of the index at the beginning of each axis.
    starts: Vec<usize>,
    lens: Vec<usize>,
    values: HashMap<Vec<usize>, Value<'t>>,
    /// Of an equation of a block what it is before the first value of its index, the nearest first.
    before: Vec<Block<'t>>,
}

/// The block whose equations are being computed: the names of its indices and of its equations.
#[derive(Default)]
struct Scope {
    indices: Vec<String>,
    equations: Vec<String>,
}

pub struct Unfused<'t> {
    tape: &'t Tape,
    blocks: HashMap<String, Block<'t>>,
    integers: &'t Integers,
    indices: Vec<(String, usize)>,
    scope: Scope,
    /// How many values an index name took when it was last bound.
    counts: HashMap<String, usize>,
}

/// A tracked operand: its name, the lengths of its axes, and its values row-major.
pub type Leaf<'t> = (String, Vec<usize>, Array<'t, (usize,)>);

/// The values of all results, row-major, one after the other.
pub fn evaluate<'t>(
    tape: &'t Tape,
    program: &Program,
    operands: &[Leaf<'t>],
    integers: &'t Integers,
) -> Vec<Value<'t>> {
    let mut unfused = Unfused {
        tape,
        blocks: HashMap::new(),
        integers,
        indices: Vec::new(),
        scope: Scope::default(),
        counts: HashMap::new(),
    };
    for (name, lens, array) in operands {
        let places = all_places(lens);
        let values =
            places.into_iter().enumerate().map(|(at, place)| (place, array.at([at]))).collect();
        unfused.blocks.insert(
            name.clone(),
            Block { starts: vec![0; lens.len()], lens: lens.clone(), values, before: vec![] },
        );
    }
    for statement in &program.statements {
        match statement {
            Statement::Let(equation) => {
                let block = unfused.definition(&equation.value);
                unfused.blocks.insert(equation.name.to_string(), block);
            }
            Statement::Block(block) => unfused.block(block),
        }
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
            return Block {
                starts: vec![],
                lens: vec![],
                values: HashMap::from([(vec![], self.value(value))]),
                before: vec![],
            };
        };
        let mut reached = Vec::new();
        self.for_each(indices, body, &mut |unfused, place| {
            let value = unfused.value(body);
            reached.push((place.to_vec(), value));
        });
        // An axis with a stated range begins and ends where its index ever does.
        let (starts, lens): (Vec<usize>, Vec<usize>) = indices
            .iter()
            .enumerate()
            .map(|(axis, binder)| {
                if binder.range.is_none() {
                    let range = self.implied(&binder.name.to_string(), body);
                    return (range.start, range.len());
                }
                let along = || reached.iter().map(|(place, _)| place[axis]);
                let start = along().min().unwrap_or(0);
                (start, along().max().map_or(0, |last| last + 1 - start))
            })
            .unzip();
        let shifted =
            |place: Vec<usize>| place.iter().zip(&starts).map(|(at, by)| at - by).collect();
        let values = reached.into_iter().map(|(place, value)| (shifted(place), value)).collect();
        Block { starts, lens, values, before: vec![] }
    }

    /// Computes the equations of a block for one value of its indices after the other.
    fn block(&mut self, block: &ast::Block) {
        let mut before: HashMap<String, Vec<Block<'t>>> = HashMap::new();
        for start in &block.starts {
            let value = self.definition(&start.value);
            before.entry(start.name.to_string()).or_default().push(value);
        }
        let indices: Vec<String> =
            block.indices.iter().map(|index| index.name.to_string()).collect();
        let equations: Vec<String> =
            block.lets.iter().map(|equation| equation.name.to_string()).collect();
        // An outer array of the same name is none of the block's.
        for name in &equations {
            self.blocks.remove(name);
        }
        let mut places = vec![vec![]];
        let mut ranges = Vec::new();
        for index in &block.indices {
            let name = index.name.to_string();
            let range = match &index.range {
                None => block.lets.iter().find_map(|equation| self.axis_of(&name, &equation.value)),
                Some(range) => {
                    let high = self.integer(&range.high) + i64::from(range.inclusive);
                    Some(from_zero(self.integer(&range.low))..from_zero(high))
                }
            };
            let range = range.unwrap_or_else(|| panic!("{name} is a subscript somewhere"));
            let down = block.lets.iter().any(|equation| goes_down(&name, block, &equation.value));
            let mut values: Vec<usize> = range.clone().collect();
            if down {
                values.reverse();
            }
            places = places
                .iter()
                .flat_map(|place: &Vec<usize>| {
                    values.iter().map(move |&value| [place.as_slice(), &[value]].concat())
                })
                .collect();
            self.counts.insert(name, range.len());
            ranges.push(range);
        }
        for name in &equations {
            let before = before.remove(name).unwrap_or_default();
            // Its own axes are those of the start, until it is there itself.
            let own = before.iter().find(|start| !start.lens.is_empty());
            let starts = own.map_or(&[][..], |start| &start.starts);
            let lens = own.map_or(&[][..], |start| &start.lens);
            let computed = Block {
                starts: ranges
                    .iter()
                    .map(|range| range.start)
                    .chain(starts.iter().copied())
                    .collect(),
                lens: ranges.iter().map(Range::len).chain(lens.iter().copied()).collect(),
                values: HashMap::new(),
                before,
            };
            self.blocks.insert(name.clone(), computed);
        }
        self.scope = Scope { indices: indices.clone(), equations };
        for place in places {
            self.indices.extend(indices.iter().cloned().zip(place.iter().copied()));
            for equation in &block.lets {
                let here = self.definition(&equation.value);
                let Some(all) = self.blocks.get_mut(&equation.name.to_string()) else { continue };
                all.starts.truncate(indices.len());
                all.lens.truncate(indices.len());
                all.starts.extend(here.starts);
                all.lens.extend(here.lens);
                let at: Vec<usize> =
                    place.iter().zip(&ranges).map(|(at, range)| at - range.start).collect();
                all.values.extend(
                    here.values
                        .into_iter()
                        .map(|(own, value)| ([&at[..], &own[..]].concat(), value)),
                );
            }
            self.indices.truncate(self.indices.len() - indices.len());
        }
        self.scope = Scope::default();
    }

    /// The place of an element of an array, in whole numbers, from the beginning of each axis.
    fn place(&self, name: &str, block: &Block<'t>, subscripts: &[Expr]) -> Vec<i64> {
        let mut place: Vec<i64> = Vec::new();
        let is_here = self.scope.equations.iter().any(|equation| equation == name)
            && subscripts.len() + self.scope.indices.len() == block.lens.len();
        if is_here {
            place.extend(
                self.scope.indices.iter().map(|index| {
                    i64::try_from(self.index(index).expect("an index")).expect("small")
                }),
            );
        }
        for subscript in subscripts {
            let clipped = match &subscript.kind {
                ExprKind::Call { function, arguments } if function.last == "clip" => {
                    let start = i64::try_from(block.starts[place.len()]).expect("small");
                    let len = i64::try_from(block.lens[place.len()]).expect("small");
                    self.integer(&arguments[0]).min(start + len - 1).max(start)
                }
                _ => self.integer(subscript),
            };
            place.push(clipped);
        }
        let start = block.starts.iter().map(|&start| i64::try_from(start).expect("small"));
        place.iter().zip(start).map(|(at, start)| at - start).collect()
    }

    /// The element of an array.
    fn element(&self, name: &str, subscripts: &[Expr]) -> Value<'t> {
        let block = &self.blocks[name];
        let place = self.place(name, block, subscripts);
        let zero = || self.tape.value(0.0);
        let first = place.first().copied().unwrap_or(0);
        let len = block.lens.first().map_or(1, |&len| i64::try_from(len).expect("small"));
        let back = if first < 0 { -first } else { first - len + 1 };
        if let (1.., false) = (back, block.before.is_empty()) {
            let start = &block.before[from_zero(back) - 1];
            // One number stands for all.
            let own: Vec<usize> = if start.lens.is_empty() {
                vec![]
            } else {
                place[1..].iter().map(|&at| from_zero(at)).collect()
            };
            return start.values.get(&own).copied().unwrap_or_else(zero);
        }
        let place: Vec<usize> = place.into_iter().map(from_zero).collect();
        block.values.get(&place).copied().unwrap_or_else(zero)
    }

    /// Calls `work` for all values of the indices, the first outermost.
    fn for_each(
        &mut self,
        indices: &[Binder],
        body: &Expr,
        work: &mut dyn FnMut(&mut Self, &[usize]),
    ) {
        self.for_each_after(indices, body, &mut Vec::new(), work);
    }

    fn for_each_after(
        &mut self,
        indices: &[Binder],
        body: &Expr,
        place: &mut Vec<usize>,
        work: &mut dyn FnMut(&mut Self, &[usize]),
    ) {
        let Some((first, rest)) = indices.split_first() else { return work(self, place) };
        let name = first.name.to_string();
        let range = match &first.range {
            None => self.implied(&name, body),
            Some(range) => {
                let high = self.integer(&range.high) + i64::from(range.inclusive);
                from_zero(self.integer(&range.low))..from_zero(high)
            }
        };
        let count = range.len();
        for at in range {
            self.counts.insert(name.clone(), count);
            self.indices.push((name.clone(), at));
            place.push(at);
            self.for_each_after(rest, body, place, work);
            place.pop();
            self.indices.pop();
        }
    }

    /// The values of the first axis that an index subscripts alone.
    fn implied(&self, name: &str, expr: &Expr) -> Range<usize> {
        let found = self.axis_of(name, expr);
        found.unwrap_or_else(|| panic!("every index is a subscript somewhere: {name}"))
    }

    fn axis_of(&self, name: &str, expr: &Expr) -> Option<Range<usize>> {
        let mut found = None;
        walk(expr, &mut |expr| {
            if let ExprKind::Subscript { base, subscripts } = &expr.kind
                && let ExprKind::Path(array) = &base.kind
            {
                let (starts, lens) = match (array.last.as_str(), self.blocks.get(&array.last)) {
                    (name, _) if Integers::NAMES.contains(&name) => {
                        (vec![0], vec![self.integers.of(name).len()])
                    }
                    (_, None) => return,
                    (_, Some(block)) => (block.starts.clone(), block.lens.clone()),
                };
                // Of an equation of the block its own axes may stand alone.
                let own = lens.len().saturating_sub(subscripts.len());
                for ((subscript, start), len) in
                    subscripts.iter().zip(&starts[own..]).zip(&lens[own..])
                {
                    if matches!(&subscript.kind, ExprKind::Path(path) if path.last == name) {
                        found.get_or_insert(*start..start + len);
                    }
                }
            }
        });
        found
    }

    fn integer(&self, expr: &Expr) -> i64 {
        match &expr.kind {
            ExprKind::Number { value, .. } => whole(*value),
            ExprKind::Path(path) => {
                i64::try_from(self.index(&path.last).expect("an index")).expect("small")
            }
            ExprKind::Binary { operator, left, right } => {
                let (left, right) = (self.integer(left), self.integer(right));
                match operator {
                    Operator::Add => left + right,
                    Operator::Sub => left - right,
                    Operator::Mul => left * right,
                    Operator::Div => left.div_euclid(right),
                    Operator::Pow => panic!("no power in a subscript"),
                }
            }
            ExprKind::Remainder { left, right } => {
                self.integer(left).rem_euclid(self.integer(right))
            }
            ExprKind::Len(index) => i64::try_from(self.counts[&index.to_string()]).expect("small"),
            ExprKind::Call { function, arguments } => {
                let mut arguments = arguments.iter().map(|argument| self.integer(argument));
                let first = arguments.next().expect("an argument");
                match function.last.as_str() {
                    "min" => arguments.fold(first, i64::min),
                    "max" => arguments.fold(first, i64::max),
                    name => panic!("no {name} in a subscript"),
                }
            }
            ExprKind::Subscript { base, subscripts } => {
                let ExprKind::Path(array) = &base.kind else { panic!("ids have a name") };
                let place = usize::try_from(self.integer(&subscripts[0])).expect("a place");
                i64::try_from(self.integers.of(&array.last)[place]).expect("small")
            }
            unexpected => panic!("no such subscript is generated: {unexpected:?}"),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.indices.iter().rev().find(|(bound, _)| bound == name).map(|&(_, at)| at)
    }

    fn holds(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::And(left, right) => self.holds(left) && self.holds(right),
            Condition::Or(left, right) => self.holds(left) || self.holds(right),
            Condition::Holds(element) => self.integer(element) == 1,
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
            ExprKind::Number { value, .. } => self.tape.value(*value),
            ExprKind::Path(path) => match self.index(&path.last) {
                Some(at) => self.tape.value(at as f64),
                None => self.element(&path.last, &[]),
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
            ExprKind::Remainder { .. } => self.tape.value(self.integer(expr) as f64),
            ExprKind::Call { function, arguments } => {
                let op = ops::TABLE.iter().find(|op| op.name == function.last).expect("an op");
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.value(argument)).collect();
                (op.on_values)(&arguments)
            }
            ExprKind::Subscript { base, subscripts } => {
                let ExprKind::Path(path) = &base.kind else { panic!("an array has a name") };
                if Integers::NAMES.contains(&path.last.as_str()) {
                    return self.tape.value(self.integer(expr) as f64);
                }
                self.element(&path.last, subscripts)
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
                    unexpected => panic!("no such vector is generated: {unexpected:?}"),
                };
                let (left, right) = (vector(left), vector(right));
                (0..left.lens[0]).fold(self.tape.value(0.0), |sum, at| {
                    sum + left.values[&vec![at]] * right.values[&vec![at]]
                })
            }
            ExprKind::Reduce { reduction, body, indices, filter } => {
                let mut terms = Vec::new();
                self.for_each(indices, expr, &mut |unfused, _| {
                    if filter.as_ref().is_none_or(|filter| unfused.holds(filter)) {
                        terms.push(unfused.value(body));
                    }
                });
                self.reduce(reduction.name, &terms)
            }
            unexpected => panic!("no such expression is generated: {unexpected:?}"),
        }
    }

    fn reduce(&self, reduction: &str, terms: &[Value<'t>]) -> Value<'t> {
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
            "sum" => sum(terms),
            "mean" => sum(terms) / terms.len() as f64,
            "max" => best(|a, b| a > b),
            "min" => best(|a, b| a < b),
            "prod" => terms.iter().fold(self.tape.value(1.0), |product, &term| product * term),
            "logsumexp" => {
                let max = best(|a, b| a > b).data();
                let terms: Vec<_> = terms.iter().map(|&term| (term - max).exp()).collect();
                sum(&terms).ln() + max
            }
            "norm" => {
                let squares: Vec<_> = terms.iter().map(|&term| term * term).collect();
                let total = sum(&squares);
                // At its corner no gradient flows.
                if total.data() == 0.0 { self.tape.value(0.0) } else { total.sqrt() }
            }
            unknown => panic!("what is `{unknown}`?"),
        }
    }
}

/// Whether an equation of a block uses what one of them is after this value of an index.
fn goes_down(index: &str, block: &ast::Block, expr: &Expr) -> bool {
    let mut found = false;
    walk(expr, &mut |expr| {
        let ExprKind::Subscript { base, subscripts } = &expr.kind else { return };
        let ExprKind::Path(array) = &base.kind else { return };
        let Some(equation) = block.lets.iter().find(|equation| equation.name == array.last) else {
            return;
        };
        let own = match &equation.value.kind {
            ExprKind::Comprehension { indices, .. } => indices.len(),
            _ => 0,
        };
        for subscript in &subscripts[..subscripts.len().saturating_sub(own)] {
            if let ExprKind::Binary { operator: Operator::Add, left, .. } = &subscript.kind {
                found |= matches!(&left.kind, ExprKind::Path(path) if path.last == index);
            }
        }
    });
    found
}

fn walk(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Call { arguments, .. } => {
            for argument in arguments {
                walk(argument, visit);
            }
        }
        ExprKind::Comprehension { body, .. } => walk(body, visit),
        ExprKind::Reduce { body, filter, .. } => {
            if let Some(filter) = filter {
                walk_condition(filter, visit);
            }
            walk(body, visit);
        }
        ExprKind::Subscript { subscripts, .. } => {
            for subscript in subscripts {
                walk(subscript, visit);
            }
        }
        ExprKind::Negate(operand) | ExprKind::Stop(operand) => walk(operand, visit),
        ExprKind::Binary { left, right, .. } | ExprKind::Remainder { left, right } => {
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
        Condition::And(left, right) | Condition::Or(left, right) => {
            walk_condition(left, visit);
            walk_condition(right, visit);
        }
        Condition::Holds(element) => walk(element, visit),
        Condition::Not(operand) => walk_condition(operand, visit),
    }
}

/// Below 0 begins nothing.
fn from_zero(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

#[allow(clippy::cast_possible_truncation)] // written small and whole
fn whole(n: f64) -> i64 {
    n as i64
}
