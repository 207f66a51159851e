//! Checks on entry: lengths, subscripts and ids, once for each `expr!` that runs.

use crate::shape::{Dim, Same};

/// The axis that both are.
///
/// # Panics
///
/// If their lengths differ.
#[track_caller]
#[inline(always)]
pub fn same<A: Dim + Same<B, Output = C>, B: Dim, C: Dim>(
    one: A,
    other: B,
    index: &str,
    one_name: &str,
    other_name: &str,
) -> C {
    match one.same(other) {
        Some(axis) => axis,
        None => different(index, one.len(), other.len(), one_name, other_name),
    }
}

#[cold]
#[track_caller]
fn different(index: &str, one: usize, other: usize, one_name: &str, other_name: &str) -> ! {
    panic!(
        "index `{index}` runs over axes of different lengths: {one} ({one_name}) and {other} \
         ({other_name})"
    )
}

/// Checks that a subscript stays on its axis, given its least and its greatest value.
///
/// # Panics
///
/// If it does not, unless the ranges are empty.
#[track_caller]
#[inline(always)]
pub fn on_axis(least: isize, greatest: isize, start: usize, len: usize, name: &str) {
    let (start, end) = (start.cast_signed(), (start + len).cast_signed());
    if least <= greatest && (least < start || greatest >= end) {
        off_axis(least, greatest, start, len, name);
    }
}

#[cold]
#[track_caller]
fn off_axis(least: isize, greatest: isize, start: isize, len: usize, name: &str) -> ! {
    let begins = if start > 0 { format!(" and begins at {start}") } else { String::new() };
    panic!("{name} has length {len}{begins}, but its subscript runs from {least} to {greatest}")
}

/// Checks that a stated range begins at 0, as the axes do that share its index.
///
/// # Panics
///
/// If it does not.
#[track_caller]
#[inline(always)]
pub fn from_zero(start: usize, index: &str) {
    if start > 0 {
        above_zero(start, index);
    }
}

#[cold]
#[track_caller]
fn above_zero(start: usize, index: &str) -> ! {
    panic!("index `{index}` runs over whole axes and over a range that begins at {start}")
}

/// Checks the ids of a gather.
///
/// # Panics
///
/// If one is not below the length of the axis that it subscripts.
#[track_caller]
#[inline(always)]
pub fn ids_on_axis(ids: &[usize], len: usize, ids_name: &str, name: &str) {
    if let Some(position) = ids.iter().position(|&id| id >= len) {
        id_off_axis(position, ids[position], len, ids_name, name);
    }
}

#[cold]
#[track_caller]
fn id_off_axis(position: usize, id: usize, len: usize, ids_name: &str, name: &str) -> ! {
    panic!("{ids_name}[{position}] is {id}, but {name} has length {len}")
}

/// The position `plus - minus` on an axis, in a branch that is taken.
///
/// # Panics
///
/// If it is not on the axis.
#[track_caller]
#[inline(always)]
pub fn place(plus: usize, minus: usize, len: usize, name: &str) -> usize {
    let place = plus.wrapping_sub(minus);
    if place >= len {
        misplaced(plus, minus, len, name);
    }
    place
}

#[cold]
#[track_caller]
fn misplaced(plus: usize, minus: usize, len: usize, name: &str) -> ! {
    let place = plus.cast_signed() - minus.cast_signed();
    panic!("{name} has length {len}, but its subscript is {place}")
}

/// Checks that a reduction without a value for an empty range has elements.
///
/// # Panics
///
/// If the range is empty.
#[track_caller]
#[inline(always)]
pub fn not_empty(count: usize, reduction: &str, index: &str) -> usize {
    if count == 0 {
        empty(reduction, index);
    }
    count
}

#[cold]
#[track_caller]
pub(super) fn empty(reduction: &str, index: &str) -> ! {
    panic!("`{reduction}` over an empty range: index `{index}` takes no value")
}

/// An integer that others are taken from.
#[inline(always)]
pub fn signed(n: usize) -> isize {
    n.cast_signed()
}

/// The first value of a range: never below 0.
#[inline(always)]
pub fn first(least: isize) -> usize {
    least.max(0).cast_unsigned()
}

/// The length of an axis that holds the values of a stated range.
#[inline(always)]
pub fn extent(least: isize, greatest: isize) -> usize {
    (greatest - least.max(0) + 1).max(0).cast_unsigned()
}
