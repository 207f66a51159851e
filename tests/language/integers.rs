//! Integers: in subscripts, at the ends of ranges and in conditions, against plain loops.

// Small whole numbers.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use microgpt::{Numbers, Tape, expr, layer};

/// The message of the panic that `work` ends in.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    let payload = result.err().expect("a panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.or(payload.downcast_ref::<&str>().map(ToString::to_string)).expect("a message")
}

/// Numbers of which no two sums are alike by accident.
fn number(at: usize) -> f64 {
    ((at * at * 7 + at * 3) % 23) as f64 - 11.0
}

/// An `expr!` whose results are sums of elements of a vector `x`: by pairs of a result and an element. The values,
/// and where the gradient of each goes, in both precisions.
macro_rules! sums {
    ($x:ident of $n:expr, $results:expr, $pairs:expr, $($program:tt)*) => {{
        sums!(f64, $x of $n, $results, $pairs, $($program)*);
        sums!(f32, $x of $n, $results, $pairs, $($program)*);
    }};
    ($real:ty, $x:ident of $n:expr, $results:expr, $pairs:expr, $($program:tt)*) => {{
        let tape = Tape::<$real>::default();
        let (n, results): (usize, usize) = ($n, $results);
        let data: Vec<$real> = (0..n).map(|at| number(at) as $real).collect();
        let $x = tape.vector(&data);
        let y = expr!($($program)*).reshape((results,));
        let cotangents: Vec<$real> = (0..results).map(|at| number(at + 5) as $real).collect();
        y.backward_with(&cotangents);
        let (mut values, mut gradient) = (vec![0.0; results], vec![0.0; n]);
        for (result, element) in $pairs {
            let (result, element): (usize, usize) = (result, element);
            values[result] += data[element];
            gradient[element] += cotangents[result];
        }
        assert_eq!(y.data(), values, "{}", stringify!($($program)*));
        assert_eq!($x.grad(), gradient, "{}", stringify!($($program)*));
    }};
}

#[test]
fn ids_are_integers_like_others() {
    let ids = vec![2, 0, 2, 3, 1];
    let next = [1, 0, 4, 2, 2];
    sums!(x of 6, 5, (0..5).map(|t| (t, ids[t] + 1)), [x[ids[t] + 1] for t]);
    sums!(x of 9, 15,
        (0..5).flat_map(|t| [0, 1, 2].map(|k| (t * 3 + k, 2 * ids[t] + k))),
        [x[2 * ids[t] + k] for t, k in 0..3]);
    sums!(x of 4, 5, (0..5).map(|t| (t, ids[next[t]])), [x[ids[next[t]]] for t]);
    sums!(x of 9, 25,
        (0..5).flat_map(|t| [0, 1, 2, 3, 4].map(|u| (t * 5 + u, 4 + ids[t] - next[u]))),
        [x[4 + ids[t] - next[u]] for t, u]);
    // Two axes of the run time.
    let token = Numbers::new((2usize, 3usize), vec![0usize, 2, 1, 3, 3, 0]);
    sums!(x of 5, 6, (0..6).map(|at| (at, token[at] + 1)), [x[token[b, t] + 1] for b, t]);
    // Two axes, and a number.
    let pair = [[0, 2], [1, 1], [2, 0]];
    sums!(x of 7, 3,
        (0..3).map(|t| (t, pair[t][0] + 2 * pair[t][1])),
        [x[pair[t, 0] + 2 * pair[t, 1]] for t]);
    sums!(x of 5, 1, [(0, ids[next[2]] + 3)], [x[ids[next[2]] + 3] for _t in 0..1]);
}

