//! What a `macro_rules!` passes on is one operand, and its names are those of where it was written.

use microgpt::{Tape, Value, Vector, expr};

/// The value of an expression of three numbers, and its gradients.
fn of_three(
    at: [f64; 3],
    expression: impl for<'t> Fn(Value<'t>, Value<'t>, Value<'t>) -> Value<'t>,
) -> (f64, [f64; 3]) {
    let tape = Tape::new();
    let [a, b, c] = at.map(|x| tape.value(x));
    let y = expression(a, b, c);
    y.backward();
    (y.data(), [a.grad(), b.grad(), c.grad()])
}

/// Holds an expression that a macro passes on to one that is written out.
macro_rules! same {
    ($at:expr; $a:ident $b:ident $c:ident: $passed:expr => $written:expr) => {
        assert_eq!(
            of_three($at, |$a, $b, $c| {
                let _ = ($a, $b, $c);
                $passed
            }),
            of_three($at, |$a, $b, $c| {
                let _ = ($a, $b, $c);
                $written
            })
        );
    };
}

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

macro_rules! quotient {
    ($one:expr, $other:expr) => {
        expr!(1 / $one / $other - $other)
    };
}

macro_rules! negated {
    ($e:expr) => {
        expr!(-$e ^ 2 - -$e)
    };
}

macro_rules! called {
    ($op:ident, $e:expr) => {
        expr!($op($e) * max($e, 0.25) + $e)
    };
}

#[test]
fn a_sum_that_is_passed_on_is_one_operand() {
    let at = [1.0, 2.0, 0.5];
    same!(at; a b c: twice!(a + b) => expr!(2 * (a + b)));
    same!(at; a b c: twice!((a) + b) => expr!(2 * (a + b)));
    same!(at; a b c: twice!((a) + (b) * c - a) => expr!(2 * (a + b * c - a)));
    same!(at; a b c: twice!(((a))) => expr!(2 * a));
    same!(at; a b c: power!(a + b, 2) => expr!((a + b) ^ 2));
    same!(at; a b c: power!((a) + b, -c) => expr!((a + b) ^ (-c)));
    same!(at; a b c: power!(b, c - (a)) => expr!(b ^ (c - a)));
    same!(at; a b c: quotient!((a) + b, b * (c)) => expr!(1 / (a + b) / (b * c) - b * c));
    same!(at; a b c: quotient!(a / b, a - (b)) => expr!(1 / (a / b) / (a - b) - (a - b)));
    same!(at; a b c: called!(exp, (a) - b) => expr!(exp(a - b) * max(a - b, 0.25) + (a - b)));
    same!(at; a b c: twice!(if a > b { a } else { b * c }) => expr!(2 * (if a > b { a } else { b * c })));
}

#[test]
fn what_has_a_minus_is_one_operand() {
    let at = [1.5, -2.0, 0.5];
    same!(at; a b c: power!(-b, 2) => expr!((-b) ^ 2));
    same!(at; a b c: negated!(-a) => expr!(-((-a) ^ 2) - -(-a)));
    same!(at; a b c: negated!((a) - b) => expr!(-((a - b) ^ 2) - -(a - b)));
}

#[test]
fn a_literal_with_a_minus_is_one_operand() {
    macro_rules! of_literals {
        ($l:literal, $n:literal) => {
            [expr!($l ^ $n), expr!(-$l ^ $n), expr!(1 - $l * $l), expr!($l / $l - $n)]
        };
    }
    assert_eq!(of_literals!(-1.5, 2), [2.25, -2.25, -1.25, -1.0]);
    assert_eq!(of_literals!(2, -1), [0.5, -0.5, -3.0, 2.0]);
}

#[test]
fn what_is_passed_on_twice_is_one_operand() {
    macro_rules! square {
        ($e:expr) => {
            expr!($e * $e)
        };
    }
    macro_rules! square_of_twice {
        ($e:expr) => {
            square!(2 * $e)
        };
    }
    macro_rules! through_tokens {
        ($($t:tt)*) => {
            square_of_twice!($($t)*)
        };
    }
    let at = [1.0, 2.0, 0.5];
    same!(at; a b c: square!((a) + b) => expr!((a + b) * (a + b)));
    same!(at; a b c: square_of_twice!((a) + b) => expr!((2 * (a + b)) * (2 * (a + b))));
    same!(at; a b c: through_tokens!((a) - b * c) => expr!((2 * (a - b * c)) * (2 * (a - b * c))));
}

