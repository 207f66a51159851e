//! Contractions so large that a crate made for matrix products is faster: `matrixmultiply`, which
//! `ndarray` calls with what lies in slices.
//!
//! `cargo bench --bench products` compares the two; where each is ahead is written in
//! `docs/performance.md`.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::contraction::{Factor, Target};
use super::tuning::{LARGE, LARGE_ACROSS};
use crate::real::Real;

/// Whether so many fused operations are better made by the crate. Where the terms of the left factor
/// do not lie side by side, as in the gradient of a weight, it is ahead much sooner: it packs them.
/// For numbers other than floats, such as dual ones, it has no kernel.
#[inline(always)]
pub(super) fn is_large<T>(operations: usize, left_step: usize) -> bool {
    let float = size_of::<T>() <= size_of::<f64>();
    float && operations >= if left_step == 1 { LARGE } else { LARGE_ACROSS }
}

/// The sums, if the arrays are such as the crate takes.
#[inline(never)]
pub(super) fn multiply<T: Real>(
    target: &mut Target<'_, T>,
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    [rows, columns, terms]: [usize; 3],
) -> Option<()> {
    let part = |[outer, inner]: [usize; 2], [stride, step]: [usize; 2]| {
        (outer - 1) * stride + (inner - 1) * step + 1
    };
    let view = |factor: Factor<'_, T>, lines: usize| {
        let len = part([lines, terms], [factor.stride, factor.step]);
        factor.first..factor.first + len
    };
    let shape = (rows, terms).strides((left.stride, left.step));
    let one = ArrayView2::from_shape(shape, left.elements.get(view(left, rows))?).ok()?;
    let shape = (terms, columns).strides((right.step, right.stride));
    let other = ArrayView2::from_shape(shape, right.elements.get(view(right, columns))?).ok()?;
    let shape = (rows, columns).strides((target.stride, 1));
    let end = target.first + part([rows, columns], [target.stride, 1]);
    let elements = target.elements.get_mut(target.first..end)?;
    let mut out = ArrayViewMut2::from_shape(shape, elements).ok()?;
    let before = if target.add { T::one() } else { T::zero() };
    general_mat_mul(T::one(), &one, &other, before, &mut out);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::contract_in_blocks;
    use crate::expr::contraction::tests::whole_numbers as numbers;

    fn compare<T: Real>([rows, columns, terms]: [usize; 3]) {
        let (lefts, rights) =
            (numbers::<T>(rows * terms + 2, 1), numbers(2 * columns * terms + 3, 2));
        for [left_stride, left_step] in [[terms, 1], [1, rows]] {
            for [right_stride, right_step] in [[terms, 1], [1, columns], [2 * terms, 2]] {
                for add in [false, true] {
                    let left = Factor::new(&lefts, 2, left_stride, left_step);
                    let right = Factor::new(&rights, 3, right_stride, right_step);
                    let mut outs = [(); 2].map(|()| numbers::<T>(rows * (columns + 2) + 1, 3));
                    let [by_crate, in_blocks] = outs.each_mut();
                    let target = |elements| Target { elements, first: 1, stride: columns + 2, add };
                    multiply(&mut target(by_crate), left, right, [rows, columns, terms])
                        .expect("slices that are long enough");
                    contract_in_blocks(target(in_blocks), left, right, (rows, columns, terms));
                    assert_eq!(outs[0], outs[1], "{left:?} {right:?} {add}");
                }
            }
        }
    }

    #[test]
    fn both_ways_are_the_same_product() {
        for sizes in [[1, 1, 1], [2, 3, 4], [40, 33, 17], [70, 20, 300]] {
            compare::<f64>(sizes);
            compare::<f32>(sizes);
        }
    }

    #[test]
    fn a_slice_too_short_is_left_to_the_blocks() {
        let (numbers, mut out) = ([1.0; 5], [0.0; 4]);
        let factor = Factor::new(&numbers, 0, 3, 1);
        let mut target = Target { elements: &mut out, first: 0, stride: 2, add: true };
        assert_eq!(multiply(&mut target, factor, factor, [2, 2, 3]), None);
    }
}
