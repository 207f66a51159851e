use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr!([sign(x[i]) for i]);
    let _ = expr!([log1p(x[i]) for i]);
    let _ = expr!(var(x[i] for i));
    let _ = expr!(std(x[i] for i));
    let _ = expr!(norm(x[i] for i));
    let _ = expr!(argmax(x[i] for i));
    let _ = expr!([softmax(x[i] for i) for i]);
    let _ = expr!(topk(x[0], 3));
    let _ = expr!([detach(x[i]) for i]);
    let _ = expr!([floor(x[i]) for i]);
    let _ = expr!(cumsum(x[i] for i));
    let _ = expr!([arctan(x[i]) for i]);
}