#[test]
fn quotients_and_remainders_are_rounded_down() {
    let (n, ids) = (4, [5, 0, 3]);
    sums!(x of 4, 8, (0..8).map(|i| (i, i / 2)), [x[i / 2] for i in 0..8]);
    sums!(x of 4, 11, (0..11).map(|i| (i, i % n)), [x[i % {n}] for i in 0..11]);
    sums!(x of 4, 11, (0..11).map(|i| (i, i % 4)), [x[i % len(j)] + sum(0 * x[j] for j) for i in 0..11]);
    // Below 0 as in Python: -1 / 2 is -1, and -1 % 4 is 3.
    sums!(x of 5, 8, (0..8).map(|i: usize| (i, ((i as i64 - 3).div_euclid(2) + 2) as usize)),
        [x[(i - 3) / 2 + 2] for i in 0..8]);
    sums!(x of 4, 9, (0..9).map(|i: usize| (i, (i as i64 - 5).rem_euclid(4) as usize)),
        [x[(i - 5) % 4] for i in 0..9]);
    sums!(x of 3, 3, (0..3).map(|t| (t, ids[t] / 2)), [x[ids[t] / 2] for t]);
    // Images in rows: a pixel of a picture with `w` columns.
    let w = 3;
    sums!(x of 6, 6, (0..6).map(|i| (i, (i % w) * 2 + i / w)), [x[i % {w} * 2 + i / {w}] for i in 0..6]);
    assert_eq!(*expr!([if i % 2 == 0 { 1.0 } else { -1.0 } for i in 0..4]), [1.0, -1.0, 1.0, -1.0]);
}

#[test]
fn minima_and_maxima_keep_a_subscript_on_its_axis() {
    let clipped = |at: i64, n: i64| at.clamp(0, n - 1) as usize;
    sums!(x of 5, 15,
        (0..5).flat_map(|i| [0, 1, 2].map(|k| (i * 3 + k, clipped((i + k) as i64 - 1, 5)))),
        let y = [x[clip(i + k - 1)] + 0 * x[i] for i, k in 0..3]; [y[i, k] for i, k]);
    sums!(x of 5, 5, (0..5).map(|i| (i, (i + 1).min(4))), [x[min(i + 1, len(i) - 1)] + 0 * x[i] for i]);
    sums!(x of 5, 5, (0..5).map(|i: usize| (i, i.saturating_sub(2))), [x[max(i - 2, 0)] + 0 * x[i] for i]);
    sums!(x of 5, 9, (0..9).map(|i: usize| (i, (i as i64 - 2).clamp(1, 3) as usize)),
        [x[clamp(i - 2, 1, 3)] for i in 0..9]);
    let ids = [7, 0, 3];
    sums!(x of 5, 3, (0..3).map(|t| (t, clipped(ids[t] as i64, 5))), [x[clip(ids[t])] for t]);
    // Of ids, too, and of arrays that the program makes, whose axes begin elsewhere.
    sums!(x of 8, 4, (0..4).map(|t| (t, ids[(t + 1).min(2)])), [x[ids[clip(t + 1)]] for t in 0..4]);
    sums!(x of 6, 6, (0..6).map(|i: usize| (i, i.clamp(2, 4))),
        let part = [x[i] for i in 2..5]; [part[clip(i)] for i in 0..6]);
}

#[test]
fn ranges_end_at_minima_maxima_and_quotients() {
    let (n, w) = (7usize, 2usize);
    sums!(x of 7, 9,
        (0..9usize).flat_map(|t| (t.saturating_sub(w)..=t.min(n - 1)).map(move |s| (t, s))),
        [sum(x[s] for s in max(0, t - w)..=min(t, n - 1)) for t in 0..9]);
    sums!(x of 7, 5,
        (0..5usize).flat_map(|t| (t / 2..(t + 5) / 3).map(move |s| (t, s))),
        [sum(x[s] for s in t / 2..(t + 5) / 3) for t in 0..5]);
    // As attention over a window: a product of matrices in rows, long enough for its kernels.
    let (tape, long) = (Tape::new(), 70usize);
    let p = tape.array((long, long), &(0..long * long).map(number).collect::<Vec<_>>());
    let v = tape.array((long, 3), &(0..long * 3).map(number).collect::<Vec<_>>());
    let y = expr!([sum(p[t, s] * v[s, j] for s in max(0, t - w)..=min(t, long - 3)) for t, j]);
    let (p, v) = (p.data(), v.data());
    for t in 0..long {
        for j in 0..3 {
            let range = t.saturating_sub(w)..=t.min(long - 3);
            let sum: f64 = range.map(|s| p[t * long + s] * v[s * 3 + j]).sum();
            assert_eq!(y.data()[t * 3 + j], sum);
        }
    }
}

