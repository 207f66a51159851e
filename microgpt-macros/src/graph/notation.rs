//! Equations and accumulations in the notation of the language, to be read.

use std::collections::BTreeMap;

use crate::graph::differentiate::Gradient;
use crate::graph::equations::{Equation, Recurrence, Start};
use crate::graph::{
    Array, EquationId, FunctionId, Graph, IndexId, IndexRange, Node, NodeId, Subscript, Through,
};
use crate::resolve::hir::{Atom, Checked, Function, Integer};
use crate::syntax::ast::{Comparison, Operator};

/// Writes the parts of one program.
pub struct Notation<'a> {
    checked: &'a Checked,
    gradient: &'a Gradient,
    graph: &'a Graph,
    /// The nodes that are shown by a name, and not by what computes them.
    named: Option<&'a BTreeMap<NodeId, String>>,
    /// What is known of conditions where a node is shown, the innermost first.
    decided: Option<&'a Decided<'a>>,
}

/// A condition that holds, or does not, in the branch that is shown.
struct Decided<'a> {
    condition: NodeId,
    holds: bool,
    outer: Option<&'a Decided<'a>>,
}

/// How tightly an expression binds: in a tighter place it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Choice,
    Sum,
    Product,
    Unary,
    Whole,
}

impl<'a> Notation<'a> {
    pub fn new(checked: &'a Checked, gradient: &'a Gradient) -> Self {
        Self { checked, gradient, graph: &gradient.equations.graph, named: None, decided: None }
    }

    /// One line for each equation, in the order in which they run.
    pub fn equations(&self) -> Vec<String> {
        let equations = self.gradient.equations.enumerate();
        equations
            .map(|(id, equation)| {
                let body = self.node(equation.body);
                let body = match &equation.fold {
                    None => body,
                    Some((fold, over)) => {
                        format!("{}({body} for {})", fold.rule().name, self.indices(over))
                    }
                };
                let axes = self.indices(&equation.axes);
                let value = if axes.is_empty() { body } else { format!("[{body} for {axes}]") };
                format!("{} = {value}", self.array(Array::Equation(id)))
            })
            .collect()
    }

    /// One line for each kernel: equations, what arrays begin with, contributions to gradients.
    pub fn kernels(&self) -> Vec<String> {
        let starts = self.gradient.equations.enumerate().flat_map(|(id, equation)| {
            equation.starts.iter().map(move |start| self.start(id, start))
        });
        self.equations().into_iter().chain(starts).chain(self.gradients()).collect()
    }

    /// The equations that are computed one step after the other.
    pub fn steps(&self) -> Vec<String> {
        let lines = self.gradient.equations.recurrences.iter().map(|recurrence| {
            let Recurrence { steps, equations } = recurrence;
            let names = |ids: &[EquationId]| -> Vec<String> {
                ids.iter().map(|&id| self.array(Array::Equation(id))).collect()
            };
            let order = if steps.descend {
                "from the last to the first"
            } else {
                "from the first to the last"
            };
            let names = names(equations);
            let why =
                if names.len() == 1 { "it needs what it was" } else { "they need what they were" };
            format!("for {}, {order}: {}, as {why}", self.indices(&steps.indices), names.join(", "))
        });
        lines.collect()
    }

    /// What an array of a recurrence begins with: `h[-1, i] = h0[i] for i`.
    pub fn start(&self, id: EquationId, start: &Start) -> String {
        let element = self.element(Array::Equation(id), &start.subscripts);
        let axes = self.indices(&start.axes);
        let over = if axes.is_empty() { String::new() } else { format!(" for {axes}") };
        format!("{element} = {}{over}", self.node(start.body))
    }

    /// One line for each contribution to a gradient, in the order in which they run.
    pub fn gradients(&self) -> Vec<String> {
        let accumulations = self.gradient.accumulations.iter();
        accumulations
            .map(|accumulation| {
                let target = self.element(accumulation.target, &accumulation.subscripts);
                let adjoint = match accumulation.condition {
                    Some(condition) => self.node_where(condition, true, accumulation.adjoint),
                    None => self.node(accumulation.adjoint),
                };
                let nest = self.indices(&accumulation.nest);
                let over = if nest.is_empty() { String::new() } else { format!(" for {nest}") };
                let condition =
                    accumulation.condition.map(|condition| format!(" if {}", self.node(condition)));
                format!("∂{target} += {adjoint}{over}{}", condition.unwrap_or_default())
            })
            .collect()
    }

