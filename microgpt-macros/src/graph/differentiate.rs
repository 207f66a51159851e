//! Reverse-mode differentiation: what each equation adds to the gradients of what it uses.
//!
//! Equations are taken from the last to the first. Inside one, the adjoint of its elements flows
//! back through plain arithmetic and at most one call, whose local gradient the op table gives,
//! to each load; that is one accumulation, `gradient[subscripts] += adjoint`, over all loops of
//! the equation.
//!
//! A zero adjoint is zero: where no gradient arrives none goes on, whatever the local gradient is.
//! `max(sqrt(x), 1e-10)` at 0 has the gradient 0 and not 0 · ∞.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::graph::adjoints::{Adjoint, adjoint, computed_where_used};
use crate::graph::equations::{Equation, Equations, Group, Start, Steps};
use crate::graph::{Array, EquationId, Fold, Graph, IndexId, Node, NodeId, Subscript, Through};
use crate::resolve::hir::OperandId;
use crate::syntax::ast::{Comparison, Operator};
use crate::syntax::reductions::Derivative;

/// The equations with their gradients.
#[derive(Debug)]
pub struct Gradient {
    pub equations: Equations,
    /// In the order in which they run.
    pub accumulations: Vec<Accumulation>,
}

/// `gradient of target[subscripts] += adjoint`, for all values of the indices of an equation.
#[derive(Debug)]
pub struct Accumulation {
    pub target: Array,
    pub subscripts: Vec<Subscript>,
    pub nest: Vec<IndexId>,
    pub adjoint: NodeId,
    /// Where the target's subscripts are on their axes, if not everywhere.
    pub condition: Option<NodeId>,
    /// Of what is added step by step the steps of the recurrence, which then go from the last to the first.
    pub steps: Option<Steps>,
}

impl Accumulation {
    /// Whether it adds to the gradient of this equation.
    pub fn adds_to(&self, id: EquationId) -> bool {
        self.target == Array::Equation(id)
    }
}

/// Derives the accumulations of every equation that a gradient can flow through.
pub fn differentiate(mut equations: Equations) -> Gradient {
    let mut accumulations: Vec<Accumulation> = Vec::new();
    for Group { equations: members, steps } in equations.groups().into_iter().rev() {
        let flows = members.iter().any(|&id| !equations[id].depends.is_empty());
        // What is only used under `stop` has no adjoint.
        let reached = members.iter().any(|id| {
            equations.is_result(*id)
                || accumulations.iter().any(|accumulation| accumulation.adds_to(*id))
        });
        if !flows || !reached {
            continue;
        }
        if let Some(steps) = steps {
            of_recurrence(&mut equations, &members, &steps, &mut accumulations);
            continue;
        }
        for id in members {
            let Adjoint { of, subscripts } =
                adjoint(&equations, [&mut accumulations, &mut Vec::new()], id);
            let seed = element(&mut equations.graph, Array::Adjoint(of), subscripts);
            let mut own = equation(&mut equations, id, seed);
            own.extend(to_starts(&mut equations, id));
            if let Some(seed) = computed_where_used(&mut equations, &mut accumulations, id, &own) {
                own = equation(&mut equations, id, seed);
            }
            accumulations.extend(own);
        }
    }
    Gradient { equations, accumulations }
}

