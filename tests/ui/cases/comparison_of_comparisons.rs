use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([if 0 < x[i] < 1 { 1 } else { 0 } for i]);
    let _ = expr!([if (x[i] < 1) == (x[i] > 0) { 1 } else { 0 } for i]);
}
