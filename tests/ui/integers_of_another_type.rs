use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let n: i32 = 2;
    let ids: Vec<u32> = vec![0, 1];
    let _ = expr!([x[i] for i in 0..n]);
    let _ = expr!([x[ids[k]] for k]);
}