#[test]
fn ids_say_where_segments_begin_and_end() {
    let offset = vec![0, 3, 3, 4, 8];
    let segments = |b: usize| offset[b]..offset[b + 1];
    sums!(x of 8, 4,
        (0..4).flat_map(|b| segments(b).map(move |m| (b, m))),
        [sum(x[m] for m in offset[b]..offset[b + 1]) for b in 0..4]);
    // Of a graph: the sources of the edges of each node, in no order and more than once.
    let source = [2, 2, 0, 1, 3, 0, 2, 1];
    sums!(x of 4, 4,
        (0..4).flat_map(|b| segments(b).map(|m| (b, source[m])).collect::<Vec<_>>()),
        [sum(x[source[m]] for m in offset[b]..offset[b + 1]) for b in 0..4]);
    // Ranges that overlap, and begin after their ends.
    let (from, to) = ([1, 4, 0], [5, 2, 3]);
    sums!(x of 5, 3,
        (0..3).flat_map(|b| (from[b]..to[b]).map(move |m| (b, m))),
        [sum(x[m] for m in from[b]..to[b]) for b]);

    let x: Vec<f64> = (0..8).map(|at| number(at) / 4.0).collect();
    let offset = [0, 3, 4, 8];
    let parts: Vec<&[f64]> = (0..3).map(|b| &x[offset[b]..offset[b + 1]]).collect();
    let close = |found: &[f64], expected: Vec<f64>| {
        assert_eq!(found.len(), expected.len());
        for (one, other) in found.iter().zip(expected) {
            assert!((one - other).abs() < 1e-12, "{found:?}");
        }
    };
    let mean = expr!([mean(x[m] for m in offset[b]..offset[b + 1]) for b in 0..3]);
    close(&mean, parts.iter().map(|part| part.iter().sum::<f64>() / part.len() as f64).collect());
    let greatest = expr!([max(x[m] for m in offset[b]..offset[b + 1]) for b in 0..3]);
    close(
        &greatest,
        parts.iter().map(|part| part.iter().fold(f64::MIN, |a, b| a.max(*b))).collect(),
    );
    let log = expr!([logsumexp(x[m] for m in offset[b]..offset[b + 1]) for b in 0..3]);
    close(&log, parts.iter().map(|part| part.iter().map(|x| x.exp()).sum::<f64>().ln()).collect());
}

#[test]
fn segments_take_time_and_memory_by_their_terms() {
    // As many segments as terms: an array of both would have 10^10 elements.
    let n = 100_000;
    let offset: Vec<usize> = (0..=n).collect();
    let tape = Tape::new();
    let x = tape.vector((0..n).map(|at| number(at) / 8.0).collect::<Vec<_>>());
    let before = tape.len();
    let y = expr! {
        let total = [logsumexp(tanh(x[m])^2 * 3 for m in offset[b]..offset[b + 1]) for b in 0..n];
        let mean = [mean(exp(x[m]) for m in offset[b]..offset[b + 1]) for b in 0..n];
        [total[b] + mean[b] for b]
    };
    assert!(tape.len() - before < 12 * n, "{}", (tape.len() - before) / n);
    y.backward_with(&vec![1.0; n]);
    for (at, (x, gradient)) in x.data().into_iter().zip(x.grad()).enumerate().step_by(997) {
        let expected = 6.0 * x.tanh() * (1.0 - x.tanh().powi(2)) + x.exp();
        assert!(
            (gradient - expected).abs() < 1e-12 * expected.abs().max(1.0),
            "{at}: {gradient} {expected}"
        );
    }
}

#[test]
fn operands_are_conditions() {
    let mask = vec![true, false, true, true];
    let grid = [[true, false], [false, true], [true, true], [false, false]];
    sums!(x of 4, 1, (0..4).filter(|&i| mask[i]).map(|i| (0, i)), [sum(x[i] for i where mask[i]) for _b in 0..1]);
    sums!(x of 4, 4, (0..4).filter(|&i| !mask[i]).map(|i| (i, i)), [if mask[i] { 0 } else { x[i] } for i]);
    sums!(x of 4, 2,
        (0..2).flat_map(|j| (0..4).filter(move |&i| grid[i][j]).map(move |i| (j, i))),
        [sum(if grid[i, j] { x[i] } else { 0 } for i) for j]);
    for is_on in [true, false] {
        sums!(x of 4, 4,
            (0..4).filter(|&i| is_on && mask[i] || i == 1).map(|i| (i, i)),
            [if is_on && mask[i] || i == 1 { x[i] } else { 0 } for i]);
    }
    let slice = &mask[..];
    assert_eq!(expr!(mean(i for i where slice[i])), 5.0 / 3.0);
    assert_eq!(expr!(sum(if !{ mask.len() == 4 } { 1 } else { i } for i in 0..3)), 3.0);
    // A condition guards its branch.
    sums!(x of 3, 4,
        (0..4).filter(|&i| !mask[i]).map(|i| (i, i)),
        [if mask[i] { 0 } else { x[i] } for i in 0..4]);
}

