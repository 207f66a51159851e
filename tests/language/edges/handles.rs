//! A handle is alive or panics.

use microgpt::{Array, Numbers, Real, Tape, Value, expr};

use super::panic_of;

fn changed_after_use<T: Real>() {
    let tape = Tape::<T>::default();
    let v = tape.array((1usize,), &[T::of(2.0)]);
    let y: Value<'_, T> = expr!(v[0] ^ 3);
    v.update(|values, _| values[0] = T::of(10.0));
    let text = panic_of(|| y.backward());
    assert!(text.contains("`v` of") && text.contains("handles.rs"), "{text}");
}

#[test]
fn what_a_record_has_read_may_not_change_before_its_backward_pass() {
    changed_after_use::<f64>();
    changed_after_use::<f32>();
    let tape = Tape::new();
    let (x, y) = (tape.vector([1.0, 2.0]), tape.vector([3.0, 4.0]));
    let product = expr!(sum(x[i] * y[i] for i));
    let after = expr!(product * 2);
    // One element is enough, through whatever handle, and records in between change nothing.
    y.block(1, (1,)).update(|values, _| values[0] = 5.0);
    assert!(panic_of(|| after.backward()).contains("`y` of"));
    // A record made since has read the new value.
    let again = expr!(sum(x[i] * y[i] for i));
    again.backward();
    assert_eq!(x.grad(), [3.0, 5.0]);
}

#[test]
fn results_that_a_record_kept_may_not_change_either() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let e = expr!([exp(x[i]) for i]);
    let total = expr!(sum(e[i] for i));
    e.update(|values, _| values[0] = 1.0);
    assert!(panic_of(|| total.backward()).contains("`result` of"));
}

#[test]
fn what_no_backward_pass_reads_may_change() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let total = expr!(sum(3 * x[i] for i));
    x.update(|values, _| values.fill(7.0));
    total.backward();
    assert_eq!(x.grad(), [3.0, 3.0]);
    // An operator on `Value`s keeps its local gradient.
    let v = tape.value(2.0);
    let cube = v.pow(3.0);
    v.as_array().update(|values, _| values[0] = 10.0);
    cube.backward();
    assert_eq!(v.grad(), 12.0);
}

#[test]
fn gradients_may_be_set_to_zero_between_two_passes() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let y = expr!(sum(x[i]^2 for i));
    for clear in [true, false] {
        y.backward();
        assert_eq!(x.grad(), [2.0, 4.0]);
        if clear {
            x.update(|_, gradients| gradients.fill(0.0));
        } else {
            x.update_gradients(|gradients| gradients.fill(0.0));
        }
    }
}

#[test]
fn a_change_is_forgotten_with_the_records_before_it() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let mark = tape.mark();
    for step in 1..4 {
        let y = expr!(sum(x[i]^2 for i));
        y.backward();
        x.update(|values, gradients| {
            values[0] += f64::from(step);
            gradients.fill(0.0);
        });
        tape.rewind(mark);
    }
    let kept = expr!(sum(x[i]^2 for i));
    let inner = tape.mark();
    let _ = expr!(sum(x[i]^3 for i));
    x.update(|values, _| values[1] = 0.0);
    tape.rewind(inner);
    assert!(panic_of(|| kept.backward()).contains("`x` of"));
}

#[test]
fn what_was_not_recorded_has_no_backward_pass() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 3.0]);
    let (y, z, leaf) = tape.inference(|| {
        let y = expr!([x[i]^2 for i]);
        (y, x.at([0]) * x.at([1]), tape.value(4.0))
    });
    for text in [
        panic_of(|| y.backward_with(&[1.0; 3])),
        panic_of(|| y.at([1]).backward()),
        panic_of(|| y.reshape((3usize, 1usize)).backward_with(&[1.0; 3])),
        panic_of(|| y.block(1, (2usize,)).backward_with(&[1.0; 2])),
        panic_of(|| z.backward()),
        panic_of(|| tape.inference(|| tape.concatenate(&[x, x], (6,))).backward_with(&[1.0; 6])),
    ] {
        assert!(text.contains("`Tape::inference`"), "{text}");
    }
    // A leaf is a leaf, and what was not recorded a constant.
    leaf.backward();
    let used = expr!(sum(x[i] * y[i] for i) * leaf);
    used.backward();
    assert_eq!((x.grad(), leaf.grad()), (vec![4.0, 16.0, 36.0], 1.0 + 36.0));
}

