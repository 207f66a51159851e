//! The arena of a tape: values, gradients and records, and which handles and marks are alive.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Pass;
use super::changes::{Changes, differences};
use super::record::{Backward, Compiled, Record};
use crate::expr::{Equations, Panels};
use crate::real::Real;
use crate::shape::{MOST, Word};

/// From `start` on, values belong to this epoch, and records from so many on: a rewind begins a new one.
#[derive(Clone, Copy)]
struct Segment {
    start: usize,
    records: usize,
    epoch: u64,
}

/// That of a tape which was never rewound.
const FIRST: Segment = Segment { start: 0, records: 0, epoch: 0 };

/// Where handles are known to be alive at a glance. Others are looked up.
#[derive(Clone, Copy)]
pub(super) struct Alive {
    /// What was made since the last rewind.
    newest: Segment,
    /// What lies below, as a cache does.
    before: Segment,
    /// No rewind went below: what lies there, the parameters, was never forgotten.
    floor: usize,
}

impl Default for Alive {
    fn default() -> Self {
        Self { newest: FIRST, before: FIRST, floor: usize::MAX }
    }
}

impl Alive {
    #[inline(always)]
    pub(super) fn position(self, start: usize) -> Position {
        Position { offset: offset(start), epoch: self.newest.epoch }
    }

    /// Where a block begins, if it is plain that it is still on the tape.
    #[inline(always)]
    pub(super) fn start_of(self, position: Position, len: usize) -> Option<usize> {
        let Self { newest, before, floor } = self;
        let (start, epoch) = (position.offset as usize, position.epoch);
        let is_alive = (epoch == newest.epoch && start >= newest.start)
            || (epoch <= newest.epoch && start + len <= floor)
            || (epoch == before.epoch && start >= before.start && start + len <= newest.start);
        is_alive.then_some(start)
    }
}

pub(super) struct Arena<T> {
    /// Longer than `top` after a rewind: what lies above is free, not zero.
    pub(super) values: Vec<T>,
    pub(super) top: usize,
    /// Those of the first `with_gradients` values; what lies above is free.
    pub(super) gradients: Vec<T>,
    with_gradients: usize,
    pub(super) integers: Vec<usize>,
    pub(super) words: Vec<usize>,
    pub(super) records: Vec<Record<T>>,
    segments: Vec<Segment>,
    floor: usize,
    epoch: u64,
    pub(super) recording: bool,
    /// What was computed and not recorded, in order, but for what comes last while nothing is recorded.
    unrecorded: Vec<Range<usize>>,
    /// That begins here.
    not_noted: usize,
    /// Values that were changed after records had been made.
    pub(super) changes: Changes,
    /// The number of changes by those who own the values; what a cache keeps is none.
    pub(super) updates: u64,
    /// The values of a block before an update.
    before: Vec<T>,
    /// Matrices among the values as products of a single row read them.
    pub(super) panels: RefCell<Panels<T>>,
    /// Tells this tape from all others, wherever it is moved to.
    tape: u64,
}

/// The number of tapes so far.
static TAPES: AtomicU64 = AtomicU64::new(0);

/// A place on a tape to come back to; [`Tape::mark`](super::Tape::mark) makes one.
///
/// ```
/// use microgpt::{Tape, expr};
///
/// let tape = Tape::new();
/// let w = tape.vector([1.0, 2.0]);
/// let mark = tape.mark();
/// expr!(sum(w[i]^2 for i)).backward();
/// tape.rewind(mark);
/// // What came after the mark is gone; `w` is before it, and has its gradient.
/// assert_eq!((tape.len(), w.grad()), (2, vec![2.0, 4.0]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    tape: u64,
    top: usize,
    records: usize,
    integers: usize,
    words: usize,
    /// The epoch in which it was made: a later rewind to further below forgets it.
    epoch: u64,
}

/// Where a block of values begins, and the epoch in which it was made.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub(crate) offset: u32,
    epoch: u64,
}

impl Position {
    /// No epoch is so late.
    pub(super) const NOWHERE: Self = Self { offset: 0, epoch: u64::MAX };

