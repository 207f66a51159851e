use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    let _ = expr! {
        let ids = [x[i] for i];
        [x[ids[i]] for i]
    };
}
