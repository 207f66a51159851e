//! What a `macro_rules!` passes on is one operand.

use microgpt::{Tape, expr};

macro_rules! twice {
    ($e:expr) => {
        expr!(2 * $e)
    };
}
macro_rules! power {
    ($e:expr, $n:expr) => {
        expr!($e ^ $n)
    };
}
macro_rules! times_itself {
    ($e:expr) => {
        expr!($e * $e)
    };
}
macro_rules! minus {
    ($e:expr) => {
        expr!(1 - $e)
    };
}
macro_rules! square {
    ($l:literal) => {
        expr!($l ^ 2)
    };
}
macro_rules! before {
    ($x:ident, $k:expr) => {
        expr!($x[6 - $k])
    };
}
macro_rules! first {
    ($x:ident, $i:ident, $n:expr) => {
        expr!([$x[$i] for $i in 0..$n])
    };
}
macro_rules! choose {
    ($c:expr, $a:expr, $b:expr) => {
        expr!(if $c { $a } else { $b })
    };
}
macro_rules! both {
    ($c:expr, $d:expr, $a:expr) => {
        expr!(if $c && !$d { $a } else { 0 })
    };
}
macro_rules! nested {
    ($e:expr) => {
        twice!($e)
    };
}
macro_rules! call {
    ($p:path, $e:expr) => {
        expr!($p($e))
    };
}
macro_rules! total {
    ($t:tt, $e:expr) => {
        expr!($t(-$e for i))
    };
}
macro_rules! gathered {
    ($x:ident, $s:expr) => {
        expr!([$x[$s] for t])
    };
}

#[test]
fn an_operand_stays_one() {
    let tape = Tape::new();
    let (a, b) = (tape.value(1.0), tape.value(2.0));
    assert_eq!(twice!((a) + b).data(), 6.0);
    assert_eq!(nested!(a + b).data(), 6.0);
    assert_eq!(power!(-b, 2).data(), 4.0);
    assert_eq!(power!(b, a + a).data(), 4.0);
    assert_eq!(minus!(a - b).data(), 2.0);
    assert_eq!(minus!(-b).data(), 3.0);
    assert_eq!(square!(-1.5), 2.25);
    assert_eq!(square!(3), 9.0);
    let y = times_itself!(a + b);
    y.backward();
    assert_eq!((y.data(), a.grad(), b.grad()), (9.0, 6.0, 6.0));
}

#[test]
fn also_in_subscripts_ranges_and_conditions() {
    let tape = Tape::new();
    let (a, b) = (tape.value(1.0), tape.value(2.0));
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(before!(x, 1 + 2), 3.0);
    assert_eq!(before!(x, { 2 }), 4.0);
    assert_eq!(*first!(x, i, 2 + 1), [0.0, 1.0, 2.0]);
    assert_eq!(choose!(a < b, a + b, b).data(), 3.0);
    assert_eq!(choose!((a) + b < b, a, b - a).data(), 1.0);
    assert_eq!(both!(a < b || a > b, a > b, b).data(), 2.0);
    assert_eq!(call!(microgpt::ops::exp, a - a).data(), 1.0);
    assert_eq!(total!(sum, x[i] + 1), -28.0);
    let ids = [3usize, 1];
    assert_eq!(*gathered!(x, ids[t]), [3.0, 1.0]);
}

#[test]
fn parentheses_hold_conditions_or_numbers() {
    let tape = Tape::new();
    let (a, b) = (tape.value(1.0), tape.value(2.0));
    assert_eq!(expr!(if (if a > 0 { 1 } else { 2 }) > 1 { a } else { b }).data(), 2.0);
    assert_eq!(
        expr!(if ((a + (b)) * 2 > 5) && ((a < b) || !(a >= b)) { a } else { b }).data(),
        1.0
    );
    assert_eq!(expr!(if (a > b) { a } else { b }).data(), 2.0);
    assert_eq!(expr!(if (a) < (b) { a } else { b }).data(), 1.0);
    assert_eq!(expr!(if !(!(a < b)) { a } else { b }).data(), 1.0);
    assert_eq!(
        expr!(if (if (a > b) {
            a
        } else if a < b {
            b
        } else {
            3
        }) == b
        {
            7 * a
        } else {
            b
        })
        .data(),
        7.0
    );
}
