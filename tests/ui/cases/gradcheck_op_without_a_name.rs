use microgpt::{gradcheck_op, ops};

gradcheck_op!(ops::exp);

fn main() {}
