//! Which nodes become equations, and what stands for the others in them.

use std::collections::{BTreeSet, HashMap, HashSet};

use proc_macro2::TokenStream;

use super::{Equation, Equations, Output, Recurrence, Start, Steps, subscripts};
use crate::graph::lower::{self, Block, Definition, Lowered};
use crate::graph::recurrences;
use crate::graph::{
    Array, EquationId, Fold, Graph, IndexId, IndexRange, Length, Node, NodeId, Requirement,
    Rewrite, children,
};
use crate::ids::IdVec;
use crate::resolve::hir::{self, DefinitionId, Function, OperandId};
use crate::syntax::ast::Operator;
use crate::tuning::LONGEST_EQUATION;

/// An equation to be: the node, and the axes it is computed over.
type Root = (NodeId, Vec<IndexId>);

/// The equations that compute a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    One(NodeId),
    Several,
}

impl Within {
    fn and(self, also: Self) -> Self {
        if self == also { self } else { Self::Several }
    }
}

pub(super) struct Split {
    lowered: Graph<hir::Array>,
    definitions: IdVec<DefinitionId, Definition>,
    blocks: Vec<Block>,
    /// The definitions that need each other, and all others alone.
    components: Vec<Vec<DefinitionId>>,
    /// Of those that need each other, or have starts, their equations.
    own_places: HashMap<DefinitionId, EquationId>,
    requirements: HashMap<NodeId, Vec<Requirement>>,
    results: Vec<DefinitionId>,
    /// The lowered nodes that are equations of their own.
    own: HashSet<NodeId>,
    made: HashMap<Root, EquationId>,
    /// What stands for a lowered node in the equations.
    rewritten: HashMap<NodeId, NodeId>,
    equations: Equations,
}

impl Split {
    pub(super) fn new(lowered: Lowered) -> Self {
        let Lowered { graph, definitions, blocks, results, requirements, bounds, reaches } =
            lowered;
        let equations = Equations {
            graph: carried_over(&graph),
            all: IdVec::default(),
            recurrences: Vec::new(),
            results: Vec::new(),
            bounds,
            reaches,
        };
        Self {
            components: recurrences::components(&graph, &definitions),
            lowered: graph,
            definitions,
            blocks,
            own_places: HashMap::new(),
            requirements,
            results,
            own: HashSet::new(),
            made: HashMap::new(),
            rewritten: HashMap::new(),
            equations,
        }
    }

