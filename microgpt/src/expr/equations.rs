//! What the values of a record are: the equations of its `expr!`, by name and axes, and where that
//! stands.

use std::fmt;
use std::panic::Location;

use crate::array::indices;

/// Where an `expr!` stands in the source, or an operator on `Value`s.
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
    equations: Vec<Equation>,
}

#[derive(Debug)]
struct Equation {
    name: &'static str,
    /// For each axis its length, and the value of the index where it begins.
    axes: Vec<(usize, usize)>,
}

impl Equations {
    /// None yet, of the `expr!` that stands there.
    #[must_use]
    pub fn new(file: &'static str, line: u32) -> Self {
        Self { place: Place { file, line }, equations: Vec::new() }
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, name: &'static str, axes: &[(usize, usize)]) -> Self {
        self.equations.push(Equation { name, axes: axes.to_vec() });
        self
    }

    /// The equation whose value lies at an offset of the record, and the indices of the element.
    pub(crate) fn find(&self, mut offset: usize) -> (String, Vec<usize>) {
        for Equation { name, axes } in &self.equations {
            let lens: Vec<usize> = axes.iter().map(|&(len, _)| len).collect();
            let size: usize = lens.iter().product();
            if offset < size {
                let positions = indices(&lens, offset).into_iter();
                let index = positions.zip(axes).map(|(at, &(_, start))| at + start).collect();
                return ((*name).to_owned(), index);
            }
            offset -= size;
        }
        ("an operand's copy".into(), vec![offset])
    }
}
