use microgpt::{expr, layer};

fn main() {
    let (x, w) = ([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]; 3]);
    let ids = [0, 1, 2];
    let (a, n) = (1_usize, 3_usize);

    // The present and the future.
    expr!(for t { let h = h * x[t]; } [h[t] for t]);
    expr!(for t { let h = [h[i] * w[t, i] for i]; } [h[t, i] for t, i]);
    expr!(for t { let a = b + x[t]; let b = a * 2; } [a[t] for t]);
    expr!(for t { let a = b[t] + x[t]; let b = x[t] * 2; } [a[t] for t]);
    expr!(for t { let s[-1] = 0; let s = s[t - 1] + s[t + 1] * x[t]; } [s[t] for t]);
    expr!(for t { let s[-1] = 0; let s = x[t] + sum(s[k] for k); } [s[t] for t]);
    expr!(for t { let s[-1] = 0; let s = x[t] + s[ids[t]]; } [s[t] for t]);

    // What was before the first.
    expr!(for t { let s = s[t - 1] + x[t]; } [s[t] for t]);
    expr!(for t { let s = s[t + 2] + x[t]; } [s[t] for t]);
    expr!(for t { let s[-1] = 0; let s = s[t - 2] + x[t]; } [s[t] for t]);
    expr!(for t { let s[-2] = 0; let s = s[t - 1] + x[t]; } [s[t] for t]);
    expr!(for t { let s[0] = 0; let s = s[t - 1] + x[t]; } [s[t] for t]);
    expr!(for t { let s[-1] = x[t]; let s = s[t - 1] + x[t]; } [s[t] for t]);
    expr!(for t { let r[-1] = 0; let s = x[t]; } [s[t] for t]);
    expr!(for t { let h[-1] = [w[i, j] for i, j]; let h = [h[t - 1, i] + w[t, i] for i]; } [h[t, i] for t, i]);
    expr!(for i, j { let d[-1] = 0; let d = d[i - 1, j] + w[i, j]; } [d[i, j] for i, j]);
    expr!(for i, j { let d = d[i - 1, j] + w[i, j]; } [d[i, j] for i, j]);
    expr!(for i, j { let d = if i > 0 { d[i - 1, j] + d[i, j + 1] } else { w[i, j] }; } [d[i, j] for i, j]);
    expr!(for t in 1..3 { let s[-1] = 0; let s = s[t - 1] + x[t]; } [s[t] for t in 1..3]);
    expr!(for t in 1..3 { let s = s[t - 2] + x[t]; } [s[t] for t in 1..3]);
    expr!(for t in 1..3 { let s = s[t + 1] + x[t]; } [s[t] for t in 1..3]);
    expr!(for t in a..n { let s[-1] = 0; let s = s[t - 1] + x[t]; } [s[t] for t in a..n]);
    expr!(for t in a..n { let s = s[t - 1] + x[t]; } [s[t] for t in a..n]);
    expr!(for t in {a}..n { let s = s[t - 1] + x[t]; } [s[t] for t in 1..n]);
    expr!(for t { let s = s[clip(t - 1)] + x[t]; } [s[t] for t]);
    expr!(for t { let s[-1] = 0; let s = s[clip(t - 1)] + x[t]; } [s[t] for t]);
    expr!(for t in 2 * a..n { let s[2 * a - 2] = 0; let s = s[t - 1] + x[t]; } x[0]);
    expr!(for i, j { let d = w[i, j] + if i > 0 { d[i - 1, clip(j + 1)] } else { 0 }; } [d[i, j] for i, j]);

    // Axes and names.
    expr!(for t { let h[-1] = 0; let h = [h[t - 1] + w[t, i] for i]; } [h[t, i] for t, i]);
    expr!(for t { let h[-1] = 0; let h = [h[t - 1, i, i] + w[t, i] for i]; } [h[t, i] for t, i]);
    expr!(for t { let s = x[t]; let s = x[t]; } [s[t] for t]);
    expr!(for n { let s[-1] = 1; let s = s[n - 1] * 2; } [s[n] for n]);

    // What a block is.
    expr!(for t { } x[0]);
    expr!(for t { let s = x[t]; s } x[0]);
    expr!(for t { let s = x[t] } x[0]);
    expr!(for t { for i { let s = w[t, i]; } } x[0]);
    expr!(for t { let s = x[t]; });
    expr!(let s[-1] = 0; x[0]);
    expr!(for t x[t]);
    expr!(for t { let s[-1] = 0; let s[t] = s[t - 1] + x[t]; } [s[t] for t]);
    expr!(for i, j { let d[i, j] = w[i, j]; } [d[i, j] for i, j]);
}

layer! {
    pub fn running(x: [t]) -> [t] {
        for t { let s = s[t - 1] + x[t]; }
        [s[t] for t]
    }
}