    pub(super) fn equations(mut self) -> Equations {
        let roots = self.reachable();
        for (root, axes) in &roots {
            self.choose(*root, axes);
        }
        self.share(&roots);
        for result in self.results.clone() {
            let of = self.copied(result).unwrap_or(result);
            let equation = self.definition(of);
            let shift = self.definitions[of].shift.as_constant();
            let starts = shift.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0);
            self.equations.results.push(Output { equation, starts });
        }
        self.equations
    }

    /// The definition of which another one is a copy, element by element: it can be the result itself.
    fn copied(&self, id: DefinitionId) -> Option<DefinitionId> {
        let Definition { axes, root, .. } = &self.definitions[id];
        let Node::Load { array: hir::Array::Definition(of), subscripts: at, guard: None } =
            &self.lowered.nodes[*root]
        else {
            return None;
        };
        let source = &self.definitions[*of];
        let is_all = |(index, source_index): (&IndexId, &IndexId)| {
            let [range, source_range] =
                [index, source_index].map(|index| &self.lowered.indices[*index].range);
            range == source_range && matches!(range, IndexRange::Whole(Length::Class(_)))
        };
        let mut all = subscripts(axes);
        if let Some(first) = all.first_mut() {
            *first = first.clone().plus(1, &source.shift);
        }
        let is_constant = source.shift.as_constant().is_some();
        (*at == all && is_constant && axes.iter().zip(&source.axes).all(is_all)).then_some(*of)
    }

    fn definition(&mut self, id: DefinitionId) -> EquationId {
        if let Some(&equation) = self.own_places.get(&id) {
            return equation;
        }
        let of = self.components.iter().find(|component| component.contains(&id));
        if let Some(component) = of.cloned() {
            self.recurrence(&component);
            return self.own_places[&id];
        }
        let Definition { name, axes, root, starts, .. } = self.definitions[id].clone();
        if !starts.is_empty() {
            let depends = self.depends_of(&[id]);
            let equation = self.placed(id, depends);
            self.fill(id, equation);
            return equation;
        }
        self.equation(&name, root, axes)
    }

    /// Makes the equations of definitions that need each other: their ids first, for each to name the others.
    fn recurrence(&mut self, component: &[DefinitionId]) {
        let depends = self.depends_of(component);
        for &id in component {
            self.placed(id, depends.clone());
        }
        for &id in component {
            self.fill(id, self.own_places[&id]);
        }
        let block = component.iter().find_map(|&id| self.definitions[id].block);
        let Some(Block { indices, descends, .. }) = block.map(|block| &self.blocks[block]) else {
            unreachable!("only equations of a block need each other")
        };
        self.equations.recurrences.push(Recurrence {
            steps: Steps { indices: indices.clone(), descend: *descends },
            equations: component.iter().map(|id| self.own_places[id]).collect(),
        });
    }

    /// An equation of which nothing but its place is known.
    fn placed(&mut self, id: DefinitionId, depends: BTreeSet<OperandId>) -> EquationId {
        let Definition { name, axes, shape, .. } = self.definitions[id].clone();
        let body = self.equations.graph.number(0.0);
        let equation = self.equations.push(Equation {
            name,
            subscripts: subscripts(&axes),
            axes,
            shape,
            starts: Vec::new(),
            fold: None,
            body,
            depends,
            guarded: false,
            requirements: Vec::new(),
        });
        self.own_places.insert(id, equation);
        equation
    }

    /// Says what an equation computes.
    fn fill(&mut self, id: DefinitionId, equation: EquationId) {
        let Definition { axes, root, starts, shift, .. } = self.definitions[id].clone();
        let starts: Vec<Start> = starts.iter().map(|start| self.start(&axes, start)).collect();
        let (fold, body) = self.fold_and_body(root);
        let requirements = self.requirements(root, &axes);
        let made = &mut self.equations[equation];
        if let Some(first) = made.subscripts.first_mut() {
            *first = first.clone().plus(1, &shift);
        }
        (made.fold, made.body) = (fold, body);
        (made.requirements, made.starts) = (requirements, starts);
    }

    fn start(&mut self, axes: &[IndexId], start: &lower::Start) -> Start {
        let of = self.definition(start.definition);
        let own = self.equations[of].axes.clone();
        let body = self.equations.graph.load(Array::Equation(of), &own);
        // One number stands for all elements.
        let axes = if own.is_empty() { axes[1..].to_vec() } else { own };
        let mut to = vec![start.row.clone()];
        to.extend(subscripts(&axes));
        Start { axes, subscripts: to, of, body }
    }

    /// The operands that a gradient can reach through definitions that need each other.
    fn depends_of(&self, component: &[DefinitionId]) -> BTreeSet<OperandId> {
        let mut depends = BTreeSet::new();
        let mut seen = HashSet::new();
        let starts = component.iter().flat_map(|&id| &self.definitions[id].starts);
        let roots = component.iter().copied().chain(starts.map(|start| start.definition));
        let mut stack: Vec<NodeId> = roots.map(|id| self.definitions[id].root).collect();
        while let Some(node) = stack.pop() {
            if !seen.insert(node) {
                continue;
            }
            match &self.lowered.nodes[node] {
                Node::Load { array: hir::Array::Operand(operand), .. } => {
                    depends.insert(*operand);
                }
                Node::Load { array: hir::Array::Definition(id), .. } => {
                    let Definition { root, starts, .. } = &self.definitions[*id];
                    stack.push(*root);
                    stack
                        .extend(starts.iter().map(|start| self.definitions[start.definition].root));
                }
                Node::Select { then, otherwise, .. } => stack.extend([*then, *otherwise]),
                Node::Stop(_) => {}
                parent if parent.is_condition() => {}
                parent => stack.extend(children(parent)),
            }
        }
        depends
    }

    /// The definitions that the results need, as roots.
    fn reachable(&self) -> Vec<Root> {
        let mut seen = HashSet::new();
        let mut roots = Vec::new();
        let mut stack: Vec<DefinitionId> = self.results.clone();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let definition = &self.definitions[id];
            roots.push((definition.root, definition.axes.clone()));
            stack.extend(definition.starts.iter().map(|start| start.definition));
            for array in self.lowered.arrays_below([definition.root]) {
                if let hir::Array::Definition(id) = array {
                    stack.push(id);
                }
            }
        }
        roots
    }

    /// The loops of an equation, and the nodes directly under its root.
    fn under(&self, root: NodeId, axes: &[IndexId]) -> (BTreeSet<IndexId>, Vec<NodeId>) {
        let mut nest: BTreeSet<IndexId> = axes.iter().copied().collect();
        let node = &self.lowered.nodes[root];
        if let Node::Reduce { indices, .. } = node {
            nest.extend(indices);
        }
        (nest, children(node))
    }

    /// Decides which nodes below a root are equations of their own.
    fn choose(&mut self, root: NodeId, axes: &[IndexId]) {
        let (nest, mut stack) = self.under(root, axes);
        stack.extend(self.requirements_of(root).iter().map(|requirement| requirement.holds));
        let mut visited = HashSet::new();
        while let Some(node) = stack.pop() {
            if !visited.insert(node) || self.lowered.is_leaf(node) {
                continue;
            }
            if !self.own.contains(&node) {
                stack
                    .extend(self.requirements_of(node).iter().map(|requirement| requirement.holds));
            }
            let hoisted = self.lowered.loops_of(node).len() < nest.len()
                && (self.lowered.is_active(node) || self.lowered.has_call(node));
            let own = match &self.lowered.nodes[node] {
                Node::Reduce { .. } => true,
                _ if self.is_scattered(node) => false,
                Node::Call { .. } => hoisted || self.lowered.is_active(node),
                node => node.is_number() && hoisted,
            };
            if !own {
                stack.extend(children(&self.lowered.nodes[node]));
            } else if self.own.insert(node) {
                let axes = self.axes(node);
                self.choose(node, &axes);
            }
        }
        let inline = self.inline(root);
        let operations = |node: &&NodeId| !self.lowered.is_leaf(**node);
        if inline.iter().filter(operations).count() > LONGEST_EQUATION {
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
            if self.lowered.is_leaf(node) {
                continue;
            }
            let below = children(&self.lowered.nodes[node]).into_iter();
            let here = 1 + below.filter_map(|child| operations.get(&child)).sum::<usize>();
            let part = here >= LONGEST_EQUATION / 2
                && !self.is_scattered(node)
                && self.lowered.nodes[node].is_number()
                && self.lowered.loops_of(node).len() == nest.len();
            if part {
                self.own.insert(node);
            } else {
                operations.insert(node, here);
            }
        }
    }

    /// Whether an array of a node would be as long as its ids reach, and mostly empty: such a node is computed
    /// again where it is used.
    fn is_scattered(&self, node: NodeId) -> bool {
        self.lowered.loops_of(node).into_iter().any(|index| self.lowered.is_scattered(index))
    }

    /// The nodes that are computed inside the equation of a root.
    fn inline(&self, root: NodeId) -> BTreeSet<NodeId> {
        let mut inline = BTreeSet::new();
        let mut stack = children(&self.lowered.nodes[root]);
        while let Some(node) = stack.pop() {
            if !self.own.contains(&node) && inline.insert(node) {
                stack.extend(children(&self.lowered.nodes[node]));
            }
        }
        inline
    }

    /// Makes equations of what several equations would compute again.
    fn share(&mut self, definitions: &[Root]) {
        let definitions: BTreeSet<NodeId> = definitions.iter().map(|(root, _)| *root).collect();
        let nodes = self.lowered.below(definitions.iter().copied());
        let mut within: HashMap<NodeId, Within> = HashMap::new();
        // Parents have higher numbers: all equations that compute a node have been seen.
        for node in nodes.into_iter().rev() {
            let users = within.get(&node).copied();
            let worth = !self.lowered.is_leaf(node)
                && !self.is_scattered(node)
                && self.lowered.nodes[node].is_number()
                && (self.lowered.is_active(node) || self.lowered.has_call(node));
            if users == Some(Within::Several) && worth {
                self.own.insert(node);
            }
            let itself = (self.own.contains(&node) || definitions.contains(&node))
                .then_some(Within::One(node));
            let users = users.filter(|_| !self.own.contains(&node));
            for child in children(&self.lowered.nodes[node]) {
                for user in itself.into_iter().chain(users) {
                    within
                        .entry(child)
                        .and_modify(|before| *before = before.and(user))
                        .or_insert(user);
                }
            }
        }
    }

    fn requirements_of(&self, node: NodeId) -> &[Requirement] {
        self.requirements.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The axes of a node that is an equation of its own, the outermost loop first.
    fn axes(&self, node: NodeId) -> Vec<IndexId> {
        let mut axes: BTreeSet<IndexId> = self.lowered.loops_of(node);
        // What a recurrence needs is one of it, with all its indices.
        for array in self.lowered.arrays_below([node]) {
            let hir::Array::Definition(id) = array else { continue };
            if let Some(block) = self.definitions[id].block
                && self.components.iter().any(|component| component.contains(&id))
                && self.blocks[block].indices.iter().any(|index| axes.contains(index))
            {
                axes.extend(&self.blocks[block].indices);
            }
        }
        let mut axes: Vec<IndexId> = axes.into_iter().collect();
        axes.sort_by_key(|&index| std::cmp::Reverse(self.lowered.indices[index].height));
        axes
    }

    fn equation(&mut self, name: &str, root: NodeId, axes: Vec<IndexId>) -> EquationId {
        if let Some(&id) = self.made.get(&(root, axes.clone())) {
            return id;
        }
        let (fold, body) = self.fold_and_body(root);
        let depends = self.depends(body);
        let requirements = self.requirements(root, &axes);
        let id = self.equations.push(Equation {
            name: name.to_owned(),
            axes: axes.clone(),
            shape: axes.clone(),
            subscripts: subscripts(&axes),
            starts: Vec::new(),
            fold,
            body,
            depends,
            guarded: false,
            requirements,
        });
        self.made.insert((root, axes), id);
        id
    }

    fn fold_and_body(&mut self, root: NodeId) -> (Option<(Fold, Vec<IndexId>)>, NodeId) {
        match self.lowered.nodes[root].clone() {
            Node::Reduce { fold, indices, body } => (Some((fold, indices)), self.rewrite(body)),
            node => {
                let node = self.rewrite_children(&node);
                (None, self.equations.graph.add(node))
            }
        }
    }

    /// What must hold for the equation of a root to have values.
    fn requirements(&mut self, root: NodeId, axes: &[IndexId]) -> Vec<Requirement> {
        let mut nest = axes.to_vec();
        if let Node::Reduce { indices, .. } = &self.lowered.nodes[root] {
            nest.extend(indices);
        }
        let mut requirements = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![(root, None)];
        while let Some((node, taken)) = stack.pop() {
            if node != root && self.own.contains(&node) || !seen.insert((node, taken)) {
                continue;
            }
            for requirement in self.requirements_of(node).to_vec() {
                let holds = self.rewrite(requirement.holds);
                // In a branch only where that is taken.
                let holds = match taken {
                    Some(taken) => {
                        let taken = self.rewrite(taken);
                        let not_taken = self.equations.graph.add(Node::Not(taken));
                        self.equations.graph.add(Node::Or(not_taken, holds))
                    }
                    None => holds,
                };
                // A reduction is asked for by its element, not by its terms.
                let within = if node == root { axes.to_vec() } else { nest.clone() };
                requirements.push(Requirement { holds, within, ..requirement });
            }
            stack.extend(self.lowered.parts(node, taken));
        }
        requirements
    }

    fn depends(&self, body: NodeId) -> BTreeSet<OperandId> {
        let mut depends = BTreeSet::new();
        let mut stack = vec![body];
        while let Some(node) = stack.pop() {
            match &self.equations.graph.nodes[node] {
                Node::Load { array: Array::Operand(operand), .. } => {
                    depends.insert(*operand);
                }
                Node::Load { array: Array::Equation(id), .. } => {
                    depends.extend(&self.equations[*id].depends);
                }
                Node::Select { then, otherwise, .. } => stack.extend([*then, *otherwise]),
                Node::Stop(_) => {}
                parent if parent.is_condition() => {}
                parent => stack.extend(children(parent)),
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
            self.equations.graph.load(Array::Equation(id), &axes)
        } else {
            let rewritten = self.rewrite_children(&self.lowered.nodes[node].clone());
            self.equations.graph.add(rewritten)
        };
        self.rewritten.insert(node, done);
        done
    }

    fn rewrite_children(&mut self, node: &Node<hir::Array>) -> Node {
        let Some(rewritten) = node.rewritten(self) else {
            unreachable!("there is an equation for each definition")
        };
        rewritten
    }

    /// A word for what an equation computes, for the generated code.
    fn name_of(&self, node: NodeId) -> String {
        match &self.lowered.nodes[node] {
            Node::Reduce { fold, .. } => fold.rule().name.into(),
            Node::Call { function, .. } => match &self.lowered.functions[*function] {
                Function::Builtin(name) => name.clone(),
                Function::User(tokens) => last_name(tokens),
            },
            Node::Binary { operator: Operator::Div, .. } => "ratio".into(),
            Node::Binary { operator: Operator::Mul, .. } => "product".into(),
            _ => "term".into(),
        }
    }
}

impl Rewrite<hir::Array, Array> for Split {
    fn node(&mut self, node: NodeId) -> Option<NodeId> {
        Some(self.rewrite(node))
    }

    fn array(&mut self, array: hir::Array) -> Option<Array> {
        Some(match array {
            hir::Array::Operand(operand) => Array::Operand(operand),
            hir::Array::Definition(id) => Array::Equation(self.definition(id)),
        })
    }
}

/// A graph with the nodes that name no definition. They are the same before and after, and keep their order
/// and their place before all others: gradients are added up in the order of the nodes.
fn carried_over(lowered: &Graph<hir::Array>) -> Graph {
    let mut graph = Graph::beside(lowered);
    let mut same = Same(HashMap::new());
    for id in lowered.nodes.ids() {
        if let Some(node) = lowered.nodes[id].rewritten(&mut same) {
            same.0.insert(id, graph.add(node));
        }
    }
    graph
}

/// The nodes so far that name no definition.
struct Same(HashMap<NodeId, NodeId>);

impl Rewrite<hir::Array, Array> for Same {
    fn node(&mut self, node: NodeId) -> Option<NodeId> {
        self.0.get(&node).copied()
    }

    fn array(&mut self, array: hir::Array) -> Option<Array> {
        match array {
            hir::Array::Operand(operand) => Some(Array::Operand(operand)),
            hir::Array::Definition(_) => None,
        }
    }
}

fn last_name(path: &TokenStream) -> String {
    path.clone().into_iter().last().map_or_else(|| "op".into(), |token| token.to_string())
}
