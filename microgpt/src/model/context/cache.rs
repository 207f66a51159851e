//! What a cache keeps of the documents that it continues.

use crate::array::{Array, Vector};
use crate::real::Real;
use crate::shape::Rows;
use crate::tape::Tape;

use super::Span;

/// The numbers that a cache holds for one call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// Of every position.
    Positions { key: usize, value: usize },
    /// Of the last one.
    State(usize),
}

#[derive(Debug)]
pub(super) struct Cache<'t, T: Real> {
    /// The number of positions of each stream so far.
    pub(super) lens: Vec<usize>,
    /// The most that there can be.
    pub(super) capacity: usize,
    /// The number of positions that all documents begin with.
    prefix: usize,
    /// For each token the first row of its stream, after `advance`.
    pub(super) first: Vec<usize>,
    /// The number of the pass that continued each stream last, and of this one.
    continued: Vec<u64>,
    pass: u64,
    /// What each call of `attend`, `scan` and `recurrence` keeps, stream after stream.
    pub(super) kept: Vec<Kept<'t, T>>,
}

impl<'t, T: Real> Cache<'t, T> {
    /// Room for what each call keeps of so many streams of `capacity` positions; none has begun.
    #[track_caller]
    pub(super) fn new(
        tape: &'t Tape<T>,
        calls: Vec<Size>,
        streams: usize,
        capacity: usize,
    ) -> Self {
        let room = |rows: usize, size: usize| tape.zeros((rows * size,));
        let kept = calls.into_iter().map(|size| match size {
            Size::Positions { key, value } => {
                let positions = streams * capacity;
                Kept::Positions { keys: room(positions, key), values: room(positions, value) }
            }
            Size::State(size) => Kept::States(room(streams + 1, size)),
        });
        let kept = kept.collect();
        let (lens, continued) = (vec![0; streams], vec![0; streams]);
        Self { lens, capacity, prefix: 0, first: Vec::new(), continued, pass: 0, kept }
    }

    /// Before a pass of one token of each of these streams.
    #[track_caller]
    pub(super) fn begin(&mut self, spans: &mut [Span]) {
        self.first.clear();
        self.pass += 1;
        let streams = self.lens.len();
        for Span { stream, past, .. } in spans {
            assert!(*stream < streams, "stream {stream} of a cache of {streams}");
            let before = std::mem::replace(&mut self.continued[*stream], self.pass);
            assert!(before < self.pass, "stream {stream} has two tokens of one pass");
            *past = self.lens[*stream];
            self.first.push(*stream * self.capacity);
        }
    }

    /// All streams begin as the first one has. Of keys and values each has its own rows, which stay: later
    /// positions lie behind them. A state is written over, so that of the prefix lies beside them.
    #[track_caller]
    pub(super) fn share_prefix(&mut self) {
        self.prefix = self.lens[0];
        let streams = self.lens.len();
        for kept in &self.kept {
            match *kept {
                Kept::Positions { keys, values } => {
                    for rows in [keys, values] {
                        let stream = rows.size() / streams;
                        let len = stream / self.capacity * self.prefix;
                        copy_within(rows, (1..streams).map(|to| (0, to * stream, len)));
                    }
                }
                Kept::States(states) => self.copy_state(states, 0, streams),
            }
        }
    }

    /// A stream begins another document, behind the prefix.
    #[track_caller]
    pub(super) fn restart_behind_prefix(&mut self, stream: usize) {
        self.lens[stream] = self.prefix;
        let streams = self.lens.len();
        for kept in &self.kept {
            match *kept {
                Kept::Positions { keys, values } => {
                    keys.require_alive();
                    values.require_alive();
                }
                Kept::States(states) => self.copy_state(states, streams, stream),
            }
        }
    }

    /// Writes the state of one stream over that of another; behind all streams is that of the prefix.
    #[track_caller]
    fn copy_state(&self, states: Vector<'_, usize, T>, from: usize, to: usize) {
        let size = states.size() / (self.lens.len() + 1);
        copy_within(states, [(from * size, to * size, size)]);
    }
}

/// The keys and values of all streams of a cache, for one call of `attend`.
#[derive(Clone, Copy)]
pub(super) struct Seen<'t, T: Real> {
    pub(super) keys: Vector<'t, usize, T>,
    pub(super) values: Vector<'t, usize, T>,
    /// The rows of each stream.
    pub(super) capacity: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kept<'t, T: Real> {
    Positions {
        keys: Vector<'t, usize, T>,
        values: Vector<'t, usize, T>,
    },
    /// A state of each stream, and behind them that of the prefix.
    States(Vector<'t, usize, T>),
}

/// Writes the new rows of each stream behind those that it has.
#[track_caller]
pub(super) fn keep<S: Rows, T: Real>(
    new: Array<'_, S, T>,
    kept: Vector<'_, usize, T>,
    capacity: usize,
    spans: &[Span],
) {
    let (row, mut from) = (new.shape().row_size(), 0);
    let parts = spans.iter().map(|span| {
        let to = (span.stream * capacity + span.past) * row;
        let part = (from, to, span.len * row);
        from += part.2;
        part
    });
    new.tape().copy_parts((new.position(), new.size()), (kept.position(), kept.size()), parts);
}

/// Writes parts of what is kept over others.
#[track_caller]
fn copy_within<T: Real>(
    kept: Vector<'_, usize, T>,
    parts: impl IntoIterator<Item = (usize, usize, usize)>,
) {
    let block = (kept.position(), kept.size());
    kept.tape().copy_parts(block, block, parts);
}

/// Rows of a stream of a cache, from one on.
pub(super) fn rows_of<S: Rows, T: Real>(
    kept: Vector<'_, usize, T>,
    first: usize,
    shape: S,
) -> Array<'_, S, T> {
    Array::new(kept.tape(), kept.position().shifted(first * shape.row_size()), shape)
}
