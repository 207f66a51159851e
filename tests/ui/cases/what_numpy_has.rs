use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([
        log1p(x[i]) + expm1(x[i]) + arctan2(x[i], 1) + maximum(x[i], 0) + clip(x[i], 0, 1)
            + where(x[i]) for i
    ]);
    let _ = expr!([log1p(x[i]) + expm1(x[i]) + arctan2(x[i], 1) for i]);
    let _ = expr!([maximum(x[i], 0) + clip(x[i], 0, 1) + cumsum(x[i]) + power(x[i], 2) for i]);
    let _ = expr!(var(x) + std(x) + norm2(x) + argmax(x) + matmul(x, x) + T(x) + outer(x, x));
}