/// What the equations of a recurrence add: step by step to each other, and then, for all steps at once, to
/// what they use besides.
fn of_recurrence(
    equations: &mut Equations,
    members: &[EquationId],
    steps: &Steps,
    accumulations: &mut Vec<Accumulation>,
) {
    let (mut in_steps, mut after) = (Vec::new(), Vec::new());
    let is_member =
        |accumulation: &Accumulation| members.iter().any(|&id| accumulation.adds_to(id));
    for &id in members.iter().rev() {
        let Adjoint { of, subscripts } =
            adjoint(equations, [&mut *accumulations, &mut in_steps], id);
        let (array, at) = if members.contains(&of) {
            (Array::PresentAdjoint(of), subscripts[steps.indices.len()..].to_vec())
        } else {
            (Array::Adjoint(of), subscripts.clone())
        };
        let at_this_step = |equations: &mut Equations, seed| -> Vec<Accumulation> {
            let all = equation(equations, id, seed).into_iter().filter(is_member);
            all.map(|accumulation| Accumulation { steps: Some(steps.clone()), ..accumulation })
                .collect()
        };
        let seed = element(&mut equations.graph, array, at);
        let mut own = at_this_step(equations, seed);
        let seed = element(&mut equations.graph, Array::Adjoint(of), subscripts);
        let mut at_once = equation(equations, id, seed);
        at_once.retain(|accumulation| !is_member(accumulation));
        at_once.extend(to_starts(equations, id));
        if at_once.is_empty()
            && !accumulations.iter().any(|accumulation| accumulation.adds_to(id))
            && let Some(seed) = computed_where_used(equations, &mut in_steps, id, &own)
        {
            own = at_this_step(equations, seed);
        }
        in_steps.extend(own);
        after.extend(at_once);
    }
    accumulations.extend(in_steps);
    accumulations.extend(after);
}

/// What flows from the first elements of an array to what it begins with.
fn to_starts(equations: &mut Equations, id: EquationId) -> Vec<Accumulation> {
    let mut starts = equations[id].starts.clone();
    starts.retain(|start| !equations[start.of].depends.is_empty());
    let accumulations = starts.into_iter().map(|Start { axes, subscripts, of, .. }| Accumulation {
        target: Array::Equation(of),
        subscripts: equations[of].subscripts.clone(),
        nest: axes,
        adjoint: element(&mut equations.graph, Array::Adjoint(id), subscripts),
        condition: None,
        steps: None,
    });
    accumulations.collect()
}

fn element(graph: &mut Graph, array: Array, subscripts: Vec<Subscript>) -> NodeId {
    graph.add(Node::Load { array, subscripts, guard: None })
}

/// What an equation adds, where `seed` is the gradient of its element.
fn equation(equations: &mut Equations, id: EquationId, mut seed: NodeId) -> Vec<Accumulation> {
    let equation = equations[id].clone();
    let Equation { axes, fold, body, .. } = &equation;
    let nest = equation.nest();
    let graph = &mut equations.graph;
    // Among the equations of a recurrence there may be one that no gradient flows through.
    if !graph.is_active(*body) {
        return Vec::new();
    }
    if equation.guarded {
        // Where no gradient comes back the local gradient is not asked for: it may not exist.
        let zero = graph.number(0.0);
        let comparison = Comparison::NotEqual;
        let condition = graph.add(Node::Compare { comparison, left: seed, right: zero });
        seed = graph.add(Node::Select { condition, then: seed, otherwise: zero });
    }
    let derivative = fold.as_ref().map(|(fold, over)| (fold.rule().derivative, over));
    let seed = match derivative {
        None | Some((Derivative::One, _)) => seed,
        Some((Derivative::At(partial), over)) => {
            let along = [axes.as_slice(), over].concat();
            let partial = companion(equations, id, "others", partial, &along);
            let partial = equations.graph.load(Array::Equation(partial), &along);
            pull_back(&mut equations.graph, seed, Through::Times, partial)
        }
        Some((Derivative::Where(winner), over)) => {
            let index = over[0];
            let winner = companion(equations, id, "at", winner, axes);
            let position = equations.graph.load(Array::Equation(winner), axes);
            through(&mut equations.graph, seed, &mut |graph, value| {
                graph.add(Node::WhereAt { index, position, value })
            })
        }
        Some((Derivative::None, _)) => return Vec::new(),
    };
    let graph = &mut equations.graph;
    let mut adjoints = BTreeMap::from([(*body, seed)]);
    let mut accumulations = Vec::new();
    // Children have lower numbers: every use of a node has been seen when its turn comes.
    while let Some((node, adjoint)) = adjoints.pop_last() {
        if let Node::Load { array, subscripts, guard } = graph.nodes[node].clone() {
            accumulations.push(Accumulation {
                target: array,
                subscripts,
                nest: nest.clone(),
                adjoint,
                condition: guard,
                steps: None,
            });
            continue;
        }
        for (child, contribution) in contributions(graph, (id, &equation), node, adjoint) {
            let sum = match adjoints.get(&child) {
                Some(&before) => graph.binary(Operator::Add, before, contribution),
                None => contribution,
            };
            adjoints.insert(child, sum);
        }
    }
    accumulations
}

