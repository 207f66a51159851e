//! Blocks of equations, against the same steps of one scalar `Value` after the other.

use std::ops::Range;

use microgpt::{Tape, Value, expr};

/// Numbers between -0.4 and 0.4.
fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|at| ((at * 7919 + seed) % 17) as f64 / 20.0 - 0.4).collect()
}

#[track_caller]
fn assert_close(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-12, "{what}: {ours} and {theirs}");
    }
}

const STEPS: usize = 9;
const COLUMNS: usize = 11;
const ROWS: usize = 3;

/// `c[t, n] = tanh(x[t, n] + Σ v[i] u[s, i] c[s, n])` over all `i` and over the `s` that each step says: the values,
/// and the gradients of `u`, `x` and `v`.
fn step_by_step(
    order: impl Iterator<Item = usize>,
    range: impl Fn(usize) -> Range<usize>,
) -> [Vec<f64>; 4] {
    let tape = Tape::new();
    let [u, x, v] = [(STEPS * COLUMNS, 1), (STEPS * ROWS, 2), (COLUMNS, 3)]
        .map(|(count, seed)| tape.vector(numbers(count, seed)));
    let mut c: Vec<Option<Value<'_>>> = vec![None; STEPS * ROWS];
    for t in order {
        for n in 0..ROWS {
            let mut z = x.at([t * ROWS + n]);
            for i in 0..COLUMNS {
                for s in range(t) {
                    let before = c[s * ROWS + n].expect("an earlier step");
                    z += v.at([i]) * u.at([s * COLUMNS + i]) * before;
                }
            }
            c[t * ROWS + n] = Some(z.tanh());
        }
    }
    let c: Vec<Value<'_>> = c.into_iter().flatten().collect();
    let pairs = c.iter().zip(numbers(c.len(), 4));
    let loss: Value<'_> = pairs.map(|(c, weight)| *c * weight).sum();
    loss.backward();
    [c.iter().map(|c| c.data()).collect(), u.grad(), x.grad(), v.grad()]
}

/// The same as a block.
macro_rules! check {
    ($order:expr, $range:expr, |$t:ident| $low:tt .. $high:tt) => {{
        let tape = Tape::new();
        let u = tape.array((STEPS, COLUMNS), &numbers(STEPS * COLUMNS, 1));
        let x = tape.array((STEPS, ROWS), &numbers(STEPS * ROWS, 2));
        let v = tape.vector(numbers(COLUMNS, 3));
        let c = expr! {
            for $t {
                let y = [sum(u[s, i] * c[s, n] for s in $low..$high) for n, i];
                let c = [tanh(x[$t, n] + sum(v[i] * y[n, i] for i)) for n];
            }
            [c[$t, n] for $t, n]
        };
        c.backward_with(&numbers(STEPS * ROWS, 4));
        let expected = step_by_step($order, $range);
        let what = stringify!($low..$high);
        for (ours, theirs) in [c.data(), u.grad(), x.grad(), v.grad()].iter().zip(&expected) {
            assert_close(ours, theirs, what);
        }
    }};
}

#[test]
fn a_factor_of_which_each_step_takes_another_part_is_another_factor() {
    let ends: Vec<usize> = (0..STEPS).map(|t| t * 2 / 3).collect();
    check!(0..STEPS, |t| 0..t, |t| 0..t);
    check!((0..STEPS).rev(), |t| t + 1..STEPS, |t| (t + 1)..(len(t)));
    check!(0..STEPS, |t: usize| t.saturating_sub(3)..t, |t| (max(t - 3, 0))..t);
    check!(0..STEPS, |t| 0..ends[t], |t| 0..(min(ends[t], t)));
}

