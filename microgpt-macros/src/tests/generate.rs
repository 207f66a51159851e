//! Random programs over the whole grammar, on a fixed set of operands.

use std::fmt::Write;

use microgpt::PythonRandom;

/// The sizes of a program's operands.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// The lengths of the two kinds of axes, the second one longer by one.
    pub lengths: [usize; 2],
    pub integers: Integers,
}

/// The integer operands, each along an axis of the first kind.
#[derive(Clone, Debug)]
pub struct Integers {
    /// Below the length of the second kind.
    ids: Vec<usize>,
    /// Below the length of the first kind.
    near: Vec<usize>,
    /// 0 or 1.
    mask: Vec<usize>,
}

impl Integers {
    pub const NAMES: [&str; 3] = ["ids", "near", "mask"];

    /// Draws each by its position and what it is below.
    pub fn drawn(lengths: [usize; 2], mut draw: impl FnMut(usize, usize) -> usize) -> Self {
        let mut all = |below: usize| (0..lengths[0]).map(|at| draw(at, below.max(1))).collect();
        Self { ids: all(lengths[1]), near: all(lengths[0]), mask: all(2) }
    }

    /// Those of an operand.
    pub fn of(&self, name: &str) -> &[usize] {
        match name {
            "ids" => &self.ids,
            "near" => &self.near,
            "mask" => &self.mask,
            unknown => panic!("no integers are called {unknown}"),
        }
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            lengths: [3, 4],
            integers: Integers { ids: vec![2, 0, 2], near: vec![1, 0, 1], mask: vec![1, 0, 1] },
        }
    }
}

impl Shapes {
    /// Lengths from 1 on.
    pub fn drawn(random: &mut PythonRandom, most: usize) -> Self {
        let length = 1 + below(random, most);
        let lengths = [length, length + 1];
        Self { lengths, integers: Integers::drawn(lengths, |_, most| below(random, most)) }
    }
}

/// A whole number below another.
pub fn below(random: &mut PythonRandom, n: usize) -> usize {
    // The vagueness of a product is no matter here.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let drawn = (random.random() * n as f64) as usize;
    drawn.min(n - 1)
}

/// The operands by name, with the kinds of their axes.
pub const OPERANDS: [(&str, &[usize]); 9] = [
    ("c", &[]),
    ("d", &[]),
    ("u", &[0]),
    ("v", &[0]),
    ("a", &[1]),
    ("b", &[1]),
    ("m", &[0, 1]),
    ("w", &[1, 0]),
    ("q", &[1, 1]),
];

pub struct Generator {
    random: PythonRandom,
    lengths: [usize; 2],
    /// The arrays so far: name and the kinds of the axes.
    arrays: Vec<(String, Vec<usize>)>,
    /// The indices in scope: name, kind, and whether it takes all values of its kind.
    scope: Vec<(String, usize)>,
    /// The block around, if any.
    block: Option<Block>,
    names: usize,
    /// Whether whole numbers stay whole: every order of additions is exact then.
    is_whole: bool,
    text: String,
}

/// A block that is being written.
struct Block {
    /// Its index.
    index: String,
    /// Its equations: name, and the kinds of their own axes.
    equations: Vec<(String, Vec<usize>)>,
    /// How many of them are above the one that is being written.
    above: usize,
    /// How many steps before the first the equations have a value.
    starts: usize,
    descends: bool,
}

/// A program as text.
pub fn program(seed: u64, shapes: &Shapes) -> String {
    let mut generator = Generator::new(seed, shapes);
    generator.lets();
    generator.results()
}

/// A program as text, of whole numbers where the operands are.
pub fn whole_program(seed: u64, shapes: &Shapes) -> String {
    let mut generator = Generator { is_whole: true, ..Generator::new(seed, shapes) };
    generator.lets();
    generator.results()
}

/// A program with a block in it.
pub fn recurrence(seed: u64, shapes: &Shapes) -> String {
    let mut generator = Generator::new(seed, shapes);
    if generator.below(3) == 0 {
        generator.lets();
    }
    for _ in 0..=generator.below(5) / 4 {
        generator.block();
    }
    generator.results()
}

