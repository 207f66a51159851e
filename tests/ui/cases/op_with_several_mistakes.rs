mod ops {
    microgpt::op! {
        pub cube(x in, y: f64) -> {
            forward: x * x * x;
            gradient: [],
            forward: x,
        }
    }
}

fn main() {
    let _ = microgpt::expr!(ops::cube(1.5, 2.0));
}
