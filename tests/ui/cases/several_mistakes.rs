use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let a = (1 + );
        let b = sofplus(x[0]);
        sum(x[j] for i) * a
    };
}
