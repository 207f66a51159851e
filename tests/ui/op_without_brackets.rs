microgpt::op! {
    cube(x in -2.0..2.0) -> y {
        forward: x * x * x,
        gradient: 3.0 * x * x,
    }
}

fn main() {

}
