//! What was meant: functions that other languages and libraries call otherwise, and misspelt names.

/// How the function of that name is written here, if it is one that is known elsewhere.
pub fn instead(name: &str) -> Option<String> {
    if let Some((_, op)) = OPS.iter().find(|(elsewhere, _)| *elsewhere == name) {
        return Some(format!("here it is written `{op}`"));
    }
    let (_, form) = FORMS.iter().find(|(names, _)| names.contains(&name))?;
    Some((*form).to_owned())
}

/// All names of which [`instead`] knows.
pub fn names<'a>() -> impl Iterator<Item = &'a str> {
    let forms = FORMS.iter().flat_map(|(names, _)| names.iter().copied());
    OPS.iter().map(|(name, _)| *name).chain(forms)
}

/// The same function by another name.
const OPS: [(&str, &str); 54] = [
    ("log1p", "ln_1p(x)"),
    ("ln1p", "ln_1p(x)"),
    ("log_1p", "ln_1p(x)"),
    ("expm1", "exp_m1(x)"),
    ("exp2", "2^x"),
    ("powf", "x^y"),
    ("powi", "x^2"),
    ("power", "x^y"),
    ("float_power", "x^y"),
    ("arcsin", "asin(x)"),
    ("arccos", "acos(x)"),
    ("arctan", "atan(x)"),
    ("arctan2", "atan2(y, x)"),
    ("arcsinh", "asinh(x)"),
    ("arccosh", "acosh(x)"),
    ("arctanh", "atanh(x)"),
    ("fabs", "abs(x)"),
    ("absolute", "abs(x)"),
    ("maximum", "max(x, y)"),
    ("fmax", "max(x, y)"),
    ("minimum", "min(x, y)"),
    ("fmin", "min(x, y)"),
    ("clip", "clamp(x, low, high)"),
    ("expit", "sigmoid(x)"),
    ("logistic", "sigmoid(x)"),
    ("swish", "silu(x)"),
    ("inv", "recip(x)"),
    ("reciprocal", "recip(x)"),
    ("inverse", "recip(x)"),
    ("inversesqrt", "rsqrt(x)"),
    ("negative", "-x"),
    ("multiply", "x * y"),
    ("divide", "x / y"),
    ("true_divide", "x / y"),
    ("subtract", "x - y"),
    ("mul_add", "x * y + z"),
    ("fma", "x * y + z"),
    ("lerp", "x + t * (y - x)"),
    ("to_radians", "x * 0.017453292519943295"),
    ("to_degrees", "x * 57.29577951308232"),
    ("erfc", "1 - erf(x)"),
    ("logsigmoid", "-softplus(-x)"),
    ("log_sigmoid", "-softplus(-x)"),
    ("relu6", "clamp(x, 0, 6)"),
    ("hardtanh", "clamp(x, -1, 1)"),
    ("softsign", "x / (1 + abs(x))"),
    ("mish", "x * tanh(softplus(x))"),
    ("signum", "sign(x)"),
    ("sgn", "sign(x)"),
    ("ceil", "-floor(-x)"),
    ("rint", "round(x)"),
    ("fract", "x - floor(x)"),
    ("detach", "stop(x)"),
    ("stop_gradient", "stop(x)"),
];

/// Functions that are written with others, or in Rust.
const FORMS: [(&[&str], &str); 22] = [
    (
        &["where", "where_", "select", "cond", "ifelse", "heaviside", "step"],
        "write the choice: `if x > 0 { x } else { 0 }`",
    ),
    (
        &["softmax", "log_softmax", "logsoftmax", "softmin"],
        "it is a layer of a matrix, `microgpt::layers::softmax(x)` or `log_softmax(x)`; as equations: `let e = [exp(x[t, i] - max(x[t, j] for j)) for t, i]; [e[t, i] / sum(e[t, j] for j) for t, i]`",
    ),
    (&["lse", "log_sum_exp"], "here it is written `logsumexp(x[i] for i)`"),
    (
        &["logaddexp"],
        "write `max(x, y) + softplus(-abs(x - y))`, or reduce over an index: `logsumexp(x[i] for i)`",
    ),
    (&["average", "avg"], "here it is written `mean(x[i] for i)`"),
    (&["product", "total"], "a product is `prod(x[i] for i)`, a total `sum(x[i] for i)`"),
    (&["amax", "amin", "reduce_max", "reduce_sum"], "reductions are written `max(x[i] for i)`"),
    (
        &["length", "size", "count", "numel", "shape"],
        "the number of values of the index `i` is `len(i)`",
    ),
    (
        &["var", "variance"],
        "write it with `mean`: `let m = mean(x[i] for i); mean((x[i] - m)^2 for i)`",
    ),
    (
        &["std", "stddev", "stdev"],
        "write it with `mean`: `let m = mean(x[i] for i); sqrt(mean((x[i] - m)^2 for i))`",
    ),
    (&["norm2", "l2norm", "normalize"], "the norm is written `norm(x[i] for i)`"),
    (&["rms"], "write it as `sqrt(mean(x[i]^2 for i))`"),
    (
        &["matmul", "mm", "bmm", "mv", "einsum", "tensordot", "gemm", "linear"],
        "a product says what it sums: `[sum(a[t, i] * b[i, o] for i) for t, o]`",
    ),
    (
        &["inner", "vdot", "innerproduct"],
        "the product of two vectors is `dot(a, b)`, or `sum(a[i] * b[i] for i)`",
    ),
    (&["outer", "kron"], "an outer product is the array `[a[i] * b[j] for i, j]`"),
    (
        &["cumsum", "cumprod", "cummax", "logcumsumexp", "cumulative_sum", "scan"],
        "a recurrence stands in a block: `for t { let s[-1] = 0; let s = s[t - 1] + x[t]; }`, and then `s[t]`",
    ),
    (
        &["T", "t", "transpose", "permute", "swapaxes", "flip", "roll"],
        "arrange the subscripts: `[x[i, j] for j, i]` is the transpose of `x`",
    ),
    (
        &["eye", "identity", "diag", "tril", "triu", "trace"],
        "compare the indices: `[if i == j { 1 } else { 0 } for i in 0..n, j in 0..n]`, or use one twice: `sum(x[i, i] for i)`",
    ),
    (
        &["argmax", "argmin", "topk", "top_k", "sort", "argsort", "median", "quantile"],
        "it chooses positions, which have no derivative: compute it in Rust, from `x.data()`, and gather by the positions: `x[ids[k]]`",
    ),
    (
        &["trunc", "fmod", "remainder", "isnan", "is_nan", "isfinite"],
        "its derivative is 0 or none: compute it in Rust, in braces: `{x.trunc()}` of a number, `{parts}[i]` of an array",
    ),
    (
        &[
            "cross_entropy",
            "nll_loss",
            "layernorm",
            "layer_norm",
            "rmsnorm",
            "rms_norm",
            "attention",
            "embedding",
            "dropout",
            "rotary",
            "conv1d",
        ],
        "it is a layer, not an op of single numbers: `microgpt::layers` has some of them, called before or after the `expr!`",
    ),
    (
        &["ones", "zeros", "full", "constant", "tensor", "array", "float", "f64", "f32"],
        "a number stands for itself, an integer `n` of Rust is `{n as f64}`, and an array of numbers `[0 for i in 0..n]`",
    ),
];

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
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut table = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = table[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
                let swapped =
                    i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                let swap = if swapped { table[i - 2][j - 2] + 1 } else { usize::MAX };
                replace.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swap)
            };
        }
    }
    table[from.len()][to.len()]
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
