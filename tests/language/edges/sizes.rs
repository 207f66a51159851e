//! Sizes that no tape and no machine can hold.

use microgpt::{Tape, expr};

use super::panic_of;

const BIG: usize = 1 << 32;

#[test]
fn the_sizes_of_equations_do_not_wrap() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let plain = [1.0, 2.0];
    let before = (tape.len(), tape.records());
    for text in [
        panic_of(|| expr!([x[0] for i in 0..{BIG}, j in 0..{BIG}])),
        panic_of(|| expr!([plain[0] for i in 0..{BIG}, j in 0..{BIG}])),
        panic_of(|| expr!([plain[0] * i for i in 0..{BIG / 2}, j in 0..{BIG / 2}, k in 0..4])),
        panic_of(|| expr!([x[0] for i in 0..2 * {BIG}, j in 0..0])),
        panic_of(|| {
            expr! {
                let h = [x[0] * i + j for i in 0..{BIG}, j in 0..{BIG}];
                h[0, 0]
            }
        }),
    ] {
        assert!(text.contains("beyond 2^32") && text.contains('`'), "{text}");
        assert!(
            ["4294967296", "2147483648", "8589934592"].iter().any(|size| text.contains(size)),
            "{text}"
        );
    }
    assert_eq!((tape.len(), tape.records()), before);
}

#[test]
fn axes_of_operands_are_no_longer_than_a_tape() {
    // Elements of no size take no memory, however many there are.
    let nothing: Vec<[f64; 0]> = vec![[]; usize::MAX];
    let ids: Vec<[usize; 0]> = vec![[]; usize::MAX];
    let x = [1.0, 2.0];
    for text in [
        panic_of(|| expr!(sum(nothing[i, j] for i, j))),
        panic_of(|| expr!(sum(nothing[i + 1, j] for i in 0..1, j))),
        panic_of(|| expr!(sum(x[ids[i, j]] for i, j))),
    ] {
        assert!(text.contains("[18446744073709551615, 0]"), "{text}");
    }
    let tape = Tape::new();
    assert!(panic_of(|| tape.matrix(nothing)).contains("[18446744073709551615, 0]"));
}

#[test]
fn subscripts_near_the_ends_of_integers_are_named() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 3.0]);
    let most = BIG;
    for text in [
        panic_of(|| expr!([x[i + {most}] for i in 0..2])),
        panic_of(|| expr!([x[1000000000 * {most} + i] for i in 0..2])),
        panic_of(|| expr!([x[i - {most}] for i in 0..2])),
        panic_of(|| expr!([x[i - 1000000000 * {most}] for i in 0..2])),
        panic_of(|| expr!([if i < 2 { x[i + {most}] } else { 0 } for i in 0..2])),
        panic_of(|| expr!([if i < 2 { x[i - 1000000000 * {most}] } else { 0 } for i in 0..2])),
    ] {
        assert!(text.contains("axis 0 of `x`") && text.contains("has length 3"), "{text}");
    }
    for integer in [BIG + 1, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX] {
        for text in [
            panic_of(|| expr!([x[i + {integer}] for i in 0..2])),
            panic_of(|| expr!([x[2 * i - {integer}] for i in 0..2])),
            panic_of(|| expr!(sum(x[i] for i in {integer}..3))),
            panic_of(|| expr!(sum(x[i] for i in 0..integer))),
            panic_of(|| expr!([if i > 5 { x[i + {integer}] } else { 0 } for i in 0..2])),
        ] {
            assert!(text.contains(&integer.to_string()), "{text}");
        }
    }
}