/// The version of a step where a condition holds multiplies by another matrix than the other, or by the same one
/// with rows and columns exchanged.
#[test]
fn each_version_of_a_step_multiplies_by_its_own_factor() {
    const WIDTH: usize = 12;
    for exchanged in [false, true] {
        let tape = Tape::new();
        let matrix = |seed| tape.array((WIDTH, WIDTH), &numbers(WIDTH * WIDTH, seed));
        let (u, w) = (matrix(5), matrix(6));
        let (x, start) =
            (tape.array((STEPS, WIDTH), &numbers(STEPS * WIDTH, 7)), numbers(WIDTH, 8));
        let h = if exchanged {
            expr! {
                for t {
                    let z = [sum(if t % 2 == 1 { u[i, k] * h[t - 1, k] } else { u[k, i] * x[t, k] } for k) for i];
                    let h = [tanh(z[i] + if t > 0 { h[t - 1, i] } else { start[i] }) for i];
                }
                [h[t, i] for t, i]
            }
        } else {
            expr! {
                for t {
                    let z = [sum(if t % 2 == 1 { u[k, i] * h[t - 1, k] } else { w[k, i] * x[t, k] } for k) for i];
                    let h = [tanh(z[i] + if t > 0 { h[t - 1, i] } else { start[i] }) for i];
                }
                [h[t, i] for t, i]
            }
        };
        h.backward_with(&numbers(STEPS * WIDTH, 9));
        let (values, gradients) = (h.data(), [u.grad(), w.grad(), x.grad()]);

        let tape = Tape::new();
        let [u, w] = [5, 6].map(|seed| tape.vector(numbers(WIDTH * WIDTH, seed)));
        let x = tape.vector(numbers(STEPS * WIDTH, 7));
        let mut h: Vec<Value<'_>> = Vec::new();
        for t in 0..STEPS {
            for i in 0..WIDTH {
                let (across, down) = (|k| i * WIDTH + k, |k| k * WIDTH + i);
                let terms = (0..WIDTH).map(|k| match (t % 2, exchanged) {
                    (1, true) => u.at([across(k)]) * h[(t - 1) * WIDTH + k],
                    (1, false) => u.at([down(k)]) * h[(t - 1) * WIDTH + k],
                    (_, true) => u.at([down(k)]) * x.at([t * WIDTH + k]),
                    (_, false) => w.at([down(k)]) * x.at([t * WIDTH + k]),
                });
                let z: Value<'_> = terms.sum();
                let z = if t > 0 { z + h[(t - 1) * WIDTH + i] } else { z + start[i] };
                h.push(z.tanh());
            }
        }
        let pairs = h.iter().zip(numbers(h.len(), 9));
        let loss: Value<'_> = pairs.map(|(h, weight)| *h * weight).sum();
        loss.backward();
        let expected: Vec<f64> = h.iter().map(|h| h.data()).collect();
        assert_close(&values, &expected, "values");
        for (ours, theirs) in gradients.iter().zip([u.grad(), w.grad(), x.grad()]) {
            assert_close(ours, &theirs, "a gradient");
        }
    }
}

/// A reduction of some numbers, one `Value` after the other.
fn reduced<'t>(name: &str, terms: &[Value<'t>]) -> Value<'t> {
    let best = |is_better: fn(f64, f64) -> bool| {
        let better = |best: Value<'t>, x: &Value<'t>| {
            if is_better(x.data(), best.data()) { *x } else { best }
        };
        terms[1..].iter().fold(terms[0], better)
    };
    match name {
        "max" => best(|x, best| x > best),
        "min" => best(|x, best| x < best),
        "mean" => terms.iter().copied().sum::<Value<'t>>() / terms.len() as f64,
        _ => terms.iter().map(|x| x.exp()).sum::<Value<'t>>().ln(),
    }
}