    pub fn indices(&self, indices: &[IndexId]) -> String {
        let named = indices.iter().map(|&index| {
            let name = &self.graph.indices[index].name;
            match &self.graph.indices[index].range {
                IndexRange::Whole(_) => name.clone(),
                IndexRange::Stated { low, high } => {
                    format!("{name} in {}..{}", self.integer(low), self.integer(high))
                }
            }
        });
        named.collect::<Vec<_>>().join(", ")
    }

    /// The name of an index.
    pub fn index(&self, index: IndexId) -> &str {
        &self.graph.indices[index].name
    }

    pub fn array(&self, array: Array) -> String {
        match array {
            Array::Operand(operand) => self.checked.operands[operand].name.clone(),
            Array::Equation(id) | Array::Present(id) => {
                let equations = &self.gradient.equations;
                let name = &equations[id].name;
                // Of several with one name the later have a number.
                match equations
                    .ids()
                    .filter(|&earlier| earlier < id && equations[earlier].name == *name)
                    .count()
                {
                    0 => name.clone(),
                    before => format!("{name}_{}", before + 1),
                }
            }
            Array::Adjoint(id) | Array::PresentAdjoint(id) => {
                format!("∂{}", self.array(Array::Equation(id)))
            }
            Array::Gradient(operand) => format!("∂{}", self.array(Array::Operand(operand))),
        }
    }

    /// Subscripts as they were written, of an array on whose axis starts lie before what is computed.
    fn unshifted(&self, array: Array, subscripts: &[Subscript]) -> Vec<Subscript> {
        let mut subscripts = subscripts.to_vec();
        if let Array::Present(id) | Array::PresentAdjoint(id) = array {
            let own = &self.gradient.equations[id].subscripts;
            subscripts.splice(0..0, own[..own.len() - subscripts.len()].iter().cloned());
        }
        if let Array::Equation(id)
        | Array::Adjoint(id)
        | Array::Present(id)
        | Array::PresentAdjoint(id) = array
        {
            let Equation { axes, subscripts: own, .. } = &self.gradient.equations[id];
            if let (Some(first), Some(own), Some(&index)) =
                (subscripts.first_mut(), own.first(), axes.first())
            {
                *first = first.clone().plus(-1, own).plus(1, &Integer::index(index));
            }
        }
        subscripts
    }

    pub fn element(&self, array: Array, subscripts: &[Subscript]) -> String {
        let name = self.array(array);
        let subscripts = &self.unshifted(array, subscripts);
        if subscripts.is_empty() {
            return name;
        }
        format!("{name}[{}]", self.list_of_integers(subscripts))
    }

    pub fn integer(&self, integer: &Integer<IndexId>) -> String {
        let terms = integer.terms.iter().map(|(atom, &factor)| {
            let text = self.atom(atom);
            let is_sign = matches!(atom, Atom::Of(operation, _) if operation.sign().is_ok());
            match factor {
                1 => text,
                -1 => format!("-{text}"),
                _ if is_sign => format!("{factor}*({text})"),
                _ => format!("{factor}*{text}"),
            }
        });
        let constant = (integer.constant != 0 || integer.terms.is_empty())
            .then(|| integer.constant.to_string());
        terms.chain(constant).collect::<Vec<_>>().join("+").replace("+-", "-")
    }

    fn atom(&self, atom: &Atom<IndexId>) -> String {
        match atom {
            Atom::Index(index) => self.graph.indices[*index].name.clone(),
            Atom::Len(index) => format!("len({})", self.graph.indices[*index].name),
            Atom::Integer(operand) => self.checked.integers[*operand].name.clone(),
            Atom::Id { integers, at } => {
                format!("{}[{}]", self.checked.integers[*integers].name, self.list_of_integers(at))
            }
            Atom::Of(operation, both) => match operation.sign() {
                Ok(sign) => {
                    let [left, right] = both.each_ref().map(|part| {
                        let (text, binding) = self.loose_integer(part);
                        if binding < Binding::Whole { format!("({text})") } else { text }
                    });
                    format!("{left}{sign}{right}")
                }
                Err(name) => format!("{name}({})", self.list_of_integers(&both[..])),
            },
        }
    }

