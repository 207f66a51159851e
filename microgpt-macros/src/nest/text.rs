//! Kernels as text: what `explain!` prints, and what a kernel looks like after each pass.
//!
//! ```text
//! for t
//!   ∂x[t, i] += row of sums along i
//!     for o, in blocks
//!       let value1 = ∂result[t, o]
//!       let row2 = w[o, i] along i
//!       vectors along i
//!         add value1 * row2[i], fused
//! ```

use std::collections::BTreeMap;

use crate::graph::notation::Notation;
use crate::graph::{Array, Fold, IndexId, NodeId};

use super::ir::{
    Accumulator, Combine, Element, Guard, Kernel, Kind, Let, MicroKernel, Reduce, Row, Stmt, Term,
    Update,
};
use super::temporaries::Temporaries;

/// The lines of a kernel, two spaces deeper inside each loop.
pub fn lines(notation: &Notation<'_>, kernel: &Kernel) -> Vec<String> {
    let mut writer = Writer { notation, lines: Vec::new(), depth: 0 };
    if kernel.clears {
        writer.line(format!("{} = 0", notation.array(kernel.target)));
    }
    if let Some(steps) = &kernel.steps {
        // The gradient goes the other way.
        let is_backward = !matches!(kernel.target, Array::Present(_));
        let order = if steps.descend == is_backward { "" } else { " from the last on" };
        writer.line(format!("step for {}{order}", notation.indices(&steps.indices)));
        writer.depth += 1;
    }
    writer.stmts(&kernel.body, &mut Scope::default());
    writer.lines
}

/// The temporaries that a statement sees.
#[derive(Clone, Default)]
struct Scope {
    temporaries: Temporaries,
    /// How values show each node that has a name.
    shown: BTreeMap<NodeId, String>,
}

struct Writer<'a> {
    notation: &'a Notation<'a>,
    lines: Vec<String>,
    depth: usize,
}