/// A block whose past says which terms a reduction has, in both directions, as a result and as a `let` of the block.
macro_rules! check_filtered {
    ($($reduction:ident)*) => {$(
        let name = stringify!($reduction);
        for descends in [false, true] {
            let tape = Tape::new();
            let x = tape.vector(numbers(STEPS, 10));
            let v = tape.vector(numbers(COLUMNS, 11));
            let (m, h) = if descends {
                expr! {
                    for t {
                        let q = if t + 1 < len(t) { h[t + 1] } else { 0 };
                        let m = $reduction(v[i] * x[t] for i where i == 0 || 4 * q > v[i]);
                        let h = x[t] + 0.5 * q + m;
                    }
                    ([m[t] for t], [h[t] for t])
                }
            } else {
                expr! {
                    for t {
                        let m = $reduction(v[i] * x[t] for i where i == 0 || 4 * (if t > 0 { h[t - 1] } else { 0 }) > v[i]);
                        let h = x[t] + 0.5 * (if t > 0 { h[t - 1] } else { 0 }) + m;
                    }
                    ([m[t] for t], [h[t] for t])
                }
            };
            for (result, seed) in [(m, 12), (h, 13)] {
                result.backward_with(&numbers(STEPS, seed));
            }
            let ours = [m.data(), h.data(), x.grad(), v.grad()];

            let tape = Tape::new();
            let (x, v) = (tape.vector(numbers(STEPS, 10)), tape.vector(numbers(COLUMNS, 11)));
            let (mut m, mut h) = (vec![None; STEPS], vec![None; STEPS]);
            let mut before: Option<Value<'_>> = None;
            for step in 0..STEPS {
                let t = if descends { STEPS - 1 - step } else { step };
                let q = before.map_or(0.0, |before| before.data());
                let is_there = |i: &usize| *i == 0 || 4.0 * q > v.at([*i]).data();
                let terms: Vec<_> =
                    (0..COLUMNS).filter(is_there).map(|i| v.at([i]) * x.at([t])).collect();
                let reduced = reduced(name, &terms);
                let past = before.map(|before| 0.5 * before);
                let next = past.map_or(x.at([t]), |past| x.at([t]) + past) + reduced;
                (m[t], h[t], before) = (Some(reduced), Some(next), Some(next));
            }
            let [m, h] = [m, h].map(|all| all.into_iter().flatten().collect::<Vec<_>>());
            let weighted = |all: &[Value<'_>], seed| {
                all.iter().zip(numbers(STEPS, seed)).map(|(value, weight)| *value * weight).sum::<Value<'_>>().backward();
            };
            weighted(&m, 12);
            weighted(&h, 13);
            let data = |all: &[Value<'_>]| all.iter().map(|value| value.data()).collect::<Vec<_>>();
            for (ours, theirs) in ours.iter().zip([data(&m), data(&h), x.grad(), v.grad()]) {
                assert_close(ours, &theirs, name);
            }
        }
    )*};
}

#[test]
fn the_past_of_a_block_may_say_which_terms_there_are() {
    check_filtered!(max min mean logsumexp);
}

/// The steps at which a reduction has no term, and what asks for its value there.
#[test]
fn whether_there_is_a_term_is_looked_at_in_each_step() {
    let v = [3.0, 1.0, 2.0];
    let message = |work: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        panic.err().map(|message| message.downcast_ref::<String>().cloned().unwrap_or_default())
    };
    // The first step has all terms, the second none.
    let asked = message(&|| {
        let _ = expr! {
            for t { let m = v[t] + max(v[i] for i where (if t > 0 { m[t - 1] } else { 0 }) < 6); }
            [m[t] for t]
        };
    });
    assert!(asked.is_some_and(|text| text.contains("`max` over an empty range: index `i`")));
    let of_vectors = message(&|| {
        let _ = expr! {
            for t in 0..3 { let m = [mean(v[i] for i where (if t > 0 { m[t - 1, k] } else { 0 }) < 5 - k) for k in 0..3]; }
            [m[t, k] for t in 0..3, k in 0..3]
        };
    });
    assert_eq!(of_vectors, None);
    let not_asked = expr! {
        for t {
            let q = max(v[i] for i where (if t > 0 { m[t - 1] } else { 0 }) < 6);
            let m = if t == 1 { 0.5 } else { v[t] + q };
        }
        [m[t] for t]
    };
    assert_eq!(*not_asked, [6.0, 0.5, 5.0]);
    let after = expr! {
        for t {
            let b = v[t] + if t > 0 { b[t - 1] } else { 0 };
            let q = min(v[i] for i where b < 6);
        }
        [if b[t] < 6 { q[t] } else { 0 } for t]
    };
    assert_eq!(*after, [1.0, 1.0, 0.0]);
}

