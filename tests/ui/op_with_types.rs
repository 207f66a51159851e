microgpt::op! {
    cube(x: f64) -> y {
        forward: x * x * x,
        gradient: [3.0 * x * x],
    }
}

fn main() {

}