impl Generator {
    fn new(seed: u64, shapes: &Shapes) -> Self {
        let operands = OPERANDS.iter();
        Self {
            random: PythonRandom::new(seed),
            lengths: shapes.lengths,
            arrays: operands.map(|(name, axes)| ((*name).to_owned(), axes.to_vec())).collect(),
            scope: Vec::new(),
            block: None,
            names: 0,
            is_whole: false,
            text: String::new(),
        }
    }

    fn lets(&mut self) {
        let generator = self;
        for _ in 0..generator.below(4) {
            let (value, axes) = generator.definition();
            // Sometimes a name is used again.
            let name = if generator.below(4) == 0 { "l0".to_owned() } else { generator.name("l") };
            let _ = write!(generator.text, "let {name} = {value}; ");
            generator.arrays.retain(|(kept, _)| *kept != name);
            generator.arrays.push((name, axes));
        }
    }

    fn results(mut self) -> String {
        let results: Vec<String> = (0..=self.below(2)).map(|_| self.definition().0).collect();
        let result =
            if results.len() > 1 { format!("({})", results.join(", ")) } else { results.concat() };
        self.text + &result
    }

    /// A block of equations that use what they were.
    fn block(&mut self) {
        // Nothing gathers along an axis of the first kind, on which starts may lie.
        let starts = self.below(3);
        let kind = if starts > 0 { 0 } else { self.below(2) };
        let index = self.name("t");
        let range = match self.below(3) {
            0 => format!(" in 0..{}", self.lengths[kind]),
            _ => String::new(),
        };
        let count = 1 + self.below(3);
        let equations: Vec<(String, Vec<usize>)> = (0..count)
            .map(|_| {
                let rank = self.below(3);
                (self.name("r"), (0..rank).map(|_| self.below(2)).collect())
            })
            .collect();
        let descends = self.below(3) == 0;
        let mut text = format!("for {index}{range} {{ ");
        for (name, kinds) in &equations {
            for back in 1..=starts {
                let kinds = if self.below(3) == 0 { vec![] } else { kinds.clone() };
                let value = self.of_kinds(&kinds, 1, |text| text);
                let at = match (descends, back) {
                    (true, 1) => format!("len({index})"),
                    (true, _) => format!("len({index}) + {}", back - 1),
                    (false, _) => format!("-{back}"),
                };
                let _ = write!(text, "let {name}[{at}] = {value}; ");
            }
        }
        self.scope.push((index.clone(), kind));
        self.block = Some(Block {
            index: index.clone(),
            equations: equations.clone(),
            above: 0,
            starts,
            descends,
        });
        for (name, kinds) in &equations {
            // What is fed back stays small.
            let of_index = format!("{}[{index}]", ["u", "a"][kind]);
            let value = self.of_kinds(kinds, 3, |body| format!("tanh({body} + {of_index})"));
            let _ = write!(text, "let {name} = {value}; ");
            if let Some(block) = &mut self.block {
                block.above += 1;
            }
        }
        self.block = None;
        self.scope.pop();
        self.text += &text;
        self.text += "} ";
        for (name, mut kinds) in equations {
            kinds.insert(0, kind);
            self.arrays.push((name, kinds));
        }
    }

    /// A scalar, or an array with axes of these kinds.
    fn of_kinds(
        &mut self,
        kinds: &[usize],
        depth: usize,
        wrap: impl Fn(String) -> String,
    ) -> String {
        if kinds.is_empty() {
            return wrap(self.expression(depth));
        }
        let outer = self.scope.len();
        for &kind in kinds {
            let name = self.name("i");
            self.scope.push((name, kind));
        }
        let names: Vec<String> = self.scope[outer..].iter().map(|(name, _)| name.clone()).collect();
        let body = self.expression(depth);
        let used = self.mention(outer);
        self.scope.truncate(outer);
        format!("[{} for {}]", wrap(format!("({body}{used})")), names.join(", "))
    }

