//! Arrays: contiguous blocks of values, on a tape or plain.

use std::fmt;
use std::ops::{Deref, DerefMut, Index};

use crate::real::Real;
use crate::shape::{Rows, Shape};
use crate::tape::{Position, Pulled, Tape};
use crate::value::Value;

mod arithmetic;

/// A block of values on a tape, row-major, with one [`Dim`](crate::Dim) per axis.
///
/// A handle: `Copy`, a few words, the numbers stay on the tape. Arrays of one shape add and subtract,
/// and scale by a number: `x + f(x)`.
///
/// ```
/// use microgpt::{expr, Tape};
///
/// let tape = Tape::new();
/// let x = tape.array((2, 3), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let rows = expr!([sum(x[t, i]^2 for i) for t]);
/// assert_eq!(rows.data(), [14.0, 77.0]);
/// rows.at([1]).backward();
/// assert_eq!(x.grad(), [0.0, 0.0, 0.0, 8.0, 10.0, 12.0]);
/// ```
#[derive(Clone, Copy)]
pub struct Array<'t, S: Shape, T: Real = f64> {
    tape: &'t Tape<T>,
    position: Position,
    shape: S,
}

/// An array with one axis.
pub type Vector<'t, N, T = f64> = Array<'t, (N,), T>;

/// An array with two axes, rows first.
pub type Matrix<'t, R, C, T = f64> = Array<'t, (R, C), T>;

impl<'t, S: Shape, T: Real> Array<'t, S, T> {
    pub(crate) fn new(tape: &'t Tape<T>, position: Position, shape: S) -> Self {
        Self { tape, position, shape }
    }

    pub(crate) fn shaped<R: Shape>(self, shape: R) -> Array<'t, R, T> {
        Array { tape: self.tape, position: self.position, shape }
    }

    pub(crate) fn position(self) -> Position {
        self.position
    }

    /// The tape that holds the values.
    #[must_use]
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The axes.
    #[must_use]
    pub fn shape(self) -> S {
        self.shape
    }

    /// The number of values: the product of the axes.
    #[must_use]
    pub fn size(self) -> usize {
        // No product here overflows: an array that is larger than a tape is refused when it is made.
        self.shape.lens().as_ref().iter().fold(1, |size: usize, &len| size.wrapping_mul(len))
    }

    /// Panics if a rewind of the tape forgot the values.
    #[track_caller]
    pub(crate) fn require_alive(self) {
        self.tape.check(self.position, self.size());
    }

    /// The values, row-major.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot them.
    #[must_use]
    #[track_caller]
    pub fn data(self) -> Vec<T> {
        self.tape.read(self.position, self.size(), <[T]>::to_vec)
    }

    /// The gradients, row-major: what the backward passes so far have added up.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the values.
    #[must_use]
    #[track_caller]
    pub fn grad(self) -> Vec<T> {
        self.tape.read_gradients(self.position, self.size(), <[T]>::to_vec)
    }

    /// Calls `work` with the values, row-major, without copying them.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the values, or if `work` changes the tape: an `expr!` of its values
    /// does.
    #[track_caller]
    pub fn with_data<R>(self, work: impl FnOnce(&[T]) -> R) -> R {
        self.tape.read(self.position, self.size(), work)
    }

    /// Calls `work` with the values and their gradients, to change either: how an optimiser of one's own
    /// moves parameters.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let w = tape.vector([1.0, 2.0]);
    /// w.at([1]).backward();
    /// w.update(|values, gradients| {
    ///     for (w, g) in values.iter_mut().zip(gradients) {
    ///         *w -= 0.1 * *g;
    ///         *g = 0.0;
    ///     }
    /// });
    /// assert_eq!(w.data(), [1.0, 1.9]);
    /// ```
    ///
    /// A backward pass that comes to a record made before, and reads there a value that was changed
    /// since, panics: make the record again. Gradients may change at any time.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the values, or if `work` uses the tape.
    #[track_caller]
    pub fn update(self, work: impl FnOnce(&mut [T], &mut [T])) {
        self.tape.update(self.position, self.size(), work);
    }

    /// Calls `work` with the gradients, to change them, to set them to zero for one.
    ///
    /// # Panics
    ///
    /// If a rewind of the tape forgot the values, or if `work` uses the tape.
    #[track_caller]
    pub fn update_gradients(self, work: impl FnOnce(&mut [T])) {
        self.tape.change_gradients(self.position, self.size(), work);
    }

    /// One element, as a [`Value`] that shares memory and gradient with the array.
    ///
    /// # Panics
    ///
    /// If the number of indices is not the number of axes, or one is not below its axis's length.
    #[must_use]
    #[track_caller]
    pub fn at(self, indices: impl AsRef<[usize]>) -> Value<'t, T> {
        let offset = row_major(self.shape, indices.as_ref());
        Value(Array::new(self.tape, self.position.shifted(offset), ()))
    }

    /// The same values under other axes; the order stays, and nothing is copied.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let x = tape.vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.reshape((2, 3)).at([1, 0]).data(), 4.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If the number of values differs.
    #[must_use]
    #[track_caller]
    pub fn reshape<R: Shape>(self, shape: R) -> Array<'t, R, T> {
        assert!(
            shape.size() == self.size(),
            "{} values of shape {:?} cannot take the shape {:?} of {} values",
            self.size(),
            self.shape.lens(),
            shape.lens(),
            shape.size()
        );
        self.shaped(shape)
    }

    /// A part of the values, from position `start`, under these axes; nothing is copied.
    ///
    /// # Panics
    ///
    /// If the part reaches beyond the array.
    #[must_use]
    #[track_caller]
    pub fn block<R: Shape>(self, start: usize, shape: R) -> Array<'t, R, T> {
        assert!(
            start.checked_add(shape.size()).is_some_and(|end| end <= self.size()),
            "no block of shape {:?} at position {start} of {} values",
            shape.lens(),
            self.size()
        );
        Array { tape: self.tape, position: self.position.shifted(start), shape }
    }

    /// Adds, to the gradient of every value that this array was computed from, the gradient of
    /// `Σ cotangent · self`: the vector-Jacobian product.
    ///
    /// # Panics
    ///
    /// If there is not one cotangent for each value, and as [`Value::backward`].
    #[track_caller]
    pub fn backward_with(self, cotangent: &[T]) {
        assert!(
            cotangent.len() == self.size(),
            "an array of shape {:?} takes {} cotangents, not {}",
            self.shape.lens(),
            self.size(),
            cotangent.len()
        );
        self.tape.backward(self.position, cotangent);
    }

    /// A backward pass that shows what each record did.
    pub(crate) fn backward_observed(self, cotangent: &[T], observe: impl FnMut(Pulled<'_, T>)) {
        self.tape.backward_observed(self.position, cotangent, observe);
    }
}

