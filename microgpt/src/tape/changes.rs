//! Values that were changed after a record had read them: its backward pass would be that of others.

use std::ops::Range;
use std::panic::Location;

use super::record::Record;
use crate::real::Real;

/// A block that was changed when there were so many records.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    block: Range<usize>,
    records: usize,
    place: &'static Location<'static>,
}

/// The last change of each value: of one value no earlier change matters, for it concerns fewer
/// records.
#[derive(Default)]
pub(super) struct Changes {
    /// Blocks of which none overlaps another, in order.
    changes: Vec<Change>,
    /// Records from here on were made after all changes.
    records: usize,
}

impl Changes {
    /// Notes that these blocks, in order, were changed when there were so many records.
    pub(super) fn note(
        &mut self,
        blocks: impl IntoIterator<Item = Range<usize>>,
        records: usize,
        place: &'static Location<'static>,
    ) {
        let new = blocks.into_iter().map(|block| Change { block, records, place });
        let new: Vec<Change> = new.collect();
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return };
        self.records = records;
        // Neighbours that only touch may become one with the new ones.
        let from = self.changes.partition_point(|one| one.block.end < first.block.start);
        let to = self.changes.partition_point(|one| one.block.start <= last.block.end);
        let merged = merge(&self.changes[from..to], new);
        self.changes.splice(from..to, merged);
    }

    /// Forgets what lies above a mark; what was changed below it stays changed.
    pub(super) fn rewind(&mut self, top: usize, records: usize) {
        if self.changes.is_empty() {
            return;
        }
        self.records = self.records.min(records);
        self.changes.retain_mut(|change| {
            change.records = change.records.min(records);
            change.block.end = change.block.end.min(top);
            change.records > 0 && !change.block.is_empty()
        });
        if self.changes.is_empty() {
            self.records = 0;
        }
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
            let from = self.changes.partition_point(|one| one.block.end <= read.start);
            let met = self.changes[from..].iter().take_while(|one| one.block.start < read.end);
            if let Some(change) = met.into_iter().find(|one| number < one.records) {
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

/// Old changes where there is no new one, and the new ones.
fn merge(old: &[Change], new: Vec<Change>) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::new();
    let mut push = |change: Change| match merged.last_mut() {
        Some(last)
            if last.block.end == change.block.start
                && (last.records, last.place) == (change.records, change.place) =>
        {
            last.block.end = change.block.end;
        }
        _ => merged.push(change),
    };
    let mut new = new.into_iter().peekable();
    for change in old {
        let Range { mut start, end } = change.block;
        while let Some(next) = new.next_if(|next| next.block.end <= end) {
            if start < next.block.start {
                push(Change { block: start..next.block.start, ..change.clone() });
            }
            start = start.max(next.block.end);
            push(next);
        }
        // The next one may begin within this one and go beyond it.
        let end = new.peek().map_or(end, |next| end.min(next.block.start));
        if start < end {
            push(Change { block: start..end, ..change.clone() });
        }
    }
    new.for_each(push);
    merged
}

/// The runs of positions, counted from `start`, at which two blocks differ.
pub(super) fn differences<T: Real>(
    start: usize,
    before: &[T],
    after: &[T],
) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = before[at..].iter().zip(&after[at..]);
        let first = at + rest.into_iter().position(|(one, other)| !one.is_identical(*other))?;
        let rest = before[first..].iter().zip(&after[first..]);
        let equal = rest.into_iter().position(|(one, other)| one.is_identical(*other));
        at = equal.map_or(before.len(), |len| first + len);
        Some(start + first..start + at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of records at the last change of each of so many values, by the rule itself.
    fn noted(changes: &Changes, len: usize) -> Vec<usize> {
        let mut records = vec![0; len];
        for change in &changes.changes {
            records[change.block.clone()].fill(change.records);
        }
        records
    }

    #[test]
    fn the_last_change_of_each_value_counts() {
        let place = Location::caller();
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap_or(0) % below
        };
        let len = 30;
        let (mut changes, mut expected, mut records) = (Changes::default(), vec![0; len], 1);
        for _ in 0..20_000 {
            records += random(2);
            if random(5) == 0 {
                let top = random(len + 1);
                records = records.saturating_sub(random(4)).max(1);
                changes.rewind(top, records);
                expected[top..].fill(0);
                for one in &mut expected {
                    *one = (*one).min(records);
                }
            } else {
                let mut blocks = Vec::new();
                let mut at = random(len);
                while at < len && blocks.len() < 4 {
                    let end = (at + 1 + random(4)).min(len);
                    expected[at..end].fill(records);
                    blocks.push(at..end);
                    at = end + 1 + random(6);
                }
                changes.note(blocks, records, place);
            }
            assert_eq!(noted(&changes, len), expected);
            let in_order =
                changes.changes.is_sorted_by(|one, two| one.block.end <= two.block.start);
            assert!(in_order && changes.changes.len() <= len, "{:?}", changes.changes);
        }
    }

    #[test]
    fn values_changed_one_after_the_other_are_one_block() {
        let place = Location::caller();
        let mut changes = Changes::default();
        for step in 1..4 {
            for at in 0..1000 {
                changes.note(std::iter::once(at..at + 1), step, place);
            }
            assert_eq!(changes.changes, [Change { block: 0..1000, records: step, place }]);
        }
    }

    #[test]
    fn what_differs_is_found_to_the_bit() {
        let before = [0.0, 1.0, f64::NAN, f64::INFINITY, 5.0, 6.0];
        let runs = |after: [f64; 6]| {
            let runs = differences(10, &before, &after).map(|run| (run.start, run.end));
            runs.collect::<Vec<_>>()
        };
        assert!(runs(before).is_empty());
        assert_eq!(runs([-0.0, 1.0, f64::NAN, f64::INFINITY, 5.0, 6.0]), [(10, 11)]);
        assert_eq!(runs([0.0, 2.0, 3.0, f64::INFINITY, 5.0, 7.0]), [(11, 13), (15, 16)]);
        assert_eq!(runs([9.0; 6]), [(10, 16)]);
        assert!(differences::<f64>(3, &[], &[]).next().is_none());
    }
}
