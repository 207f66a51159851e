//! `cargo bench --bench products`: contractions of growing size in blocks and by the matrix-product
//! crate, in GFLOP/s. Above which sizes a contraction goes to the crate is decided by this.

use std::hint::black_box;

use microgpt::Real;
use microgpt::expr::{Factor, Target, contract_in_blocks};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

#[path = "median.rs"]
mod median;
use median::median;

/// Positions, outputs and inputs of a linear map.
const SIZES: [[usize; 3]; 8] = [
    [112, 16, 16],
    [128, 64, 64],
    [128, 128, 128],
    [256, 256, 256],
    [256, 1024, 256],
    [512, 512, 512],
    [512, 2048, 512],
    [1024, 1024, 1024],
];

fn main() {
    let short = std::env::args().any(|argument| argument == "--test");
    let sizes = if short { &SIZES[..1] } else { &SIZES[..] };
    println!("| product | sizes | 2^ | f32 blocks | crate | f64 blocks | crate |");
    println!("|---|---|---|---|---|---|---|");
    for &[positions, outputs, inputs] in sizes {
        // Each as rows, columns and terms, with strides and steps as they are in a linear map.
        for (name, sizes, left, right) in [
            ("y = x wᵀ", [positions, outputs, inputs], [inputs, 1], [inputs, 1]),
            ("∂x = ∂y w", [positions, inputs, outputs], [outputs, 1], [1, inputs]),
            ("∂w = ∂yᵀ x", [outputs, inputs, positions], [1, outputs], [1, inputs]),
        ] {
            let [single, double] = [
                compare::<f32>(sizes, left, right, short),
                compare::<f64>(sizes, left, right, short),
            ];
            let operations: usize = sizes.iter().product();
            println!(
                "| {name} | {positions} × {outputs} × {inputs} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
                (operations as f64).log2(),
                single[0],
                single[1],
                double[0],
                double[1]
            );
        }
    }
}

/// The GFLOP/s of blocks and of the crate.
fn compare<T: Real>(
    [rows, columns, terms]: [usize; 3],
    left: [usize; 2],
    right: [usize; 2],
    short: bool,
) -> [f64; 2] {
    let numbers =
        |count: usize| -> Vec<T> { (0..count).map(|at| T::of((at % 17) as f64)).collect() };
    let (lefts, rights) = (numbers(rows * terms), numbers(columns * terms));
    let mut target = numbers(rows * columns);
    let factor = |elements, [stride, step]: [usize; 2]| Factor::new(elements, 0, stride, step);
    let blocks = median(short, || {
        let target =
            Target { elements: black_box(&mut target[..]), first: 0, stride: columns, add: true };
        let factors = (factor(&lefts, left), factor(&rights, right));
        contract_in_blocks(target, factors.0, factors.1, (rows, columns, terms));
    });
    let one = ArrayView2::from_shape((rows, terms).strides((left[0], left[1])), &lefts);
    let other = ArrayView2::from_shape((terms, columns).strides((right[1], right[0])), &rights);
    let (one, other) = (one.expect("all of the array"), other.expect("all of the array"));
    let crates = median(short, || {
        let target = ArrayViewMut2::from_shape((rows, columns), black_box(&mut target[..]));
        let mut target = target.expect("all of the array");
        general_mat_mul(T::one(), &one, &other, T::one(), &mut target);
    });
    [blocks, crates].map(|seconds| 2.0 * (rows * columns * terms) as f64 / seconds / 1e9)
}