#[test]
fn a_mark_is_of_one_tape_wherever_that_is() {
    let (one, other) = (Tape::new(), Tape::new());
    let _ = other.value(1.0);
    let mark = one.mark();
    let text = panic_of(|| other.rewind(mark));
    assert!(text.contains("another tape") && other.len() == 1, "{text}");
    let _ = one.value(1.0);
    let moved = Box::new(one);
    moved.rewind(mark);
    assert!(moved.is_empty());
}

#[test]
fn a_mark_that_was_rewound_is_refused_even_where_nothing_lies() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let a = tape.mark();
    let nothing = tape.vector(Vec::new());
    let _ = expr!([nothing[i] * 2 for i]);
    let b = tape.mark();
    tape.rewind(a);
    let y = expr!(sum(x[i]^2 for i));
    assert!(panic_of(|| tape.rewind(b)).contains("was itself rewound"));
    y.backward();
    assert_eq!(x.grad(), [2.0, 4.0]);
    // Marks of records without values, nested.
    let empty = || {
        let _ = expr!([nothing[i] * 2 for i]);
        tape.mark()
    };
    let marks = [tape.mark(), empty(), empty(), empty()];
    tape.rewind(marks[1]);
    let fresh = empty();
    tape.rewind(fresh);
    tape.rewind(marks[1]);
    for stale in [marks[2], marks[3], fresh] {
        assert!(panic_of(|| tape.rewind(stale)).contains("was itself rewound"));
    }
    tape.rewind(marks[0]);
}

#[test]
fn marks_and_handles_are_alive_as_long_as_what_they_are_of() {
    let tape = Tape::new();
    let x = tape.vector([2.0, 3.0]);
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    // What is on the tape, each thing with a number of its own.
    let (mut present, mut things) = (Vec::<u32>::new(), 0);
    let mut handles = Vec::new();
    let mut marks = vec![(tape.mark(), None, 0)];
    for _ in 0..3_000 {
        match random(8) {
            0..4 => {
                let (len, number) = (random(3), f64::from(things));
                let before = (tape.len(), tape.records());
                let handle: Array<'_, (usize,)> = match random(3) {
                    0 => tape.array((len,), &vec![number; len]),
                    1 => tape.inference(|| expr!([0 * x[0] + number for i in 0..len])),
                    _ => expr!([x[0] * number / 2 for i in 0..len]),
                };
                handles.push((handle, things));
                // Neither a value nor a record: no mark tells it from nothing.
                if before != (tape.len(), tape.records()) {
                    present.push(things);
                }
                things += 1;
            }
            4..6 => marks.push((tape.mark(), present.last().copied(), present.len())),
            _ => {
                let (mark, last, len) = marks[random(marks.len())];
                if len == 0 || present.get(len - 1).copied() == last {
                    tape.rewind(mark);
                    present.truncate(len);
                } else {
                    assert!(panic_of(|| tape.rewind(mark)).contains("was itself rewound"));
                }
            }
        }
        let Some(&(handle, thing)) = handles.get(random(things as usize + 1)) else { continue };
        if present.contains(&thing) || handle.size() == 0 {
            assert_eq!(handle.data(), vec![f64::from(thing); handle.size()]);
        } else {
            assert!(panic_of(|| handle.data()).contains("was forgotten by a rewind"));
        }
    }
}

#[test]
fn marks_go_with_what_is_on_a_tape() {
    let (mut one, mut other) = (Tape::<f32>::default(), Tape::<f32>::default());
    let (mark, _) = (one.mark(), one.value(1.0));
    std::mem::swap(&mut one, &mut other);
    assert!(panic_of(|| one.rewind(mark)).contains("another tape"));
    other.rewind(mark);
    assert!(other.is_empty());
    let moved = std::thread::spawn(move || {
        let inner = other.mark();
        let x = other.value(3.0);
        (x * x).backward();
        assert_eq!(x.grad(), 6.0);
        (other, inner)
    });
    let (back, inner) = moved.join().expect("no panic");
    back.rewind(inner);
    assert!(back.is_empty());
}

