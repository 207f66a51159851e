//! Nodes to equations.
//!
//! Every node that is worth an array of its own becomes an equation: a reduction, an op of the
//! table (its result is what its local gradient needs), what does not depend on some index of the
//! loops around it, and what several equations share. What is left inside one equation is plain
//! arithmetic on elements of operands and of earlier equations.

use std::collections::{BTreeSet, HashMap, HashSet};

use proc_macro2::TokenStream;

use crate::graph::lower::Lowered;
use crate::graph::requirements;
use crate::graph::{Array, Equation, Fold, Graph, IndexId, Node, NodeId, Requirement, children};
use crate::resolve::term::Function;
use crate::syntax::ast::Operator;

/// An equation with more arithmetic than this is divided: each of its operands' gradients repeats
/// a part of it. Chosen by the length of expansions (`tests::a_large_equation_is_divided`), not by speed.
const MAX_OPERATIONS: usize = 24;

/// Divides the definitions that the results need into equations.
pub fn divide(graph: &mut Graph, definitions: Vec<Lowered>, results: &[usize]) {
    Split::new(graph, definitions).equations(results);
}

/// An equation to be: the node, and the axes it is computed over.
type Root = (NodeId, Vec<IndexId>);

/// The equations that compute a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    One(NodeId),
    Several,
}

impl Within {
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Several }
    }
}

struct Split<'a> {
    graph: &'a mut Graph,
    definitions: Vec<Lowered>,
    /// The nodes that are equations of their own.
    own: HashSet<NodeId>,
    made: HashMap<Root, usize>,
    rewritten: HashMap<NodeId, NodeId>,
}

impl<'a> Split<'a> {
    fn new(graph: &'a mut Graph, definitions: Vec<Lowered>) -> Self {
        Self {
            graph,
            definitions,
            own: HashSet::new(),
            made: HashMap::new(),
            rewritten: HashMap::new(),
        }
    }

    fn equations(mut self, results: &[usize]) {
        let roots = self.reachable(results);
        for (root, axes) in &roots {
            self.choose(*root, axes);
        }
        self.share(&roots);
        for &result in results {
            let definition = self.definitions[result].clone();
            let id = self.equation(&definition.name, definition.root, definition.axes);
            self.graph.results.push(id);
        }
        self.guard();
        requirements::lift(self.graph);
    }

    /// Notes which equations a branch of an `if` uses, directly or through others.
    fn guard(&mut self) {
        for id in (0..self.graph.equations.len()).rev() {
            let Equation { body, guarded, .. } = self.graph.equations[id];
            let mut stack = vec![(body, guarded)];
            while let Some((node, guarded)) = stack.pop() {
                match &self.graph.nodes[node] {
                    Node::Load { array: Array::Equation(used), .. } => {
                        self.graph.equations[*used].guarded |= guarded;
                    }
                    Node::Select { then, otherwise, .. } => {
                        stack.extend([(*then, true), (*otherwise, true)]);
                    }
                    other => stack.extend(children(other).into_iter().map(|node| (node, guarded))),
                }
            }
        }
    }

