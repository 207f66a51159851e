use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([if x[i] { 1.0 } else { 0.0 } for i]);
    let on = 1;
    let _ = expr!([if on { i } else { 0 } for i in 0..2]);
    let _ = expr!([if x[i] == i { 1.0 } else { 0.0 } for i]);
    let _ = expr!([i % x[i] for i]);
}
