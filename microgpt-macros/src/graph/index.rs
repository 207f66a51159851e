//! Indices, what they run over, and how long the axes are that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use crate::graph::{ClassId, Graph, IndexId, Subscript};
use crate::ids::Id;
use crate::resolve::hir::{Atom, Axis, Checked, Integer, Range, reaches_as_far_as};

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    /// How many `for`s lie within its own.
    pub height: usize,
    pub range: IndexRange,
    /// The index of which it takes a part of the values.
    pub part_of: Option<IndexId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IndexRange {
    Whole(Length),
    Stated { low: Integer<IndexId>, high: Integer<IndexId> },
}

/// The length of an axis: that of a class of equal axes, or the reach of a stated range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Length {
    Class(ClassId),
    Extent(IndexId),
}

/// Axes that some index makes equal.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    of: BTreeMap<Axis, ClassId>,
    count: usize,
}

impl Classes {
    pub fn new(checked: &Checked) -> Self {
        let mut classes = Self::default();
        for (operand, with) in checked.operands.enumerate() {
            for axis in 0..with.rank {
                classes.add(Axis::Operand { operand, axis });
            }
        }
        for (operand, with) in checked.integers.enumerate() {
            for axis in 0..with.rank {
                classes.add(Axis::Integers { operand, axis });
            }
        }
        for axis_use in &checked.axis_uses {
            let Range::Implied(Some(first)) = checked.binders[axis_use.binder].range else {
                continue;
            };
            if let (Some(first), Some(merged)) =
                (classes.class(first), classes.class(axis_use.axis))
            {
                for class in classes.of.values_mut().filter(|class| **class == merged) {
                    *class = first;
                }
            }
        }
        classes
    }

    fn add(&mut self, axis: Axis) {
        self.of.insert(axis, ClassId::at(self.count));
        self.count += 1;
    }

    pub fn class(&self, axis: Axis) -> Option<ClassId> {
        self.of.get(&axis).copied()
    }

    /// All classes, of which some may have no axis left.
    pub fn ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.count).map(ClassId::at)
    }

    /// The axes of a class, in the order of the operands.
    pub fn axes(&self, class: ClassId) -> impl Iterator<Item = Axis> + '_ {
        self.of.iter().filter(move |(_, of)| **of == class).map(|(axis, _)| *axis)
    }
}

/// The class of an axis of an operand.
impl std::ops::Index<Axis> for Classes {
    type Output = ClassId;

    fn index(&self, axis: Axis) -> &ClassId {
        &self.of[&axis]
    }
}

impl<A: Copy + Eq + Hash> Graph<A> {
    pub fn index(&mut self, height: usize, range: IndexRange, name: &str) -> IndexId {
        let key = (height, range.clone());
        if let Some(&id) = self.index_ids.get(&key) {
            return id;
        }
        let id = self.indices.push(Index { name: name.to_owned(), height, range, part_of: None });
        self.index_ids.insert(key, id);
        id
    }

    /// An index over a part of another's values.
    pub fn part(&mut self, of: IndexId, range: IndexRange) -> IndexId {
        let is_it = |index: &Index| index.part_of == Some(of) && index.range == range;
        if let Some((id, _)) = self.indices.enumerate().find(|(_, index)| is_it(index)) {
            return id;
        }
        let Index { name, height, .. } = self.indices[of].clone();
        self.indices.push(Index { name, height, range, part_of: Some(of) })
    }

    /// The length of the axis that an index makes: `0..=t` reaches as far as `t`.
    pub fn axis_length(&self, index: IndexId) -> Length {
        match &self.indices[index].range {
            IndexRange::Whole(length) => self.canonical(*length),
            IndexRange::Stated { low, high } => {
                let outer = reaches_as_far_as(low, high);
                match outer.map(|outer| &self.indices[outer].range) {
                    Some(IndexRange::Whole(length)) => self.canonical(*length),
                    _ => self.canonical(Length::Extent(index)),
                }
            }
        }
    }

    /// How many values an index takes, as a sum of integers; none where a range may be cut off at 0
    /// or end before it begins.
    pub fn count(&self, index: IndexId) -> Option<Integer<IndexId>> {
        match &self.indices[index].range {
            IndexRange::Whole(_) => Some(Integer::atom(Atom::Len(index))),
            IndexRange::Stated { low, high } => {
                let count = high.clone().plus(-1, low);
                (low.is_never_negative() && count.is_never_negative()).then_some(count)
            }
        }
    }

