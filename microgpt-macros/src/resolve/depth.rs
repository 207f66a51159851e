//! How deep operations nest along scalar `let`s, each of which stands for its value where it is used.

use proc_macro2::Span;

use crate::ids::IdVec;
use crate::resolve::hir::{Array, Condition, Definition, DefinitionId, Value};
use crate::syntax::depth::too_deep;
use crate::syntax::report::Diagnostic;

/// Operations one within the other along scalar `let`s.
const OPERATIONS: usize = 2000;

/// How many operations are nested in a definition, along those scalars that it uses.
///
/// A scalar stands for its value where it is used; an array is computed by itself.
fn operations(body: &Value, scalars: &IdVec<DefinitionId, usize>) -> usize {
    let both =
        |left: &Value, right: &Value| operations(left, scalars).max(operations(right, scalars));
    let inner = match body {
        Value::Number(_)
        | Value::Integer(..)
        | Value::Load { array: Array::Operand(_), .. }
        | Value::Error => 0,
        Value::Load { array: Array::Definition(id), .. } => {
            return scalars.get(*id).copied().unwrap_or(0);
        }
        Value::Negate(operand) | Value::Stop(operand) => operations(operand, scalars),
        Value::Reduce { filter, body, .. } => {
            let filter = filter.as_ref().map_or(0, |filter| in_condition(filter, scalars));
            filter.max(operations(body, scalars))
        }
        Value::Binary { left, right, .. } => both(left, right),
        Value::Call { arguments, .. } => {
            arguments.iter().map(|argument| operations(argument, scalars)).max().unwrap_or(0)
        }
        Value::If { condition, then, otherwise } => {
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
        Condition::And(left, right) | Condition::Or(left, right) => {
            in_condition(left, scalars).max(in_condition(right, scalars))
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