#[test]
fn conditions_are_passed_on() {
    macro_rules! choose {
        ($c:expr, $one:expr, $other:expr) => {
            expr!(if $c { $one } else { $other })
        };
    }
    macro_rules! neither {
        ($c:expr, $d:expr) => {
            expr!(if !$c && !($d) || $c && $d { 1 } else { 0 })
        };
    }
    macro_rules! order {
        ($one:expr, $other:expr) => {
            expr!(if $one < $other && $other * 2 > $one { $one } else { $other })
        };
    }
    let at = [1.0, 2.0, 0.5];
    same!(at; a b c: choose!(a < b, a * c, b) => expr!(if a < b { a * c } else { b }));
    same!(at; a b c: choose!(a < b && (b) < c || !(c > a), a, (b) + c)
        => expr!(if a < b && b < c || !(c > a) { a } else { b + c }));
    same!(at; a b c: choose!((a + b) * 2.0 > c, (a) + b, c) => expr!(if (a + b) * 2 > c { a + b } else { c }));
    same!(at; a b c: order!((a) - b, c - (a)) => expr!(if a - b < c - a && (c - a) * 2 > a - b { a - b } else { c - a }));
    let (a, b) = (1.0, 2.0);
    assert_eq!(neither!(a < b, b < a), 0.0);
    assert_eq!(neither!(a > b, b < a), 1.0);
    assert_eq!(neither!(a < b, a < b || b < a), 1.0);
}

