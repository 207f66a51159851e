use microgpt::expr;

fn main() {
    let x = 1.0;
    let _ = expr! {
        let y: f64 = x * 2;
        y
    };
}
