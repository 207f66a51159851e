//! How deep operations nest along scalar `let`s, each of which stands for its value where it is used.

use proc_macro2::Span;

use crate::ids::IdVec;
use crate::resolve::term::{Array, Condition, Definition, DefinitionId, Term};
use crate::syntax::depth::too_deep;
use crate::syntax::report::Diagnostic;

/// Operations one within the other along scalar `let`s.
const OPERATIONS: usize = 2000;

/// How many operations are nested in a definition, along those scalars that it uses.
///
/// A scalar stands for its value where it is used; an array is computed by itself.
fn operations(body: &Term, scalars: &IdVec<DefinitionId, usize>) -> usize {
    let both = |one: &Term, other: &Term| operations(one, scalars).max(operations(other, scalars));
    let inner = match body {
        Term::Number(_)
        | Term::Integer(_)
        | Term::Id { .. }
        | Term::Load { array: Array::Operand(_), .. }
        | Term::Error => 0,
        Term::Load { array: Array::Definition(id), .. } => {
            return scalars.get(*id).copied().unwrap_or(0);
        }
        Term::Negate(operand) | Term::Stop(operand) => operations(operand, scalars),
        Term::Reduce { filter, body, .. } => {
            let filter = filter.as_ref().map_or(0, |filter| in_condition(filter, scalars));
            filter.max(operations(body, scalars))
        }
        Term::Binary { left, right, .. } => both(left, right),
        Term::Call { arguments, .. } => {
            arguments.iter().map(|one| operations(one, scalars)).max().unwrap_or(0)
        }
        Term::If { condition, then, otherwise } => {
            in_condition(condition, scalars).max(both(then, otherwise))
        }
    };
    inner + 1
}

fn in_condition(condition: &Condition, scalars: &IdVec<DefinitionId, usize>) -> usize {
    let inner = match condition {
        Condition::Compare { left, right, .. } => {
            operations(left, scalars).max(operations(right, scalars))
        }
        Condition::And(one, other) | Condition::Or(one, other) => {
            in_condition(one, scalars).max(in_condition(other, scalars))
        }
        Condition::Not(operand) => in_condition(operand, scalars),
    };
    inner + 1
}

/// Refuses a chain of scalars that is too long, and gives the depth at which the next begins.
pub fn check_chain(
    definition: &Definition,
    span: Span,
    scalars: &IdVec<DefinitionId, usize>,
) -> Result<usize, Diagnostic> {
    let depth = operations(&definition.body, scalars);
    if depth > OPERATIONS {
        return Err(too_deep(
            span,
            format!("more than {OPERATIONS} operations one within the other, along scalar `let`s"),
        ));
    }
    Ok(if definition.axes.is_empty() { depth } else { 0 })
}