#[test]
fn what_is_compared_with_an_index_is_an_id() {
    let target = [2usize, 0];
    assert_eq!(
        *expr!([if j == target[t] { 1.0 } else { 0.0 } for t, j in 0..3]),
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    );
    let k = 1usize;
    assert_eq!(*expr!([if k != j { j + 0.5 } else { 0.0 } for j in 0..3]), [0.5, 0.0, 2.5]);
    let length = vec![2, 0, 3];
    assert_eq!(*expr!([sum(1.5 for t in 0..3 where t < length[b]) for b]), [3.0, 0.0, 4.5]);
    // A number elsewhere is a number there.
    let x = [2.0, 1.0];
    assert_eq!(*expr!([if i == x[i] { x[i] } else { 0.0 } for i]), [0.0, 1.0]);
}

#[test]
fn integers_from_rust_are_factors() {
    for s in 1..4usize {
        sums!(x of 12, 8,
            (0..4).flat_map(|t| [0, 1].map(|k| (t * 2 + k, s * t + k))),
            [x[{s} * t + k] for t in 0..4, k in 0..2]);
    }
    // Triangular: the upper half of a matrix in one vector.
    sums!(x of 6, 9,
        (0..3usize).flat_map(|i| [0, 1, 2].map(|j: usize| (i * 3 + j, i.max(j) * (i.max(j) + 1) / 2 + i.min(j)))),
        [x[max(i, j) * (max(i, j) + 1) / 2 + min(i, j)] for i in 0..3, j in 0..3]);
}

