//! The generated code of fixed programs, one or more for each rule of the grammar, held to what
//! one `Value` at a time and the interpreter give.

use microgpt::{Array, PythonRandom, Shape, Tape, Value, Vector, expr};

use crate::tests::fused::{Answer, compare, operands};
use crate::tests::generate::{OPERANDS, Shapes};

const SEED: u64 = 20;

/// Results of any shape, as vectors.
trait Results<'t> {
    fn vectors(self) -> Vec<Vector<'t, usize>>;
}

impl<'t> Results<'t> for Value<'t> {
    fn vectors(self) -> Vec<Vector<'t, usize>> {
        self.as_array().vectors()
    }
}

impl<'t, S: Shape> Results<'t> for Array<'t, S> {
    fn vectors(self) -> Vec<Vector<'t, usize>> {
        vec![self.reshape((self.size(),))]
    }
}

impl<'t, A: Results<'t>, B: Results<'t>> Results<'t> for (A, B) {
    fn vectors(self) -> Vec<Vector<'t, usize>> {
        [self.0.vectors(), self.1.vectors()].concat()
    }
}

impl<'t, A: Results<'t>, B: Results<'t>, C: Results<'t>> Results<'t> for (A, B, C) {
    fn vectors(self) -> Vec<Vector<'t, usize>> {
        [self.0.vectors(), self.1.vectors(), self.2.vectors()].concat()
    }
}

