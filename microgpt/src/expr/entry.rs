//! Checks on entry: lengths, subscripts and ids, once for each `expr!` that runs.

use crate::shape::{Dim, Same, product};

/// The axis that both are.
///
/// # Panics
///
/// If their lengths differ.
#[track_caller]
#[inline(always)]
pub fn same<A: Dim + Same<B, Output = C>, B: Dim, C: Dim>(one: A, other: B, names: Names) -> C {
    match one.same(other) {
        Some(axis) => axis,
        None => different(one.len(), other.len(), names),
    }
}

/// An index, and the two axes that it runs over.
pub type Names = (&'static str, &'static str, &'static str);

#[cold]
#[track_caller]
fn different(one: usize, other: usize, (index, one_name, other_name): Names) -> ! {
    panic!(
        "index {index} runs over axes of different lengths: {one} ({one_name}) and {other} \
         ({other_name})"
    )
}

/// The values that a subscript or a range takes: the least and the greatest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values(Option<(isize, isize)>);

impl Values {
    /// Takes the values from `low` to before `high` into account.
    #[inline(always)]
    pub fn range(&mut self, low: usize, high: usize) {
        if low < high {
            self.take(low.cast_signed(), high.cast_signed() - 1);
        }
    }

    /// Takes the value `plus - minus` into account.
    #[inline(always)]
    pub fn difference(&mut self, plus: usize, minus: usize) {
        let value = signed(plus, minus);
        self.take(value, value);
    }

    #[inline(always)]
    fn take(&mut self, least: isize, greatest: isize) {
        let (before_least, before_greatest) = self.0.unwrap_or((least, greatest));
        self.0 = Some((before_least.min(least), before_greatest.max(greatest)));
    }
}

/// Checks that a subscript stays on its axis, given bounds of its values, and what shows each of them:
/// a bound may be beyond the axis and never taken.
///
/// # Panics
///
/// If a value is not on the axis.
#[track_caller]
#[inline(always)]
pub fn on_axis(
    least: isize,
    greatest: isize,
    start: usize,
    len: usize,
    name: &str,
    values: impl FnOnce(&mut Values),
) {
    let axis = (start.cast_signed(), (start + len).cast_signed());
    if least <= greatest && (least < axis.0 || greatest >= axis.1) {
        perhaps_off_axis(axis, name, values);
    }
}

#[cold]
#[track_caller]
fn perhaps_off_axis((start, end): (isize, isize), name: &str, values: impl FnOnce(&mut Values)) {
    let mut all = Values::default();
    values(&mut all);
    let Some((least, greatest)) = all.0 else { return };
    if least < start || greatest >= end {
        off_axis(least, greatest, start, end - start, name);
    }
}

#[cold]
#[track_caller]
fn off_axis(least: isize, greatest: isize, start: isize, len: isize, name: &str) -> ! {
    let begins = if start > 0 { format!(" and begins at {start}") } else { String::new() };
    let values = if least == greatest {
        format!("is {least}")
    } else {
        format!("runs from {least} to {greatest}")
    };
    panic!("{name} has length {len}{begins}, but its subscript {values}")
}

/// Checks that two axes hold the same values of the index that runs over both: each has a first value
/// and a length.
///
/// # Panics
///
/// If they do not.
#[track_caller]
#[inline(always)]
pub fn same_values(one: (usize, usize), other: (usize, usize), names: Names) {
    // Where there is no value it does not matter at which it would begin.
    if one != other && (one.1 > 0 || other.1 > 0) {
        different_values(one, other, names);
    }
}

#[cold]
#[track_caller]
fn different_values(
    one: (usize, usize),
    other: (usize, usize),
    (index, one_name, other_name): Names,
) -> ! {
    let text = |(start, len)| format!("{start}..{}", start + len);
    panic!(
        "index {index} runs over different values: {} ({one_name}) and {} ({other_name})",
        text(one),
        text(other)
    )
}

/// Checks the ids of a gather.
///
/// # Panics
///
/// If one is not on the axis that it subscripts.
#[track_caller]
#[inline(always)]
pub fn ids_on_axis(ids: &[usize], start: usize, len: usize, ids_name: &str, name: &str) {
    let is_off = |&id: &usize| id < start || id - start >= len;
    if let Some(position) = ids.iter().position(is_off) {
        id_off_axis(position, ids[position], start, len, ids_name, name);
    }
}

#[cold]
#[track_caller]
fn id_off_axis(
    position: usize,
    id: usize,
    start: usize,
    len: usize,
    ids_name: &str,
    name: &str,
) -> ! {
    let begins = if start > 0 { format!(" and begins at {start}") } else { String::new() };
    panic!("{ids_name}[{position}] is {id}, but {name} has length {len}{begins}")
}

/// The position `plus - minus` on an axis, in a branch that is taken.
///
/// # Panics
///
/// If it is not on the axis.
#[track_caller]
#[inline(always)]
pub fn place(plus: usize, minus: usize, start: usize, len: usize, name: &str) -> usize {
    let place = plus.wrapping_sub(minus).wrapping_sub(start);
    if place >= len {
        let subscript = signed(plus, minus);
        off_axis(subscript, subscript, start.cast_signed(), len.cast_signed(), name);
    }
    place
}

/// The number of elements of an equation.
///
/// # Panics
///
/// If it is more than a tape can hold.
#[track_caller]
#[inline(always)]
pub fn size<const RANK: usize>(name: &str, lens: [usize; RANK]) -> usize {
    match product(&lens) {
        Some(size) => size,
        None => too_many(name, lens),
    }
}

// By value: a reference would force the lengths into memory also where nothing panics.
#[cold]
#[track_caller]
fn too_many<const RANK: usize>(name: &str, lens: [usize; RANK]) -> ! {
    panic!("{name} has the lengths {lens:?}: an axis, or the number of elements, is beyond 2^32")
}

/// Checks that a reduction without a value for an empty range has elements, where it is asked for.
///
/// # Panics
///
/// If the range is empty.
#[track_caller]
#[inline(always)]
pub fn require(holds: bool, reduction: &str, index: &str) {
    if !holds {
        empty(reduction, index);
    }
}

#[cold]
#[track_caller]
fn empty(reduction: &str, index: &str) -> ! {
    panic!("`{reduction}` over an empty range: index {index} takes no value")
}

/// `plus - minus`, which may be below 0.
#[inline(always)]
pub fn signed(plus: usize, minus: usize) -> isize {
    plus.cast_signed() - minus.cast_signed()
}

/// The first value of an axis that holds the values of a stated range, and its length; `each` shows the
/// range for all values of the indices that it names.
#[inline(always)]
pub fn extent(each: impl FnOnce(&mut Values)) -> (usize, usize) {
    let mut values = Values::default();
    each(&mut values);
    let Some((least, greatest)) = values.0 else { return (0, 0) };
    (least.cast_unsigned(), (greatest - least + 1).cast_unsigned())
}
