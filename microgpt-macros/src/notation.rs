//! Equations and accumulations in the notation of the language, to be read.

use crate::ast::{Comparison, Operator};
use crate::differentiate::Gradient;
use crate::graph::{Array, Fold, Graph, IndexId, IndexRange, Node, NodeId, Subscript};
use crate::term::{Affine, Atom, Checked, Function};

/// One line for each equation and accumulation, in the order in which they run.
pub fn write(checked: &Checked, gradient: &Gradient) -> String {
    let notation = Notation { checked, graph: &gradient.graph };
    let mut lines = Vec::new();
    for (id, equation) in gradient.graph.equations.iter().enumerate() {
        let body = notation.node(equation.body);
        let body = match &equation.fold {
            None => body,
            Some((fold, over)) => {
                format!("{}({body} for {})", fold_name(*fold), notation.indices(over))
            }
        };
        let axes = notation.indices(&equation.axes);
        let value = if axes.is_empty() { body } else { format!("[{body} for {axes}]") };
        lines.push(format!("{} = {value}", notation.array(Array::Equation(id))));
    }
    for one in &gradient.accumulations {
        let target = notation.element(one.target, &one.subscripts);
        let nest = notation.indices(&one.nest);
        let over = if nest.is_empty() { String::new() } else { format!(" for {nest}") };
        lines.push(format!("∂{target} += {}{over}", notation.node(one.adjoint)));
    }
    lines.join("\n")
}

fn fold_name(fold: Fold) -> &'static str {
    match fold {
        Fold::Sum => "sum",
        Fold::Max => "max",
        Fold::Min => "min",
        Fold::Prod => "prod",
        Fold::Others => "prod of others",
        Fold::ArgMax => "argmax",
        Fold::ArgMin => "argmin",
    }
}

struct Notation<'a> {
    checked: &'a Checked,
    graph: &'a Graph,
}

impl Notation<'_> {
    fn indices(&self, indices: &[IndexId]) -> String {
        let named = indices.iter().map(|&index| {
            let name = &self.graph.indices[index].name;
            match &self.graph.indices[index].range {
                IndexRange::Whole(_) => name.clone(),
                IndexRange::Stated { low, high } => {
                    format!("{name} in {}..{}", self.affine(low), self.affine(high))
                }
            }
        });
        named.collect::<Vec<_>>().join(", ")
    }

    fn array(&self, array: Array) -> String {
        match array {
            Array::Operand(operand) => self.checked.operands[operand].name.clone(),
            Array::Equation(id) => {
                let equations = &self.graph.equations;
                let name = &equations[id].name;
                // Of several with one name the later have a number.
                match equations[..id].iter().filter(|other| other.name == *name).count() {
                    0 => name.clone(),
                    before => format!("{name}_{}", before + 1),
                }
            }
            Array::Adjoint(id) => format!("∂{}", self.array(Array::Equation(id))),
            Array::Definition(id) => self.checked.definitions[id].name.clone(),
        }
    }

    fn element(&self, array: Array, subscripts: &[Subscript]) -> String {
        let name = self.array(array);
        if subscripts.is_empty() {
            return name;
        }
        let subscripts: Vec<_> = subscripts
            .iter()
            .map(|subscript| match subscript {
                Subscript::Affine(affine) => self.affine(affine),
                Subscript::Gather { integers, at } => {
                    let at: Vec<_> = at.iter().map(|affine| self.affine(affine)).collect();
                    format!("{}[{}]", self.checked.integers[*integers].name, at.join(", "))
                }
            })
            .collect();
        format!("{name}[{}]", subscripts.join(", "))
    }

    fn affine(&self, affine: &Affine<IndexId>) -> String {
        let terms = affine.terms.iter().map(|(atom, &factor)| {
            let atom = match *atom {
                Atom::Index(index) => self.graph.indices[index].name.clone(),
                Atom::Len(index) => format!("len({})", self.graph.indices[index].name),
                Atom::Integer(operand) => self.checked.integers[operand].name.clone(),
            };
            match factor {
                1 => atom,
                -1 => format!("-{atom}"),
                _ => format!("{factor}*{atom}"),
            }
        });
        let constant =
            (affine.constant != 0 || affine.terms.is_empty()).then(|| affine.constant.to_string());
        terms.chain(constant).collect::<Vec<_>>().join("+").replace("+-", "-")
    }

    fn node(&self, node: NodeId) -> String {
        match &self.graph.nodes[node] {
            Node::Number(bits) => f64::from_bits(*bits).to_string(),
            Node::Integer(affine) | Node::Count { count: affine, .. } => self.affine(affine),
            Node::Load { array, subscripts } => self.element(*array, subscripts),
            Node::Call { function, arguments } => {
                format!("{}({})", self.function(*function), self.list(arguments))
            }
            Node::Local { function, arguments, argument, .. } => format!(
                "{}\'{}({})",
                self.function(*function),
                if arguments.len() > 1 { argument.to_string() } else { String::new() },
                self.list(arguments)
            ),
            Node::Negate(operand) => format!("(-{})", self.node(*operand)),
            Node::Binary { operator, left, right } => {
                let sign = match operator {
                    Operator::Add => "+",
                    Operator::Sub => "-",
                    Operator::Mul => "*",
                    Operator::Div => "/",
                    Operator::Pow => "^",
                };
                format!("({} {sign} {})", self.node(*left), self.node(*right))
            }
            Node::Reduce { fold, indices, body } => {
                format!("{}({} for {})", fold_name(*fold), self.node(*body), self.indices(indices))
            }
            Node::Stop(operand) => format!("stop({})", self.node(*operand)),
            Node::Select { condition, then, otherwise } => format!(
                "if {} {{ {} }} else {{ {} }}",
                self.node(*condition),
                self.node(*then),
                self.node(*otherwise)
            ),
            Node::LoadIf { condition, array, subscripts } => {
                let element = self.element(*array, subscripts);
                format!("if {} {{ {element} }} else {{ 0 }}", self.node(*condition))
            }
            Node::Compare { comparison, left, right } => {
                let sign = Comparison::ALL.iter().find(|(_, one)| one == comparison);
                let sign = sign.map_or("", |(sign, _)| sign);
                format!("{} {sign} {}", self.node(*left), self.node(*right))
            }
            Node::And(one, other) => format!("({} && {})", self.node(*one), self.node(*other)),
            Node::Or(one, other) => format!("({} || {})", self.node(*one), self.node(*other)),
            Node::Not(operand) => format!("!({})", self.node(*operand)),
            Node::WhereAt { index, position, value } => format!(
                "({} where {} is {})",
                self.node(*value),
                self.graph.indices[*index].name,
                self.node(*position)
            ),
        }
    }

    fn list(&self, nodes: &[NodeId]) -> String {
        nodes.iter().map(|&node| self.node(node)).collect::<Vec<_>>().join(", ")
    }

    fn function(&self, function: usize) -> String {
        match &self.graph.functions[function] {
            Function::Builtin(name) => name.clone(),
            Function::User(path) => path.to_string().replace(' ', ""),
        }
    }
}
