//! Integers: what stands in subscripts, at the ends of ranges, and as numbers.
//!
//! One form holds them all: a sum of products with numbers. Its atoms are indices, lengths and operands, and also
//! what is no sum, as an id or a remainder, of integers in turn:
//!
//! ```text
//! 2 * ids[t + 1] + k / 2 - 1      2 · (id of `ids` at (t + 1)) + 1 · (quotient of k and 2) - 1
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{BinderId, IntegersId};

/// A sum of integers: `constant + Σ factor · atom`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Integer<I: Ord = BinderId> {
    pub constant: i64,
    pub terms: BTreeMap<Atom<I>, i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom<I: Ord> {
    Index(I),
    /// The number of values that an index takes.
    Len(I),
    /// A scalar integer operand.
    Integer(IntegersId),
    /// `ids[at]`: what stands there in an array of integers.
    Id {
        integers: IntegersId,
        at: Vec<Integer<I>>,
    },
    /// What is no sum, of two integers.
    Of(Operation, Box<[Integer<I>; 2]>),
}

/// What becomes of two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Product,
    /// Rounded down.
    Quotient,
    /// What is left then, which is never below 0.
    Remainder,
    Min,
    Max,
}

impl Operation {
    /// The number that becomes of two, if it is one.
    pub fn of(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Self::Product => left.checked_mul(right),
            Self::Quotient => (right > 0).then(|| left.div_euclid(right)),
            Self::Remainder => (right > 0).then(|| left.rem_euclid(right)),
            Self::Min => Some(left.min(right)),
            Self::Max => Some(left.max(right)),
        }
    }

    /// Whether it cannot be below 0, where the first of two cannot, or the second.
    pub fn is_never_negative(self, left: bool, right: bool) -> bool {
        match self {
            Self::Product | Self::Min => left && right,
            Self::Quotient => left,
            Self::Remainder => true,
            Self::Max => left || right,
        }
    }

    /// The sign between the two, or the name before them.
    pub fn sign(self) -> Result<&'static str, &'static str> {
        match self {
            Self::Product => Ok("*"),
            Self::Quotient => Ok("/"),
            Self::Remainder => Ok("%"),
            Self::Min => Err("min"),
            Self::Max => Err("max"),
        }
    }
}

impl<I: Ord + Copy> Atom<I> {
    /// The integers that it is made of.
    pub fn parts(&self) -> &[Integer<I>] {
        match self {
            Self::Index(_) | Self::Len(_) | Self::Integer(_) => &[],
            Self::Id { at, .. } => at,
            Self::Of(_, both) => &both[..],
        }
    }

    /// Whether it is made of other integers.
    pub fn is_compound(&self) -> bool {
        matches!(self, Self::Id { .. } | Self::Of(..))
    }

    /// Whether it cannot be below 0, as no index, length, operand or id can.
    pub fn is_never_negative(&self) -> bool {
        match self {
            Self::Index(_) | Self::Len(_) | Self::Integer(_) | Self::Id { .. } => true,
            Self::Of(operation, both) => {
                let [left, right] = both.each_ref().map(Integer::is_never_negative);
                operation.is_never_negative(left, right)
            }
        }
    }
}

impl<I: Ord + Copy> Integer<I> {
    pub fn constant(constant: i64) -> Self {
        Self { constant, terms: BTreeMap::new() }
    }

    pub fn atom(atom: Atom<I>) -> Self {
        Self { constant: 0, terms: BTreeMap::from([(atom, 1)]) }
    }

    pub fn index(index: I) -> Self {
        Self::atom(Atom::Index(index))
    }

    /// What an operation makes of two integers, if that is one: a number of two numbers.
    pub fn of(operation: Operation, left: Self, right: Self) -> Option<Self> {
        match (left.as_constant(), right.as_constant()) {
            (Some(left), Some(right)) => operation.of(left, right).map(Self::constant),
            (_, Some(1)) if operation == Operation::Quotient => Some(left),
            (_, Some(1)) if operation == Operation::Remainder => Some(Self::constant(0)),
            _ => Some(Self::atom(Atom::Of(operation, Box::new([left, right])))),
        }
    }