/// Compares generated code with the program's other two answers.
fn hold(
    text: &str,
    compiled: impl for<'t> Fn(&'t Tape, &[Vector<'t, usize>]) -> Vec<Vector<'t, usize>>,
) {
    let (unfused, cotangents) =
        compare(text, SEED, &Shapes::default()).unwrap_or_else(|e| panic!("{text}\n{e}"));
    let tape = Tape::new();
    let operands = operands(&mut PythonRandom::new(SEED), &Shapes::default());
    let leaves: Vec<_> = operands.iter().map(|(_, data)| tape.vector(data)).collect();
    let results = compiled(&tape, &leaves);
    let mut rest = cotangents.as_slice();
    for result in &results {
        let (own, after) = rest.split_at(result.size());
        result.backward_with(own);
        rest = after;
    }
    assert!(rest.is_empty(), "{text}: {} results too few", rest.len());
    let answer = Answer {
        results: results.iter().flat_map(|result| result.data()).collect(),
        gradients: (0..OPERANDS.len()).map(|at| (at, leaves[at].grad())).collect(),
    };
    unfused.agrees(&answer).unwrap_or_else(|error| panic!("{text}\n{error}"));
}

/// A test for each program; the names of the operands come from outside, so that they are the
/// same to the compiler as those in the programs.
macro_rules! corpus {
    (
        [$c:ident $d:ident $u:ident $v:ident $a:ident $b:ident $m:ident $w:ident $q:ident $ids:ident $near:ident $mask:ident]
        $($name:ident: { $($program:tt)* })*
    ) => {
        /// The programs as text.
        pub const TEXTS: &[&str] = &[$(stringify!($($program)*)),*];

        $(
            #[test]
            #[allow(unused_variables)] // no program uses all operands
            fn $name() {
                hold(stringify!($($program)*), |tape, leaves| {
                    let [$c, $d, $u, $v, $a, $b, $m, $w, $q] = leaves else {
                        panic!("{} operands", leaves.len())
                    };
                    let ($c, $d) = ($c.at([0]), $d.at([0]));
                    let ($u, $v, $a, $b) = (*$u, *$v, *$a, *$b);
                    let ($m, $w, $q) = ($m.reshape((3, 4)), $w.reshape((4, 3)), $q.reshape((4, 4)));
                    let integers = Shapes::default().integers;
                    let ($ids, $near) = (integers.of("ids"), integers.of("near"));
                    let $mask: Vec<bool> = integers.of("mask").iter().map(|&bit| bit == 1).collect();
                    expr!($($program)*).vectors()
                });
            }
        )*
    };
}

const _: () = assert!(TEXTS.len() >= 60, "too few programs");

corpus! {
    [c d u v a b m w q ids near mask]

    number: { 2.5 * c }
    number_with_an_exponent: { c * 1e-3 + 2E1 }
    integer: { c + 7 }
    negation: { -c - -d }
    sum_of_products: { c + d * c - d / 4 }
    left_to_right: { c - d - 1 / 2 / 4 * c }
    parentheses: { (c + d) * (c - d) }
    power: { (c^2 + 1)^-0.5 }
    power_of_a_power: { (c^2 + 1)^0.5^2 }
    power_before_minus: { -c^2 }
    power_of_values: { (1 + c^2)^d }
    op_of_one_argument: { tanh(c) }
    op_of_two_arguments: { atan2(c, d) + hypot(c, d) }
    ops_within_ops: { exp(sin(c) * softplus(d)) }
    op_of_three_arguments: { clamp(c, -0.5, 0.5) + max(c, d) + min(c, 0.1) }
    logarithm_and_root: { ln(1 + c^2) + sqrt(d^2 + 1) + cbrt(c) }
    same_operand_twice: { c * c + c / (1 + c * c) }
    array: { [u[i] for i] }
    array_of_two_axes: { [m[i, k] * 2 for i, k] }
    transposed: { [m[i, k] for k, i] }
    diagonal: { [q[k, k] for k] }
    outer_product: { [u[i] * a[k] for i, k] }
    scalar_among_arrays: { [c * u[i] + d for i] }
    constant_along_an_axis: { [u[i] for i, k in 0..3] }
    sum: { sum(u[i] for i) }
    sum_of_a_product: { sum(u[i] * v[i] for i) }
    sum_over_two: { sum(m[i, k] * w[k, i] for i, k) }
    sum_of_sums: { sum(u[i] * sum(m[i, k] for k) for i) }
    mean: { mean(a[k]^2 for k) }
    mean_over_two: { mean(m[i, k] for k, i) }
    greatest: { max(a[k] for k) }
    greatest_over_two: { max(m[i, k] for i, k) }
    least: { min(a[k] * b[k] for k) }
    product: { prod(1 + a[k] for k) }
    norm: { norm(a[k] for k) }
    norm_of_rows: { [norm(m[i, k] for k) for i] }
    norm_over_two: { norm(m[i, k] * u[i] for i, k) }
    norm_at_its_corner: { [c * norm(a[k] - a[k] for k in 0..i) for i in 0..3] }
    logsumexp: { logsumexp(a[k] for k) }
    logsumexp_of_rows: { [logsumexp(m[i, k] for k) for i] }
    filtered_sum: { sum(a[k] for k where a[k] > 0) }
    filtered_sum_in_an_array: { [sum(m[i, k] * a[k] for k where m[i, k] > a[k] && k != i) for i] }
    filtered_mean: { [mean(m[i, k] for k where k >= i) for i] }
    filtered_mean_over_two: { mean(m[i, k]^2 for i, k where i < k) }
    filtered_greatest: { [max(m[i, k] * c for k where k > i) for i] }
    filtered_least: { [min(m[i, k] for k where !(k == 0 || k == i)) for i] }
    filtered_product: { [prod(1 + m[i, k] for k where m[i, k] < 0.5) for i] }
    filtered_logsumexp: { [logsumexp(q[k, l] for l where l <= k) for k] }
    filtered_norm: { norm(m[i, k] for i, k where m[i, k] > 0) }
    filtered_to_nothing: { sum(a[k] for k where k > 9) + prod(a[k] for k where k > 9) * c }
    filter_that_keeps_subscripts_on_their_axes: {
        [sum(a[k - l] * b[l] for l in 0..3 where k >= l) for k in 0..4]
    }
    filter_with_a_danger: { sum(ln(a[k]) for k where a[k] > 0) }
    reductions_within_reductions: { sum(max(m[i, k] for k) / mean(m[i, k]^2 for k) for i) }
    matrix_times_vector: { [sum(m[i, k] * a[k] for k) for i] }
    matrix_times_matrix: { [sum(m[i, k] * w[k, j] for k) for i, j] }
    dot_sign: { u·v }
    dot_sign_in_arithmetic: { c * u·v / sqrt(3) }
    dot_function: { dot(a, b) + dot(u, u) }
    stated_range: { sum(a[k] for k in 1..3) }
    stated_range_with_both_ends: { [a[k]^2 for k in 1..=2] }
    stated_range_of_a_let: { let p = [a[k]^2 for k in 1..4]; [p[k] for k] }
    stated_range_of_a_let_by_its_own_values: { let p = [a[k]^2 for k in 1..4]; p[1] * sum(p[k] for k in 2..4) }
    ragged_let_that_begins_above_zero: {
        let p = [u[k] * b[l - 1] for k, l in k + 1..=k + 2];
        [sum(p[k, l]^2 for k) * l for l]
    }
    ragged_range: { [sum(q[k, l] for l in 0..=k) for k] }
    ragged_result: { [q[k, l] * c for k, l in 0..=k] }
    ragged_let: { let e = [exp(q[k, l]) for k, l in 0..=k]; [sum(e[k, l] for l in 0..=k) for k] }
    ragged_from_within: { [sum(q[k, l] * a[l] for l in k..4) for k] }
    ragged_backwards: { [sum(a[l] for l in k - 1..=k) * b[k] for k] }
    empty_in_part: { [sum(a[l] for l in k..2) * b[k] for k] }
    integer_subscript: { u[0] * m[2, 1] - u[2] }
    integer_and_index: { [m[1, k] for k] }
    shifted_subscript: { [a[k + 1] - a[k] for k in 0..3] }
    scaled_subscript: { [a[2 * k] for k in 0..2] }
    reversed_subscript: { [a[3 - k] for k in 0..4] }
    sum_of_indices: { [sum(a[k + l] * u[l] for l in 0..2) for k in 0..3] }
    gather: { [m[i, ids[i]] for i] }
    gather_of_rows: { [q[ids[i], k] for i, k] }
    gather_twice: { [q[ids[i], ids[i]] * u[i] for i] }
    gather_at_a_number: { a[ids[1]] }
    ids_as_numbers: { [m[i, ids[i]] * ids[i] for i] }
    ids_in_a_condition: { [sum(if k != ids[i] { m[i, k] - m[i, ids[i]] } else { 0 } for k) for i] }
    ids_in_a_filter: { [max(m[i, k] - m[i, ids[i]] for k where k != ids[i]) for i] }
    ids_that_gather_later: { sum((ids[i] + c) * u[i] for i) / sum(a[ids[i]]^2 for i) }
    index_as_a_number: { [u[i] * i for i] }
    index_in_an_op: { [sin(k / 10^(2 * k / len(k))) * a[k] for k] }
    length: { sum(a[k] for k) / len(k) }
    length_of_a_stated_range: { [a[k] * len(k) for k in 1..3] }
    choice: { [if a[k] > 0 { a[k] } else { 0.1 * a[k] } for k] }
    choice_by_index: { [if k == 0 { a[k] } else { a[k] * a[k - 1] } for k] }
    choice_of_an_element: { [sum(if k >= l { a[k - l] * b[l] } else { 0 } for l in 0..3) for k in 0..4] }
    choice_with_and_or_not: {
        [if a[k] > 0 && b[k] > 0 || !(k < 2) { a[k] * b[k] } else { a[k] + b[k] } for k]
    }
    choice_by_a_neighbour_that_may_be_missing: {
        [if k == 0 || !(a[k - 1] < a[k]) { a[k] * b[k] } else { b[k] } for k]
    }
    choice_by_two_neighbours_that_may_be_missing: {
        [if k > 0 && k + 1 < len(k) && (a[k - 1] < a[k] || a[k + 1] < a[k]) { a[k] } else { 0 } for k]
    }
    choice_by_two_indices_of_which_one_has_a_stated_range: {
        [if k == 0 || mask[i] { u[i] * b[k] } else { 0 } for k in 0..3, i]
    }
    choice_of_a_factor_by_two_indices: {
        [u[i] * (if k > 0 && u[i] > 0 { b[k - 1] } else { b[k] }) for k in 0..4, i]
    }
    filter_by_a_neighbour_that_may_be_missing: {
        [sum(a[l] * b[k] for l where l > k && a[l - k - 1] < b[k]) for k]
    }
    choice_within_a_choice: {
        [if a[k] < 0 { if b[k] <= 0 { a[k] } else { b[k] } } else { a[k] * b[k] } for k]
    }
    choice_with_a_danger: { [if a[k] > 0 { ln(a[k]) } else { 0 } for k] }
    choices_that_compare_equal: { [if k != 1 { a[k] } else { 2 * b[k] } for k] }
    stopped: { c * stop(c) }
    stopped_maximum: { let top = max(a[k] for k); sum(exp(a[k] - stop(top)) for k) }
    scalar_let: { let s = c * d; s * s + s }
    array_let: { let e = [exp(a[k]) for k]; [e[k] / sum(e[l] for l) for k] }
    lets_in_turn: { let p = c + d; let r = p * c; let s = r / (1 + p^2); s * p }
    let_of_a_name_again: { let s = c + 1; let s = s * s; s * d }
    let_used_with_other_letters: { let e = [m[i, k]^2 for i, k]; [sum(e[j, i] for j) for i] }
    equal_expressions: { sum(exp(a[k]) for k) * sum(exp(a[l]) for l) }
    tuple: { (c * d, c + d) }
    tuple_of_shapes: { (sum(a[k] for k), [a[k] * c for k], [m[i, k] for k, i]) }
    tuple_of_one_let: { let e = [exp(a[k]) for k]; ([e[k] for k], sum(e[k] for k)) }
    trailing_comma_in_a_tuple: { (c, d,) }
    attention: {
        let score = [sum(q[t, j] * w[s, j - 0] for j in 0..3) / sqrt(3) for t, s in 0..=t];
        let top   = [max(score[t, s] for s in 0..=t) for t];
        let e     = [exp(score[t, s] - stop(top[t])) for t, s in 0..=t];
        let total = [sum(e[t, s] for s in 0..=t) for t];
        [sum(e[t, s] / total[t] * w[s, j] for s in 0..=t) for t, j]
    }
    rmsnorm: {
        let scale = [(mean(m[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [m[t, i] * scale[t] for t, i]
    }
    cross_entropy: {
        mean(logsumexp(m[t, i] for i) - m[t, ids[t]] for t)
    }
    block_of_a_running_sum: { for k { let s[-1] = 0; let s = s[k - 1] + a[k]; } [s[k] for k] }
    block_with_a_start_that_is_an_operand: {
        for k { let s[-1] = c; let s = tanh(s[k - 1] * a[k] + b[k]); }
        [s[k]^2 for k]
    }
    block_that_counts_by_its_own_past: {
        for k { let s = a[k] + sum(1 for i in 0..3 where k > 0 && exp(s[k - 1]) > b[i]); }
        [s[k] for k]
    }
    block_that_counts_by_all_of_its_past: {
        for k { let s = a[k] + sum(1 for i in 0..3 where norm(s[l] for l in 0..k) > b[i]); }
        [s[k] for k]
    }
    block_of_vectors: {
        for t { let h[-1] = [b[i] for i]; let h = [tanh(m[t, i] + sum(q[i, j] * h[t - 1, j] for j)) for i]; }
        [h[t, i] for t, i]
    }
    block_with_a_number_as_the_start_of_vectors: {
        for t { let h[-1] = d; let h = [tanh(m[t, i] * h[t - 1, 3 - i]) for i]; }
        [h[t, i] for i, t]
    }
    block_of_equations_that_need_each_other: {
        for t {
            let z = [m[t, i] + sum(q[i, j] * h[t - 1, j] for j) for i];
            let c[-1] = [a[i] for i];
            let c = [sigmoid(z[i]) * c[t - 1, i] + u[t] * tanh(z[3 - i]) for i];
            let h[-1] = [b[i] for i];
            let h = [sigmoid(z[i]) * tanh(c[i]) for i];
        }
        ([h[t, i] for t, i], sum(c[t, i] for t, i))
    }
    block_two_steps_back: {
        for k { let f[-1] = c; let f[-2] = d; let f = f[k - 1] * a[k] + sin(f[k - 2]); }
        [f[k] for k]
    }
    block_backwards: {
        for k { let s[len(k)] = d; let s = tanh(s[k + 1]) * a[k] + b[k]; }
        [s[k] for k]
    }
    block_backwards_of_vectors: {
        for t { let h[len(t)] = [b[i] for i]; let h = [tanh(m[t, i] + sum(q[i, j] * h[t + 1, j] for j)) for i]; }
        [h[t, i] * u[t] for t, i]
    }
    block_that_asks_for_the_first: {
        for k { let s = if k > 0 { s[k - 1] * a[k] } else { c * b[k] }; }
        [s[k] for k]
    }
    block_of_a_table: {
        for i, k {
            let p = if i == 0 { a[k] } else { if k == 0 { u[i] } else {
                max(p[i - 1, k] * m[i, k], p[i, k - 1]) + 0.5 * p[i - 1, k - 1]
            } };
        }
        [p[i, k] for i, k]
    }
    block_of_all_that_was: {
        for k { let s = a[k] + sum(s[l] * b[l] for l in 0..k); }
        [s[k] for k]
    }
    block_of_vectors_of_all_that_was: {
        for t { let h = [m[t, i] + sum(h[s, i] * u[s] for s in 0..t) for i]; }
        sum(h[t, i] * a[i] for t, i)
    }
    block_with_what_needs_no_past: {
        for t {
            let x = [sum(q[i, j] * m[t, j] for j) for i];
            let h[-1] = 0;
            let h = [tanh(x[i] + 0.5 * h[t - 1, i]) for i];
            let y = sum(h[i] * a[i] for i);
        }
        [y[t] * u[t] for t]
    }
    block_of_nothing_that_is_past: { for k { let s = a[k] * c; let r = s * s; } [r[k] for k] }
    block_used_by_a_block: {
        for k { let s[-1] = c; let s = 0.5 * s[k - 1] + a[k]; }
        for k { let r[len(k)] = d; let r = r[k + 1] * s[k] + b[k]; }
        [r[k] for k]
    }
    block_with_reductions: {
        for t {
            let h[-1] = [a[i] for i];
            let top = max(h[t - 1, i] for i);
            let total = sum(exp(h[t - 1, i] - stop(top)) for i);
            let h = [exp(h[t - 1, i] - stop(top)) / total * m[t, i] + prod(1 + 0.1 * h[t - 1, j] for j) for i];
        }
        [h[t, i] for t, i]
    }
    block_with_a_logsumexp: {
        for t { let g[-1] = [a[i] for i]; let g = [m[t, i] + logsumexp(g[t - 1, j] + q[j, i] for j) for i]; }
        logsumexp(g[2, i] for i)
    }
    block_with_a_gather: {
        for t { let h[-1] = [b[i] for i]; let h = [m[ids[t], i] * h[t - 1, i] + h[t - 1, ids[t]] for i]; }
        [h[t, i] for t, i]
    }
    block_through_which_no_gradient_flows: {
        for k { let s[-1] = c; let s = stop(s[k - 1]) * a[k] + b[k]; }
        [s[k] for k]
    }
    block_over_a_stated_range: {
        for k in 1..4 { let s[0] = c; let s = s[k - 1] * a[k]; }
        [s[k] for k]
    }
    block_of_a_fixed_number_of_steps: {
        for n in 0..5 { let x[-1] = [a[i] for i]; let x = [tanh(sum(q[i, j] * x[n - 1, j] for j)) for i]; }
        [x[4, i] for i]
    }
    block_of_an_index_as_a_number: {
        for k { let s[-1] = c; let s = s[k - 1] * k / len(k) + a[k]; }
        [s[k] for k]
    }
    block_of_matrices: {
        for t {
            let s[-1] = 0;
            let s = [0.9 * s[t - 1, i, j] + m[t, i] * a[j] for i, j];
            let y = [sum(s[i, j] * b[j] for j) for i];
        }
        [y[t, i] for t, i]
    }
    block_of_a_dot_product: {
        for t { let h[-1] = [b[i] for i]; let n = sum(h[t - 1, i] * a[i] for i); let h = [n * m[t, i] for i]; }
        [n[t] for t]
    }
}
