mod ops {
    microgpt::op! {
        /// The cube.
        pub fn cube(x: T) -> T {
            x * x * x
        }
    }
}

fn main() {
    let _ = microgpt::expr!(ops::cube(1.5));
}
