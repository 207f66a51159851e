//! Integers: the values of indices, lengths, and where elements lie.

use std::borrow::Cow;
use std::rc::Rc;

use super::{Machine, place};
use crate::graph::{Array, IndexId, IndexRange, Length, Subscript};
use crate::ids::Id;
use crate::nest::ir::Element;
use crate::nest::layout::stored;
use crate::resolve::hir::{Atom, Axis, Integer, IntegersId};
use crate::tests::number::Number;

/// The axes of an array, the innermost first.
pub type Axes = Rc<[Along]>;

#[derive(Clone, Copy)]
pub struct Along {
    /// The place of the axis among those that were written.
    axis: usize,
    len: i64,
    /// The value of an index at position 0.
    start: i64,
    stride: i64,
}

impl<T: Number> Machine<'_, T> {
    /// The value that an index has now.
    pub(super) fn value_of(&self, index: IndexId) -> i64 {
        let value = self.at.iter().rev().find(|(known, _)| *known == index);
        value.unwrap_or_else(|| panic!("the index {index:?} has no value here")).1
    }

    /// The first value of an index, and the end.
    pub(super) fn range(&self, index: IndexId) -> (i64, i64) {
        match &self.graph.indices[index].range {
            IndexRange::Whole(length @ Length::Class(_)) => (0, self.length(*length)),
            IndexRange::Whole(Length::Extent(stated)) => self.reach(*stated),
            IndexRange::Stated { low, high } => {
                (self.integer(low).max(0), self.integer(high).max(0))
            }
        }
    }

    pub(super) fn count(&self, index: IndexId) -> i64 {
        let (low, high) = self.range(index);
        (high - low).max(0)
    }

    pub(super) fn integer(&self, integer: &Integer<IndexId>) -> i64 {
        let name = |operand: IntegersId| &self.checked.integers[operand].name;
        let terms = integer.terms.iter().map(|(atom, factor)| {
            factor
                * match atom {
                    Atom::Index(index) => self.value_of(*index),
                    Atom::Len(index) => self.count(*index),
                    Atom::Integer(operand) => panic!("{} is not generated", name(*operand)),
                    Atom::Id { integers, at } => {
                        let place = usize::try_from(self.integer(&at[0])).expect("a place");
                        let ids = self.integers.of(name(*integers));
                        i64::try_from(ids[place]).expect("small")
                    }
                    Atom::Of(operation, both) => {
                        let [left, right] = both.each_ref().map(|part| self.integer(part));
                        operation.of(left, right).expect("an integer")
                    }
                }
        });
        integer.constant + terms.sum::<i64>()
    }

    pub(super) fn length(&self, length: Length) -> i64 {
        let length = match length {
            Length::Class(class) => {
                let axis = self.graph.classes.axes(class).next().expect("a class has an axis");
                match axis {
                    Axis::Operand { operand, axis } => self.lens[operand.position()][axis],
                    Axis::Integers { operand, .. } => {
                        self.integers.of(&self.checked.integers[operand].name).len()
                    }
                    Axis::Extent { .. } => panic!("an extent is no class"),
                }
            }
            Length::Extent(index) => {
                let (least, most) = self.reach(index);
                return (most - least).max(0);
            }
        };
        i64::try_from(length).expect("small")
    }

    /// The least first value of an index and the greatest end, over all of its ranges that have values.
    fn reach(&self, index: IndexId) -> (i64, i64) {
        if let Some(reach) = self.reaches.borrow().get(&index) {
            return *reach;
        }
        // In a machine of its own, whose indices have no values yet.
        let mut inner = Machine {
            arrays: Vec::new(),
            at: Vec::new(),
            named: Vec::new(),
            others: None,
            running: None,
            added: None,
            empty: None,
            reaches: self.reaches.clone(),
            axes: self.axes.clone(),
            ..*self
        };
        let mut outer = Vec::new();
        let all = self.graph.with_bounds(self.graph.range_indices(index));
        let mut rest: Vec<IndexId> = all.into_iter().collect();
        while !rest.is_empty() {
            let ready = |candidate: &IndexId| {
                self.graph.range_indices(*candidate).iter().all(|within| outer.contains(within))
            };
            let at = rest.iter().position(ready).expect("bounds name outer indices");
            outer.push(rest.remove(at));
        }
        let mut reach = (i64::MAX, 0);
        inner.loops(&outer, &mut |inner| {
            let (low, high) = inner.range(index);
            if low < high {
                reach = (reach.0.min(low), reach.1.max(high));
            }
        });
        let reach = if reach.0 == i64::MAX { (0, 0) } else { reach };
        self.reaches.borrow_mut().insert(index, reach);
        reach
    }

    pub(super) fn axes(&self, array: Array) -> Axes {
        let (place, layout) = (place(array), usize::from(self.is_interleaved));
        if let Some(axes) = &self.axes.borrow()[place][layout] {
            return Rc::clone(axes);
        }
        let lengths: Vec<(i64, i64)> = match array {
            Array::Operand(operand) | Array::Gradient(operand) => {
                let lens = self.lens[operand.position()].iter();
                lens.map(|&len| (i64::try_from(len).expect("small"), 0)).collect()
            }
            Array::Equation(id)
            | Array::Adjoint(id)
            | Array::Present(id)
            | Array::PresentAdjoint(id) => {
                let axes = self.equations[id].shape.iter();
                axes.map(|&axis| match self.graph.axis_length(axis) {
                    length @ Length::Class(_) => (self.length(length), 0),
                    length @ Length::Extent(stated) => (self.length(length), self.reach(stated).0),
                })
                .collect()
            }
        };
        let order: Vec<usize> = (0..lengths.len()).collect();
        let interleaving = self.kernels.interleaving.as_ref().filter(|_| self.is_interleaved);
        let (mut axes, mut stride) = (Vec::new(), 1);
        for &axis in stored(interleaving, array, &order).iter().rev() {
            let (len, start) = lengths[axis];
            axes.push(Along { axis, len, start, stride });
            stride *= len;
        }
        let axes: Axes = axes.into();
        self.axes.borrow_mut()[place][layout] = Some(Rc::clone(&axes));
        axes
    }

    /// How long an axis of an array is.
    pub(super) fn length_of(&self, array: Array, axis: usize) -> usize {
        let axes = self.axes(array);
        let along = axes.iter().find(|along| along.axis == axis).expect("an axis of the array");
        usize::try_from(along.len).expect("a length")
    }

    /// How many elements an array has.
    pub(super) fn size(&self, array: Array) -> usize {
        let size: i64 = self.axes(array).iter().map(|along| along.len).product();
        usize::try_from(size).expect("a size")
    }

    pub(super) fn address(&self, of: &Element) -> usize {
        self.address_of(of.array, &of.subscripts)
    }

    /// The subscripts of an element in all of its array, of which a step of a recurrence may know its own.
    fn subscripts<'s>(&self, array: Array, subscripts: &'s [Subscript]) -> Cow<'s, [Subscript]> {
        match array {
            Array::Present(id) | Array::PresentAdjoint(id) => {
                let own = &self.equations[id].subscripts;
                [&own[..own.len() - subscripts.len()], subscripts].concat().into()
            }
            _ => subscripts.into(),
        }
    }

    pub(super) fn address_of(&self, array: Array, subscripts: &[Subscript]) -> usize {
        let subscripts = self.subscripts(array, subscripts);
        let address: i64 = self
            .axes(array)
            .iter()
            .map(|along| {
                let position = self.integer(&subscripts[along.axis]) - along.start;
                assert!(
                    (0..along.len).contains(&position),
                    "axis {} of {array:?} has no position {position}",
                    along.axis
                );
                position * along.stride
            })
            .sum();
        usize::try_from(address).expect("an address")
    }

    /// From one value of an index to the next, in elements.
    pub(super) fn stride(&self, of: &Element, index: IndexId) -> usize {
        let subscripts = self.subscripts(of.array, &of.subscripts);
        let moving =
            |along: &&Along| crate::graph::indices_of(&subscripts[along.axis]).contains(&index);
        let axes = self.axes(of.array);
        let stride = axes.iter().find(moving).map_or(0, |along| along.stride);
        usize::try_from(stride).expect("a stride")
    }
}
