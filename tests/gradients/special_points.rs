//! Every op at zeros, subnormal and huge numbers, infinities and NaN: in an `expr!`, on `Value`s, on
//! numbers, on dual numbers and in both precisions it is one function with one gradient.

use microgpt::gradcheck::special_points;
use microgpt::ops::TABLE;

#[test]
fn at_special_points_every_way_of_computing_an_op_agrees() {
    let differences: Vec<String> = TABLE.iter().flat_map(special_points).collect();
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
}
