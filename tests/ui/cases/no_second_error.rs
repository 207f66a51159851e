use microgpt::{Tape, Value, expr};

fn scaled<'t>(x: Value<'t>) -> Value<'t> {
    expr!(sigmiod(x))
}

fn main() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let y = expr!([x[j] for i]);
    let z = expr!(sum(y[i] for i)) + 1.0;
    z.backward();
    let (a, b) = expr!((x[p], x[0]));
    println!("{} {:?} {:?}", scaled(z).data(), a, b);
}