#[test]
fn blocks_gather_from_what_is_computed() {
    // A tree, in which each node adds what its parent has; the parent of a node comes before it.
    let parent = [0usize, 0, 0, 1, 1, 3];
    let (tape, x) = (Tape::new(), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    let x = tape.vector(x);
    let depth = expr! {
        for t {
            let s = if t > 0 { s[min(parent[t], t - 1)] + x[t] } else { x[t] };
        }
        [s[t] for t]
    };
    assert_eq!(depth.data(), [1.0, 3.0, 5.0, 11.0, 19.0, 43.0]);
    depth.backward_with(&[1.0; 6]);
    assert_eq!(x.grad(), [6.0, 4.0, 1.0, 2.0, 1.0, 1.0]);
    // A heap, in which the parent is half as far.
    let sums =
        expr!(for t { let s = if t > 0 { s[(t - 1) / 2] + x[t] } else { x[t] }; } [s[t] for t]);
    assert_eq!(sums.data(), [1.0, 3.0, 5.0, 11.0, 19.0, 37.0]);
    // Ids along an axis on which a start lies.
    let ids = [2usize, 0, 1];
    let picked =
        expr!(for t in 0..3 { let s[-1] = 10; let s = s[t - 1] + x[t]; } [s[ids[k]] for k]);
    assert_eq!(picked.data(), [17.0, 11.0, 13.0]);
}

#[test]
fn an_equation_and_its_start_may_share_a_length() {
    let (x, w) = ([1.0, 2.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let y = expr! {
        let twice = [2 * w[t, i] for t, i];
        for t {
            let h[-1] = [1 for j in 0..len(i)];
            let h = [h[t - 1, j] * x[t] + twice[t, j] for j in 0..len(i)];
        }
        [h[t, j] for t, j in 0..3]
    };
    assert_eq!(*y, [3.0, 5.0, 7.0, 14.0, 20.0, 26.0]);
}

#[test]
fn what_is_off_its_axis_is_named() {
    let x = [1.0, 2.0, 3.0];
    let (ids, near, offset) = ([0, 2], [1, 2], [0, 2, 4]);
    let all = [
        panic_of(|| expr!([x[ids[t] + 1] for t])),
        panic_of(|| expr!([x[ids[near[t]]] for t])),
        panic_of(|| expr!([x[2 * i % 5] for i in 0..4])),
        panic_of(|| expr!([x[max(i, 1) - 2] for i in 0..4])),
        panic_of(|| expr!([sum(x[m] for m in offset[b]..offset[b + 1]) for b in 0..2])),
        panic_of(|| expr!([sum(x[m] for m in offset[b]..offset[b + 1]) for b in 0..3])),
        panic_of(|| expr!([if ids[t] > 0 { x[ids[t] + 1] } else { 0 } for t])),
        panic_of(|| {
            let n = 0usize;
            expr!([x[i / {n}] for i in 0..3])
        }),
        panic_of(|| {
            let n = 4_000_000_000usize;
            expr!([x[i * {n}] for i in 0..3])
        }),
    ];
    assert_eq!(
        all,
        [
            "axis 0 of `x` has length 3, but its subscript runs from 1 to 3",
            "near[1] is 2, but axis 0 of `ids` has length 2",
            "axis 0 of `x` has length 3, but its subscript runs from 0 to 4",
            "axis 0 of `x` has length 3, but its subscript runs from -1 to 1",
            "axis 0 of `x` has length 3, but its subscript runs from 0 to 3",
            "axis 0 of `offset` has length 3, but its subscript runs from 1 to 3",
            "axis 0 of `x` has length 3, but its subscript is 3",
            "`{n}` divides an integer, and is 0: it must be above 0",
            "2 times 4000000000 in a subscript or range is beyond 2^32, the longest axis",
        ]
    );
    // Where nothing is taken nothing is wrong.
    let none: [usize; 0] = [];
    assert_eq!(*expr!([x[none[t] + 7] for t]), [0.0; 0]);
}

layer! {
    /// The neighbours of each position, of which the outermost are their own.
    fn blurred(x: [t, i]) -> [t, i] {
        [(x[clip(t - 1), i] + 2 * x[t, i] + x[clip(t + 1), i]) / 4 for t, i]
    }

    fn upsampled(x: [t]) -> [u]
    where u in 0..2 * len(t)
    {
        [x[u / 2]^2 + x[(u + 1) % len(t)] for u]
    }

    fn bags(x: [m], offset: &[usize; b] in 0..=m) -> [c]
    where c in 0..len(b) - 1
    {
        [sum(exp(x[m]) for m in offset[c]..offset[c + 1]) for c]
    }

    fn hops(x: [n, i], next: &[usize; n] in 0..n, mask: &[bool; n]) -> [n, i] {
        [if mask[n] { x[next[next[n]], i] * x[n, i] } else { x[(next[n] + 1) % len(n), i] } for n, i]
    }

    fn masked(x: [t, i], mask: &[[bool; 2]; t], scale: usize in 1..4) -> [t, i] {
        [if mask[t, 1] { x[t, i] * x[t * {scale} % len(t), i] } else { 0 } for t, i]
    }

    fn embedded(table: [v, i], token: &[[usize; t]; b] in 0..v, seen: &[[bool; t]; b]) -> [b, t, i] {
        [if seen[b, t] { table[token[b, t], i] } else { 0 } for b, t, i]
    }

    fn window(x: [t, i], w: usize in 0..3) -> [t, i]
    where s in max(0, t - w)..=min(t + w, len(t) - 1)
    {
        [max(x[s, i] for s) for t, i]
    }
}

#[test]
fn layers_have_such_integers() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0, 4.0]);
    let sums = bags(x, &[0, 1, 3]).data();
    assert!((sums[0] - 1f64.exp()).abs() < 1e-14);
    assert!((sums[1] - 2f64.exp() - 4f64.exp()).abs() < 1e-13);
    assert_eq!(upsampled(x).data(), [3.0, 5.0, 5.0, 6.0, 20.0, 17.0]);
    let x = tape.matrix([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]]);
    assert_eq!(blurred(x).data(), [1.75, 3.5, 6.25, 12.5, 13.0, 26.0]);
    assert_eq!(
        hops(x, &[1, 2, 0], &[true, false, true]).data(),
        [16.0, 64.0, 1.0, 2.0, 64.0, 256.0]
    );
    assert_eq!(window(x, 1).data(), [4.0, 8.0, 16.0, 32.0, 16.0, 32.0]);
    let token = Numbers::new((1, 2), vec![2usize, 0]);
    let seen = Numbers::new((1, 2), vec![true, false]);
    assert_eq!(embedded(x, &token, &seen).data(), [16.0, 32.0, 0.0, 0.0]);
    let mask = [[false, true], [true, false], [false, true]];
    assert_eq!(masked(x, &mask, 2).data(), [1.0, 4.0, 0.0, 0.0, 64.0, 256.0]);
}