    /// An element of the block around: of this step, or of one before.
    fn element_of_block(&mut self) -> Option<String> {
        let Block { index, equations, above, starts, descends } = self.block.as_ref()?;
        let (index, above, starts, descends) = (index.clone(), *above, *starts, *descends);
        let equations = equations.clone();
        let drawn = self.below(equations.len());
        let (name, kinds) = equations[drawn].clone();
        let own: Vec<String> = kinds.into_iter().map(|kind| self.subscript(kind, false)).collect();
        if drawn < above && self.below(2) == 0 {
            return Some(if own.is_empty() { name } else { format!("{name}[{}]", own.join(", ")) });
        }
        let steps = 1 + self.below(2);
        let sign = if descends { "+" } else { "-" };
        let all = [&[format!("{index} {sign} {steps}")][..], &own].concat();
        let element = format!("{name}[{}]", all.join(", "));
        if steps <= starts {
            return Some(element);
        }
        let condition = if descends {
            format!("{index} + {steps} < len({index})")
        } else {
            format!("{index} >= {steps}")
        };
        Some(format!("(if {condition} {{ {element} }} else {{ {:.2} }})", self.random.random()))
    }

    fn below(&mut self, n: usize) -> usize {
        below(&mut self.random, n)
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// A scalar or an array, with the kinds of its axes.
    fn definition(&mut self) -> (String, Vec<usize>) {
        let rank = self.below(3);
        if rank == 0 {
            return (self.expression(3), vec![]);
        }
        let outer = self.scope.len();
        let mut binders = Vec::new();
        for _ in 0..rank {
            binders.push(self.binder(true, false));
        }
        let kinds: Vec<usize> = self.scope[outer..].iter().map(|(_, kind)| *kind).collect();
        let body = self.expression(3);
        let used = self.mention(outer);
        self.scope.truncate(outer);
        (format!("[{body}{used} for {}]", binders.join(", ")), kinds)
    }

    /// A `for` name, bound from here on; perhaps with a range, which may be empty where that has a value. That of an
    /// axis takes all values of its kind.
    fn binder(&mut self, is_axis: bool, may_be_empty: bool) -> String {
        let kind = self.below(2);
        let name = self.name("i");
        let outer = self.of_kind(kind);
        let first = self.of_kind(0);
        let range = match self.below(6) {
            3 if may_be_empty && !outer.is_empty() => {
                format!(" in {} + 1..{}", outer[self.below(outer.len())], self.lengths[kind])
            }
            0 => format!(" in 0..{}", self.lengths[kind]),
            2 if !outer.is_empty() && self.below(2) == 0 => {
                let outer = &outer[self.below(outer.len())];
                format!(" in {outer} - 1..={outer}")
            }
            1 if !outer.is_empty() => format!(" in 0..={}", outer[self.below(outer.len())]),
            4 if !is_axis && !first.is_empty() && self.below(2) == 0 => {
                let (index, most) = (&first[self.below(first.len())], self.lengths[kind] - 1);
                match self.below(4) {
                    0 if may_be_empty => format!(" in near[{index}]..ids[{index}]"),
                    1 => format!(" in max({index} - 1, 0)..=min({index} + 1, {most})"),
                    2 => format!(" in {index} / 2..={index}"),
                    _ => format!(" in near[{index}] / 2..=near[{index}]"),
                }
            }
            _ => String::new(),
        };
        self.scope.push((name.clone(), kind));
        name + &range
    }

    /// Terms that subscript with each index from `outer` on, so that it has a range.
    fn mention(&mut self, outer: usize) -> String {
        let bound: Vec<(String, usize)> = self.scope[outer..].to_vec();
        let mut text = String::new();
        for (name, kind) in bound {
            let array = [["u", "v"], ["a", "b"]][kind][self.below(2)];
            let _ = write!(text, " {} {array}[{name}]", ["+", "*", "-"][self.below(3)]);
        }
        text
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(6) == 0 {
            return self.leaf();
        }
        let below = depth - 1;
        if self.is_whole {
            return self.whole_expression(below);
        }
        match self.below(14) {
            0..=2 => {
                let operator = ["+", "-", "*"][self.below(3)];
                let (left, right) = (self.expression(below), self.expression(below));
                format!("({left} {operator} {right})")
            }
            3 => {
                let (left, right) = (self.expression(below), self.expression(below));
                format!("({left} / (1.5 + ({right})^2))")
            }
            4 => format!("-{}", self.bracketed(below)),
            5 => {
                let exponent = ["0.5", "-0.5", "-1", "1.7", "c"][self.below(5)];
                format!("(1.25 + tanh({}))^{exponent}", self.expression(below))
            }
            6 => {
                let op = ["tanh", "sin", "sigmoid", "softplus", "atan", "gelu", "relu"];
                let op = op[self.below(op.len())];
                format!("{op}({})", self.expression(below))
            }
            7 => {
                let op = ["max", "min", "atan2", "hypot"][self.below(4)];
                let (left, right) = (self.expression(below), self.expression(below));
                format!("{op}({left}, {right})")
            }
            8 => format!("exp(sin({}))", self.expression(below)),
            9 => format!("stop({})", self.expression(below)),
            10 => self.choice(below),
            _ => self.reduction(below),
        }
    }

    fn whole_expression(&mut self, depth: usize) -> String {
        match self.below(10) {
            0..=3 => {
                let operator = ["+", "-", "*"][self.below(3)];
                let (left, right) = (self.expression(depth), self.expression(depth));
                format!("({left} {operator} {right})")
            }
            4 => format!("relu({})", self.expression(depth)),
            5 => {
                let op = ["max", "min"][self.below(2)];
                let (left, right) = (self.expression(depth), self.expression(depth));
                format!("{op}({left}, {right})")
            }
            6 => self.choice(depth),
            _ => self.reduction(depth),
        }
    }

    fn choice(&mut self, depth: usize) -> String {
        let mut condition = self.comparison();
        match self.below(8) {
            0 => condition = format!("{condition} && {}", self.comparison()),
            1 => condition = format!("{condition} || !({})", self.comparison()),
            2 => condition = self.before_and_guarded().unwrap_or(condition),
            _ => {}
        }
        let (then, otherwise) = (self.expression(depth), self.expression(depth));
        format!("(if {condition} {{ {then} }} else {{ {otherwise} }})")
    }

    /// A comparison with an element before the first, behind what keeps it from being asked for.
    fn before_and_guarded(&mut self) -> Option<String> {
        let drawn = self.below(self.scope.len().max(1));
        let (index, kind) = self.scope.get(drawn)?.clone();
        let array = [["u", "v"], ["a", "b"]][kind][self.below(2)];
        let (steps, right) = (1 + self.below(2), self.element());
        let before = format!("{array}[{index} - {steps}] < {right}");
        Some(match self.below(2) {
            0 => format!("{index} >= {steps} && {before}"),
            _ => format!("{index} < {steps} || !({before})"),
        })
    }

    fn comparison(&mut self) -> String {
        match (self.of_kind(0).as_slice(), self.below(4)) {
            ([.., index], 0) => return format!("mask[{index}]"),
            ([first, .., index], 1) => return format!("({first} + {index}) % 2 == near[{index}]"),
            _ => {}
        }
        let (left, mut right) = (self.leaf(), self.leaf());
        // What is compared with an index is an id, and the operands are none.
        let is_index = |leaf: &String| {
            leaf.starts_with("len(") || self.scope.iter().any(|(name, _)| name == leaf)
        };
        if is_index(&left) != is_index(&right) {
            right = self.below(3).to_string();
        }
        let sign = ["<", "<=", ">", ">=", "==", "!="][self.below(6)];
        format!("{left} {sign} {right}")
    }

    /// The indices of a kind.
    fn of_kind(&self, kind: usize) -> Vec<String> {
        let of = self.scope.iter().filter(|(_, of_index)| *of_index == kind);
        of.map(|(name, _)| name.clone()).collect()
    }

    fn bracketed(&mut self, depth: usize) -> String {
        format!("({})", self.expression(depth))
    }

    fn reduction(&mut self, depth: usize) -> String {
        if self.below(6) == 0 {
            let vectors = [["u", "v"], ["a", "b"]][self.below(2)];
            return match self.below(2) {
                0 => format!("dot({}, {})", vectors[0], vectors[1]),
                _ => format!("{}·{}", vectors[1], vectors[0]),
            };
        }
        let (name, open, close) = match (self.below(9), self.is_whole) {
            (0..=2, _) | (3 | 8, true) => ("sum", "", ""),
            (3, false) => ("mean", "", ""),
            (4, _) | (7, true) => ("max", "", ""),
            (5, _) => ("min", "", ""),
            (6, true) => ("prod", "", ""),
            (6, false) => ("prod", "tanh(", ")"),
            (8, false) => ("norm", "1.25 + tanh(", ")"),
            _ => ("logsumexp", "", ""),
        };
        let outer = self.scope.len();
        let count = 1 + usize::from(self.below(4) == 0);
        let may_be_empty = ["sum", "prod", "norm"].contains(&name);
        let binders: Vec<String> = (0..count).map(|_| self.binder(false, may_be_empty)).collect();
        let body = self.expression(depth);
        let used = self.mention(outer);
        let mut filter = String::new();
        if may_be_empty && self.below(4) == 0 {
            let condition = self.comparison();
            let _ = write!(filter, " where {condition}");
        }
        self.scope.truncate(outer);
        format!("{name}({open}{body}{used}{close} for {}{filter})", binders.join(", "))
    }

    fn leaf(&mut self) -> String {
        if self.block.is_some()
            && self.below(2) == 0
            && let Some(element) = self.element_of_block()
        {
            return element;
        }
        match self.below(10) {
            0 if self.is_whole => self.below(3).to_string(),
            0 => format!("{:.2}", self.random.random() * 2.0),
            1 if !self.scope.is_empty() => self.index(),
            2 if !self.scope.is_empty() => {
                format!("len({})", self.index())
            }
            _ => self.element(),
        }
    }

    fn index(&mut self) -> String {
        let drawn = self.below(self.scope.len());
        self.scope[drawn].0.clone()
    }

    fn element(&mut self) -> String {
        let drawn = self.below(self.arrays.len());
        let (name, axes) = self.arrays[drawn].clone();
        // Of others the axes may be ragged.
        let is_operand = OPERANDS.iter().any(|(operand, _)| *operand == name);
        let subscripts: Vec<String> =
            axes.into_iter().map(|kind| self.subscript(kind, is_operand)).collect();
        if subscripts.is_empty() { name } else { format!("{name}[{}]", subscripts.join(", ")) }
    }

    fn subscript(&mut self, kind: usize, may_clip: bool) -> String {
        let (same, first) = (self.of_kind(kind), self.of_kind(0));
        if !first.is_empty() && self.below(3) == 0 {
            let index = first[self.below(first.len())].clone();
            let operand = first[self.below(first.len())].clone();
            let most = self.lengths[kind] - 1;
            return match (kind, self.below(8)) {
                // One more is still on the longer axis; a gather, too, has its place there.
                (1, 0) => format!("{index} + 1"),
                (1, 1..4) => format!("ids[{index}]"),
                (1, 4) => format!("near[{index}] + 1"),
                (1, 5) => format!("(ids[{index}] + {operand}) / 2"),
                (1, 6) => format!("max(ids[{index}] - {operand}, 0)"),
                (0, 0) => format!("near[near[{index}]]"),
                (0, 1) => format!("(2 * near[{index}] + {operand}) % {}", self.lengths[kind]),
                (0, 2) => format!("near[max({index} - 1, 0)]"),
                (0, 3) => format!("ids[{index}] / 2"),
                (_, 4) => format!("min({index} + 2 * {operand}, {most})"),
                (_, 5) => format!("{index} * {operand} % {}", self.lengths[kind]),
                (_, 6) if may_clip => format!("clip({index} - near[{operand}] / 2)"),
                _ => format!("max(min(near[{index}], {operand} - 1), 0)"),
            };
        }
        if same.is_empty() || self.below(8) == 0 {
            return self.below(self.lengths[kind]).to_string();
        }
        match self.below(10) {
            0 => format!("{} - {}", self.lengths[kind] - 1, same[self.below(same.len())]),
            _ => same[self.below(same.len())].clone(),
        }
    }
}