    /// An element of an operand of conditions.
    fn condition(&self, node: NodeId) -> Option<String> {
        let Node::Integer(integer) = &self.graph.nodes[node] else { return None };
        let (Atom::Integer(operand) | Atom::Id { integers: operand, .. }) = integer.as_atom()?
        else {
            return None;
        };
        self.checked.conditions.contains(operand).then(|| self.integer(integer))
    }

    fn list_of_integers(&self, integers: &[Integer<IndexId>]) -> String {
        integers.iter().map(|integer| self.integer(integer)).collect::<Vec<_>>().join(", ")
    }

    /// How many values an index takes.
    pub fn count(&self, index: IndexId) -> Integer<IndexId> {
        self.graph.count(index).unwrap_or(Integer::atom(Atom::Len(index)))
    }

    fn loose_integer(&self, integer: &Integer<IndexId>) -> (String, Binding) {
        let text = self.integer(integer);
        let is_whole = match integer.as_atom() {
            Some(Atom::Of(operation, _)) => operation.sign().is_err(),
            Some(_) => true,
            None => integer.as_constant().is_some_and(|constant| constant >= 0),
        };
        (text, if is_whole { Binding::Whole } else { Binding::Sum })
    }

    pub fn node(&self, node: NodeId) -> String {
        self.bound(node, Binding::Choice)
    }

    /// A node, in which some others are shown by their names.
    pub fn node_with(&self, node: NodeId, named: &BTreeMap<NodeId, String>) -> String {
        Notation { named: Some(named), ..*self }.node(node)
    }

    /// A node in the branch of an `if` that is taken where the condition holds, or where it does not.
    fn node_where(&self, condition: NodeId, holds: bool, node: NodeId) -> String {
        let decided = Decided { condition, holds, outer: self.decided };
        Notation { decided: Some(&decided), ..*self }.node(node)
    }

    /// Whether a condition holds, if that is known where a node is shown.
    fn decided(&self, condition: NodeId) -> Option<bool> {
        let nodes = &self.graph.nodes;
        let mut known = std::iter::successors(self.decided, |decided| decided.outer);
        let found = known.find_map(|known| self.within(condition, known.condition, known.holds));
        found.or_else(|| match nodes[condition] {
            Node::Not(operand) => self.decided(operand).map(|holds| !holds),
            Node::And(left, right) => match (self.decided(left), self.decided(right)) {
                (Some(true), right) => right,
                (left, Some(true)) => left,
                (Some(false), _) | (_, Some(false)) => Some(false),
                (None, None) => None,
            },
            _ => None,
        })
    }

    /// Whether a condition holds, if it is a part of another that holds, or does not.
    fn within(&self, condition: NodeId, whole: NodeId, holds: bool) -> Option<bool> {
        match self.graph.nodes[whole] {
            _ if condition == whole => Some(holds),
            Node::Not(operand) => self.within(condition, operand, !holds),
            Node::And(left, right) if holds => {
                [left, right].iter().find_map(|&part| self.within(condition, part, true))
            }
            Node::Or(left, right) if !holds => {
                [left, right].iter().find_map(|&part| self.within(condition, part, false))
            }
            _ => None,
        }
    }

    /// A node where it must bind at least so tightly.
    fn bound(&self, node: NodeId, at_least: Binding) -> String {
        let (text, binding) = self.loose(node);
        if binding < at_least { format!("({text})") } else { text }
    }

