//! What people look for under another name.

/// Words of other languages and libraries, with how one says it here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (
        &["softmax"],
        "`softmax` is a layer, not an op of single numbers: call `microgpt::layers::softmax(x)` before, or write it with `exp` and `sum` over an index: `[exp(x[t, i]) / sum(exp(x[t, j]) for j) for t, i]`",
    ),
    (
        &["log_softmax", "logsoftmax"],
        "`log_softmax` is a layer, not an op of single numbers: write `[x[t, i] - logsumexp(x[t, j] for j) for t, i]`",
    ),
    (
        &["layernorm", "layer_norm"],
        "a layer is called before `expr!`: `microgpt::layers::layernorm(x)`",
    ),
    (&["rmsnorm", "rms_norm"], "a layer is called before `expr!`: `microgpt::layers::rmsnorm(x)`"),
    (&["linear"], "a layer is called before `expr!`: `microgpt::layers::linear(w, x)`"),
    (
        &["cross_entropy", "nll", "nll_loss"],
        "write it out: `mean(logsumexp(x[t, i] for i) - x[t, target[t]] for t)`; there is `microgpt::layers::cross_entropy`, too",
    ),
    (&["length", "size", "count", "numel"], "did you mean `len`?"),
    (&["product"], "did you mean `prod`?"),
    (&["average", "avg"], "did you mean `mean`?"),
    (&["maximum", "amax"], "did you mean `max`?"),
    (&["minimum", "amin"], "did you mean `min`?"),
    (&["lse", "log_sum_exp"], "did you mean `logsumexp`?"),
    (&["log"], "`ln` is the natural logarithm, `log2` and `log10` are those to base 2 and 10"),
    (&["log1p", "ln1p"], "did you mean `ln_1p`?"),
    (&["expm1"], "did you mean `exp_m1`?"),
    (&["fabs", "absolute"], "did you mean `abs`?"),
    (&["arcsin"], "did you mean `asin`?"),
    (&["arccos"], "did you mean `acos`?"),
    (&["arctan"], "did you mean `atan`?"),
    (&["arctan2"], "did you mean `atan2`?"),
    (&["arcsinh"], "did you mean `asinh`?"),
    (&["arccosh"], "did you mean `acosh`?"),
    (&["arctanh"], "did you mean `atanh`?"),
    (&["swish"], "did you mean `silu`?"),
    (&["logistic", "expit"], "did you mean `sigmoid`?"),
    (&["inverse", "inv", "reciprocal"], "did you mean `recip`?"),
    (&["clip"], "did you mean `clamp`?"),
    (&["detach", "stop_gradient", "no_grad"], "did you mean `stop`?"),
    (&["power", "powf", "powi"], "a power is written `x^2`, or `pow(x, y)`"),
    (&["sign", "signum", "sgn"], "write `if x > 0 { 1 } else if x < 0 { -1 } else { 0 }`"),
    (&["select", "cond", "ifelse", "piecewise"], "a choice is written `if x > 0 { x } else { 0 }`"),
    (&["var", "variance"], "write `let m = mean(x[i] for i);` and then `mean((x[i] - m)^2 for i)`"),
    (
        &["std", "stddev", "stdev"],
        "write `let m = mean(x[i] for i);` and then `sqrt(mean((x[i] - m)^2 for i))`",
    ),
    (&["norm", "l2norm", "l2_norm"], "write `sqrt(sum(x[i]^2 for i))`"),
    (
        &["argmax", "argmin"],
        "a position has no gradient: find it in Rust, among `x.data()`; the greatest and the least value are `max(x[i] for i)` and `min(x[i] for i)`",
    ),
    (
        &["topk", "top_k", "sort", "argsort", "median", "quantile"],
        "nothing here brings numbers into order: find the ids in Rust, from `x.data()`, and gather by them: `[x[ids[k]] for k]`",
    ),
    (&["cumsum"], "write `[sum(x[s] for s in 0..=t) for t in 0..n]`"),
    (&["cumprod"], "write `[prod(x[s] for s in 0..=t) for t in 0..n]`"),
    (
        &["floor", "ceil", "round", "trunc", "fract"],
        "it has no derivative to speak of: compute it in Rust, in braces: `{x.floor()}`",
    ),
    (
        &["matmul", "mm", "bmm", "einsum"],
        "a product of matrices says what it sums: `[sum(a[t, i] * b[i, o] for i) for t, o]`",
    ),
    (&["transpose"], "say the order of the axes: `[m[i, k] for k, i]`"),
    (&["outer"], "write `[u[i] * v[k] for i, k]`"),
    (&["range", "arange"], "an index with a range is a number: `[i * 0.5 for i in 0..n]`"),
    (&["dropout"], "draw the mask in Rust, and multiply by it: `[x[i] * mask[i] for i]`"),
];

/// How one says here what others call so.
pub fn other_word(name: &str) -> Option<&'static str> {
    OTHER_WORDS.iter().find(|(words, _)| words.contains(&name)).map(|(_, help)| *help)
}

/// All such words.
pub fn other_words<'a>() -> impl Iterator<Item = &'a str> {
    OTHER_WORDS.iter().flat_map(|(words, _)| words.iter().copied())
}

/// The candidate that is nearest to a name, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 1 + candidate.len().min(name.len()) / 4)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, remove, replace or swap with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = table[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
                let swapped =
                    i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
                let swap = if swapped { table[i - 2][j - 2] + 1 } else { usize::MAX };
                replace.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swap)
            };
        }
    }
    table[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["softplus", "sqrt", "exp", "sum"];
        assert_eq!(nearest("sofplus", names), Some("softplus"));
        assert_eq!(nearest("sqtr", names), Some("sqrt"));
        assert_eq!(nearest("banana", names), None);
    }
}
