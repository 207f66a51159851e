use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([x[i] * (x[i] > 0) for i]);
    let _ = expr!(x[(0 < 1)]);
    let _ = expr!([if (x[i]) { 1 } else { 0 } for i]);
    let _ = expr!([if x[i] > 0 && x[i] { 1 } else { 0 } for i]);
    let _ = expr!(if let 1 = 2 { 1 } else { 0 });
}