    fn loose(&self, node: NodeId) -> (String, Binding) {
        let whole = |text| (text, Binding::Whole);
        if let Some(name) = self.named.and_then(|named| named.get(&node)) {
            return whole(name.clone());
        }
        match &self.graph.nodes[node] {
            Node::Number(bits) => whole(f64::from_bits(*bits).to_string()),
            Node::Integer(integer) => self.loose_integer(integer),
            Node::Count(index) => self.loose_integer(&self.count(*index)),
            Node::Load { array, subscripts, guard } => {
                let element = self.element(*array, subscripts);
                match guard.filter(|&guard| self.decided(guard) != Some(true)) {
                    None => whole(element),
                    Some(guard) => {
                        let guard = self.node(guard);
                        (format!("if {guard} {{ {element} }} else {{ 0 }}"), Binding::Choice)
                    }
                }
            }
            Node::Call { function, arguments } => {
                whole(format!("{}({})", self.function(*function), self.list(arguments)))
            }
            Node::Local { function, arguments, argument, .. } => whole(format!(
                "{}'{}({})",
                self.function(*function),
                if arguments.len() > 1 { argument.to_string() } else { String::new() },
                self.list(arguments)
            )),
            Node::Negate(operand) => {
                (format!("-{}", self.bound(*operand, Binding::Unary)), Binding::Unary)
            }
            Node::Binary { operator, left, right } => self.binary(*operator, *left, *right),
            Node::Pullback { adjoint, through, factor } => {
                let operator = match through {
                    Through::Times => Operator::Mul,
                    Through::Over => Operator::Div,
                };
                self.binary(operator, *adjoint, *factor)
            }
            Node::Reduce { fold, indices, body } => whole(format!(
                "{}({} for {})",
                fold.rule().name,
                self.node(*body),
                self.indices(indices)
            )),
            Node::Stop(operand) => whole(format!("stop({})", self.node(*operand))),
            Node::Select { condition, then, otherwise } => match self.decided(*condition) {
                Some(holds) => self.loose(if holds { *then } else { *otherwise }),
                None => (
                    format!(
                        "if {} {{ {} }} else {{ {} }}",
                        self.node(*condition),
                        self.node_where(*condition, true, *then),
                        self.node_where(*condition, false, *otherwise)
                    ),
                    Binding::Choice,
                ),
            },
            Node::Compare { comparison, left, right } => {
                if let Some(condition) = self.condition(*left) {
                    return whole(condition);
                }
                let sign = Comparison::ALL.iter().find(|(_, candidate)| candidate == comparison);
                let sign = sign.map_or("", |(sign, _)| sign);
                let side = |side| self.bound(side, Binding::Sum);
                whole(format!("{} {sign} {}", side(*left), side(*right)))
            }
            Node::And(left, right) => {
                let right = self.node_where(*left, true, *right);
                whole(format!("({} && {right})", self.node(*left)))
            }
            Node::Or(left, right) => {
                let right = self.node_where(*left, false, *right);
                whole(format!("({} || {right})", self.node(*left)))
            }
            Node::Not(operand) => whole(match self.graph.nodes[*operand] {
                Node::And(..) | Node::Or(..) => format!("!{}", self.node(*operand)),
                _ => format!("!({})", self.node(*operand)),
            }),
            Node::WhereAt { index, position, value } => whole(format!(
                "({} where {} is {})",
                self.node(*value),
                self.graph.indices[*index].name,
                self.node(*position)
            )),
        }
    }

    fn binary(&self, operator: Operator, left: NodeId, right: NodeId) -> (String, Binding) {
        let (sign, here, after) = match operator {
            Operator::Add => ("+", Binding::Sum, Binding::Sum),
            Operator::Sub => ("-", Binding::Sum, Binding::Product),
            Operator::Mul => ("*", Binding::Product, Binding::Unary),
            Operator::Div => ("/", Binding::Product, Binding::Unary),
            Operator::Pow => ("^", Binding::Unary, Binding::Whole),
        };
        let (left, right) = (self.bound(left, here), self.bound(right, after));
        (format!("{left} {sign} {right}"), here)
    }

    fn list(&self, nodes: &[NodeId]) -> String {
        nodes.iter().map(|&node| self.node(node)).collect::<Vec<_>>().join(", ")
    }

    fn function(&self, function: FunctionId) -> String {
        match &self.graph.functions[function] {
            Function::Builtin(name) => name.clone(),
            Function::User(path) => path.to_string().replace(' ', ""),
        }
    }
}
