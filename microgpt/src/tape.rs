//! The tape: an arena of values, their gradients, and one record for each `expr!` that ran.
//!
//! Everything is appended: parameters first, then, step after step, what the equations compute.
//! The inputs of a record therefore lie below its own part of the arena, and both passes split
//! slices where a pointer-based tape would follow them. [`Tape::rewind`] gives the memory of a
//! step to the next one.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::ops::Range;
use std::panic::Location;

use crate::array::{Array, Matrix, Vector};
mod arena;
pub mod array;
mod changes;
mod finite;
mod record;
pub mod shape;
pub mod value;

pub use crate::expr::Place;
use crate::expr::tuning::LANES;
use crate::expr::{Below, Equations, Row, Rows, Sizes};
use crate::real::Real;
use crate::shape::{Shape, Word};
use crate::value::Value;
use arena::{Alive, Arena, offset};
use record::{Backward, Record};

pub use arena::{Mark, Position};
pub use finite::{NotFinite, Quantity};

/// What a backward pass works on: the arena at the time of one record.
#[doc(hidden)]
pub struct Pass<'a, T> {
    /// Every value below the end of the record.
    pub values: &'a [T],
    /// Every gradient below the end of the record.
    pub gradients: &'a mut [T],
    /// The integer operands (token ids), one after the other.
    pub integers: &'a [usize],
    /// Where the record's own values begin; its inputs lie below.
    pub start: usize,
}

/// One record's part of a backward pass, for a check of its own.
pub(crate) struct Pulled<'a, T> {
    /// Where the `expr!` or the operator stands.
    pub(crate) place: Place,
    /// Where the record's own values lie.
    pub(crate) own: Range<usize>,
    /// All gradients before the record carried its own to its inputs, and after.
    pub(crate) before: &'a [T],
    pub(crate) after: &'a [T],
}

#[cold]
#[track_caller]
fn in_use(forbidden: &str) -> ! {
    panic!("the tape is in use: inside of {forbidden}; take what you need with `data` before")
}

/// An arena of values and gradients with one record for each `expr!` (or operator) that ran.
///
/// ```
/// use microgpt::{expr, Tape};
///
/// let tape = Tape::new();
/// let q = tape.vector([1.0, 2.0]);
/// let k = tape.vector([3.0, 4.0]);
/// let score = expr!(q·k / sqrt(2));
/// score.backward();
/// assert_eq!(tape.records(), 1);
/// assert_eq!(q.grad(), [3.0 / 2f64.sqrt(), 4.0 / 2f64.sqrt()]);
/// ```
pub struct Tape<T: Real = f64> {
    arena: RefCell<Arena<T>>,
    /// Which handles are alive, as of the last rewind: to be asked without a borrow of the arena.
    alive: Cell<Alive>,
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Self { arena: RefCell::default(), alive: Cell::default() }
    }
}