    fn is_nowhere(self) -> bool {
        self.epoch == Self::NOWHERE.epoch
    }

    #[track_caller]
    #[inline]
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self { offset: self.offset + offset(by), ..self }
    }
}

#[track_caller]
#[inline]
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_else(|_| beyond(at))
}

#[cold]
#[track_caller]
fn beyond(end: usize) -> ! {
    panic!("a tape holds at most 2^32 values, not {end}")
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            top: 0,
            gradients: Vec::new(),
            with_gradients: 0,
            integers: Vec::new(),
            words: Vec::new(),
            records: Vec::new(),
            segments: vec![FIRST],
            floor: usize::MAX,
            epoch: 0,
            recording: true,
            unrecorded: Vec::new(),
            not_noted: 0,
            changes: Changes::default(),
            updates: 0,
            before: Vec::new(),
            panels: RefCell::default(),
            tape: TAPES.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl<T: Real> Arena<T> {
    /// Makes room for `count` values above the top; they hold anything.
    #[track_caller]
    #[inline(always)]
    pub(super) fn make_room(&mut self, count: usize) {
        let end = self.top.saturating_add(count);
        if self.values.len() < end {
            self.grow(end);
        }
    }

    #[cold]
    #[track_caller]
    fn grow(&mut self, end: usize) {
        if end > MOST {
            beyond(end);
        }
        self.values.resize(end, T::zero());
    }

    /// Saves what the backward pass of an `expr!` needs, whose values go from `start` to the top, the first of
    /// its results at `results`.
    // Not a part of each `expr!`: what is generated for it also runs without a record.
    #[inline(never)]
    pub(super) fn save<P: Word, B, D>(
        &mut self,
        start: usize,
        results: usize,
        integers: &[&[usize]],
        saved: P,
        backward: B,
        describe: D,
    ) where
        B: Fn(P, Pass<'_, T>) + Copy + Send + 'static,
        D: Fn(P) -> Equations + Copy + Send + 'static,
    {
        let words = self.words.len();
        saved.write(&mut self.words);
        let first_integer = self.integers.len();
        for ids in integers {
            self.integers.extend_from_slice(ids);
        }
        self.records.push(Record {
            start,
            results,
            end: self.top,
            backward: Backward::Expression {
                words,
                integers: first_integer,
                // Closures without captures: the box is empty and never allocates.
                expression: Box::new(Compiled { backward, describe, words: PhantomData::<fn(P)> }),
            },
        });
    }

    /// A block with its gradients.
    pub(super) fn block(&mut self, start: usize, len: usize) -> Range<usize> {
        self.cover_gradients(start + len);
        start..start + len
    }

    /// Records from now on, or does not; returns which it was.
    pub(super) fn record(&mut self, recording: bool) -> bool {
        self.note_unrecorded();
        std::mem::replace(&mut self.recording, recording)
    }

    /// Notes what was computed since the last time if it was not recorded.
    fn note_unrecorded(&mut self) {
        let made = self.not_noted..self.top;
        self.not_noted = self.top;
        if self.recording || made.is_empty() {
            return;
        }
        match self.unrecorded.last_mut() {
            Some(last) if last.end == made.start => last.end = made.end,
            _ => self.unrecorded.push(made),
        }
    }

    /// Puts a leaf on the top, which `write` writes; returns where it begins.
    #[track_caller]
    pub(super) fn leaf(&mut self, size: usize, write: impl FnOnce(&mut [T])) -> usize {
        let start = self.top;
        self.make_room(size);
        write(&mut self.values[start..][..size]);
        self.note_unrecorded();
        self.top = start + size;
        self.not_noted = self.top;
        start
    }

    #[track_caller]
    pub(super) fn require_recorded(&mut self, root: Range<usize>) {
        self.note_unrecorded();
        let after = self.unrecorded.partition_point(|range| range.end <= root.start);
        let unrecorded = self.unrecorded.get(after);
        assert!(
            unrecorded.is_none_or(|range| range.start >= root.end),
            "no backward pass can begin at position {}: that was computed under `Tape::inference`, \
             which records nothing",
            root.start
        );
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            tape: self.tape,
            top: self.top,
            records: self.records.len(),
            integers: self.integers.len(),
            words: self.words.len(),
            epoch: self.epoch,
        }
    }

    /// Forgets what lies above a mark; returns what is alive then.
    #[track_caller]
    pub(super) fn rewind(&mut self, mark: Mark) -> Alive {
        assert!(mark.tape == self.tape, "this mark is of another tape");
        assert!(
            !self.forgot(mark),
            "this mark (position {}, record {}) was itself rewound: the tape now ends at {}, record {}",
            mark.top,
            mark.records,
            self.top,
            self.records.len()
        );
        let Mark { top, records, integers, words, .. } = mark;
        self.epoch += 1;
        self.top = top;
        self.with_gradients = self.with_gradients.min(top);
        self.records.truncate(records);
        self.integers.truncate(integers);
        self.words.truncate(words);
        let is_later = |one: &mut Segment| (one.start, one.records) >= (top, records);
        while self.segments.pop_if(is_later).is_some() {}
        let newest = Segment { start: top, records, epoch: self.epoch };
        let before = self.segments.last().copied().unwrap_or(newest);
        self.floor = self.floor.min(top);
        self.segments.push(newest);
        self.not_noted = self.not_noted.min(top);
        while let Some(last) = self.unrecorded.pop_if(|last| last.end > top) {
            if last.start < top {
                self.unrecorded.push(last.start..top);
            }
        }
        self.changes.rewind(top, records);
        self.panels.get_mut().rewind(top);
        Alive { newest, before, floor: self.floor }
    }

    /// Whether a rewind, after the mark was made, went further back.
    fn forgot(&self, mark: Mark) -> bool {
        let after = self.segments.iter().rev().take_while(|segment| segment.epoch > mark.epoch);
        after.into_iter().any(|one| one.start < mark.top || one.records < mark.records)
    }

    /// Whether a record may have read a block that begins here: none below it has.
    fn may_be_read(&self, start: usize) -> bool {
        self.records.last().is_some_and(|record| record.end > start)
    }

    /// Lets `work` change a block, and notes which values it did change.
    pub(super) fn update(
        &mut self,
        block: Range<usize>,
        place: &'static Location<'static>,
        work: impl FnOnce(&mut [T], &mut [T]),
    ) {
        self.panels.get_mut().forget(block.clone());
        if !self.may_be_read(block.start) {
            return work(&mut self.values[block.clone()], &mut self.gradients[block]);
        }
        self.before.clear();
        self.before.extend_from_slice(&self.values[block.clone()]);
        let Update { arena, block, .. } = &mut Update { arena: self, block, place };
        work(&mut arena.values[block.clone()], &mut arena.gradients[block.clone()]);
    }

    /// Writes parts of one block over those of another.
    #[track_caller]
    pub(super) fn copy_parts(
        &mut self,
        from: Range<usize>,
        to: Range<usize>,
        parts: impl IntoIterator<Item = (usize, usize, usize)>,
        place: &'static Location<'static>,
    ) {
        let may_be_read = self.may_be_read(to.start);
        if !may_be_read {
            self.panels.get_mut().forget(to.clone());
        }
        for (first, at, len) in parts {
            assert!(first + len <= from.len() && at + len <= to.len(), "a part of both blocks");
            let (part, at) = (from.start + first..from.start + first + len, to.start + at);
            if may_be_read {
                self.change(part, at, place);
            } else {
                self.values.copy_within(part, at);
            }
        }
    }

    /// Writes the values of one block over another that a record may have read.
    #[cold]
    fn change(&mut self, from: Range<usize>, to: usize, place: &'static Location<'static>) {
        let new = self.values[from].to_vec();
        self.cover_gradients(to + new.len());
        self.update(to..to + new.len(), place, |values, _| values.copy_from_slice(&new));
    }

    /// The gradients so far.
    pub(super) fn gradients(&self) -> &[T] {
        &self.gradients[..self.with_gradients]
    }

    fn cover_gradients(&mut self, end: usize) {
        if self.with_gradients < end {
            self.make_room_for_gradients(end);
            self.gradients[self.with_gradients..end].fill(T::zero());
            self.with_gradients = end;
        }
    }

    fn make_room_for_gradients(&mut self, end: usize) {
        if self.gradients.len() < end {
            self.gradients.resize(end, T::zero());
        }
    }

    /// Begins a backward pass: all results have no gradient yet, and leaves that are new have none. What is
    /// intermediate is left as it is.
    pub(super) fn begin_backward(&mut self) {
        let top = self.top;
        self.make_room_for_gradients(top);
        // All below has been zero once, and leaves there add up over passes.
        let mut zero = self.with_gradients;
        self.with_gradients = top;
        let Self { gradients, records, .. } = self;
        for record in records {
            if record.start < zero {
                gradients[record.results_onwards()].fill(T::zero());
                zero = zero.max(record.end);
            } else if record.results > record.start {
                gradients[zero..record.start].fill(T::zero());
                zero = record.results;
            }
        }
        gradients[zero..top].fill(T::zero());
    }

    /// The memory of all numbers and words, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Self { values, gradients, before, words, integers, records, .. } = self;
        let numbers = values.capacity() + gradients.capacity() + before.capacity();
        numbers * size_of::<T>()
            + (words.capacity() + integers.capacity()) * size_of::<usize>()
            + records.capacity() * size_of::<Record<T>>()
            + self.panels.borrow().bytes()
    }

    fn segment(&self, start: usize) -> Segment {
        let after = self.segments.partition_point(|segment| segment.start <= start);
        self.segments[after.saturating_sub(1)]
    }

    /// Panics unless a block is still on the tape; returns where it begins.
    #[track_caller]
    pub(super) fn checked(&self, position: Position, len: usize) -> usize {
        let start = position.offset as usize;
        assert!(
            !position.is_nowhere(),
            "a parameter is read in `Model::weights`, which has no numbers yet: there declare it alone, and compute \
             with it in `Loss::loss` or `LanguageModel::logits`"
        );
        // Of nothing it does not matter where it was.
        if len == 0 {
            return start.min(self.top);
        }
        assert!(
            self.segment(start).epoch == position.epoch
                && start.checked_add(len).is_some_and(|end| end <= self.top),
            "this handle (position {start}) was forgotten by a rewind of its tape: make it again, \
             or mark the tape after it"
        );
        start
    }
}

