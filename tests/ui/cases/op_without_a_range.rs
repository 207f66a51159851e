mod ops {
    microgpt::op! {
        pub cube(x) -> y {
            forward: x * x * x,
            gradient: [3.0 * x * x],
        }
    }
}

fn main() {
    let _ = microgpt::expr!(ops::cube(1.5));
}