impl Tape<f64> {
    /// An empty tape of `f64`; [`Tape::default`] makes one of any precision.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Real> Tape<T> {
    /// A scalar with this value, to compute with and to take gradients of.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let x = tape.value(3.0);
    /// (x * x).backward();
    /// assert_eq!(x.grad(), 6.0);
    /// ```
    pub fn value(&self, x: T) -> Value<'_, T> {
        Value(self.array((), &[x]))
    }

    /// A vector with these values: `[T; N]` gives the axis `Const<N>`, a slice or `Vec` gives
    /// `usize`.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// assert_eq!(tape.vector([1.0, 2.0]).data(), tape.vector(vec![1.0, 2.0]).data());
    /// ```
    #[allow(clippy::needless_pass_by_value)] // an array may be written where it is passed
    pub fn vector<X, N>(&self, values: X) -> Vector<'_, N, T>
    where
        X: Row<T, Shape = (N,)>,
        (N,): Shape,
    {
        let (values, shape) = values.row();
        self.array(shape, values)
    }

    /// A matrix with these values, `[[T; C]; R]`; see [`Tape::array`] for sizes known at run time.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let rows = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(rows.at([1, 0]).data(), 3.0);
    /// ```
    #[allow(clippy::needless_pass_by_value)] // an array may be written where it is passed
    pub fn matrix<X, R, C>(&self, values: X) -> Matrix<'_, R, C, T>
    where
        X: Rows<T, Shape = (R, C)>,
        (R, C): Shape,
    {
        let (values, shape) = values.rows();
        self.array(shape, values)
    }

    /// An array of any shape with these values in row-major order.
    ///
    /// # Panics
    ///
    /// If the number of values is not the product of the axes.
    #[track_caller]
    pub fn array<S: Shape>(&self, shape: S, values: &[T]) -> Array<'_, S, T> {
        assert!(
            values.len() == shape.size(),
            "an array of shape {:?} has {} values, not {}",
            shape.lens(),
            shape.size(),
            values.len()
        );
        self.leaf(shape, |leaf| leaf.copy_from_slice(values))
    }

    /// An array that no record made, with the values that `write` gives it.
    #[track_caller]
    fn leaf<S: Shape>(&self, shape: S, write: impl FnOnce(&mut [T])) -> Array<'_, S, T> {
        let start = self.arena_mut().leaf(shape.size(), write);
        Array::new(self, self.position(start), shape)
    }

    #[track_caller]
    #[inline]
    fn arena(&self) -> Ref<'_, Arena<T>> {
        match self.arena.try_borrow() {
            Ok(arena) => arena,
            Err(_) => in_use("`update` nothing else of it can be used"),
        }
    }

    #[track_caller]
    #[inline]
    fn arena_mut(&self) -> RefMut<'_, Arena<T>> {
        match self.arena.try_borrow_mut() {
            Ok(arena) => arena,
            Err(_) => in_use(
                "`with_data` and `update` it cannot be changed, and an `expr!` of its values adds to it",
            ),
        }
    }

    /// The number of records: one for each `expr!` and each operator on `Value`s since the
    /// beginning or the last rewind.
    pub fn records(&self) -> usize {
        self.arena().records.len()
    }

    /// The number of values on the tape, intermediates that a record saves included.
    pub fn len(&self) -> usize {
        self.arena().top
    }

    /// Whether nothing is on the tape.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that the tape holds, in bytes: values, gradients and records, with room for the
    /// longest use so far.
    pub fn bytes(&self) -> usize {
        self.arena().bytes()
    }

    /// The present end of the tape, to [`rewind`](Tape::rewind) to; [`Mark`] has an example.
    pub fn mark(&self) -> Mark {
        self.arena().mark()
    }

    /// Forgets everything after the mark and reuses its memory. What lies before it, the
    /// parameters, stays with values and gradients; handles to what was forgotten panic when
    /// they are used.
    ///
    /// # Panics
    ///
    /// If the mark is of another tape, or was itself forgotten by an earlier rewind.
    #[track_caller]
    pub fn rewind(&self, mark: Mark) {
        self.alive.set(self.arena_mut().rewind(mark));
    }

    /// Whether what is computed now is recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.arena().recording
    }

    /// Runs `work` without recording, as `torch.no_grad` does: the same values, no backward pass through
    /// them.
    ///
    /// What was computed so is a constant to what is recorded later, and a backward pass that would begin
    /// at it panics. Leaves that `work` makes are leaves.
    ///
    /// ```
    /// use microgpt::{Tape, expr};
    ///
    /// let tape = Tape::new();
    /// let x = tape.vector([3.0, 4.0]);
    /// let norm = tape.inference(|| expr!(sqrt(sum(x[i]^2 for i))));
    /// assert_eq!((norm.data(), tape.records()), (5.0, 0));
    /// ```
    #[doc(alias = "no_grad")]
    pub fn inference<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Restore<'t, T: Real>(&'t Tape<T>, bool);
        impl<T: Real> Drop for Restore<'_, T> {
            fn drop(&mut self) {
                self.0.arena_mut().record(self.1);
            }
        }
        let before = self.arena_mut().record(false);
        let _restore = Restore(self, before);
        work()
    }

    /// Reads the values of a block.
    #[track_caller]
    pub(crate) fn read<R>(
        &self,
        position: Position,
        len: usize,
        work: impl FnOnce(&[T]) -> R,
    ) -> R {
        let start = self.check(position, len);
        let arena = &*self.arena();
        work(&arena.values[start..start + len])
    }

    /// Reads the gradients of a block: zeros before the first backward pass.
    #[track_caller]
    pub(crate) fn read_gradients<R>(
        &self,
        position: Position,
        len: usize,
        work: impl FnOnce(&[T]) -> R,
    ) -> R {
        let start = self.check(position, len);
        let arena = &*self.arena();
        if let Some(gradients) = arena.gradients().get(start..start + len) {
            return work(gradients);
        }
        let mut gradients = arena.gradients().get(start..).unwrap_or_default().to_vec();
        gradients.resize(len, T::zero());
        work(&gradients)
    }

    /// Changes values and gradients of a block, as an optimiser does.
    #[track_caller]
    pub(crate) fn update(
        &self,
        position: Position,
        len: usize,
        work: impl FnOnce(&mut [T], &mut [T]),
    ) {
        let start = self.check(position, len);
        let arena = &mut *self.arena_mut();
        let block = arena.block(start, len);
        arena.updates += 1;
        arena.update(block, Location::caller(), work);
    }

    /// How often values were updated. What was computed from parameters holds as long as this number is the same.
    pub(crate) fn updates(&self) -> u64 {
        self.arena().updates
    }

    /// Changes the gradients of a block.
    #[track_caller]
    pub(crate) fn change_gradients(
        &self,
        position: Position,
        len: usize,
        work: impl FnOnce(&mut [T]),
    ) {
        let start = self.check(position, len);
        let arena = &mut *self.arena_mut();
        let block = arena.block(start, len);
        work(&mut arena.gradients[block]);
    }

    /// An array of zeros.
    ///
    /// # Panics
    ///
    /// If the shape has more than 2³² elements.
    #[track_caller]
    pub fn zeros<S: Shape>(&self, shape: S) -> Array<'_, S, T> {
        self.leaf(shape, |leaf| leaf.fill(T::zero()))
    }

    /// The handle of a parameter that is declared and has no numbers yet: whoever reads it is told so.
    pub(crate) fn nowhere<S: Shape>(&self, shape: S) -> Array<'_, S, T> {
        Array::new(self, Position::NOWHERE, shape)
    }

    /// Writes parts of one block over those of another. Each begins in both somewhere, and is so long.
    #[track_caller]
    pub(crate) fn copy_parts(
        &self,
        from: (Position, usize),
        to: (Position, usize),
        parts: impl IntoIterator<Item = (usize, usize, usize)>,
    ) {
        let [from, to] = [from, to].map(|(position, len)| {
            let start = self.check(position, len);
            start..start + len
        });
        self.arena_mut().copy_parts(from, to, parts, Location::caller());
    }

    /// Panics unless the block is still on the tape; returns where it begins.
    #[track_caller]
    #[inline(always)]
    pub(crate) fn check(&self, position: Position, len: usize) -> usize {
        match self.alive.get().start_of(position, len) {
            Some(start) => start,
            None => self.check_among_all(position, len),
        }
    }

    #[track_caller]
    #[inline(never)]
    fn check_among_all(&self, position: Position, len: usize) -> usize {
        self.arena().checked(position, len)
    }

    /// Records an operator on `Value`s: its result and the local gradient of each input.
    #[track_caller]
    #[inline]
    pub(crate) fn scalar<const N: usize>(
        &self,
        inputs: [Option<Position>; N],
        operator: impl FnOnce([Option<T>; N]) -> (T, [T; N]),
    ) -> Value<'_, T> {
        let starts = inputs.map(|input| input.map(|at| self.check(at, 1)));
        let arena = &mut *self.arena_mut();
        let values = starts.map(|start| start.map(|start| arena.values[start]));
        let (result, gradients) = operator(values);
        let start = arena.top;
        let mut tracked = [0; 3];
        let mut count = 0;
        arena.make_room(1 + N);
        let own = &mut arena.values[start..];
        own[0] = result;
        for (input, gradient) in inputs.iter().zip(gradients) {
            if let Some(at) = input {
                tracked[count] = at.offset;
                count += 1;
                own[count] = gradient;
            }
        }
        let end = start + 1 + count;
        arena.top = end;
        if arena.recording {
            let (count, caller) = (offset(count), Location::caller());
            let backward = Backward::Scalar { inputs: tracked, count, caller };
            arena.records.push(Record { start, results: start, end, backward });
        }
        Value(Array::new(self, self.position(start), ()))
    }

    /// Records an `expr!`: `forward` fills new values from those below them, and `backward` will carry
    /// their gradients back. Returns where the new values are.
    #[track_caller]
    #[inline]
    pub(crate) fn record<P: Word, B, D>(
        &self,
        sizes: Sizes,
        integers: &[&[usize]],
        forward: impl FnOnce(Below<'_, T>, &mut [T]),
        saved: P,
        backward: B,
        describe: D,
    ) -> Position
    where
        B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
        D: Fn(P) -> Equations + Copy + Send + 'static,
    {
        const {
            assert!(
                size_of::<(B, D)>() == 0,
                "what a record runs captures nothing: what it needs are words"
            );
        }
        let arena = &mut *self.arena_mut();
        let start = arena.top;
        arena.make_room(sizes.all);
        let (values, own) = arena.values.split_at_mut(start);
        let panels = (!arena.recording).then_some(&arena.panels);
        forward(Below { values, panels }, &mut own[..sizes.all]);
        // Only now: a panic on the way leaves the tape as it was.
        arena.top = start + sizes.all;
        if arena.recording {
            arena.save(start, start + sizes.intermediates, integers, saved, backward, describe);
        }
        self.position(start)
    }

    /// The values of several arrays, one after the other, under these axes; one record.
    ///
    /// ```
    /// let tape = microgpt::Tape::new();
    /// let [x, y] = [tape.vector([1.0, 2.0]), tape.vector([3.0, 4.0])];
    /// let rows = tape.concatenate(&[x, y], (2, 2));
    /// rows.at([1, 0]).backward();
    /// assert_eq!(y.grad(), [1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If they are not as many values as the axes say, or not all on this tape.
    #[must_use]
    #[track_caller]
    pub fn concatenate<P: Shape, S: Shape>(
        &self,
        parts: &[Array<'_, P, T>],
        shape: S,
    ) -> Array<'_, S, T> {
        let sizes = parts.iter().map(|part| part.size());
        let size = sizes.fold(0, usize::saturating_add);
        assert!(
            size == shape.size(),
            "{size} values cannot take the shape {:?} of {} values",
            shape.lens(),
            shape.size()
        );
        assert!(
            parts.iter().all(|part| std::ptr::eq(part.tape(), self)),
            "arrays on different tapes cannot be concatenated"
        );
        // All are looked for before anything is changed.
        for part in parts {
            self.check(part.position(), part.size());
        }
        let arena = &mut *self.arena_mut();
        let (start, words) = (arena.top, arena.words.len());
        arena.make_room(size);
        arena.top = start + size;
        let mut end = start;
        for part in parts {
            let first = arena.checked(part.position(), part.size());
            arena.values.copy_within(first..first + part.size(), end);
            end += part.size();
            if arena.recording {
                arena.words.extend([first, part.size()]);
            }
        }
        if arena.recording {
            let (count, caller) = (parts.len(), Location::caller());
            let backward = Backward::Concatenation { words, count, caller };
            arena.records.push(Record { start, results: start, end, backward });
        }
        Array::new(self, self.position(start), shape)
    }

    /// The handle of a block that is made now.
    #[inline(always)]
    fn position(&self, start: usize) -> Position {
        self.alive.get().position(start)
    }

    /// Adds `d root / d x` to the gradient of every value `x` that `root` was computed from.
    #[track_caller]
    pub(crate) fn backward(&self, root: Position, seed: &[T]) {
        self.pull_back(root, seed, Record::pull_back);
    }

    /// A backward pass that shows what each record did.
    #[track_caller]
    pub(crate) fn backward_observed(
        &self,
        root: Position,
        seed: &[T],
        mut observe: impl FnMut(Pulled<'_, T>),
    ) {
        self.pull_back(root, seed, |record, words, pass| {
            let Pass { values, gradients, integers, start } = pass;
            gradients[record.intermediates()].fill(T::zero());
            let before = gradients.to_vec();
            record.pull_back(words, Pass { values, gradients: &mut *gradients, integers, start });
            let own = record.start..record.end;
            observe(Pulled { place: record.place(words), own, before: &before, after: gradients });
        });
    }

    #[track_caller]
    #[inline]
    fn pull_back(
        &self,
        root: Position,
        seed: &[T],
        mut step: impl FnMut(&Record<T>, &[usize], Pass<'_, T>),
    ) {
        let root_start = self.check(root, seed.len());
        let arena = &mut *self.arena_mut();
        arena.require_recorded(root_start..root_start + seed.len());
        // Results get the gradient of this pass; only what no record made, the leaves, adds up
        // over passes.
        arena.begin_backward();
        let Arena { values, gradients, integers, words, records, changes, .. } = arena;
        for (gradient, &seed) in gradients[root_start..].iter_mut().zip(seed) {
            *gradient += seed;
        }
        let reached = records.partition_point(|record| record.start < root_start + seed.len());
        for record in &records[reached..] {
            gradients[record.intermediates()].fill(T::zero());
        }
        for (number, record) in records[..reached].iter().enumerate().rev() {
            if vanish(&gradients[record.results_onwards()]) {
                gradients[record.intermediates()].fill(T::zero());
                continue;
            }
            if changes.are_after(number) {
                changes.require_none(number, record, words);
            }
            let pass = Pass {
                values: &values[..record.end],
                gradients: &mut gradients[..record.end],
                integers,
                start: record.start,
            };
            step(record, words, pass);
        }
    }

    /// Every value on the tape.
    pub(crate) fn values(&self) -> Vec<T> {
        let arena = self.arena();
        arena.values[..arena.top].to_vec()
    }
}

/// Whether all gradients are 0: a vector at a time, as a result that nobody uses may be a large array.
fn vanish<T: Real>(gradients: &[T]) -> bool {
    gradients
        .chunks(LANES)
        .all(|part| part.iter().fold(true, |vanish, gradient| vanish & gradient.vanishes()))
}

impl<T: Real> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(arena) = self.arena.try_borrow() else {
            return f.debug_struct("Tape").finish_non_exhaustive();
        };
        f.debug_struct("Tape")
            .field("values", &arena.top)
            .field("records", &arena.records.len())
            .field("recording", &arena.recording)
            .finish()
    }
}