/// A block that is being changed. A panic ends that too: what was changed before it is noted.
struct Update<'a, T: Real> {
    arena: &'a mut Arena<T>,
    block: Range<usize>,
    place: &'static Location<'static>,
}

impl<T: Real> Drop for Update<'_, T> {
    fn drop(&mut self) {
        let Arena { before, values, records, changes, .. } = &mut *self.arena;
        let changed = differences(self.block.start, before, &values[self.block.clone()]);
        changes.note(changed, records.len(), self.place);
    }
}

#[cfg(test)]
mod tests {
    use crate::tape::Tape;

    #[test]
    fn rewinds_are_counted_beyond_32_bits() {
        let tape = Tape::new();
        let x = tape.value(1.0);
        tape.arena.borrow_mut().epoch = u64::from(u32::MAX) - 2;
        let mark = tape.mark();
        tape.rewind(mark);
        let mut stale = Vec::new();
        for step in 0..6 {
            let y = x * f64::from(step);
            assert_eq!(y.data(), f64::from(step));
            stale.push((y, tape.mark()));
            tape.rewind(mark);
        }
        let _ = x * 7.0;
        for (y, mark) in stale {
            let read = std::panic::AssertUnwindSafe(|| y.data());
            assert!(std::panic::catch_unwind(read).is_err());
            let rewind = std::panic::AssertUnwindSafe(|| tape.rewind(mark));
            assert!(std::panic::catch_unwind(rewind).is_err());
        }
        assert_eq!(x.data(), 1.0);
    }
}