/// The equation that folds the same terms for the derivative, by the fold of [`Derivative`]; made once.
fn companion(
    equations: &mut Equations,
    id: EquationId,
    suffix: &str,
    fold: Fold,
    axes: &[IndexId],
) -> EquationId {
    let companion = Equation { axes: axes.to_vec(), ..equations[id].clone() }.plain();
    let fold = companion.fold.map(|(_, over)| (fold, over));
    let same = |known: &Equation| {
        (known.body, &known.fold, &known.axes) == (companion.body, &fold, &companion.axes)
    };
    if let Some((id, _)) = equations.enumerate().find(|(_, known)| same(known)) {
        return id;
    }
    equations.push(Equation {
        name: format!("{}_{suffix}", companion.name),
        fold,
        depends: BTreeSet::new(),
        requirements: Vec::new(),
        ..companion
    })
}

/// Applies a linear map to an adjoint, but not where that is 0 because a branch is not taken: the
/// map may not be a number there.
fn through(
    graph: &mut Graph,
    adjoint: NodeId,
    map: &mut dyn FnMut(&mut Graph, NodeId) -> NodeId,
) -> NodeId {
    let zero = graph.number(0.0);
    match graph.nodes[adjoint] {
        Node::Select { condition, then, otherwise } if otherwise == zero => {
            let then = through(graph, then, map);
            graph.add(Node::Select { condition, then, otherwise })
        }
        Node::Select { condition, then, otherwise } if then == zero => {
            let otherwise = through(graph, otherwise, map);
            graph.add(Node::Select { condition, then, otherwise })
        }
        _ => map(graph, adjoint),
    }
}

