//! The places beside the first and the last value of the index of a block, as the user would write them.

use super::Order;
use crate::resolve::Checker;
use crate::resolve::hir::{Atom, BinderId, Integer, Range};

impl Checker<'_> {
    /// How to go on where an equation of a block has no value: so many steps beyond an end of its index.
    pub(super) fn mend_beyond(
        &self,
        name: &str,
        index: BinderId,
        order: Order,
        steps: usize,
    ) -> String {
        let (start, condition) =
            (self.start_at(index, order, steps), self.has(index, order, steps));
        let ask = condition.map(|condition| format!("`if {condition} {{ ... }} else {{ ... }}`"));
        let is_one = self.block_indices().len() == 1;
        match (start.filter(|_| is_one), ask) {
            (Some(start), Some(ask)) => format!(
                "say what it is there, `let {name}[{start}] = ...;` in the block, or ask: {ask}"
            ),
            (None, Some(ask)) => format!("ask for it: {ask}"),
            (_, None) if is_one => {
                format!("{}; or ask for it in an `if`", self.name_the_ends(name, index))
            }
            (_, None) => "ask for it in an `if`".to_owned(),
        }
    }

    /// How to write the starts of an equation in their order.
    pub(super) fn nearest_starts(&self, name: &str, index: BinderId, order: Order) -> String {
        match [1, 2].map(|steps| self.start_at(index, order, steps)) {
            [Some(first), Some(second)] => format!(
                "write the nearest first: `let {name}[{first}] = ...; let {name}[{second}] = ...;`"
            ),
            _ => format!("write the nearest first; {}", self.name_the_ends(name, index)),
        }
    }

    /// How to write a start beside an end for which there are no words.
    pub(super) fn name_the_ends(&self, name: &str, index: BinderId) -> String {
        let index = &self.checked.binders[index].name;
        format!(
            "give the end of the range a name in Rust: of `for {index} in a..n` the start is `let {name}[a - 1] = ...;`, and where the block goes backwards `let {name}[n] = ...;`"
        )
    }

    /// The subscript of a start, so many steps beyond an end of an index.
    pub(super) fn start_at(&self, index: BinderId, order: Order, steps: usize) -> Option<String> {
        let steps = i64::try_from(steps).ok()?;
        let steps = if order == Order::Ascending { -steps } else { steps - 1 };
        self.words(&self.end_of(index, order).plus(steps, &Integer::constant(1)))
    }

    /// The condition that there is a value so many steps nearer to an end of an index.
    fn has(&self, index: BinderId, order: Order, steps: usize) -> Option<String> {
        let (name, end) = (&self.checked.binders[index].name, self.end_of(index, order));
        Some(match order {
            Order::Ascending => {
                let first = end.plus(i64::try_from(steps).ok()?, &Integer::constant(1));
                format!("{name} >= {}", self.words(&first)?)
            }
            Order::Descending => format!("{name} + {steps} < {}", self.words(&end)?),
        })
    }

    /// The first value of an index, or what follows on the last.
    fn end_of(&self, index: BinderId, order: Order) -> Integer {
        let length = Integer::atom(Atom::Len(index));
        match (&self.checked.binders[index].range, order) {
            (Range::Implied(_), Order::Ascending) => Integer::constant(0),
            (Range::Implied(_), Order::Descending) => length,
            (Range::Stated { low, .. }, Order::Ascending) => low.clone(),
            (Range::Stated { low, high }, Order::Descending) => match low.as_constant() {
                Some(_) => length.plus(1, low),
                None => high.clone(),
            },
        }
    }

    /// An integer that is a number, a name or a length, and perhaps a number more or less.
    fn words(&self, integer: &Integer) -> Option<String> {
        if let Some(constant) = integer.as_constant() {
            return Some(constant.to_string());
        }
        let atom = integer.clone().plus(-integer.constant, &Integer::constant(1));
        let text = match atom.as_atom()? {
            Atom::Len(index) => format!("len({})", self.checked.binders[*index].name),
            // What stands in braces is another integer at each place.
            Atom::Integer(id)
                if !self.checked.integers[*id].tokens.to_string().starts_with('{') =>
            {
                self.checked.integers[*id].name.clone()
            }
            _ => return None,
        };
        Some(match integer.constant {
            0 => text,
            more @ 1.. => format!("{text} + {more}"),
            less => format!("{text} - {}", less.unsigned_abs()),
        })
    }
}