/// A range is cut off at 0, and its starts lie beside what is left of it: beside no value, where nothing is.
#[test]
fn starts_lie_beside_a_range_that_is_cut_off() {
    const LENGTH: usize = 3;
    for width in 0..=LENGTH + 2 {
        let (n, w) = (LENGTH, width);
        let tape = Tape::new();
        let (x, first) = (tape.vector(numbers(LENGTH, 16)), tape.vector([0.5, -0.75]));
        // The last values, from the first of them; the first values, from there and from the last of them.
        let (window, up, down) = expr! {
            for t in n - w..n {
                let p[n - w - 1] = first[0];
                let p[n - w - 2] = first[1];
                let p = sin(p[t - 1] * p[t - 2] + sum(p[s] for s in n - w..t) + x[t]);
            }
            for t in 0..n - w {
                let q[-1] = first[0];
                let q = sin(q[t - 1] + x[t]);
            }
            for t in 0..n - w {
                let r[n - w] = first[0];
                let r[n - w + 1] = first[1];
                let r = sin(r[t + 1] * r[t + 2] + x[t]);
            }
            (sum(p[t] * x[t] for t in n - w..n), sum(q[t] * x[t] for t in 0..n - w), sum(r[t] * x[t] for t in 0..n - w))
        };
        let sums = [window, up, down];
        (window + 2.0 * up + 3.0 * down).backward();
        let ours = [sums.map(|sum| sum.data()).to_vec(), x.grad(), first.grad()].concat();

        let tape = Tape::new();
        let (x, first) = (tape.vector(numbers(LENGTH, 16)), tape.vector([0.5, -0.75]));
        let (x_at, first_at) = (|t: usize| x.at([t]), |i: usize| first.at([i]));
        let mut sums = [(); 3].map(|()| tape.value(0.0));
        let (mut p, mut before) = ([first_at(1), first_at(0)], tape.value(0.0));
        for t in n.saturating_sub(w)..n {
            p = [p[1], (p[1] * p[0] + before + x_at(t)).sin()];
            before += p[1];
            sums[0] += p[1] * x_at(t);
        }
        let mut q = first_at(0);
        for t in 0..n.saturating_sub(w) {
            q = (q + x_at(t)).sin();
            sums[1] += q * x_at(t);
        }
        let mut r = [first_at(1), first_at(0)];
        for t in (0..n.saturating_sub(w)).rev() {
            r = [r[1], (r[1] * r[0] + x_at(t)).sin()];
            sums[2] += r[1] * x_at(t);
        }
        (sums[0] + 2.0 * sums[1] + 3.0 * sums[2]).backward();
        let theirs = [sums.map(|sum| sum.data()).to_vec(), x.grad(), first.grad()].concat();
        assert_close(&ours, &theirs, &format!("a width of {width}"));
    }
}

/// A start lies beside an end of the range, wherever that is, and may name it.
#[test]
fn a_start_goes_by_the_end_of_its_range() {
    const LENGTH: usize = 6;
    let (a, n) = (2, LENGTH);
    let tape = Tape::new();
    let x = tape.vector(numbers(LENGTH, 14));
    let (from_one, from_a, down) = expr! {
        for t in 1..n {
            let p[0] = 2 * x[0];
            let p = sin(p[t - 1] + x[t]);
        }
        for t in a..n {
            let q[a - 1] = 2 * x[0];
            let q[a - 2] = 0.25;
            let q = sin(q[t - 1] * q[t - 2] + x[t]);
        }
        for t in a..n {
            let r[n] = x[0];
            let r = sin(r[t + 1] + x[t]);
        }
        ([p[t] for t in 1..n], [q[t] for t in a..n], [r[t] for t in a..n])
    };
    for result in [from_one, from_a, down] {
        result.backward_with(&numbers(LENGTH, 15)[..result.size()]);
    }
    let ours = [from_one.data(), from_a.data(), down.data()].concat();
    let gradient = x.grad();

    let tape = Tape::new();
    let x = tape.vector(numbers(LENGTH, 14));
    let at = |t: usize| x.at([t]);
    let (mut from_one, mut from_a, mut down) = (Vec::new(), Vec::new(), Vec::new());
    let (mut p, mut q, mut r) = (2.0 * at(0), [tape.value(0.25), 2.0 * at(0)], at(0));
    for t in 1..n {
        p = (p + at(t)).sin();
        from_one.push(p);
    }
    for t in a..n {
        q = [q[1], (q[1] * q[0] + at(t)).sin()];
        from_a.push(q[1]);
    }
    for t in (a..n).rev() {
        r = (r + at(t)).sin();
        down.insert(0, r);
    }
    let weights = numbers(LENGTH, 15);
    let weighted = |all: &[Value<'_>]| {
        all.iter()
            .zip(&weights)
            .map(|(value, weight)| *value * *weight)
            .sum::<Value<'_>>()
            .backward();
    };
    for all in [&from_one, &from_a, &down] {
        weighted(all);
    }
    let theirs: Vec<f64> =
        [from_one, from_a, down].concat().iter().map(|value| value.data()).collect();
    assert_close(&ours, &theirs, "values");
    assert_close(&gradient, &x.grad(), "the gradient");
}
