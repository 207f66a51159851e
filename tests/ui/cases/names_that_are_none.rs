use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let a = x;
    let _ = expr!(sum(a·1 for i));
    let _ = expr!(a·2x);
    let _ = expr!(r#a·_);
    let _ = expr!(_ + x[0]);
    let _ = expr!(x[_]);
    let _ = expr!(match + 1);
    let _ = expr!(super * 2);
    let _ = expr!(x.super);
    let _ = expr!(true * 2);
    let _ = expr!(sum(x[fn] for fn));
    let _ = expr!(let let = 1; 2);
    let _ = expr!(let a·b = 1; 2);
}
