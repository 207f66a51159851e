use microgpt::expr;

fn main() {
    let x = 1.0;
    macro_rules! negated {
        ($($sign:tt)*) => { expr!($($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* $($sign)* x) };
    }
    let _ = negated!(----------------------------------------------------------------------------------------------------);
}
