//! What the values of a record are: the equations of its `expr!`, by name and axes, and where that
//! stands.

use std::fmt;
use std::ops::Range;
use std::panic::Location;

use super::operand::{Saved, Tracking};
use crate::array::indices;

/// Where an `expr!` stands in the source, or an operator on `Value`s.
///
/// ```
/// use microgpt::tape::Place;
///
/// assert_eq!(Place { file: "src/model.rs", line: 7 }.to_string(), "src/model.rs:7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line, of which the first is 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl From<&'static Location<'static>> for Place {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line() }
    }
}

/// The equations of one record, in the order in which their values lie in it.
#[derive(Debug)]
pub struct Equations {
    pub(crate) place: Place,
    /// Of each group of steps of the backward pass, whether their targets receive gradients.
    active: Vec<bool>,
    in_order: Vec<Equation>,
    /// The tracked operands that the backward pass reads.
    operands: Vec<(&'static str, Range<usize>)>,
}

#[derive(Debug)]
struct Equation {
    name: &'static str,
    /// For each axis its length, and the value of the index where it begins.
    axes: Vec<(usize, usize)>,
    /// The axes in the order in which they lie, the outermost first.
    order: Vec<usize>,
    /// Whether the backward pass reads its values.
    is_read: bool,
    /// Whether the backward pass computes its gradient.
    has_gradient: bool,
    /// What lies between those that are may be anything.
    reached: Reached,
}

/// Which elements are computed.
enum Reached {
    All,
    Within(Ranges),
}

/// Whether indices are within their ranges.
type Ranges = Box<dyn Fn(&[usize]) -> bool>;

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Within(_) => "those within ranges",
        })
    }
}

impl Equations {
    /// None yet, of the `expr!` that stands there.
    #[must_use]
    pub fn new(file: &'static str, line: u32) -> Self {
        let place = Place { file, line };
        Self { place, active: Vec::new(), in_order: Vec::new(), operands: Vec::new() }
    }

    /// Says of each group of steps of the backward pass whether their targets receive gradients.
    #[must_use]
    pub fn active(mut self, groups: &[bool]) -> Self {
        self.active = groups.to_vec();
        self
    }

    /// Whether one of the groups that read an array is run.
    fn is_read(&self, readers: &[usize]) -> bool {
        readers.iter().any(|&group| self.active[group])
    }

    /// One more, whose axes lie in the order in which they are given, and the groups of steps
    /// of the backward pass that read it.
    #[must_use]
    pub fn and(mut self, name: &'static str, readers: &[usize], axes: &[(usize, usize)]) -> Self {
        let (is_read, order) = (self.is_read(readers), (0..axes.len()).collect());
        let axes = axes.to_vec();
        let (has_gradient, reached) = (true, Reached::All);
        self.in_order.push(Equation { name, axes, order, is_read, has_gradient, reached });
        self
    }

    /// The axes of the last one lie in this order, the outermost first, if it is `interleaved`.
    #[must_use]
    pub fn lies(mut self, interleaved: bool, order: &[usize]) -> Self {
        if let Some(last) = self.in_order.last_mut().filter(|_| interleaved) {
            last.order = order.to_vec();
        }
        self
    }

    /// The last one has a gradient if this group of steps of the backward pass is run.
    #[must_use]
    pub fn gradient_if(mut self, group: usize) -> Self {
        if let Some(last) = self.in_order.last_mut() {
            last.has_gradient = self.active[group];
        }
        self
    }

    /// The last one has no gradient of its own: it is that of another, or nothing asks for it.
    #[must_use]
    pub fn without_gradient(mut self) -> Self {
        if let Some(last) = self.in_order.last_mut() {
            last.has_gradient = false;
        }
        self
    }

    /// Of the last one only these elements are computed, and what lies between them is anything.
    #[must_use]
    pub fn reaches<const RANK: usize>(
        mut self,
        reached: impl Fn([usize; RANK]) -> bool + 'static,
    ) -> Self {
        if let Some(last) = self.in_order.last_mut() {
            let reached = move |index: &[usize]| index.try_into().is_ok_and(&reached);
            last.reached = Reached::Within(Box::new(reached));
        }
        self
    }

    /// One operand more, with so many values, and the groups of steps of the backward pass that read it.
    #[must_use]
    pub fn reads<A: Tracking>(
        mut self,
        name: &'static str,
        readers: &[usize],
        operand: Saved<A>,
        len: usize,
    ) -> Self {
        let is_read = self.is_read(readers);
        if let Some(start) = operand.on_tape().filter(|_| is_read) {
            self.operands.push((name, start..start + len));
        }
        self
    }

    /// All that the backward pass reads, given where the record's own values lie.
    pub(crate) fn all_reads(self, own: Range<usize>) -> Vec<(&'static str, Range<usize>)> {
        let mut reads = self.operands;
        let mut start = own.start;
        for Equation { name, axes, is_read, .. } in self.in_order {
            let size: usize = axes.iter().map(|axis| axis.0).product();
            if is_read {
                reads.push((name, start..start + size));
            }
            start += size;
        }
        reads
    }

    /// The element that lies at an offset of the record: its equation and its indices.
    fn element(&self, mut offset: usize) -> Option<(&Equation, Vec<usize>)> {
        for equation in &self.in_order {
            let Equation { axes, order, .. } = equation;
            let lens: Vec<usize> = order.iter().map(|&axis| axes[axis].0).collect();
            let size: usize = lens.iter().product();
            if offset < size {
                let mut index = vec![0; axes.len()];
                for (&axis, at) in order.iter().zip(indices(&lens, offset)) {
                    index[axis] = at + axes[axis].1;
                }
                return Some((equation, index));
            }
            offset -= size;
        }
        None
    }

    /// Whether the value that lies at an offset of the record is one.
    pub(crate) fn has_value(&self, offset: usize) -> bool {
        self.element(offset).is_none_or(|(equation, index)| match &equation.reached {
            Reached::All => true,
            Reached::Within(reached) => reached(&index),
        })
    }

    /// Whether the gradient that lies at an offset of the record is one.
    pub(crate) fn has_gradient(&self, offset: usize) -> bool {
        let has_own = self.element(offset).is_none_or(|(equation, _)| equation.has_gradient);
        has_own && self.has_value(offset)
    }

    /// The equation whose value lies at an offset of the record, and the indices of the element.
    pub(crate) fn find(&self, offset: usize) -> (String, Vec<usize>) {
        match self.element(offset) {
            Some((equation, index)) => (equation.name.to_owned(), index),
            None => ("an operand's copy".into(), vec![offset]),
        }
    }
}
