use microgpt::{expr, layer};

fn main() {
    let x = [1.0, 2.0, 3.0];
    let (ids, mask) = ([0, 1, 2], [true, false, true]);
    let n = 3;

    // Integers and what is none.
    expr!([x[i^2] for i in 0..2]);
    expr!([x[sqrt(i)] for i in 0..2]);
    expr!([x[i % n] for i in 0..4]);
    expr!([x[i / 0] for i in 0..4]);
    expr!([x[i % (1 - 2)] for i in 0..4]);
    expr!([x[i / 2.0] for i in 0..4]);
    expr!([x[ids[i][0]] for i]);
    expr!([x[if i > 0 { i } else { 0 }] for i in 0..4]);
    expr!([x[min(i)] for i in 0..4]);
    expr!([x[1 / (1 / (1 / (1 / (1 / (1 / (1 / (i + 1)))))))] for i in 0..4]);

    // Clips.
    expr!([x[clip(i + 1) + 1] for i in 0..3]);
    expr!([x[clip(i, 0, 2)] for i in 0..3]);
    expr!([sum(x[s] for s in 0..clip(t)) for t in 0..3]);
    expr!(let p = [x[s] for t in 0..3, s in t..=t]; [p[t, clip(s + 1)] for t, s in 0..3]);

    // Conditions.
    expr!(sum(x[i] * mask[i] for i where mask[i]));
    expr!(sum(x[ids[i]] for i where ids[i]));
    expr!([if mask { 1 } else { 0 } for i in 0..3]);
    expr!([if i { 1 } else { 0 } for i in 0..3]);
    expr!(let y = [x[i] for i]; [if y[i] { 1 } else { 0 } for i]);
    expr!([if mask[i] == 1 { 1 } else { 0 } for i where mask[i]]);
}

layer! {
    fn drawn(x: [t], mask: &[bool; t] in 0..2) -> [t] {
        [if mask[t] { x[t] } else { 0 } for t]
    }

    fn undeclared(x: [t], y: [t]) -> [t] {
        [if y[t] { x[t] } else { 0 } for t]
    }
}