    pub fn plus(mut self, factor: i64, addend: &Self) -> Self {
        self.constant += factor * addend.constant;
        for (atom, &count) in &addend.terms {
            *self.terms.entry(atom.clone()).or_default() += factor * count;
        }
        self.terms.retain(|_, count| *count != 0);
        self
    }

    /// The product with a number, if it fits.
    pub fn times(&self, factor: i64) -> Option<Self> {
        let fits = |number: i64| number.checked_mul(factor).is_some();
        (fits(self.constant) && self.terms.values().copied().all(fits))
            .then(|| Self::constant(0).plus(factor, self))
    }

    /// Whether none of its numbers is larger, or further below 0.
    pub fn is_within(&self, largest: i64) -> bool {
        let all = self.terms.values().chain([&self.constant]);
        all.into_iter().all(|number| number.unsigned_abs() <= largest.unsigned_abs())
    }

    /// The number, if there is no atom.
    pub fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// The atom, if it is that alone.
    pub fn as_atom(&self) -> Option<&Atom<I>> {
        match self.terms.iter().next() {
            Some((atom, 1)) if self.terms.len() == 1 && self.constant == 0 => Some(atom),
            _ => None,
        }
    }

    /// The index, if it is that alone.
    pub fn as_index(&self) -> Option<I> {
        match self.as_atom() {
            Some(&Atom::Index(index)) => Some(index),
            _ => None,
        }
    }

    /// The array of integers, if it is an element of one alone.
    pub fn as_id(&self) -> Option<IntegersId> {
        match self.as_atom() {
            Some(&Atom::Id { integers, .. }) => Some(integers),
            _ => None,
        }
    }

    /// Whether it is a sum of indices, lengths and operands, and of nothing else.
    pub fn is_affine(&self) -> bool {
        !self.terms.keys().any(Atom::is_compound)
    }

    /// The sum of the terms that are products with indices, lengths and operands, and the other terms.
    pub fn divided(&self) -> (Self, Vec<(&Atom<I>, i64)>) {
        let (mut affine, mut compound) = (Self::constant(self.constant), Vec::new());
        for (atom, &factor) in &self.terms {
            if atom.is_compound() {
                compound.push((atom, factor));
            } else {
                affine.terms.insert(atom.clone(), factor);
            }
        }
        (affine, compound)
    }

    /// How many atoms lie one within the other.
    pub fn depth(&self) -> usize {
        let within = |atom: &Atom<I>| atom.parts().iter().map(Self::depth).max();
        self.terms.keys().filter_map(within).max().map_or(0, |within| within + 1)
    }

    /// Whether it cannot be below 0.
    pub fn is_never_negative(&self) -> bool {
        self.constant >= 0
            && self.terms.iter().all(|(atom, &factor)| factor > 0 && atom.is_never_negative())
    }

    /// An end of a range, which is cut off at 0.
    pub fn cut_off(self) -> Self {
        match self.as_constant() {
            Some(constant) => Self::constant(constant.max(0)),
            None if self.is_never_negative() => self,
            None => Self::atom(Atom::Of(Operation::Max, Box::new([self, Self::constant(0)]))),
        }
    }

    /// Shows all atoms, also those within others.
    pub fn walk<'a>(&'a self, see: &mut dyn FnMut(&'a Atom<I>)) {
        for atom in self.terms.keys() {
            see(atom);
            for part in atom.parts() {
                part.walk(see);
            }
        }
    }

    fn any(&self, is_it: impl Fn(&Atom<I>) -> bool) -> bool {
        let mut found = false;
        self.walk(&mut |atom| found |= is_it(atom));
        found
    }

    /// Whether it changes with an index.
    pub fn names(&self, index: I) -> bool {
        self.any(|atom| *atom == Atom::Index(index))
    }