    /// The definitions that the results need, as roots.
    fn reachable(&self, results: &[usize]) -> Vec<Root> {
        let mut seen = HashSet::new();
        let mut roots = Vec::new();
        let mut stack: Vec<usize> = results.to_vec();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let definition = &self.definitions[id];
            roots.push((definition.root, definition.axes.clone()));
            for node in self.graph.below([definition.root]) {
                if let Node::Load { array: Array::Definition(id), .. } = self.graph.nodes[node] {
                    stack.push(id);
                }
            }
        }
        roots
    }

    /// The loops of an equation, and the nodes directly under its root.
    fn under(&self, root: NodeId, axes: &[IndexId]) -> (BTreeSet<IndexId>, Vec<NodeId>) {
        let mut nest: BTreeSet<IndexId> = axes.iter().copied().collect();
        let node = &self.graph.nodes[root];
        if let Node::Reduce { indices, .. } = node {
            nest.extend(indices);
        }
        (nest, children(node))
    }

    /// Decides which nodes below a root are equations of their own.
    fn choose(&mut self, root: NodeId, axes: &[IndexId]) {
        let (nest, mut stack) = self.under(root, axes);
        stack.extend(self.graph.requirements(root).iter().map(|one| one.holds));
        let mut visited = HashSet::new();
        while let Some(node) = stack.pop() {
            if !visited.insert(node) || self.graph.is_leaf(node) {
                continue;
            }
            if !self.own.contains(&node) {
                stack.extend(self.graph.requirements(node).iter().map(|one| one.holds));
            }
            let hoisted = self.graph.loops_of(node).len() < nest.len()
                && (self.graph.is_active(node) || self.graph.has_call(node));
            let own = match &self.graph.nodes[node] {
                Node::Reduce { .. } => true,
                Node::Call { .. } => hoisted || self.graph.is_active(node),
                node => node.is_number() && hoisted,
            };
            if !own {
                stack.extend(children(&self.graph.nodes[node]));
            } else if self.own.insert(node) {
                let axes = self.axes(node);
                self.choose(node, &axes);
            }
        }
        let inline = self.inline(root);
        let operations = |node: &&NodeId| !self.graph.is_leaf(**node);
        if inline.iter().filter(operations).count() > MAX_OPERATIONS {
            self.divide(root, axes);
        }
    }

    /// Divides a large equation: from the leaves up, each part that has grown to half of what one
    /// may hold becomes an equation of its own.
    fn divide(&mut self, root: NodeId, axes: &[IndexId]) {
        let (nest, _) = self.under(root, axes);
        let mut operations: HashMap<NodeId, usize> = HashMap::new();
        // Children have lower numbers.
        for node in self.inline(root) {
            if self.graph.is_leaf(node) {
                continue;
            }
            let below = children(&self.graph.nodes[node]).into_iter();
            let here = 1 + below.filter_map(|child| operations.get(&child)).sum::<usize>();
            let part = here >= MAX_OPERATIONS / 2
                && self.graph.nodes[node].is_number()
                && self.graph.loops_of(node).len() == nest.len();
            if part {
                self.own.insert(node);
            } else {
                operations.insert(node, here);
            }
        }
    }

    /// The nodes that are computed inside the equation of a root.
    fn inline(&self, root: NodeId) -> BTreeSet<NodeId> {
        let mut inline = BTreeSet::new();
        let mut stack = children(&self.graph.nodes[root]);
        while let Some(node) = stack.pop() {
            if !self.own.contains(&node) && inline.insert(node) {
                stack.extend(children(&self.graph.nodes[node]));
            }
        }
        inline
    }

    /// Makes equations of what several equations would compute again.
    fn share(&mut self, definitions: &[Root]) {
        let definitions: BTreeSet<NodeId> = definitions.iter().map(|(root, _)| *root).collect();
        let nodes = self.graph.below(definitions.iter().copied());
        let mut within: HashMap<NodeId, Within> = HashMap::new();
        // Parents have higher numbers: all equations that compute a node have been seen.
        for node in nodes.into_iter().rev() {
            let users = within.get(&node).copied();
            let worth = !self.graph.is_leaf(node)
                && self.graph.nodes[node].is_number()
                && (self.graph.is_active(node) || self.graph.has_call(node));
            if users == Some(Within::Several) && worth {
                self.own.insert(node);
            }
            let itself = (self.own.contains(&node) || definitions.contains(&node))
                .then_some(Within::One(node));
            let users = users.filter(|_| !self.own.contains(&node));
            for child in children(&self.graph.nodes[node]) {
                for user in itself.into_iter().chain(users) {
                    within
                        .entry(child)
                        .and_modify(|before| *before = before.and(user))
                        .or_insert(user);
                }
            }
        }
    }

    /// The axes of a node that is an equation of its own, the outermost loop first.
    fn axes(&self, node: NodeId) -> Vec<IndexId> {
        let mut axes: Vec<IndexId> = self.graph.loops_of(node).into_iter().collect();
        axes.sort_by_key(|&index| std::cmp::Reverse(self.graph.indices[index].height));
        axes
    }

    fn equation(&mut self, name: &str, root: NodeId, axes: Vec<IndexId>) -> usize {
        if let Some(&id) = self.made.get(&(root, axes.clone())) {
            return id;
        }
        let node = self.graph.nodes[root].clone();
        let (fold, body) = match node {
            Node::Reduce { fold, indices, body } => (Some((fold, indices)), self.rewrite(body)),
            node => {
                let node = self.rewrite_children(node);
                (None, self.graph.add(node))
            }
        };
        let depends = self.depends(body);
        let requirements = self.requirements(root, &axes);
        let id = self.graph.equations.len();
        self.graph.equations.push(Equation {
            name: name.to_owned(),
            axes: axes.clone(),
            fold,
            body,
            depends,
            guarded: false,
            requirements,
        });
        self.made.insert((root, axes), id);
        id
    }

    /// What must hold for the equation of a root to have values.
    fn requirements(&mut self, root: NodeId, axes: &[IndexId]) -> Vec<Requirement> {
        let mut nest = axes.to_vec();
        if let Node::Reduce { indices, .. } = &self.graph.nodes[root] {
            nest.extend(indices);
        }
        let mut requirements = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![(root, None)];
        while let Some((node, taken)) = stack.pop() {
            if node != root && self.own.contains(&node) || !seen.insert((node, taken)) {
                continue;
            }
            for one in self.graph.requirements(node).to_vec() {
                let holds = self.rewrite(one.holds);
                // In a branch only where that is taken.
                let holds = match taken {
                    Some(taken) => {
                        let taken = self.rewrite(taken);
                        let not_taken = self.graph.add(Node::Not(taken));
                        self.graph.add(Node::Or(not_taken, holds))
                    }
                    None => holds,
                };
                // A reduction is asked for by its element, not by its terms.
                let within = if node == root { axes.to_vec() } else { nest.clone() };
                requirements.push(Requirement { holds, within, ..one });
            }
            if let Node::Select { condition, then, otherwise } = self.graph.nodes[node] {
                let not = self.graph.add(Node::Not(condition));
                stack.push((condition, taken));
                for (branch, when) in [(then, condition), (otherwise, not)] {
                    let when = match taken {
                        Some(taken) => self.graph.add(Node::And(taken, when)),
                        None => when,
                    };
                    stack.push((branch, Some(when)));
                }
            } else {
                let below = children(&self.graph.nodes[node]);
                stack.extend(below.into_iter().map(|child| (child, taken)));
            }
        }
        requirements
    }

    fn depends(&self, body: NodeId) -> BTreeSet<usize> {
        let mut depends = BTreeSet::new();
        let mut stack = vec![body];
        while let Some(node) = stack.pop() {
            match &self.graph.nodes[node] {
                Node::Load { array: Array::Operand(operand), .. } => {
                    depends.insert(*operand);
                }
                Node::Load { array: Array::Equation(id), .. } => {
                    depends.extend(&self.graph.equations[*id].depends);
                }
                Node::Select { then, otherwise, .. } => stack.extend([*then, *otherwise]),
                Node::Stop(_) => {}
                other if other.is_condition() => {}
                other => stack.extend(children(other)),
            }
        }
        depends
    }

    /// The node with loads of equations in the place of what became one.
    fn rewrite(&mut self, node: NodeId) -> NodeId {
        if let Some(&done) = self.rewritten.get(&node) {
            return done;
        }
        let done = if self.own.contains(&node) {
            let axes = self.axes(node);
            let name = self.name_of(node);
            let id = self.equation(&name, node, axes.clone());
            self.graph.load(Array::Equation(id), &axes)
        } else {
            let rewritten = self.rewrite_children(self.graph.nodes[node].clone());
            self.graph.add(rewritten)
        };
        self.rewritten.insert(node, done);
        done
    }

    fn rewrite_children(&mut self, mut node: Node) -> Node {
        if let Node::Load { array, .. } = &mut node
            && let Array::Definition(id) = *array
        {
            let Lowered { name, axes, root } = self.definitions[id].clone();
            *array = Array::Equation(self.equation(&name, root, axes));
        }
        let rewritten = node.clone().map_children(&mut |child| Some(self.rewrite(child)));
        rewritten.unwrap_or(node)
    }

    /// A word for what an equation computes, for the generated code.
    fn name_of(&self, node: NodeId) -> String {
        match &self.graph.nodes[node] {
            Node::Reduce { fold: Fold::Sum, .. } => "sum".into(),
            Node::Reduce { fold: Fold::Max, .. } => "max".into(),
            Node::Reduce { fold: Fold::Min, .. } => "min".into(),
            Node::Reduce { fold: Fold::Prod, .. } => "prod".into(),
            Node::Call { function, .. } => match &self.graph.functions[*function] {
                Function::Builtin(name) => name.clone(),
                Function::User(tokens) => last_name(tokens),
            },
            Node::Binary { operator: Operator::Div, .. } => "ratio".into(),
            Node::Binary { operator: Operator::Mul, .. } => "product".into(),
            _ => "term".into(),
        }
    }
}

fn last_name(path: &TokenStream) -> String {
    path.clone().into_iter().last().map_or_else(|| "op".into(), |token| token.to_string())
}