impl Writer<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        self.lines.push("  ".repeat(self.depth) + text.as_ref());
    }

    fn stmts(&mut self, stmts: &[Stmt], scope: &mut Scope) {
        let before = scope.clone();
        for stmt in stmts {
            self.stmt(stmt, scope);
            if !matches!(stmt, Stmt::Let(_)) {
                scope.temporaries.end_nest(&before.temporaries);
                scope.shown.clone_from(&before.shown);
            }
        }
    }

    /// A line, and statements inside of what it begins.
    fn block(&mut self, head: impl AsRef<str>, body: &[Stmt], scope: &mut Scope) {
        self.line(head);
        self.depth += 1;
        self.stmts(body, scope);
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt, scope: &mut Scope) {
        match stmt {
            Stmt::Specialize { when, then, otherwise } => {
                let when = match when {
                    Guard::Interleaved => "arrays lie interleaved".to_owned(),
                    Guard::Long(index) => format!("{} is long", self.index(*index)),
                    Guard::Holds(condition) => self.node(*condition, scope),
                };
                self.block(format!("if {when}"), then, &mut scope.clone());
                if !otherwise.is_empty() {
                    self.block("else", otherwise, &mut scope.clone());
                }
            }
            Stmt::Scope(body) => self.block("scope", body, &mut scope.clone()),
            Stmt::For { index, kind, body } => {
                let index = self.index(*index);
                let head = match kind {
                    Kind::Serial => format!("for {index}"),
                    Kind::Block => format!("for {index}, in blocks"),
                    Kind::Row => format!("vectors along {index}"),
                };
                self.block(head, body, scope);
            }
            Stmt::Combine(combine) => self.combine(combine, scope),
            Stmt::Let(of) => self.temporary(of, scope),
            Stmt::Store { to, value } => {
                let text = self.set(to, *value, scope);
                self.line(text);
            }
            Stmt::StoreIf { condition, to, value } => {
                let (condition, to) = (self.node(*condition, scope), self.element(to));
                let value = self.node(*value, scope);
                self.line(format!("if {condition} {{ {to} += {value} }}"));
            }
            Stmt::StoreRow { to, row } => {
                self.row(row, scope, |writer, scope| writer.set(to, row.value, scope));
            }
            Stmt::Reduce(reduce) => self.reduce(reduce, scope),
            Stmt::Term(Term::One(value)) => {
                let text = self.term(*value, scope);
                self.line(text);
            }
            Stmt::Term(Term::Row(row)) => {
                self.row(row, scope, |writer, scope| writer.term(row.value, scope));
            }
            Stmt::Term(Term::Multiple { each, along, left, right }) => {
                let product = self.product(*left, *right, scope);
                let (each, along) = (self.index(*each), self.index(*along));
                self.line(format!("add {product}, vectors along {along} for each {each}"));
            }
            Stmt::Scan { along, to, value, body } => {
                let (to, along) = (self.element(to), self.index(*along));
                self.block(format!("{to} = product of others along {along}"), body, scope);
                self.depth += 1;
                let value = self.node(*value, scope);
                self.line(format!("take {value}"));
                self.depth -= 1;
            }
            Stmt::Call(call) => self.call(call, scope),
            Stmt::Require { holds, reduction, index, within } => {
                let within = match self.notation.indices(within) {
                    none if none.is_empty() => none,
                    indices => format!(" where {indices} have values"),
                };
                let holds = self.node(*holds, scope);
                self.line(format!(
                    "require {holds}{within}, or `{reduction}` over `{index}` is empty"
                ));
            }
        }
    }

    fn index(&self, index: IndexId) -> String {
        self.notation.indices(&[index])
    }

    fn element(&self, element: &Element) -> String {
        self.notation.element(element.array, &element.subscripts)
    }

    /// A node, in which others have names.
    fn node(&self, node: NodeId, scope: &Scope) -> String {
        self.notation.node_with(node, &scope.shown)
    }

    fn product(&self, left: NodeId, right: NodeId, scope: &Scope) -> String {
        format!("{} * {}", self.node(left, scope), self.node(right, scope))
    }

    fn value(&self, value: Update, scope: &Scope) -> String {
        let fused = if matches!(value, Update::AddFused(_)) { ", fused" } else { "" };
        self.node(value.node(), scope) + fused
    }

    fn set(&self, to: &Element, value: Update, scope: &Scope) -> String {
        let sign = if value.is_set() { "=" } else { "+=" };
        format!("{} {sign} {}", self.element(to), self.value(value, scope))
    }

    /// A term of the reduction around it.
    fn term(&self, value: Update, scope: &Scope) -> String {
        let verb = if value.is_set() { "take" } else { "add" };
        format!("{verb} {}", self.value(value, scope))
    }

    fn combine(&mut self, combine: &Combine, scope: &Scope) {
        let Combine { fold, to, adds, value, condition, in_registers, lanes } = combine;
        let (to, value) = (self.element(to), self.node(*value, scope));
        let sign = if *adds { "+=" } else { "=" };
        let mut text = format!("{to} {sign} {} of {value}", fold.rule().name);
        if let Some(condition) = condition {
            text = format!("{text} if {}", self.node(*condition, scope));
        }
        if let Some(lanes) = lanes {
            text = format!("{text}, in lanes along {}", self.index(*lanes));
        }
        if !in_registers {
            text += ", one by one";
        }
        self.line(text);
    }

    fn temporary(&mut self, of: &Let, scope: &mut Scope) {
        let text = match of {
            Let::Node(node) => self.node(*node, scope),
            Let::Row { node, index } => {
                let index = self.notation.index(*index);
                format!("{} along {index}", self.node(*node, scope))
            }
            Let::Length(index) => {
                let count = self.notation.integer(&self.notation.count(*index));
                return self.line(format!("let row_len = {count}"));
            }
            Let::Products => return self.line("let others = empty products"),
        };
        let Some(node) = scope.temporaries.add(of) else { return };
        let name = scope.temporaries.name(node).unwrap_or_default().to_owned();
        self.line(format!("let {name} = {text}"));
        let shown = match of {
            Let::Row { index, .. } => format!("{name}[{}]", self.notation.index(*index)),
            _ => name,
        };
        scope.shown.insert(node, shown);
    }

    /// What is computed for each element of a row.
    fn row(&mut self, row: &Row, scope: &Scope, last: impl Fn(&Self, &Scope) -> String) {
        let mut scope = scope.clone();
        self.line(format!("vectors along {}", self.index(row.index)));
        self.depth += 1;
        for &node in &row.temporaries {
            self.temporary(&Let::Node(node), &mut scope);
        }
        let text = last(self, &scope);
        self.line(text);
        self.depth -= 1;
    }

    fn reduce(&mut self, reduce: &Reduce, scope: &mut Scope) {
        let fold = reduce.fold.rule().name;
        let name = |index: IndexId| self.notation.index(index);
        let all = if reduce.fold == Fold::Sum { "sums" } else { fold };
        let of_row = matches!(reduce.body.last(), Some(Stmt::Term(Term::Row(_))));
        let what = match reduce.accumulator {
            Accumulator::One if of_row => format!("{fold} in lanes"),
            Accumulator::One => fold.to_owned(),
            Accumulator::Row(row) => format!("row of {all} along {}", name(row)),
            Accumulator::RowOfLanes { row, over } => {
                format!("row of {all} along {}, each in lanes along {}", name(row), name(over))
            }
            Accumulator::Vectors { each, along } => {
                format!("row of {all} along {} for each {}", name(along), name(each))
            }
        };
        let empty = match reduce.over {
            Some((over, true)) if reduce.fold != Fold::Sum => {
                format!(" ({} may be empty)", name(over))
            }
            _ => String::new(),
        };
        let sign = if reduce.adds { "+=" } else { "=" };
        let head = format!("{} {sign} {what}{empty}", self.element(&reduce.to));
        self.block(head, &reduce.body, scope);
    }

    fn call(&mut self, call: &MicroKernel, scope: &Scope) {
        let (to, adds, left, right, how) = match call {
            MicroKernel::Contract { to, adds, m, n, k, left, right, packed, ragged: _ } => {
                let block = self.notation.indices(&[&m[..], n].concat());
                let k = self.notation.indices(k);
                let packed = if *packed { ", the second packed once" } else { "" };
                (to, adds, left, right, format!("blocks of {block} summed along {k}{packed}"))
            }
            MicroKernel::Dots { to, adds, each, along, left, right } => {
                let (each, along) = (self.index(*each), self.index(*along));
                (to, adds, left, right, format!("a sum along {along} for each {each}"))
            }
        };
        let sign = if *adds { "+=" } else { "=" };
        let (to, product) = (self.element(to), self.product(*left, *right, scope));
        self.line(format!("{to} {sign} {product}, {how}"));
    }
}
