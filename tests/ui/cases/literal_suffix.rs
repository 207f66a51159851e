use microgpt::expr;

fn main() {
    let x = 2.0;
    let _ = expr!(x * 1.0f32);
}
