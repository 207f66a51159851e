use microgpt::expr;

fn main() {
    let x = [1.0, 2.0, 3.0];
    let _ = expr! {
        let h = x[1];
        h += x[0];
        h
    };
    let _ = expr!(x[0] *= 2);
}
