use microgpt::expr;

fn main() {
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let z = [1.0, 2.0];
    let _ = expr! {
        let y = [x[n, c] for n, c];
        [y[n, y] + z[z] for n, y in 0..2, z in 0..2]
    };
}
