use microgpt::expr;

fn main() {
    let x = 2.0;
    let _ = expr!(powf(x, 0.5) + powi(x, 2) + signum(x) + mul_add(x, x, 1) + ceil(x) + to_radians(x));
    let _ = expr!(maximun(x, 1) + lnp1(x) + avarage(x));
}
