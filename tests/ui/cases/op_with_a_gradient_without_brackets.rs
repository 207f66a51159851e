mod ops {
    microgpt::op! {
        pub cube(x in 0.5..2.0) -> y {
            gradient: 3.0 * x * x,
            forward: x * x * x,
        }
    }
}

fn main() {
    let _ = microgpt::expr!(ops::cube(1.5));
}
