use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let k = x[0] * 2;
        x[k]
    };
}
