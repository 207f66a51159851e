//! Values that were changed after a record had read them: its backward pass would be that of others.

use std::ops::Range;
use std::panic::Location;

use super::record::Record;
use crate::real::Real;

/// A block that was changed when there were so many records.
struct Change {
    block: Range<usize>,
    records: usize,
    place: &'static Location<'static>,
}

/// The last change of each block.
#[derive(Default)]
pub(super) struct Changes {
    changes: Vec<Change>,
    /// Records from here on were made after all changes.
    records: usize,
}

impl Changes {
    pub(super) fn note(
        &mut self,
        block: Range<usize>,
        records: usize,
        place: &'static Location<'static>,
    ) {
        if block.is_empty() || records == 0 {
            return;
        }
        self.records = records;
        match self.changes.iter_mut().find(|change| change.block == block) {
            Some(change) => (change.records, change.place) = (records, place),
            None => self.changes.push(Change { block, records, place }),
        }
    }

    /// Forgets what lies above a mark; what was changed below it stays changed.
    pub(super) fn rewind(&mut self, top: usize, records: usize) {
        self.records = self.records.min(records);
        self.changes.retain_mut(|change| {
            change.records = change.records.min(records);
            change.block.end = change.block.end.min(top);
            change.records > 0 && !change.block.is_empty()
        });
    }

    /// Whether anything was changed after this record was made.
    #[inline]
    pub(super) fn are_after(&self, record: usize) -> bool {
        record < self.records
    }

    /// Panics if a value was changed that the record's backward pass reads.
    #[cold]
    #[track_caller]
    pub(super) fn require_none<T: Real>(&self, number: usize, record: &Record<T>, words: &[usize]) {
        for (name, read) in record.reads(words) {
            let meets = |change: &&Change| {
                number < change.records
                    && change.block.start < read.end
                    && read.start < change.block.end
            };
            if let Some(change) = self.changes.iter().find(meets) {
                panic!(
                    "`{name}` of {} was changed at {} after it was used: its backward pass would \
                     mix values of before and after; make the record again",
                    record.place(words),
                    change.place
                );
            }
        }
    }
}