#[test]
fn subscripts_and_ranges_are_passed_on() {
    macro_rules! reversed {
        ($x:ident, $k:expr, $n:expr) => {
            expr!([$x[6 - $k] * k for k in 1..$n])
        };
    }
    macro_rules! window {
        ($x:expr, $i:ident, $low:expr, $high:expr) => {
            expr!(sum($x[$i - $low] * $i for $i in $low..=$high))
        };
    }
    macro_rules! element {
        ($x:expr, $at:expr) => {
            expr!(3 * $x[$at] ^ 2)
        };
    }
    macro_rules! over {
        ($x:ident, $range:expr) => {
            expr!([$x[i] for i in $range])
        };
    }
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    let pair = (x, 1);
    assert_eq!(reversed!(x, k - 1, 4).data(), [64.0, 64.0, 48.0]);
    assert_eq!(reversed!(x, 2 * (k) - 1, 1 + 2).data(), [32.0, 16.0]);
    assert_eq!(window!(x, k, 2, 1 + 3).data(), 2.0 + 6.0 + 16.0);
    assert_eq!(window!(pair.0, i, 1, 1).data(), 1.0);
    assert_eq!(element!(x, 1).data(), 12.0);
    assert_eq!(element!(x, 5 - 3).data(), 48.0);
    assert_eq!(element!({ x }, { pair.1 + 1 }).data(), 48.0);
    assert_eq!(over!(x, 1..3).data(), [2.0, 4.0]);
    assert_eq!(over!(x, 1..=2 + 1).data(), [2.0, 4.0, 8.0]);
    let y = window!(x, k, 2, 1 + 3);
    y.backward();
    assert_eq!(x.grad(), [2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn names_paths_blocks_and_tokens_stand_for_themselves() {
    mod numbers {
        pub const TWO: f64 = 2.0;
    }
    macro_rules! with_path {
        ($p:path, $f:path, $b:block, $i:ident, $t:tt) => {
            expr!([$f($i[i]) * $p + $b + $t for i])
        };
    }
    macro_rules! with_items {
        ($($name:ident = $value:expr),*; $($result:tt)*) => {
            expr!($(let $name = $value;)* $($result)*)
        };
    }
    macro_rules! statement {
        ($s:stmt; $e:expr) => {
            expr!($s; $e * $e)
        };
    }
    let x = [1.0, 4.0];
    assert_eq!(*with_path!(numbers::TWO, microgpt::ops::sqrt, { 1.0 }, x, (0.5)), [3.5, 5.5]);
    let (a, b) = (1.0, 2.0);
    assert_eq!(with_items!(s = a - b, t = s * b; s * t), 2.0);
    assert_eq!(with_items!(s = a - b; (s, s * b)), (-1.0, -2.0));
    assert_eq!(statement!(let s = a + b; s - 1.0), 4.0);
    let with_fields = (x, [2.0, 0.5]);
    macro_rules! dot {
        ($one:expr, $other:expr) => {
            expr!(dot($one, $other))
        };
    }
    assert_eq!(dot!(with_fields.0, with_fields.1), 4.0);
}

#[test]
fn an_index_may_be_bound_around_what_is_passed_on() {
    macro_rules! total {
        ($e:expr, $($i:ident),+) => {
            expr!(sum($e for $($i),+))
        };
    }
    macro_rules! mean_over_i {
        ($e:expr) => {
            expr!(mean($e for i))
        };
    }
    let x = [1.0, 2.0];
    assert_eq!(total!(x[i] - 1.0, i), 1.0);
    assert_eq!(total!(x[i] * x[j], i, j), 9.0);
    assert_eq!(mean_over_i!(x[i]), 1.5);
}

#[test]
fn a_macro_and_its_caller_each_have_their_own_names() {
    macro_rules! scaled {
        ($e:expr) => {{
            let factor = 10.0;
            expr!($e * factor)
        }};
    }
    macro_rules! shifted {
        ($x:ident, $e:expr) => {
            expr! {
                let s = sum($x[i] for i);
                $e - s
            }
        };
    }
    macro_rules! counted {
        ($x:ident, $e:expr) => {
            expr!([$x[i] * $e + i for i])
        };
    }
    let (x, factor, s, i): ([f64; 2], f64, f64, f64) = ([1.0, 2.0], 3.0, 5.0, 7.0);
    assert_eq!(scaled!(factor), 30.0);
    assert_eq!(shifted!(x, s), 2.0);
    assert_eq!(*counted!(x, i), [7.0, 15.0]);
}

#[test]
fn raw_names_are_names() {
    struct Layer<'t> {
        r#type: Vector<'t, usize>,
        r#match: f64,
    }
    let tape = Tape::new();
    let numbers = [1.0, 2.0];
    let layer = Layer { r#type: tape.vector(&numbers[..]), r#match: 2.0 };
    let (r#fn, r#loop) = (layer.r#type, 3.0);
    assert_eq!(expr!([layer.r#type[r#in] * layer.r#match for r#in]).data(), [2.0, 4.0]);
    assert_eq!(expr!([r#fn[i] * r#loop for r#i]).data(), [3.0, 6.0]);
    assert_eq!(expr!(let r#let = r#fn[0]; r#let + r#loop).data(), 4.0);
    let k = r#fn;
    assert_eq!(expr!(r#fn·k).data(), 5.0);
    let x = r#fn;
    assert_eq!(expr!(r#x·k).data(), 5.0);
}

#[test]
fn conditions_are_parsed_and_not_guessed() {
    let (a, b, c, d): (f64, f64, f64, f64) = (1.0, 2.0, 5.0, 0.0);
    assert_eq!(expr!(if (a + (b)) * 2 > c && ((a < b) || !(c >= d)) { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if (if a > 0 { 1 } else { 2 }) > 1 { 1 } else { 0 }), 0.0);
    assert_eq!(expr!(if if a > 0 { 2 } else { 1 } > 1 { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if (a) < ((b) + (if a < b { 1 } else { 0 })) { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if !(!(a < b)) && !!(b < c) { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if (a < b) { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if (a < b || c < d) && (a < d || b < c) { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if (a) ^ 2 - (b) >= (c) || (b) / (a) == b { 1 } else { 0 }), 1.0);
    assert_eq!(expr!(if max(a, (if b < c { b } else { c })) != b { 1 } else { (a) }), 1.0);
}

#[test]
fn an_operand_stays_one_whatever_stands_beside_it() {
    macro_rules! minus {
        ($e:expr) => {
            expr!(1 - $e)
        };
    }
    macro_rules! times_itself {
        ($e:expr) => {
            expr!($e * $e)
        };
    }
    macro_rules! square {
        ($l:literal) => {
            expr!($l ^ 2)
        };
    }
    macro_rules! nested {
        ($e:expr) => {
            twice!($e)
        };
    }
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
fn also_in_subscripts_ranges_conditions_and_calls() {
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