    /// Whether two indices take the same values, each within indices of its own that do.
    pub fn are_alike(&self, left: IndexId, right: IndexId) -> bool {
        left == right
            || match (&self.indices[left].range, &self.indices[right].range) {
                (
                    IndexRange::Stated { low, high },
                    IndexRange::Stated { low: right_low, high: right_high },
                ) => self.are_equal(low, right_low) && self.are_equal(high, right_high),
                (left_range, right_range) => left_range == right_range,
            }
    }

    /// Whether two integers are equal, where the indices in them are alike.
    fn are_equal(&self, left: &Integer<IndexId>, right: &Integer<IndexId>) -> bool {
        let all = |lefts: &[Integer<IndexId>], rights: &[Integer<IndexId>]| {
            lefts.len() == rights.len()
                && lefts.iter().zip(rights).all(|(left, right)| self.are_equal(left, right))
        };
        let same =
            |left_atom: &Atom<IndexId>, right_atom: &Atom<IndexId>| match (left_atom, right_atom) {
                (Atom::Index(index), Atom::Index(right_index)) => {
                    self.are_alike(*index, *right_index)
                }
                (
                    Atom::Id { integers, at },
                    Atom::Id { integers: right_integers, at: right_at },
                ) => integers == right_integers && all(at, right_at),
                (Atom::Of(operation, both), Atom::Of(right_operation, right_both)) => {
                    operation == right_operation && all(&both[..], &right_both[..])
                }
                _ => left_atom == right_atom,
            };
        left.constant == right.constant
            && left.terms.len() == right.terms.len()
            && left.terms.iter().zip(&right.terms).all(
                |((left_atom, left_by), (right_atom, right_by))| {
                    left_by == right_by && same(left_atom, right_atom)
                },
            )
    }

    /// The first index whose values make an axis of this length.
    pub fn canonical(&self, length: Length) -> Length {
        match length {
            Length::Class(_) => length,
            Length::Extent(index) => {
                let alike = self.indices.ids().find(|&candidate| self.are_alike(candidate, index));
                Length::Extent(alike.unwrap_or(index))
            }
        }
    }

    /// Whether an index takes a value in every range that it has.
    pub fn is_never_empty(&self, index: IndexId) -> bool {
        let count = self.count(index);
        count.is_some_and(|count| count.constant > 0)
    }

    /// Whether the range of one of these names another.
    pub fn are_dependent(&self, indices: &[IndexId]) -> bool {
        let within: BTreeSet<IndexId> =
            indices.iter().flat_map(|&index| self.range_indices(index)).collect();
        indices.iter().any(|index| within.contains(index))
    }

    /// Whether the range of an index, which another bounds, only rises or only falls with that.
    pub fn goes_one_way(&self, index: IndexId, outer: IndexId) -> bool {
        match &self.indices[index].range {
            IndexRange::Whole(_) => true,
            IndexRange::Stated { low, high } => {
                let both = [low, high];
                both.iter().all(|end| end.is_affine()) || both.iter().all(|end| end.rises(outer))
            }
        }
    }

    /// Whether ids say where the range of an index begins or ends: an axis of its values reaches as far as the ids
    /// do, whatever few of them each range takes.
    pub fn is_scattered(&self, index: IndexId) -> bool {
        match &self.indices[index].range {
            IndexRange::Whole(_) => false,
            IndexRange::Stated { low, high } => low.has_ids() || high.has_ids(),
        }
    }

    /// The indices that the bounds of this one name.
    pub fn range_indices(&self, index: IndexId) -> BTreeSet<IndexId> {
        match &self.indices[index].range {
            IndexRange::Whole(_) => BTreeSet::new(),
            IndexRange::Stated { low, high } => &low.indices() | &high.indices(),
        }
    }

    /// These indices and all that their bounds name.
    pub fn with_bounds(&self, indices: impl IntoIterator<Item = IndexId>) -> BTreeSet<IndexId> {
        let mut loops = BTreeSet::new();
        let mut stack: Vec<IndexId> = indices.into_iter().collect();
        while let Some(index) = stack.pop() {
            if loops.insert(index) {
                stack.extend(self.range_indices(index));
            }
        }
        loops
    }
}

/// The indices in a subscript.
pub fn indices_of(subscript: &Subscript) -> Vec<IndexId> {
    subscript.indices().into_iter().collect()
}
