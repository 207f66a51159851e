use microgpt::expr;

fn main() {
    let x = [1.0, 2.0];
    macro_rules! shifted {
        ($e:expr) => { expr!(let s = x[0]; $e - s) };
    }
    let _ = shifted!(s);
}