#[test]
fn an_empty_array_that_was_forgotten_is_still_empty() {
    let tape = Tape::new();
    let mark = tape.mark();
    let _ = tape.vector([1.0, 2.0, 3.0]);
    let nothing = tape.vector(Vec::new());
    tape.rewind(mark);
    assert_eq!(nothing.data(), Vec::<f64>::new());
    assert_eq!(expr!(sum(nothing[i] for i)).data(), 0.0);
}

#[test]
fn a_tape_in_use_says_so_and_stays_usable() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let changed: [&dyn Fn(); 7] = [
        &|| x.with_data(|_| _ = tape.value(1.0).data()),
        &|| x.with_data(|_| _ = expr!(sum(x[i] for i)).data()),
        &|| x.with_data(|_| x.update(|_, _| ())),
        &|| x.with_data(|_| tape.rewind(tape.mark())),
        &|| x.with_data(|_| _ = (x.at([0]) * 2.0).data()),
        &|| x.update(|_, _| x.update_gradients(|_| ())),
        &|| x.update(|_, _| _ = expr!(sum(x[i] for i)).data()),
    ];
    for work in changed {
        let text = panic_of(work);
        assert!(text.contains("inside of `with_data` and `update` it cannot be changed"), "{text}");
    }
    let used: [&dyn Fn(); 3] =
        [&|| x.update(|_, _| _ = x.data()), &|| x.update(|_, _| _ = tape.mark()), &|| {
            x.update_gradients(|_| _ = x.grad());
        }];
    for work in used {
        let text = panic_of(work);
        assert!(text.contains("inside of `update` nothing else of it can be used"), "{text}");
    }
    x.update(|_, _| assert_eq!(format!("{tape:?}"), "Tape { .. }"));
    // To read is allowed where nothing changes, and plain numbers touch no tape.
    let read = x.with_data(|data| {
        data[0]
            + x.data()[1]
            + x.grad()[0]
            + x.with_data(|again| again[1])
            + expr!(sum(data[i] for i))
    });
    assert_eq!(read, 8.0);
}

#[test]
fn a_panic_of_the_users_leaves_the_tape_as_it_was() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let nothing: Vec<f64> = Vec::new();
    let before = (tape.len(), tape.records());
    let panics: [&dyn Fn(); 5] = [
        &|| _ = expr!([x[i] * {if true { panic!("mine") } else { 1.0 }} for i]).data(),
        &|| _ = expr!(sum(x[i] for i) * max(nothing[j] for j)).data(),
        &|| x.with_data(|_| panic!("mine")),
        &|| x.update(|_, _| panic!("mine")),
        &|| tape.inference(|| panic!("mine")),
    ];
    for work in panics {
        let _ = panic_of(work);
        assert_eq!((tape.len(), tape.records()), before);
    }
    let y = expr!(sum(x[i]^2 for i));
    y.backward();
    assert_eq!((y.data(), x.grad()), (5.0, vec![2.0, 4.0]));
}

#[test]
fn sizes_that_no_tape_can_hold_are_named() {
    let big = 1usize << 32;
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    for text in [
        panic_of(|| tape.array((big, big), &[])),
        panic_of(|| tape.array((0usize, 2 * big), &[])),
        panic_of(|| x.reshape((big, big))),
        panic_of(|| Numbers::<_, f64>::new((big, big, big), vec![])),
        panic_of(|| x.block(usize::MAX, (2usize,))),
        panic_of(|| x.block(0, (big, big))),
    ] {
        let named = ["4294967296", "8589934592", "18446744073709551615"];
        assert!(named.iter().any(|size| text.contains(size)), "{text}");
    }
    for text in [
        panic_of(|| expr!([x[i + {usize::MAX}] for i in 0..1])),
        panic_of(|| expr!([x[i] for i in 0..{usize::MAX}])),
        panic_of(|| expr!([x[{usize::MAX - 1} - i] for i in 0..2])),
    ] {
        assert!(text.contains("1844674407370955161"), "{text}");
    }
    let length = tape.len();
    let text = panic_of(|| expr!([x[0] for i in 0..{1usize << 30}, j in 0..{1usize << 30}]));
    assert!(text.contains("2^32"), "{text}");
    assert_eq!(tape.len(), length);
    let y: Array<'_, (usize,)> = expr!([x[i]^2 for i in 0..2]);
    assert_eq!(y.data(), [1.0, 4.0]);
}
