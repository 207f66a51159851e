use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr!([topk(x[i]) + logsoftmax(x[i]) + detach(x[i]) + relu6(x[i]) + swish(x[i]) for i]);
    let _ = expr!(softmax(x[i] for i));
    let _ = expr!(std(x[i] for i) / norm2(x[i] for i));
}