    /// Whether ids say what it is.
    pub fn has_ids(&self) -> bool {
        self.any(|atom| matches!(atom, Atom::Id { .. }))
    }

    /// Whether the length of an index is part of it.
    pub fn has_lengths(&self) -> bool {
        self.any(|atom| matches!(atom, Atom::Len(_)))
    }

    /// By how much it changes from one value of an index to the next, where that is always as much.
    pub fn step(&self, index: I) -> Option<i64> {
        let within = |atom: &Atom<I>| atom.parts().iter().any(|part| part.names(index));
        (!self.terms.keys().any(within)).then(|| self.factor(index))
    }

    /// Whether it never falls where an index rises.
    pub fn rises(&self, index: I) -> bool {
        self.terms.iter().all(|(atom, &factor)| match atom {
            Atom::Index(named) => *named != index || factor > 0,
            Atom::Len(_) | Atom::Integer(_) => true,
            Atom::Id { at, .. } => !at.iter().any(|at| at.names(index)),
            Atom::Of(operation, both) => {
                let still = both.iter().all(|part| !part.names(index));
                let [left, right] = both.each_ref();
                let rises = match operation {
                    Operation::Min | Operation::Max => left.rises(index) && right.rises(index),
                    Operation::Quotient => left.rises(index) && !right.names(index),
                    Operation::Product | Operation::Remainder => false,
                };
                still || factor > 0 && rises
            }
        })
    }

    /// The factor of an index among the terms, where it may also stand within others.
    pub fn factor(&self, index: I) -> i64 {
        self.terms.get(&Atom::Index(index)).copied().unwrap_or(0)
    }

    /// The indices with which it changes.
    pub fn indices(&self) -> BTreeSet<I> {
        let mut indices = BTreeSet::new();
        self.walk(&mut |atom| {
            if let Atom::Index(index) = atom {
                indices.insert(*index);
            }
        });
        indices
    }

    /// Puts integers in the place of atoms, also of those within others.
    pub fn map<J: Ord + Copy>(&self, by: &mut dyn FnMut(Leaf<I>) -> Integer<J>) -> Integer<J> {
        let mut sum = Integer::constant(self.constant);
        for (atom, &factor) in &self.terms {
            let atom = match atom {
                Atom::Index(index) => by(Leaf::Index(*index)),
                Atom::Len(index) => by(Leaf::Len(*index)),
                Atom::Integer(operand) => Integer::atom(Atom::Integer(*operand)),
                Atom::Id { integers, at } => Integer::atom(Atom::Id {
                    integers: *integers,
                    at: at.iter().map(|at| at.map(by)).collect(),
                }),
                Atom::Of(operation, both) => {
                    let both = both.each_ref().map(|part| part.map(by));
                    Integer::atom(Atom::Of(*operation, Box::new(both)))
                }
            };
            sum = sum.plus(factor, &atom);
        }
        sum
    }

    /// Puts integers in the place of indices, of all at once.
    pub fn replaced(&self, by: &BTreeMap<I, Self>) -> Self {
        self.map(&mut |leaf| match leaf {
            Leaf::Index(index) if by.contains_key(&index) => by[&index].clone(),
            leaf => Self::atom(leaf.into()),
        })
    }

    /// Puts `by` in the place of an index.
    pub fn substitute(&self, index: I, by: &Self) -> Self {
        self.map(&mut |leaf| match leaf {
            Leaf::Index(named) if named == index => by.clone(),
            leaf => Self::atom(leaf.into()),
        })
    }
}

/// An atom that names an index.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<I> {
    Index(I),
    Len(I),
}

impl<I: Ord> From<Leaf<I>> for Atom<I> {
    fn from(leaf: Leaf<I>) -> Self {
        match leaf {
            Leaf::Index(index) => Self::Index(index),
            Leaf::Len(index) => Self::Len(index),
        }
    }
}