/// The chain rule, one node at a time.
fn contributions(
    graph: &mut Graph,
    equation: (EquationId, &Equation),
    node: NodeId,
    adjoint: NodeId,
) -> Vec<(NodeId, NodeId)> {
    let mut flows = Vec::new();
    match graph.nodes[node].clone() {
        Node::Negate(operand) => {
            let negated =
                through(graph, adjoint, &mut |graph, adjoint| graph.add(Node::Negate(adjoint)));
            flows.push((operand, negated));
        }
        Node::Select { condition, then, otherwise } => {
            let zero = graph.number(0.0);
            let to_then = Node::Select { condition, then: adjoint, otherwise: zero };
            let to_otherwise = Node::Select { condition, then: zero, otherwise: adjoint };
            flows.extend([(then, graph.add(to_then)), (otherwise, graph.add(to_otherwise))]);
        }
        Node::Binary { operator, left, right } => {
            let (to_left, to_right) = (graph.is_active(left), graph.is_active(right));
            match operator {
                Operator::Add => flows.extend([(left, adjoint), (right, adjoint)]),
                Operator::Sub => {
                    flows.push((left, adjoint));
                    if to_right {
                        let negated = through(graph, adjoint, &mut |graph, adjoint| {
                            graph.add(Node::Negate(adjoint))
                        });
                        flows.push((right, negated));
                    }
                }
                Operator::Mul => {
                    // By either factor the derivative is the other, which is a number if all operands are:
                    // the inner loops of all models are products, and ask for no more.
                    let mut times = |factor| {
                        through(graph, adjoint, &mut |graph, adjoint| {
                            graph.binary(Operator::Mul, adjoint, factor)
                        })
                    };
                    if to_left {
                        flows.push((left, times(right)));
                    }
                    if to_right {
                        flows.push((right, times(left)));
                    }
                }
                Operator::Div => {
                    let quotient = pull_back(graph, adjoint, Through::Over, right);
                    flows.push((left, quotient));
                    if to_right {
                        // The local gradient is that of the op of `Value`s: where the quotient is 0 and
                        // the divisor next to it, the adjoint over the divisor may be infinite.
                        let result = held(graph, equation, node);
                        let local = graph.binary(Operator::Div, result, right);
                        let product = pull_back(graph, adjoint, Through::Times, local);
                        let negated = through(graph, product, &mut |graph, product| {
                            graph.add(Node::Negate(product))
                        });
                        flows.push((right, negated));
                    }
                }
                Operator::Pow => unreachable!("a power is a call of the op `pow`"),
            }
        }
        Node::Call { function, arguments } => {
            // A call that a gradient flows through is the root of its equation.
            let result = held(graph, equation, node);
            for (position, &argument) in arguments.iter().enumerate() {
                if graph.is_active(argument) {
                    let arguments = arguments.clone();
                    let local =
                        graph.add(Node::Local { function, arguments, result, argument: position });
                    flows.push((argument, pull_back(graph, adjoint, Through::Times, local)));
                }
            }
        }
        _ => {}
    }
    flows.retain(|(child, _)| graph.is_active(*child));
    flows
}

/// A node of an equation, or the element that holds it where it is all of the equation.
fn held(graph: &mut Graph, (id, equation): (EquationId, &Equation), node: NodeId) -> NodeId {
    if equation.body != node || equation.fold.is_some() {
        return node;
    }
    element(graph, Array::Equation(id), equation.subscripts.clone())
}

/// Carries an adjoint through an operation whose local gradient may be infinite or no number, although
/// the arguments are finite: where the adjoint is 0, nothing comes through.
fn pull_back(graph: &mut Graph, adjoint: NodeId, by: Through, factor: NodeId) -> NodeId {
    through(graph, adjoint, &mut |graph, adjoint| {
        graph.add(Node::Pullback { adjoint, through: by, factor })
    })
}

impl Gradient {
    /// The numbers of all accumulations, in groups: each runs alone, or with those that share its steps.
    pub fn groups(&self) -> Vec<Range<usize>> {
        let share = |earlier: &Accumulation, later: &Accumulation| {
            earlier.steps.is_some() && earlier.steps == later.steps
        };
        let mut next = 0;
        let range = |group: &[Accumulation]| {
            let start = next;
            next += group.len();
            start..next
        };
        self.accumulations.chunk_by(share).map(range).collect()
    }

    /// The operands whose values a backward pass reads.
    pub fn operands_read(&self) -> BTreeSet<OperandId> {
        let operand = |array| match array {
            Array::Operand(operand) => Some(operand),
            _ => None,
        };
        self.arrays_read_by(&self.accumulations).into_iter().filter_map(operand).collect()
    }

    /// The equations whose adjoints a backward pass reads.
    pub fn adjoints_read(&self) -> BTreeSet<EquationId> {
        let adjoint = |array| match array {
            Array::Adjoint(id) | Array::PresentAdjoint(id) => Some(id),
            _ => None,
        };
        self.arrays_read_by(&self.accumulations).into_iter().filter_map(adjoint).collect()
    }

    /// The arrays that some of the accumulations read.
    pub fn arrays_read_by(&self, accumulations: &[Accumulation]) -> BTreeSet<Array> {
        let roots = accumulations
            .iter()
            .flat_map(|accumulation| [Some(accumulation.adjoint), accumulation.condition]);
        self.equations.graph.arrays_below(roots.flatten()).collect()
    }
}