impl<S: Rows, T: Real> Array<'_, S, T> {
    /// So many rows, from row `first` on; nothing is copied.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[must_use]
    #[track_caller]
    pub fn rows(self, first: usize, count: usize) -> Self {
        let rows = self.shape.rows();
        assert!(
            first <= rows && count <= rows - first,
            "no {count} rows from row {first} of {rows}"
        );
        let position = self.position.shifted(first * self.shape.row_size());
        Array { tape: self.tape, position, shape: self.shape.with_rows(count) }
    }
}

/// The index along each axis of the element at a position, row-major: what [`row_major`] undoes.
pub(crate) fn indices(lens: &[usize], mut position: usize) -> Vec<usize> {
    let mut indices = vec![0; lens.len()];
    for (index, &len) in indices.iter_mut().zip(lens).rev() {
        // Of an empty array only position 0 is ever asked for.
        *index = position % len.max(1);
        position /= len.max(1);
    }
    indices
}

#[track_caller]
fn row_major<S: Shape>(shape: S, indices: &[usize]) -> usize {
    let lens = shape.lens();
    let lens = lens.as_ref();
    assert!(
        indices.len() == lens.len() && indices.iter().zip(lens).all(|(index, len)| index < len),
        "no element {indices:?} in an array of shape {lens:?}"
    );
    indices.iter().zip(lens).fold(0, |offset, (index, len)| offset * len + index)
}

impl<S: Shape, T: Real> fmt::Debug for Array<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array").field("shape", &self.shape).field("data", &self.data()).finish()
    }
}

/// A block of plain numbers, row-major: what an `expr!` without a tracked operand returns.
///
/// It can be an operand again, and it derefs to a slice. One of `usize`s holds ids, one of `bool`s conditions.
///
/// ```
/// use microgpt::expr;
///
/// let x = [[1.0, 2.0], [3.0, 4.0]];
/// let y = expr!([x[i, j] * 10 for j, i]);
/// assert_eq!(*y, [10.0, 30.0, 20.0, 40.0]);
/// assert_eq!(y[[1, 0]], 20.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers<S: Shape, T = f64> {
    shape: S,
    data: Vec<T>,
}

impl<S: Shape, T> Numbers<S, T> {
    /// A block with these axes and these numbers in row-major order.
    ///
    /// # Panics
    ///
    /// If the number of numbers is not the product of the axes.
    #[must_use]
    #[track_caller]
    pub fn new(shape: S, data: Vec<T>) -> Self {
        assert!(
            data.len() == shape.size(),
            "a block of shape {:?} has {} numbers, not {}",
            shape.lens(),
            shape.size(),
            data.len()
        );
        Self { shape, data }
    }

    /// The axes.
    #[must_use]
    pub fn shape(&self) -> S {
        self.shape
    }

    /// The numbers alone.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }
}

impl<S: Shape, T> Deref for Numbers<S, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.data
    }
}

impl<S: Shape, T> DerefMut for Numbers<S, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.data
    }
}

impl<S: Shape, T, const RANK: usize> Index<[usize; RANK]> for Numbers<S, T> {
    type Output = T;
    #[track_caller]
    fn index(&self, indices: [usize; RANK]) -> &T {
        &self.data[row_major(self.shape, &indices)]
    }
}

/// By position, row-major.
impl<S: Shape, T> Index<usize> for Numbers<S, T> {
    type Output = T;
    #[track_caller]
    fn index(&self, position: usize) -> &T {
        &self.data[position]
    }
}
