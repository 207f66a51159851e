use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let h = sum(x[i]^2 for i);
        h += x[0];
        h *= 2;
        h
    };
}
